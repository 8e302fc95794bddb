//! The end of a token family, by revocation or because something of it was used a second time.

use domain::audit::{ActedBy, AuditEntry};
use domain::event::Event;
use domain::session::EndReason;
use domain::token_family::TokenFamily;
use foundation::clock::Instant;
use foundation::entropy::Entropy;
use foundation::fault::Fault;
use foundation::id::AuditId;
use serde_json::json;

/// The end of a family, prepared outside the transaction that writes it.
#[derive(Clone, Debug)]
pub(crate) struct FamilyEnd {
    reason: EndReason,
    by: ActedBy,
    at: Instant,
    audit: AuditId,
}

impl FamilyEnd {
    /// Prepares the end of a family at `at`.
    pub(crate) fn new(reason: EndReason, by: ActedBy, at: Instant, entropy: &dyn Entropy) -> Self {
        Self {
            reason,
            by,
            at,
            audit: AuditId::new(at, entropy),
        }
    }

    /// Ends it: one row, one event, one audit entry. False if it had ended before, or its person is gone.
    pub(crate) fn write(
        self,
        tx: &mut store::Transaction<'_>,
        family: &TokenFamily,
    ) -> Result<bool, Fault> {
        // The person first, as everybody takes them: else who deletes them and who tells of this wait for
        // each other.
        if store::users::lock(tx, family.user_id)?.is_none() {
            return Ok(false);
        }
        let ended = store::token_families::end(tx, family.id, self.at, self.reason)?;
        if ended {
            tx.append(Event::FamilyEnded {
                family_id: family.id,
                user_id: family.user_id,
                session_id: family.authorized.session_id,
                client_id: family.client_id.clone(),
                reason: self.reason,
            });
            let entry = AuditEntry::new(self.at, self.by, "token_family.ended")
                .of_user(family.user_id)
                .of_client(&family.client_id)
                .with(json!({ "reason": self.reason.word() }));
            store::audit::insert(tx, &entry, self.audit)?;
        }
        Ok(ended)
    }
}
