//! The account chooser (`/choose-account`), for `prompt=select_account`.
//!
//! Owns what it says. A browser has one session, so there is one person to go on as.

use askama::Template;

use super::chrome::Chrome;
use super::program::{ProgramFace, initial};

/// Asks who goes on. Posts `step` and `decision` = `continue`, `other` or `cancel` to
/// `/choose-account`.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "choose_account.html")]
pub struct ChooseAccountPage {
    /// What surrounds it.
    pub chrome: Chrome,
    /// The step token of the hidden field.
    pub step: String,
    /// Which program waits.
    pub program: Option<ProgramFace>,
    /// The name of the person who is signed in.
    pub person: String,
    /// What tells two people of one name apart: the username or an e-mail address.
    pub hint: Option<String>,
    /// Whether there is a request that Cancel can go back to.
    pub can_cancel: bool,
}
