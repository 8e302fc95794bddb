//! What is noted of a try to sign in that failed: an audit entry that names the account where there is
//! one, and a line of the log that does not. What was typed is in neither: people type passwords into
//! the wrong field.

use std::net::IpAddr;

use domain::audit::{ActedBy, Actor, AuditEntry, CameFrom};
use foundation::clock::Instant;
use foundation::id::{ClientId, UserId};
use foundation::log_pace::LogPace;
use serde_json::json;

/// The target of the line, so that a filter can name it: `info,sign_in=off`.
const TARGET: &str = "sign_in";

/// The pace of this process's log.
static PACE: LogPace = LogPace::new(10);

/// A try that failed.
pub(super) struct FailedSignIn {
    /// Why: `wrong_password`, `no_such_account`, `disabled`, `throttled`, `changed_meanwhile`.
    pub(super) why: &'static str,
    /// Whose account it was, where there is one.
    pub(super) user: Option<UserId>,
    /// On the way to which client.
    pub(super) client: Option<ClientId>,
    /// From where.
    pub(super) address: Option<IpAddr>,
}

impl FailedSignIn {
    /// For the audit.
    pub(super) fn entry(&self, now: Instant) -> AuditEntry {
        let by = ActedBy {
            actor: Actor::Stranger,
            from: CameFrom::address(self.address),
        };
        AuditEntry {
            user_id: self.user,
            client_id: self.client.clone(),
            ..AuditEntry::new(now, by, "sign_in.failed")
        }
        .with(json!({ "why": self.why }))
    }

    /// For the log. Whether there is such an account is not told there: logs travel far.
    pub(super) fn log(&self) {
        let why = match self.why {
            "throttled" => "throttled",
            _ => "no_match",
        };
        if let Some(left_out) = PACE.admits() {
            tracing::info!(
                target: TARGET,
                client_id = self.client.as_ref().map(ClientId::as_str),
                address = self.address.map(tracing::field::display),
                why,
                left_out,
                "a sign-in failed"
            );
        }
    }
}
