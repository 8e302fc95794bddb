//! What a decision about consent leaves behind, in the transaction of whatever rests on it: the grant, what
//! is remembered of refusals, the receipt, the audit entry.

use domain::client::Client;
use domain::consent::{ConsentRefusal, Decision, DecisionKind, Receipt, ReceiptContent};
use domain::grant::Grant;
use foundation::clock::Instant;
use foundation::entropy::Entropy;
use foundation::fault::Fault;
use foundation::id::{AuditId, GrantId, ReceiptId};

use crate::browser::SignedIn;
use crate::consent_receipt::audit_entry;
use crate::settle_grant::DecidedGrant;

/// Ids made before the transaction, so that nothing inside it asks for randomness.
#[derive(Clone)]
pub(crate) struct DecisionIds {
    grant: GrantId,
    receipt: ReceiptId,
    audit: AuditId,
}

impl DecisionIds {
    pub(crate) fn new(now: Instant, entropy: &dyn Entropy) -> Self {
        Self {
            grant: GrantId::new(now, entropy),
            receipt: ReceiptId::new(now, entropy),
            audit: AuditId::new(now, entropy),
        }
    }
}

/// A decision on its way into the database.
pub(crate) struct NewDecision<'a> {
    /// Who decides.
    pub(crate) who: &'a SignedIn,
    /// About whom.
    pub(crate) client: &'a Client,
    /// What.
    pub(crate) decision: &'a Decision,
    /// What had been refused before, as it stands in this transaction.
    pub(crate) refusals: &'a [ConsentRefusal],
}

impl NewDecision<'_> {
    /// Writes it with what it makes of the grant; gives the grant as it is then. Where nothing was asked
    /// there is no receipt.
    pub(crate) fn write(
        &self,
        tx: &mut store::Transaction<'_>,
        change: DecidedGrant,
        ids: &DecisionIds,
        now: Instant,
    ) -> Result<Grant, Fault> {
        let grant = change.write(tx, self.client, self.who.user.id, ids.grant, now)?;
        if !self.decision.is_empty() {
            self.remember_refusals(tx, now)?;
            let receipt = self.receipt(grant.id, ids.receipt, now);
            store::receipts::insert(tx, &receipt)?;
            self.count();
            store::audit::insert(tx, &audit_entry(&receipt, self.who.acts()), ids.audit)?;
        }
        Ok(grant)
    }

    /// What is remembered for a year, per user, client, scope and version of its purpose text, is a scope
    /// left unticked at *Allow*, or *Don't share*.
    fn remember_refusals(
        &self,
        tx: &mut store::Transaction<'_>,
        now: Instant,
    ) -> Result<(), Fault> {
        let (client, user) = (self.client, self.who.user.id);
        for name in self.decision.refused.iter() {
            let purpose = self.decision.purpose(client, name);
            let mut before = self.refusals.iter();
            let earlier = before.find(|r| &r.scope == name && r.purpose == purpose);
            let refusal = ConsentRefusal {
                scope: name.clone(),
                purpose,
                refused_at: now,
                times: earlier.map_or(0, |r| r.times).saturating_add(1),
                reopened_at: earlier.map(|_| now),
            };
            store::refusals::put(tx, user, &client.id, &refusal)?;
        }
        for name in self.decision.allowed.iter() {
            store::refusals::remove(tx, user, &client.id, name)?;
        }
        Ok(())
    }

    fn receipt(&self, grant_id: GrantId, id: ReceiptId, now: Instant) -> Receipt {
        let (client, decision) = (self.client, self.decision);
        let shown = decision.purposes.iter();
        let shown = shown.filter_map(|(name, shown)| Some((name.clone(), shown.text.clone()?)));
        Receipt {
            id,
            user_id: self.who.user.id,
            client_id: client.id.clone(),
            grant_id: Some(grant_id),
            decided_at: now,
            content: ReceiptContent {
                client_name: client.name().to_owned(),
                publisher: client
                    .publisher
                    .as_ref()
                    .map(|p| (p.name.clone(), p.verified_at.is_some())),
                allowed: decision.allowed.clone(),
                refused: decision.refused.clone(),
                purposes: shown.collect(),
                kind: DecisionKind::Consented,
            },
        }
    }

    fn count(&self) {
        for (word, scopes) in [
            ("allowed", &self.decision.allowed),
            ("refused", &self.decision.refused),
        ] {
            let number = scopes.iter().count() as u64;
            metrics::counter!("portico_consents_total", "decision" => word).increment(number);
        }
    }
}
