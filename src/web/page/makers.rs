//! What the makers of a draft read on its pages: values that do not fit, and those that would.
//!
//! Only drafts and programs in review have it: their pages are opened by their testers. What a program
//! registered is no secret to those who make it, and what came stands in the address anyway.

use protocol::mismatch::{Mismatch, Mistake};
use text::Language;

/// One value that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MakersNote {
    /// What is wrong.
    pub what: String,
    /// What came.
    pub received: String,
    /// What would have been right.
    pub registered: Vec<String>,
}

/// All of them, in the language of the page.
pub fn notes<'a>(
    language: &Language,
    mismatches: impl IntoIterator<Item = &'a Mismatch>,
) -> Vec<MakersNote> {
    let mismatches = mismatches.into_iter();
    mismatches.map(|m| MakersNote::of(language, m)).collect()
}

impl MakersNote {
    /// In the language of the page.
    pub fn of(language: &Language, mismatch: &Mismatch) -> Self {
        Self {
            what: language.text(key(mismatch.mistake()), &[]),
            received: mismatch.received().to_owned(),
            registered: mismatch.registered().to_vec(),
        }
    }
}

const fn key(mistake: Mistake) -> &'static str {
    match mistake {
        Mistake::RedirectUriNotRegistered => "makers-redirect-uri-not-registered",
        Mistake::PostLogoutRedirectUriNotRegistered => {
            "makers-post-logout-redirect-uri-not-registered"
        }
        Mistake::RedirectUriOfAnotherRequest => "makers-redirect-uri-of-another-request",
        Mistake::VerifierOfAnotherChallenge => "makers-verifier-of-another-challenge",
        Mistake::ScopeNotAllowed => "makers-scope-not-allowed",
        Mistake::ScopeNotRegistered => "makers-scope-not-registered",
    }
}
