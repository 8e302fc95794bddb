//! An audit entry: who did what. Another table than the event log: it is for people to read later,
//! nothing acts on it.

use foundation::clock::Instant;
use foundation::id::{ClientId, UserId};
use serde_json::Value;

/// Who acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The person themselves.
    User,
    /// A client, through the protocol.
    Client,
    /// The operator, by command.
    Operator,
    /// The clock.
    System,
}

impl Actor {
    /// The stored word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Client => "client",
            Self::Operator => "operator",
            Self::System => "system",
        }
    }
}

/// One entry. `detail` holds no secret, no token and no personal data beyond ids.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntry {
    /// When.
    pub at: Instant,
    /// Who.
    pub actor: Actor,
    /// What, as `noun.verb`: `session.started`, `consent.decided`, `client.suspended`.
    pub action: &'static str,
    /// Whom it concerned.
    pub user_id: Option<UserId>,
    /// Which client it concerned.
    pub client_id: Option<ClientId>,
    /// More, for people.
    pub detail: Value,
}
