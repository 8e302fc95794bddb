//! The sign-in page (`/sign-in`).
//!
//! Owns what it says. An unknown person and a wrong password give the same page (attack row 92):
//! there is one [`SignInProblem`] for both.

use askama::Template;
use foundation::bounded_text::safe_to_show;

use super::chrome::Chrome;
use super::program::ProgramFace;

/// Asks for a username and a password. Posts `step`, `username`, `password` to `/sign-in`, or
/// `decision` = `cancel` or `other`.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "sign_in.html")]
pub struct SignInPage {
    /// What surrounds it.
    pub chrome: Chrome,
    /// The step token of the hidden field.
    pub step: String,
    /// Which program waits; `None` when the person came by themselves.
    pub program: Option<ProgramFace>,
    /// What stands in the username field: `login_hint`, what was typed, or who is asked again.
    pub username: String,
    /// The name of the person who is signed in already and must show it again.
    pub again: Option<String>,
    /// Why the last try failed.
    pub problem: Option<SignInProblem>,
    /// Whether there is a request that Cancel can go back to.
    pub can_cancel: bool,
}

/// Why a try failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInProblem {
    /// Person and password do not belong together, or there is no such person.
    NoMatch,
    /// Too many tries; the next one counts after this time.
    TooManyTries {
        /// How long to wait.
        seconds: u32,
    },
}

impl SignInPage {
    fn heading(&self) -> String {
        match (&self.again, &self.program) {
            (Some(_), _) => self.chrome.say("sign-in-again"),
            (None, Some(program)) => self.chrome.plain("sign-in-to", "program", &program.name),
            (None, None) => self.chrome.say("sign-in-title"),
        }
    }

    /// Anybody can fill the field, by `login_hint`.
    fn shown_username(&self) -> String {
        safe_to_show(&self.username)
    }

    fn problem_text(&self) -> Option<String> {
        self.problem.map(|problem| match problem {
            SignInProblem::NoMatch if self.again.is_some() => {
                self.chrome.say("sign-in-no-match-again")
            }
            SignInProblem::NoMatch => self.chrome.say("sign-in-no-match"),
            SignInProblem::TooManyTries { seconds } => self.chrome.plain(
                "sign-in-throttled",
                "wait",
                self.chrome.language.wait(seconds),
            ),
        })
    }
}
