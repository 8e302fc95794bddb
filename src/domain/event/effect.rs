//! What an event does, apart from what happened: the closed set of effects and of what they have for
//! a target. Memory, tables and purging obey the effect of a row and never ask for its kind, so a
//! program does the right thing with kinds that it has never heard of.
//!
//! Here also stands, once, what a token and a family rest on: which ends and which not-before marks
//! kill them. `live::ended` looks those up in memory, `store` in the tables.

use foundation::digest::TokenDigest;
use foundation::id::{ClientId, FamilyId, GrantId, SessionId, UserId};
use protocol::scope::ScopeSet;

use crate::token_family::TokenFamily;
use crate::token_handle::TokenHandle;

/// The effects that this program knows. An effect or a target that is added gets the next number,
/// and becomes the highest that this program obeys.
pub const EFFECT_VERSION: i32 = 1;

/// What followers of the log do when they read an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Something is over for good, with every token that rests on it, wherever in the log that was
    /// issued. Where it has a row of its own (a session, a family), the row was ended in the same
    /// transaction: it outlasts the event.
    End(End),
    /// What was given out before the event is dead; what is given out later stands.
    NotBefore(NotBefore),
    /// What was given out before the event may still do what is left of the grant.
    Narrow {
        /// Which grant.
        grant_id: GrantId,
        /// All that it allows now.
        scopes: ScopeSet,
    },
    /// What is kept in memory about something is old: read it again.
    Reload(Reload),
}

/// What is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// A session.
    Session(SessionId),
    /// A token family.
    Family(FamilyId),
    /// One access token, by the digest of its `jti`.
    Token(TokenDigest),
}

/// Whose tokens are not valid if they were given out before. `C` is an id of a client, or a
/// reference to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotBefore<C = ClientId> {
    /// All tokens of a user.
    User(UserId),
    /// All tokens of a grant.
    Grant(GrantId),
    /// All tokens of a client.
    Client(C),
    /// What one session gave one client.
    ClientInSession {
        /// Which session.
        session_id: SessionId,
        /// Which client.
        client_id: C,
    },
    /// All tokens and families that there are.
    All,
    /// All access tokens that there are; families stand, and give new ones.
    AccessTokens,
}

impl NotBefore {
    /// The same with a reference to its client.
    pub const fn borrowed(&self) -> NotBefore<&ClientId> {
        match self {
            Self::User(id) => NotBefore::User(*id),
            Self::Grant(id) => NotBefore::Grant(*id),
            Self::Client(id) => NotBefore::Client(id),
            Self::ClientInSession {
                session_id,
                client_id,
            } => NotBefore::ClientInSession {
                session_id: *session_id,
                client_id,
            },
            Self::All => NotBefore::All,
            Self::AccessTokens => NotBefore::AccessTokens,
        }
    }
}

/// What is to be read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reload {
    /// A client, with its publisher.
    Client(ClientId),
    /// The signing keys and shared secrets.
    Keys,
    /// A user's profile.
    Profile(UserId),
}

impl Effect {
    /// The lowest effect version that can obey it.
    pub const fn version(&self) -> i32 {
        match self {
            Self::End(_) | Self::NotBefore(_) | Self::Narrow { .. } | Self::Reload(_) => 1,
        }
    }
}

impl TokenHandle {
    /// What an access token ends with; `jti` is the digest of its `jti`.
    pub fn ends_with(&self, jti: TokenDigest) -> impl Iterator<Item = End> {
        let person = self.on_behalf_of;
        let session = person.and_then(|person| person.session_id);
        let family = person.and_then(|person| person.family_id);
        [
            Some(End::Token(jti)),
            session.map(End::Session),
            family.map(End::Family),
        ]
        .into_iter()
        .flatten()
    }

    /// The not-before marks that concern an access token.
    pub fn not_before(&self) -> impl Iterator<Item = NotBefore<&ClientId>> {
        let client_id = &self.client_id;
        let person = self.on_behalf_of;
        let session = person.and_then(|person| person.session_id);
        [
            Some(NotBefore::All),
            Some(NotBefore::AccessTokens),
            Some(NotBefore::Client(client_id)),
            person.map(|person| NotBefore::User(person.user_id)),
            person.map(|person| NotBefore::Grant(person.grant_id)),
            session.map(|session_id| NotBefore::ClientInSession {
                session_id,
                client_id,
            }),
        ]
        .into_iter()
        .flatten()
    }
}

impl TokenFamily {
    /// What a family ends with.
    pub fn ends_with(&self) -> impl Iterator<Item = End> {
        [
            Some(End::Family(self.id)),
            self.session_id.map(End::Session),
        ]
        .into_iter()
        .flatten()
    }

    /// The not-before marks that concern a family.
    pub fn not_before(&self) -> impl Iterator<Item = NotBefore<&ClientId>> {
        let client_id = &self.client_id;
        [
            Some(NotBefore::All),
            Some(NotBefore::Client(client_id)),
            Some(NotBefore::User(self.user_id)),
            Some(NotBefore::Grant(self.grant_id)),
            self.session_id
                .map(|session_id| NotBefore::ClientInSession {
                    session_id,
                    client_id,
                }),
        ]
        .into_iter()
        .flatten()
    }
}
