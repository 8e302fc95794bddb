//! The list of sessions (`/account/sessions`).
//!
//! Owns what it says. A session is told by its device and its times, never by an address.

use askama::Template;
use foundation::clock::Instant;

use super::chrome::Chrome;
use super::link::BackLink;

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
    pub sessions: Vec<SessionLine>,
    /// Whether the last tap ended all others.
    pub others_ended: bool,
    /// The super app.
    pub back: Option<BackLink>,
}

/// One session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionLine {
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

impl SessionsPage {
    fn has_others(&self) -> bool {
        self.sessions.iter().any(|session| !session.here)
    }
}
