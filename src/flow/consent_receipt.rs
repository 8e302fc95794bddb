//! What is noted of a decision about consent beside its receipt.

use domain::audit::{ActedBy, AuditEntry};
use domain::consent::Receipt;
use serde_json::json;

/// The audit entry of a decision.
pub(crate) fn audit_entry(receipt: &Receipt, by: ActedBy) -> AuditEntry {
    let content = &receipt.content;
    let detail = json!({
        "kind": content.kind, "allowed": content.allowed, "refused": content.refused,
    });
    AuditEntry::new(receipt.decided_at, by, "consent.decided")
        .of_user(receipt.user_id)
        .of_client(&receipt.client_id)
        .with(detail)
}
