//! A delivery: something that others must be told. Here stands whom an event tells, said once, and what
//! becomes of a delivery when its receiver does not take it.
//!
//! Owns no message: that is `protocol::logout_token`, and how it travels `flow::deliver`.

use std::cmp::min;

use foundation::clock::{Instant, Span};
use foundation::id::{ClientId, FamilyId, SessionId, UserId};

use crate::event::Event;
use crate::session::EndReason;

/// Who is to be told that what they got in a session is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Every client that got tokens in a session.
    Session(SessionId),
    /// One client that did.
    ClientInSession {
        /// In which session.
        session_id: SessionId,
        /// Which client.
        client_id: ClientId,
    },
    /// One client, of every session of a person.
    ClientOfUser {
        /// Whose sessions.
        user_id: UserId,
        /// Which client.
        client_id: ClientId,
    },
    /// The client that a token family was given to, of the session in which it was authorized.
    Family(FamilyId),
    /// Every client, of every session of a person.
    User(UserId),
    /// More than one transaction should go through.
    Crowd(Crowd),
}

/// Those who are told in pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Crowd {
    /// One client, of every session that there is.
    Client(ClientId),
    /// Every client, of every session that began in a history of the log that counts no more.
    LostHistories,
    /// Everybody.
    All,
}

impl Event {
    /// Whom it tells; nobody, if nobody loses what they were let in with. What narrows, and what a
    /// client did itself, tells nobody.
    pub fn told(&self) -> Option<Told> {
        Some(match self {
            Self::SessionEnded { session_id, .. } => Told::Session(*session_id),
            Self::SessionLeft {
                session_id,
                client_id,
                ..
            } => Told::ClientInSession {
                session_id: *session_id,
                client_id: client_id.clone(),
            },
            Self::GrantEnded {
                user_id, client_id, ..
            } => Told::ClientOfUser {
                user_id: *user_id,
                client_id: client_id.clone(),
            },
            Self::FamilyEnded {
                family_id,
                reason: EndReason::ReuseDetected,
                ..
            } => Told::Family(*family_id),
            Self::UserDisabled { user_id } | Self::UserTokensRevoked { user_id } => {
                Told::User(*user_id)
            }
            Self::ClientTokensRevoked { client_id, .. } => {
                Told::Crowd(Crowd::Client(client_id.clone()))
            }
            Self::AllTokensRevoked => Told::Crowd(Crowd::All),
            Self::HistoryRenewed {
                ends_sessions: true,
            } => Told::Crowd(Crowd::LostHistories),
            Self::FamilyEnded { .. }
            | Self::HistoryRenewed { .. }
            | Self::GrantChanged { .. }
            | Self::TokenRevoked { .. }
            | Self::ClientChanged { .. }
            | Self::ClockSetBack
            | Self::KeysChanged { .. } => return None,
        })
    }
}

/// A delivery that waits, or that nobody took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its number.
    pub id: i64,
    /// Who is told.
    pub client_id: ClientId,
    /// About whom.
    pub user_id: UserId,
    /// Which of their stays there is over.
    pub sid: String,
    /// Since when it waits.
    pub created_at: Instant,
    /// Before when it is not tried again.
    pub due_at: Instant,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// Why the last attempt was in vain.
    pub problem: Option<String>,
    /// Since when nobody tries any more.
    pub dead_at: Option<Instant>,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// It was taken.
    Taken,
    /// The receiver read it, and says that it cannot follow it.
    Refused(String),
    /// The receiver is not there, or is not itself.
    Failed(String),
}

/// So often a receiver may say no to one delivery.
pub const MAX_REFUSALS: u32 = 8;
/// So many refusals in a row, and a receiver counts as one that is not itself.
pub const REFUSALS_IN_A_ROW: u32 = 3;
/// The first pause.
const FIRST_PAUSE: Span = Span::seconds(1);
/// The longest.
const LONGEST_PAUSE: Span = Span::minutes(10);

/// How long to wait after so many failures in a row: twice as long each time, and between a half and the
/// whole of it as `jitter` has it, so that not everybody comes back at once.
pub fn pause(failures: u32, jitter: u16) -> Span {
    let doublings = failures.saturating_sub(1).min(20);
    let whole = min(
        FIRST_PAUSE.as_millis() << doublings,
        LONGEST_PAUSE.as_millis(),
    );
    let half = whole / 2;
    Span::millis(half + half * i64::from(jitter) / i64::from(u16::MAX))
}

impl Delivery {
    /// Whether it is given up after one more attempt in vain.
    pub fn is_given_up(&self, attempt: &Attempt, now: Instant, lifetime: Span) -> bool {
        let refused = matches!(attempt, Attempt::Refused(_)) && self.attempts + 1 >= MAX_REFUSALS;
        refused || self.created_at + lifetime <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_not_all_the_same() {
        let longest: Vec<i64> = (1..=4).map(|n| pause(n, u16::MAX).as_millis()).collect();
        assert_eq!(longest, [1000, 2000, 4000, 8000]);
        assert_eq!(pause(3, 0), Span::seconds(2));
        assert_eq!(pause(u32::MAX, u16::MAX), LONGEST_PAUSE);
        assert_eq!(pause(0, u16::MAX), FIRST_PAUSE);
    }

    #[test]
    fn what_is_refused_too_often_or_is_too_old_is_given_up() {
        let begun = Instant::from_seconds(1000);
        let delivery = |attempts| Delivery {
            id: 1,
            client_id: ClientId::parse("market").expect("an id"),
            user_id: UserId::new(begun, &foundation::entropy::SeededEntropy::new(1)),
            sid: "s".into(),
            created_at: begun,
            due_at: begun,
            attempts,
            problem: None,
            dead_at: None,
        };
        let (no, away) = (
            Attempt::Refused("status 400".into()),
            Attempt::Failed("no answer in time".into()),
        );
        let day = Span::days(1);
        let soon = begun + Span::minutes(1);
        assert!(!delivery(MAX_REFUSALS - 2).is_given_up(&no, soon, day));
        assert!(delivery(MAX_REFUSALS - 1).is_given_up(&no, soon, day));
        assert!(!delivery(100).is_given_up(&away, soon, day));
        assert!(delivery(0).is_given_up(&away, begun + day, day));
    }
}
