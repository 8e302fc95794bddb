//! What an open stream of session events is told, and which streams hear of an event of the log: the one
//! place where what happened becomes what is said. Who listens is a token; what kills that token is
//! declared in [`crate::event::effect`], and closes its stream.
//!
//! A client's backend hears of all its persons. Which of them an event concerns stands in rows, so it is
//! not decided here.

use foundation::clock::Instant;
use foundation::digest::TokenDigest;
use foundation::id::Position;
use protocol::scope::ScopeSet;

use crate::event::effect::{Effect, End, NotBefore, Reload};
use crate::event::{EventFacts, LoggedEvent};
use crate::session::EndReason;
use crate::token_handle::{OnBehalfOf, TokenHandle};

/// What is said over a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionEvent {
    /// What was missed has been told; from here on it is told as it happens.
    Ready {
        /// When the session ends by itself, as it is now; none where the token has no session.
        session_expires_at: Option<Instant>,
    },
    /// The session ended because its time had come.
    SessionExpired,
    /// The session, or what it gave a program, ended.
    SessionEnded(StayEnd),
    /// Somebody else signed in where this person was.
    UserChanged,
    /// A person changed what a program may do.
    GrantChanged {
        /// All that it may do now.
        scope: ScopeSet,
        /// What it may not do any more.
        removed: ScopeSet,
    },
    /// Tokens were revoked; what they rest on may stand.
    TokensRevoked,
    /// A program was suspended.
    MiniProgramSuspended,
    /// What was missed cannot be told: ask again for everything.
    Reset,
    /// The token of the stream is over, and nothing else is known to be.
    TokenExpired,
}

/// Why something ended, in the words that are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words say it")]
pub enum StayEnd {
    Logout,
    Left,
    Operator,
    CredentialChanged,
    ReuseDetected,
    Replaced,
    Withdrawn,
    UserDisabled,
}

impl StayEnd {
    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::Left => "left",
            Self::Operator => "operator",
            Self::CredentialChanged => "credential_changed",
            Self::ReuseDetected => "reuse_detected",
            Self::Replaced => "replaced",
            Self::Withdrawn => "withdrawn",
            Self::UserDisabled => "user_disabled",
        }
    }
}

impl SessionEvent {
    /// Its name on the wire.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Ready { .. } => "ready",
            Self::SessionExpired => "session_expired",
            Self::SessionEnded(_) => "session_ended",
            Self::UserChanged => "user_changed",
            Self::GrantChanged { .. } => "grant_changed",
            Self::TokensRevoked => "tokens_revoked",
            Self::MiniProgramSuspended => "mini_program_suspended",
            Self::Reset => "reset",
            Self::TokenExpired => "token_expired",
        }
    }

    /// What the end of a session is called.
    pub const fn of_session_end(reason: Option<EndReason>) -> Self {
        Self::SessionEnded(match reason {
            Some(EndReason::Expired) => return Self::SessionExpired,
            Some(EndReason::UserChanged) => return Self::UserChanged,
            // A host that gives its refresh token back signs its person out.
            Some(EndReason::Logout | EndReason::Revoked) => StayEnd::Logout,
            Some(EndReason::CredentialChanged) => StayEnd::CredentialChanged,
            Some(EndReason::ReuseDetected) => StayEnd::ReuseDetected,
            Some(EndReason::Replaced) => StayEnd::Replaced,
            Some(EndReason::Withdrawn) => StayEnd::Withdrawn,
            Some(EndReason::UserDisabled) => StayEnd::UserDisabled,
            // A newer version may have a reason that nobody here knows.
            Some(EndReason::Operator | EndReason::Suspended) | None => StayEnd::Operator,
        })
    }

    /// What is said of an event of the log; `None` for one that nobody is told of.
    pub fn of(logged: &LoggedEvent) -> Option<Self> {
        let (facts, effect) = (&logged.facts, logged.effect.as_ref().ok()?);
        Some(match effect {
            Effect::End(End::Session(_)) => Self::of_session_end(facts.reason),
            Effect::End(End::Family(_) | End::Token(_)) => Self::TokensRevoked,
            Effect::NotBefore(NotBefore::ClientInSession { .. }) => {
                Self::SessionEnded(StayEnd::Left)
            }
            Effect::NotBefore(NotBefore::Grant(_)) => Self::SessionEnded(StayEnd::Withdrawn),
            Effect::NotBefore(NotBefore::User(_)) => match facts.reason {
                Some(EndReason::UserDisabled) => Self::SessionEnded(StayEnd::UserDisabled),
                _ => Self::TokensRevoked,
            },
            Effect::NotBefore(NotBefore::Client(_)) => match facts.reason {
                Some(EndReason::Suspended) => Self::MiniProgramSuspended,
                _ => Self::TokensRevoked,
            },
            Effect::NotBefore(NotBefore::All) => Self::TokensRevoked,
            Effect::NotBefore(NotBefore::AccessTokens) => Self::TokenExpired,
            Effect::Narrow { scopes, .. } => Self::GrantChanged {
                scope: scopes.clone(),
                removed: facts.removed.clone(),
            },
            // Any token may have been signed with it.
            Effect::Reload(Reload::Keys) if facts.is_key_revoked => Self::TokenExpired,
            Effect::Reload(_) => return None,
        })
    }
}

