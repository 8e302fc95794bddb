//! The page after signing out (`/signed-out`).
//!
//! Owns what it says.

use askama::Template;

use super::chrome::Chrome;
use super::link::BackLink;

/// Says what was ended.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "signed_out.html")]
pub struct SignedOutPage {
    /// What surrounds it.
    pub chrome: Chrome,
    /// What was ended.
    pub outcome: ShownSignOut,
    /// Where the person came from: a registered `post_logout_redirect_uri`.
    pub back: Option<BackLink>,
}

/// What was ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShownSignOut {
    /// The session, in every program.
    Everywhere,
    /// One program only.
    Left {
        /// Its name.
        program: String,
    },
    /// Nothing: nobody was signed in.
    Nobody,
}
