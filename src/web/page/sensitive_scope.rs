//! The page of one sensitive scope (`/consent`).
//!
//! Owns what it says: nothing is ticked beforehand, and both answers are equally near.

use askama::Template;
use text::Markup;

use super::chrome::Chrome;
use super::program::ProgramFace;
use super::share::Value;

/// Asks for one scope. Posts `step` and `decision` = `allow`, `withhold`, `deny` or `other` to
/// `/consent`.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "sensitive_scope.html")]
pub struct SensitiveScopePage {
    /// What surrounds it.
    pub chrome: Chrome,
    /// The step token of the hidden field.
    pub step: String,
    /// The secret of the host's sheet that it is part of, as on `consent`.
    pub sheet: Option<String>,
    /// The name of the person who is signed in.
    pub person: String,
    /// Who asks.
    pub program: ProgramFace,
    /// What it is, inside a sentence ([`super::share::label_in_sentence`]).
    pub what: String,
    /// What would be shared: every address, card or check on a line.
    pub value: Value,
    /// What the publisher says it is for.
    pub purpose: Option<String>,
}

impl SensitiveScopePage {
    fn title(&self) -> String {
        self.chrome.plain_two(
            "consent-sensitive-title",
            "what",
            &self.what,
            "program",
            &self.program.name,
        )
    }

    fn heading(&self) -> Markup {
        self.chrome.with_two(
            "consent-sensitive-title",
            "what",
            &self.what,
            "program",
            &self.program.name,
        )
    }
}
