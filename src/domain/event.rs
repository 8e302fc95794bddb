//! An event: a row of the log that everybody follows. It says that something ended, narrowed or
//! changed; issuing tokens and signing in write none. What each kind does is declared here, once
//! ([`Event::effect`]), and nobody else asks for kinds.

use foundation::clock::Instant;
use foundation::digest::TokenDigest;
use foundation::id::{ClientId, FamilyId, GrantId, KeyId, Mark, Position, SessionId, UserId};
use protocol::scope::ScopeSet;

use crate::session::EndReason;

pub mod effect;

use effect::{EFFECT_VERSION, Effect, End, NotBefore, Reload};

/// What happened. The fields are whom it concerns, and what its effect needs.
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
        /// What it allowed before and does not any more.
        removed: ScopeSet,
    },
    /// A token family ended.
    FamilyEnded {
        /// Which.
        family_id: FamilyId,
        /// Whose.
        user_id: UserId,
        /// The session in which it was authorized.
        session_id: SessionId,
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
        /// For whom it spoke; nobody for a client's own.
        user_id: Option<UserId>,
        /// The session that it would have died with, if any.
        session_id: Option<SessionId>,
    },
    /// A user was disabled: every token given out before is dead.
    UserDisabled {
        /// Who.
        user_id: UserId,
    },
    /// The operator revoked all tokens of a user.
    UserTokensRevoked {
        /// Who.
        user_id: UserId,
    },
    /// A client was suspended or deleted, or its tokens revoked: every token given out before is
    /// dead.
    ClientTokensRevoked {
        /// Which.
        client_id: ClientId,
        /// Why.
        reason: EndReason,
    },
    /// A client's registration, state, secrets or publisher changed: read it again.
    ClientChanged {
        /// Which.
        client_id: ClientId,
    },
    /// The operator revoked everything: every token given out before is dead.
    AllTokensRevoked,
    /// The clock that everybody goes by went back and did not catch up: every access token given out
    /// before is dead, because it may live longer than any should. Sessions and what they gave stand.
    ClockSetBack,
    /// The log went back, or the installation is another issuer's now: the log has a new history, and
    /// what was given out in the one before is dead.
    HistoryRenewed {
        /// Whether sessions and families of before are dead, too.
        ends_sessions: bool,
    },
    /// The signing keys or shared secrets changed: read them again.
    KeysChanged {
        /// A key that must not verify any more, when one was revoked.
        revoked: Option<KeyId>,
    },
}

impl Event {
    /// The word that stands for its kind in the log: for people, and for nobody to act on. Words are
    /// data: rows that exist have them, so they stay when a name here changes.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::SessionEnded { .. } => "session_ended",
            Self::SessionLeft { .. } => "session_left",
            Self::GrantEnded { .. } => "grant_ended",
            Self::GrantChanged { .. } => "grant_changed",
            Self::FamilyEnded { .. } => "family_ended",
            Self::TokenRevoked { .. } => "token_revoked",
            Self::UserDisabled { .. } => "user_disabled",
            Self::UserTokensRevoked { .. } => "user_cut",
            Self::ClientTokensRevoked { .. } => "client_cut",
            Self::ClientChanged { .. } => "client_changed",
            Self::AllTokensRevoked => "all_cut",
            Self::ClockSetBack => "clock_set_back",
            Self::HistoryRenewed { .. } => "history_renewed",
            Self::KeysChanged { .. } => "keys_changed",
        }
    }

    /// What it does.
    pub fn effect(&self) -> Effect {
        match self {
            Self::SessionEnded { session_id, .. } => Effect::End(End::Session(*session_id)),
            Self::SessionLeft {
                session_id,
                client_id,
                ..
            } => Effect::NotBefore(NotBefore::ClientInSession {
                session_id: *session_id,
                client_id: client_id.clone(),
            }),
            Self::GrantEnded { grant_id, .. } => Effect::NotBefore(NotBefore::Grant(*grant_id)),
            Self::GrantChanged {
                grant_id, scopes, ..
            } => Effect::Narrow {
                grant_id: *grant_id,
                scopes: scopes.clone(),
            },
            Self::FamilyEnded { family_id, .. } => Effect::End(End::Family(*family_id)),
            Self::TokenRevoked { token, .. } => Effect::End(End::Token(*token)),
            Self::UserDisabled { user_id } | Self::UserTokensRevoked { user_id } => {
                Effect::NotBefore(NotBefore::User(*user_id))
            }
            Self::ClientTokensRevoked { client_id, .. } => {
                Effect::NotBefore(NotBefore::Client(client_id.clone()))
            }
            Self::ClientChanged { client_id } => Effect::Reload(Reload::Client(client_id.clone())),
            Self::AllTokensRevoked => Effect::NotBefore(NotBefore::All),
            // Sessions and families that ended with their history are not there for anybody any more.
            Self::ClockSetBack | Self::HistoryRenewed { .. } => {
                Effect::NotBefore(NotBefore::AccessTokens)
            }
            Self::KeysChanged { .. } => Effect::Reload(Reload::Keys),
        }
    }
}

/// An event as read from the log.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedEvent {
    /// Its place in commit order.
    pub position: Position,
    /// When it was written.
    pub at: Instant,
    /// What happened, by its word: a newer version may have written it.
    pub kind: String,
    /// What it does.
    pub effect: Result<Effect, TooNew>,
    /// What was drawn for its row.
    pub mark: Mark,
    /// What else its row says, for those who are told of it.
    pub facts: EventFacts,
}

/// What a row says beside its effect: whom it concerns and why it happened. Nobody obeys it; it is for
/// whoever tells others. A newer version may have left out, or written otherwise, what is missing here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventFacts {
    /// Whom.
    pub user_id: Option<UserId>,
    /// In which session.
    pub session_id: Option<SessionId>,
    /// Which client.
    pub client_id: Option<ClientId>,
    /// Why.
    pub reason: Option<EndReason>,
    /// What a grant does not allow any more.
    pub removed: ScopeSet,
    /// Whether a signing key was revoked.
    pub is_key_revoked: bool,
}

/// An event whose effect this program does not know. Whoever meets it must not guess: it knows
/// nothing about tokens any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event needs effect version {needed}, this program obeys up to {EFFECT_VERSION}")]
pub struct TooNew {
    /// The lowest version that can obey it.
    pub needed: i32,
}
