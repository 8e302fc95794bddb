//! A session: one sign-in of one user on one device or browser, the hard parent of what it made.

use foundation::clock::{Instant, Span};
use foundation::id::{SessionId, UserId};
use serde::{Deserialize, Serialize};

use crate::authentication::Authentication;

/// One sign-in. It ends once, by a person, the operator or the clock, and never comes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id; programs only see a `sid` of their own.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// How and when the person last proved who they are.
    pub authentication: Authentication,
    /// When it began.
    pub created_at: Instant,
    /// When it was last used, to the minute.
    pub last_seen_at: Instant,
    /// When it ends by itself unless it is used or ended before.
    pub expires_at: Instant,
    /// The browser's own words, shortened; for the person's list only.
    pub user_agent: String,
    /// When and why it ended.
    pub ended: Option<(Instant, EndReason)>,
}

/// Why something ended. The words are those of the event log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum EndReason {
    Logout,
    Expired,
    Operator,
    CredentialChanged,
    ReuseDetected,
    Revoked,
    Withdrawn,
    /// Another sign-in of the same person in the same browser took its place.
    Replaced,
    /// Somebody else signed in in the same browser.
    UserChanged,
    UserDisabled,
    Suspended,
}

impl EndReason {
    /// The stored word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::Expired => "expired",
            Self::Operator => "operator",
            Self::CredentialChanged => "credential_changed",
            Self::ReuseDetected => "reuse_detected",
            Self::Revoked => "revoked",
            Self::Withdrawn => "withdrawn",
            Self::Replaced => "replaced",
            Self::UserChanged => "user_changed",
            Self::UserDisabled => "user_disabled",
            Self::Suspended => "suspended",
        }
    }

    /// From the stored word.
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Logout,
            Self::Expired,
            Self::Operator,
            Self::CredentialChanged,
            Self::ReuseDetected,
            Self::Revoked,
            Self::Withdrawn,
            Self::Replaced,
            Self::UserChanged,
            Self::UserDisabled,
            Self::Suspended,
        ]
        .into_iter()
        .find(|r| r.word() == word)
    }
}

impl Session {
    /// Whether it stands at `now`.
    pub fn is_live(&self, now: Instant) -> bool {
        self.ended.is_none() && now < self.expires_at
    }

    /// When a session begun at `created_at` and used at `used_at` ends by itself: idle time after
    /// the last use, the whole lifetime after the start, whichever comes first.
    pub fn end_of_life(
        created_at: Instant,
        used_at: Instant,
        lifetime: Span,
        idle: Span,
    ) -> Instant {
        (created_at + lifetime).min(used_at + idle)
    }
}
