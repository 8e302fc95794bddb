//! What is noted of a decision about consent beside its receipt.

use domain::audit::{Actor, AuditEntry};
use domain::consent::Receipt;
use serde_json::json;

/// The audit entry of a decision.
pub(crate) fn audit_entry(receipt: &Receipt) -> AuditEntry {
    AuditEntry {
        at: receipt.decided_at,
        actor: Actor::User,
        action: "consent.decided",
        user_id: Some(receipt.user_id),
        client_id: Some(receipt.client_id.clone()),
        detail: json!({ "allowed": receipt.content.allowed, "refused": receipt.content.refused }),
    }
}
