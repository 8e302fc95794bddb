//! The page of one sensitive scope, or of `offline_access` (`/consent`).
//!
//! Owns what it says: nothing is ticked beforehand, and both answers are equally near.

use askama::Template;
use text::Markup;

use super::chrome::Chrome;
use super::program::ProgramFace;
use super::share::Value;

/// The scope of OpenID Connect Core §11.
const OFFLINE_ACCESS: &str = "offline_access";

/// Asks for one scope. Posts `step` and `decision` = `allow`, `withhold`, `deny` or `other` to
/// `/consent`.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "sensitive_scope.html")]
pub struct SensitiveScopePage {
    /// What surrounds it.
    pub chrome: Chrome,
    /// The step token of the hidden field.
    pub step: String,
    /// The name of the person who is signed in.
    pub person: String,
    /// Who asks.
    pub program: ProgramFace,
    /// The scope that is asked for.
    pub scope: String,
    /// What it is, inside a sentence ([`super::share::label_in_sentence`]).
    pub what: String,
    /// What would be shared: every address, card or check on a line.
    pub value: Value,
    /// What the publisher says it is for.
    pub purpose: Option<String>,
}

impl SensitiveScopePage {
    fn is_offline_access(&self) -> bool {
        self.scope == OFFLINE_ACCESS
    }

    fn title(&self) -> String {
        let name = &self.program.name;
        if self.is_offline_access() {
            self.chrome.plain("consent-offline-title", "program", name)
        } else {
            self.chrome.plain_two(
                "consent-sensitive-title",
                "what",
                &self.what,
                "program",
                name,
            )
        }
    }

    fn heading(&self) -> Markup {
        let name = &self.program.name;
        if self.is_offline_access() {
            self.chrome.with("consent-offline-title", "program", name)
        } else {
            self.chrome.with_two(
                "consent-sensitive-title",
                "what",
                &self.what,
                "program",
                name,
            )
        }
    }
}
