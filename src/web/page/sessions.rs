//! The list of sessions (`/account/sessions`).
//!
//! Owns what it says. A session is told by its device and its times, never by an address.

use askama::Template;
use foundation::clock::Instant;

use super::chrome::Chrome;

/// Lists where the person is signed in. Posts `csrf` and `end` = session, or `end_others`, to
/// `/account/sessions`.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "sessions.html")]
pub struct SessionsPage {
    /// What surrounds it.
    pub chrome: Chrome,
    /// The token of the hidden field.
    pub csrf: String,
    /// The sessions: this one first, then the one seen last.
    pub sessions: Vec<SessionRow>,
    /// What the last tap did.
    pub notice: Option<SessionsNotice>,
}

/// One session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// The value of its button.
    pub id: String,
    /// The browser and device ([`super::device::describe`]).
    pub device: String,
    /// When it began.
    pub started: Instant,
    /// When it was last seen, to the minute.
    pub last_seen: Instant,
    /// Whether it is the one that looks at this page.
    pub here: bool,
}

/// What the last tap did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionsNotice {
    /// One session ended.
    Ended,
    /// All but this one ended.
    OthersEnded,
}

impl SessionsPage {
    fn has_others(&self) -> bool {
        self.sessions.iter().any(|session| !session.here)
    }

    fn notice_text(&self) -> Option<String> {
        self.notice.map(|notice| match notice {
            SessionsNotice::Ended => self.chrome.say("sessions-ended"),
            SessionsNotice::OthersEnded => self.chrome.say("sessions-others-ended"),
        })
    }
}
