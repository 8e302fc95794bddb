//! A consent sheet: the question that a host puts to a person in a program's name, on a page of ours that
//! the host shows as its own bottom sheet.
//!
//! ```text
//!  waiting ──opened──► open ──decided, put off──► ended
//!     └──── five minutes ─────┴── fifteen ──► run out
//! ```
//!
//! It belongs to one session and decides this one question. Whoever has its secret may answer in that
//! person's name, so it works without cookies; *what* is asked is decided anew each time that it is looked at.

use foundation::clock::{Instant, Span};
use foundation::digest::TokenDigest;
use foundation::id::{ClientId, InteractionId, SessionId};
use protocol::scope::ScopeSet;
use protocol::token_exchange::InteractionMode;
use serde::{Deserialize, Serialize};

use crate::interaction::{Progress, is_same_press};

/// A consent sheet.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsentSheet {
    /// Its id, which may be passed on: it opens nothing.
    pub id: InteractionId,
    /// The digest of the secret that opens it.
    pub digest: TokenDigest,
    /// The session in which it was asked.
    pub session: SessionId,
    /// The host that asks.
    pub host: ClientId,
    /// For which program.
    pub program: ClientId,
    /// What it asks.
    pub request: SheetRequest,
    /// What has been answered.
    pub progress: Progress,
    /// When it was made.
    pub created_at: Instant,
    /// When it was first shown.
    pub opened_at: Option<Instant>,
    /// When it stops working.
    pub expires_at: Instant,
    /// When it ended, and how.
    pub ended: Option<(Instant, SheetResult)>,
}

/// What a host asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SheetRequest {
    /// The scopes.
    pub scope: ScopeSet,
    /// Whether what was put off is asked again.
    pub again: bool,
    /// In which languages, in order.
    pub ui_locales: Vec<String>,
    /// How the host hears the answer.
    pub mode: InteractionMode,
}

/// How a sheet ended: a hint for the host, which asks again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SheetResult {
    /// Everything that was asked for is allowed.
    Allowed,
    /// Some of it is.
    Partial,
    /// Nothing of it is.
    Denied,
    /// It was put off.
    Later,
    /// Nobody answered in time.
    Expired,
    /// There is nothing to decide any more: the session has ended, or the program is not available.
    Ended,
}

impl ConsentSheet {
    /// How long it waits to be opened.
    pub const TO_OPEN: Span = Span::minutes(5);
    /// How long it may stay open.
    pub const OPEN: Span = Span::minutes(15);
    /// How long it is known after it has run out, so that whoever comes late is told so.
    pub const REMEMBERED: Span = Span::hours(1);
    /// Sheets of one session that are kept: the oldest goes.
    pub const OF_SESSION: i64 = 30;

    /// Whether nobody can answer it any more because of the time.
    pub fn has_run_out(&self, now: Instant) -> bool {
        self.ended.is_none() && self.expires_at <= now
    }

    /// How it ended a moment ago, where what comes now can be the same press of a button.
    pub fn just_ended(&self, now: Instant) -> Option<SheetResult> {
        let (at, result) = self.ended?;
        is_same_press(at, now).then_some(result)
    }
}

impl SheetResult {
    const ALL: [Self; 6] = [
        Self::Allowed,
        Self::Partial,
        Self::Denied,
        Self::Later,
        Self::Expired,
        Self::Ended,
    ];

    /// What a decision comes to: of what was asked for, how much is allowed.
    pub fn of_decision(asked: &ScopeSet, allowed: &ScopeSet) -> Self {
        match asked
            .iter()
            .filter(|name| allowed.contains(name.as_str()))
            .count()
        {
            all if all == asked.iter().count() => Self::Allowed,
            0 => Self::Denied,
            _ => Self::Partial,
        }
    }

    /// The word that the host is told.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Partial => "partial",
            Self::Denied => "denied",
            Self::Later => "later",
            Self::Expired => "expired",
            Self::Ended => "ended",
        }
    }

    /// From the stored word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|result| result.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_is_told_by_how_much_is_allowed() {
        let set = |text: &str| ScopeSet::parse(text).expect("scopes");
        let asked = set("phone email");
        for (allowed, result) in [
            ("openid phone email", SheetResult::Allowed),
            ("openid phone", SheetResult::Partial),
            ("openid", SheetResult::Denied),
        ] {
            assert_eq!(
                SheetResult::of_decision(&asked, &set(allowed)),
                result,
                "{allowed}"
            );
        }
        let greeted = SheetResult::of_decision(&ScopeSet::default(), &set("openid"));
        assert_eq!(
            greeted,
            SheetResult::Allowed,
            "nothing but the program's name was shown"
        );
    }

    #[test]
    fn each_word_is_read_back() {
        for result in SheetResult::ALL {
            assert_eq!(SheetResult::from_word(result.word()), Some(result));
        }
        assert_eq!(SheetResult::from_word("maybe"), None);
    }
}
