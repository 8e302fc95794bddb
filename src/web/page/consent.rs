//! The consent sheet (`/consent`).
//!
//! Owns what it says. Which rows there are, and which may be refused, was decided before; sensitive
//! scopes come on pages of their own (`sensitive_scope`).

use askama::Template;

use super::chrome::Chrome;
use super::program::ProgramFace;
use super::share::{Value, scope_id};

/// Shows what a program asks for. Posts `step`, `scope` (once for each ticked row) and `decision` =
/// `allow`, `deny` or `other` to `/consent`.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "consent.html")]
pub struct ConsentPage {
    /// What surrounds it.
    pub chrome: Chrome,
    /// The step token of the hidden field.
    pub step: String,
    /// The secret of the host's sheet that it is: it has no way out, and its form goes to `/interaction`.
    pub sheet: Option<String>,
    /// The name of the person who is signed in.
    pub person: String,
    /// Who asks.
    pub program: ProgramFace,
    /// What it asks for, in the order of the page. Empty: only the id made for it.
    pub rows: Vec<ScopeLine>,
    /// An ordinary client's sheet: its Allow button says "Continue as …".
    pub continue_as: bool,
}

/// One scope on the sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeLine {
    /// The scope: the value of its checkbox.
    pub scope: String,
    /// What it is ([`super::share::label`]).
    pub label: String,
    /// What would be shared.
    pub value: Value,
    /// What the publisher says it is for.
    pub purpose: Option<String>,
    /// Whether it has a checkbox, which is ticked at first; without one it is always shared.
    pub refusable: bool,
}

impl ScopeLine {
    /// The `id` of its checkbox.
    pub fn id(&self) -> String {
        scope_id(&self.scope)
    }
}
