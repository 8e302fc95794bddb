//! An audit entry: who did what, from where. Another table than the event log: it is for people to
//! read later, nothing acts on it.

use std::net::IpAddr;

use foundation::bounded_text::{BoundedText, TextError};
use foundation::clock::Instant;
use foundation::id::{ClientId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Who acts: a kind and an identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A person, about what is their own.
    Person(UserId),
    /// Somebody who has not proved who they are.
    Stranger,
    /// A client, through the protocol.
    Client(ClientId),
    /// An operator.
    Operator(OperatorName),
    /// Portico itself: the clock, or what it found out.
    System,
}

impl Actor {
    /// The kind, as it is stored and shown.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Person(_) => "user",
            Self::Stranger => "stranger",
            Self::Client(_) => "client",
            Self::Operator(_) => "operator",
            Self::System => "system",
        }
    }

    /// Which one of its kind, where there are several.
    pub fn identity(&self) -> Option<String> {
        match self {
            Self::Person(id) => Some(id.to_string()),
            Self::Client(id) => Some(id.to_string()),
            Self::Operator(name) => Some(name.as_str().to_owned()),
            Self::Stranger | Self::System => None,
        }
    }
}

/// What an operator is called: at most 64 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorName(BoundedText<64>);

impl OperatorName {
    /// Reads a name.
    ///
    /// # Errors
    /// It is empty, too long, or has characters that cannot be shown.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        BoundedText::parse(text).map(Self)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// From where somebody acts, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CameFrom {
    /// The address of a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// The machine that a command ran on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// The command, without what was given to it: `user add`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

impl CameFrom {
    /// Portico itself, or nobody knows.
    pub const INSIDE: Self = Self {
        address: None,
        machine: None,
        command: None,
    };

    /// A request.
    pub fn address(address: Option<IpAddr>) -> Self {
        Self {
            address,
            ..Self::INSIDE
        }
    }
}

/// Who acts, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActedBy {
    /// Who.
    pub actor: Actor,
    /// From where.
    pub from: CameFrom,
}

impl ActedBy {
    /// Portico itself.
    pub const SYSTEM: Self = Self {
        actor: Actor::System,
        from: CameFrom::INSIDE,
    };

    /// A client at an address.
    pub fn client(id: ClientId, address: Option<IpAddr>) -> Self {
        Self {
            actor: Actor::Client(id),
            from: CameFrom::address(address),
        }
    }

    /// A person at an address.
    pub fn person(id: UserId, address: Option<IpAddr>) -> Self {
        Self {
            actor: Actor::Person(id),
            from: CameFrom::address(address),
        }
    }
}

/// One entry. `detail` says exactly what was done. It holds no secret, no token and no personal data
/// beyond ids; only that of a deletion names the person, whom nothing else names any more.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntry {
    /// When.
    pub at: Instant,
    /// Who, from where.
    pub by: ActedBy,
    /// What, as `noun.verb`: `session.started`, `consent.decided`, `client.suspended`.
    pub action: &'static str,
    /// Whom it concerned.
    pub user_id: Option<UserId>,
    /// Which client it concerned.
    pub client_id: Option<ClientId>,
    /// More, for people.
    pub detail: Value,
}

impl AuditEntry {
    /// That somebody did something.
    pub fn new(at: Instant, by: ActedBy, action: &'static str) -> Self {
        Self {
            at,
            by,
            action,
            user_id: None,
            client_id: None,
            detail: Value::Null,
        }
    }

    /// Whom it concerned.
    #[must_use]
    pub fn of_user(mut self, user: UserId) -> Self {
        self.user_id = Some(user);
        self
    }

    /// Which client it concerned.
    #[must_use]
    pub fn of_client(mut self, client: &ClientId) -> Self {
        self.client_id = Some(client.clone());
        self
    }

    /// What exactly.
    #[must_use]
    pub fn with(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }
}
