//! A mini-program's life: drafted, reviewed, released, suspended.

use serde::{Deserialize, Serialize};

/// ```text
///  draft ──► in_review ──► released ◄──► suspended
///    └────────────────────────▲
/// ```
/// Only `released` serves everybody. A draft serves its testers; a program in review serves its
/// testers too, so that the reviewer can try it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the diagram says it")]
pub enum MiniProgramState {
    Draft,
    InReview,
    Released,
    Suspended,
}

impl MiniProgramState {
    /// The stored and shown word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::InReview => "in_review",
            Self::Released => "released",
            Self::Suspended => "suspended",
        }
    }

    /// From the word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Draft, Self::InReview, Self::Released, Self::Suspended]
            .into_iter()
            .find(|s| s.word() == word)
    }

    /// Whether this username may use a program in this state.
    pub fn serves(self, username: &str, testers: &[String]) -> bool {
        match self {
            Self::Released => true,
            Self::Draft | Self::InReview => {
                testers.iter().any(|t| t.eq_ignore_ascii_case(username))
            }
            Self::Suspended => false,
        }
    }
}
