//! The question before signing out (`/sign-out`).
//!
//! Owns what it says. A hint alone is never proof (attack row 48), so whoever comes here is asked.

use askama::Template;

use super::chrome::Chrome;

/// Asks how far to sign out. Posts `step` and `decision` = `logout`, `leave` or `stay` to
/// `/sign-out`.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "sign_out.html")]
pub struct SignOutPage {
    /// What surrounds it.
    pub chrome: Chrome,
    /// The step token of the hidden field.
    pub step: String,
    /// The name of the person who is signed in.
    pub person: String,
    /// The name of the mini-program that asked; it can be left alone.
    pub program: Option<String>,
}
