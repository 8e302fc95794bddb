//! An event: a row of the log that everybody follows. It says that something ended, narrowed or
//! changed; issuing tokens and signing in write none.

use foundation::clock::Instant;
use foundation::digest::TokenDigest;
use foundation::id::{ClientId, FamilyId, GrantId, KeyId, Position, SessionId, UserId};
use protocol::scope::ScopeSet;

use crate::session::EndReason;

/// What happened. The fields are what followers need to act without asking the store.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A session ended, and with it everything it made.
    SessionEnded {
        /// Which.
        session_id: SessionId,
        /// Whose.
        user_id: UserId,
        /// Why.
        reason: EndReason,
    },
    /// A person left one client in one session: every token that this session gave this client
    /// before is dead; the session goes on.
    SessionLeft {
        /// In which session.
        session_id: SessionId,
        /// Whose.
        user_id: UserId,
        /// Which client.
        client_id: ClientId,
    },
    /// A grant was withdrawn: every token of it given out before is dead.
    GrantEnded {
        /// Which.
        grant_id: GrantId,
        /// Whose.
        user_id: UserId,
        /// To whom it was given.
        client_id: ClientId,
        /// Why.
        reason: EndReason,
    },
    /// A grant changed: what tokens given out before may still do is what is left.
    GrantChanged {
        /// Which.
        grant_id: GrantId,
        /// Whose.
        user_id: UserId,
        /// To whom it is given.
        client_id: ClientId,
        /// All that it allows now.
        scopes: ScopeSet,
    },
    /// A token family ended.
    FamilyEnded {
        /// Which.
        family_id: FamilyId,
        /// Whose.
        user_id: UserId,
        /// To whom it was given.
        client_id: ClientId,
        /// Why.
        reason: EndReason,
    },
    /// One access token was revoked (RFC 7009).
    TokenRevoked {
        /// The digest of its `jti`.
        token: TokenDigest,
        /// Whose client.
        client_id: ClientId,
    },
    /// A user was disabled: every token given out before is dead.
    UserDisabled {
        /// Who.
        user_id: UserId,
    },
    /// All tokens of a user were cut off by the operator.
    UserCut {
        /// Who.
        user_id: UserId,
    },
    /// A client was suspended, or its tokens cut off: every token given out before is dead.
    ClientCut {
        /// Which.
        client_id: ClientId,
    },
    /// A client's registration, state, secrets or publisher changed: read it again.
    ClientChanged {
        /// Which.
        client_id: ClientId,
    },
    /// Every token given out before is dead.
    AllCut,
    /// The clock that everybody goes by went back and did not catch up: every access token given out
    /// before is dead, because it may live longer than any should. Sessions and what they gave stand.
    ClockSetBack,
    /// The signing keys or shared secrets changed: read them again.
    KeysChanged {
        /// A key that must not verify any more, when one was revoked.
        revoked: Option<KeyId>,
    },
    /// A user's profile changed.
    ProfileChanged {
        /// Whose.
        user_id: UserId,
    },
}

/// An event as read from the log.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedEvent {
    /// Its place in commit order.
    pub position: Position,
    /// When it was written.
    pub at: Instant,
    /// What happened.
    pub event: Event,
}
