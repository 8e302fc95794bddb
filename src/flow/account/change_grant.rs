//! Taking back what a program may know, and opening a refusal again. Each is a decision with a
//! receipt.

use domain::client::Client;
use domain::consent::{ConsentRefusal, DecisionKind, Receipt, ReceiptContent};
use domain::event::Event;
use domain::grant::Grant;
use domain::session::EndReason;
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::{AuditId, ClientId, ReceiptId};
use protocol::scope::{ScopeName, ScopeSet};
use protocol::scope_catalog::TakenBack;

use super::{Account, AccountAnswer};
use crate::browser::Browser;
use crate::consent_receipt::audit_entry;

impl Account {
    /// Takes everything back from a client: its grant ends, and every token with it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn remove_access(
        &self,
        form: &str,
        client: &ClientId,
        browser: &Browser,
    ) -> Result<AccountAnswer, Fault> {
        self.change_grant(form, client, browser, GrantChange::Everything)
            .await
    }

    /// Takes one scope back from a client. That is remembered like a refusal, so the next opening
    /// leaves it out and asks nothing.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn take_back(
        &self,
        form: &str,
        client: &ClientId,
        scope: ScopeName,
        browser: &Browser,
    ) -> Result<AccountAnswer, Fault> {
        self.change_grant(form, client, browser, GrantChange::TakeBack(scope))
            .await
    }

    /// Forgets a refusal, so that the client may ask again.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn reopen(
        &self,
        form: &str,
        client: &ClientId,
        scope: ScopeName,
        browser: &Browser,
    ) -> Result<AccountAnswer, Fault> {
        self.change_grant(form, client, browser, GrantChange::Reopen(scope))
            .await
    }

    async fn change_grant(
        &self,
        form: &str,
        client_id: &ClientId,
        browser: &Browser,
        change: GrantChange,
    ) -> Result<AccountAnswer, Fault> {
        let signed_in = match self.form_sender(form, browser).await? {
            Ok(signed_in) => signed_in,
            Err(answer) => return Ok(answer),
        };
        let Some(client) = self.clients.find(client_id).await? else {
            return Ok(AccountAnswer::NothingThere);
        };
        if let GrantChange::TakeBack(scope) = &change
            && self.catalog.taken_back(scope) != TakenBack::Alone
        {
            return Ok(AccountAnswer::NothingThere);
        }
        let (now, kind) = (self.clock.now(), change.kind());
        let ids = (
            ReceiptId::new(now, self.entropy.as_ref()),
            AuditId::new(now, self.entropy.as_ref()),
        );
        let written = self
            .store
            .write(move |tx| {
                if !signed_in.still_acts(tx, now)? {
                    return Ok(None);
                }
                let Some(grant) = store::grants::live(tx, signed_in.user.id, &client.id)? else {
                    return Ok(Some(false));
                };
                let Some((allowed, refused)) = change.apply(tx, &grant, &client, now)? else {
                    return Ok(Some(false));
                };
                let receipt =
                    account_receipt(&grant, &client, (kind, allowed, refused), ids.0, now);
                store::receipts::insert(tx, &receipt)?;
                store::audit::insert(tx, &audit_entry(&receipt, signed_in.acts()), ids.1)?;
                Ok(Some(true))
            })
            .await?;
        self.memory.settled(written.position).await;
        Ok(match written.value {
            Some(true) => AccountAnswer::Done,
            Some(false) => AccountAnswer::NothingThere,
            None => AccountAnswer::SignedOut,
        })
    }
}

/// A change to a grant from the account page.
enum GrantChange {
    Everything,
    TakeBack(ScopeName),
    Reopen(ScopeName),
}

impl GrantChange {
    fn kind(&self) -> DecisionKind {
        match self {
            Self::Everything => DecisionKind::Removed,
            Self::TakeBack(_) => DecisionKind::TakenBack,
            Self::Reopen(_) => DecisionKind::Reopened,
        }
    }

    /// Makes the change; gives what is allowed and what is refused afterwards, or `None` if there
    /// was nothing to change.
    fn apply(
        self,
        tx: &mut store::Transaction<'_>,
        grant: &Grant,
        client: &Client,
        now: Instant,
    ) -> Result<Option<(ScopeSet, ScopeSet)>, Fault> {
        match self {
            Self::Everything => {
                if !store::grants::end(tx, grant.id, now)? {
                    return Ok(None);
                }
                tx.append(Event::GrantEnded {
                    grant_id: grant.id,
                    user_id: grant.user_id,
                    client_id: grant.client_id.clone(),
                    reason: EndReason::Withdrawn,
                });
                Ok(Some((ScopeSet::default(), grant.scopes.names())))
            }
            Self::TakeBack(scope) => take_back_in(tx, grant, client, &scope, now),
            Self::Reopen(scope) => {
                let removed = store::refusals::remove(tx, grant.user_id, &grant.client_id, &scope)?;
                Ok(removed.then(|| (std::iter::once(scope).collect(), ScopeSet::default())))
            }
        }
    }
}

fn take_back_in(
    tx: &mut store::Transaction<'_>,
    grant: &Grant,
    client: &Client,
    scope: &ScopeName,
    now: Instant,
) -> Result<Option<(ScopeSet, ScopeSet)>, Fault> {
    let taken: ScopeSet = std::iter::once(scope.clone()).collect();
    let mut scopes = grant.scopes.clone();
    if !scopes.take_back(&taken) {
        return Ok(None);
    }
    store::grants::set_scopes(tx, grant.id, &scopes, now)?;
    let refusal = ConsentRefusal {
        scope: scope.clone(),
        purpose: client.purpose_version(scope),
        refused_at: now,
        times: 1,
        reopened_at: None,
    };
    store::refusals::put(tx, grant.user_id, &grant.client_id, &refusal)?;
    tx.append(Event::GrantChanged {
        grant_id: grant.id,
        user_id: grant.user_id,
        client_id: grant.client_id.clone(),
        scopes: scopes.names(),
        removed: taken.clone(),
    });
    Ok(Some((ScopeSet::default(), taken)))
}

fn account_receipt(
    grant: &Grant,
    client: &Client,
    (kind, allowed, refused): (DecisionKind, ScopeSet, ScopeSet),
    id: ReceiptId,
    now: Instant,
) -> Receipt {
    Receipt {
        id,
        user_id: grant.user_id,
        client_id: grant.client_id.clone(),
        grant_id: Some(grant.id),
        decided_at: now,
        content: ReceiptContent {
            client_name: client.name().to_owned(),
            publisher: client
                .publisher
                .as_ref()
                .map(|p| (p.name.clone(), p.verified_at.is_some())),
            allowed,
            refused,
            purposes: Default::default(),
            kind,
        },
    }
}