/// Who listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchKind {
    /// A host: its session, and all programs in it.
    Host,
    /// A client in the session of its token.
    Program,
    /// A client for itself: all its persons.
    Backend,
}

/// Somebody who listens, by the token that they showed.
#[derive(Clone, Debug, PartialEq)]
pub struct Watcher {
    /// As what.
    pub kind: WatchKind,
    /// What the token belongs to.
    pub handle: TokenHandle,
    /// The digest of its `jti`.
    pub jti: TokenDigest,
}

/// What a watcher makes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hearing {
    /// It is none of theirs.
    Nothing,
    /// They are told.
    Told,
    /// They are told, and their stream is over: so is their token.
    Closing,
}

impl Watcher {
    /// What it makes of an event.
    pub fn hears(&self, logged: &LoggedEvent) -> Hearing {
        if self.is_ended_by(logged) {
            return Hearing::Closing;
        }
        let Some(person) = &self.handle.on_behalf_of else {
            return Hearing::Nothing;
        };
        let Ok(effect) = &logged.effect else {
            return Hearing::Nothing;
        };
        let is_told = match self.kind {
            WatchKind::Host => host_hears(person, effect, &logged.facts),
            WatchKind::Program => self.program_hears(person, effect, &logged.facts),
            WatchKind::Backend => false,
        };
        match is_told {
            true => Hearing::Told,
            false => Hearing::Nothing,
        }
    }

    /// Whether an event ends the token, and with it the stream.
    pub fn is_ended_by(&self, logged: &LoggedEvent) -> bool {
        let is_later = self.handle.position < logged.position;
        match &logged.effect {
            Ok(Effect::End(end)) => self.handle.ends_with(self.jti).any(|own| own == *end),
            Ok(Effect::NotBefore(mark)) => is_later && self.is_marked(mark),
            Ok(Effect::Reload(Reload::Keys)) => is_later && logged.facts.is_key_revoked,
            Ok(Effect::Narrow { .. } | Effect::Reload(_)) | Err(_) => false,
        }
    }

    fn is_marked(&self, mark: &NotBefore) -> bool {
        self.handle.not_before().any(|own| own == mark.borrowed())
    }

    /// The client in this session, and the grant that the token came by.
    fn program_hears(&self, person: &OnBehalfOf, effect: &Effect, facts: &EventFacts) -> bool {
        match effect {
            Effect::Narrow { grant_id, .. } => *grant_id == person.grant_id,
            Effect::End(End::Family(_) | End::Token(_)) => {
                facts.client_id.as_ref() == Some(&self.handle.client_id)
                    && facts.user_id == Some(person.user_id)
                    && person.session_id.is_some()
                    && facts.session_id == person.session_id
            }
            Effect::End(End::Session(_)) | Effect::NotBefore(_) | Effect::Reload(_) => false,
        }
    }

    /// From which event on it must be told what it missed, if it has heard everything up to a position:
    /// what happened to a program before its token was given out is in the token already.
    pub fn missed_after(&self, heard: Position) -> Position {
        match self.kind {
            WatchKind::Program => heard.max(self.handle.position),
            WatchKind::Host | WatchKind::Backend => heard,
        }
    }
}

/// Programs of the same person; programs as such, whoever uses them.
fn host_hears(person: &OnBehalfOf, effect: &Effect, facts: &EventFacts) -> bool {
    let is_own = facts.user_id == Some(person.user_id);
    let is_here = person.session_id.is_some() && facts.session_id == person.session_id;
    match effect {
        Effect::NotBefore(NotBefore::Client(_)) => true,
        Effect::NotBefore(NotBefore::Grant(_)) | Effect::Narrow { .. } => is_own,
        Effect::NotBefore(NotBefore::ClientInSession { .. })
        | Effect::End(End::Family(_) | End::Token(_)) => is_own && is_here,
        Effect::End(End::Session(_))
        | Effect::NotBefore(NotBefore::User(_) | NotBefore::All | NotBefore::AccessTokens)
        | Effect::Reload(_) => false,
    }
}

#[cfg(test)]
mod tests;
