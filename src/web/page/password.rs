//! The password page (`/account/password`).
//!
//! Owns what it says. The rules that a password must obey are `domain`'s.

use askama::Template;

use super::chrome::Chrome;
use super::link::BackLink;

/// Changes the password. Posts `csrf`, `current_password` and `new_password` to
/// `/account/password`.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "password.html")]
pub struct PasswordPage {
    /// What surrounds it.
    pub chrome: Chrome,
    /// The token of the hidden field.
    pub csrf: String,
    /// For password managers, which keep a password by its username.
    pub username: String,
    /// How the last try went; `None` at first.
    pub outcome: Option<PasswordOutcome>,
    /// The super app.
    pub back: Option<BackLink>,
}

/// How a try to change the password went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordOutcome {
    /// It is changed.
    Changed,
    /// The current password does not match.
    WrongCurrent,
    /// The new one has fewer than ten characters.
    TooShort,
    /// The new one is longer than is taken.
    TooLong {
        /// How many characters are taken.
        most: u32,
    },
    /// The new one has characters that no password may have.
    NotText,
    /// The new one is on the list of those that everybody tries.
    TooCommon,
    /// The new one is the current one.
    Same,
    /// Too many tries; the next one counts after this time.
    TooManyTries {
        /// How long to wait.
        seconds: u32,
    },
}

impl PasswordPage {
    fn is_changed(&self) -> bool {
        self.outcome == Some(PasswordOutcome::Changed)
    }

    fn problem_with_current(&self) -> Option<String> {
        match self.outcome? {
            PasswordOutcome::WrongCurrent => Some(self.chrome.say("password-wrong-current")),
            PasswordOutcome::TooManyTries { seconds } => {
                let wait = self.chrome.language.wait(seconds);
                Some(self.chrome.plain("sign-in-throttled", "wait", wait))
            }
            _ => None,
        }
    }

    fn problem_with_new(&self) -> Option<String> {
        match self.outcome? {
            PasswordOutcome::TooShort => Some(self.chrome.say("password-too-short")),
            PasswordOutcome::TooLong { most } => {
                Some(self.chrome.plain("password-too-long", "count", most))
            }
            PasswordOutcome::NotText => Some(self.chrome.say("password-not-text")),
            PasswordOutcome::TooCommon => Some(self.chrome.say("password-too-common")),
            PasswordOutcome::Same => Some(self.chrome.say("password-same")),
            _ => None,
        }
    }
}
