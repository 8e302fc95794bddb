//! A web session: what a web ticket opens. One program that knows nothing but redirects signs one person in,
//! silently, in one WebView or frame.
//!
//! ```text
//!  given out (a ticket) ──handed in──► opened (a cookie) ──► gone
//!        └──────── a minute ────────► run out
//! ```
//!
//! It goes with the host's session, and with the program's stay in it. There is no way from it to a page.

use foundation::clock::{Instant, Span};
use foundation::id::{ClientId, SessionId, WebSessionId};
use protocol::fetch_metadata::Navigation;
use protocol::pkce::CodeChallenge;

use crate::client::Client;

/// A web session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSession {
    /// Its id.
    pub id: WebSessionId,
    /// The host's session, whose person it signs in.
    pub session: SessionId,
    /// The host that asked for the ticket.
    pub host: ClientId,
    /// For which program: its cookie is good for no other.
    pub program: ClientId,
    /// The program's stay in the session: with another one it is over.
    pub sid: String,
    /// What the verifier that comes with the ticket must belong to.
    pub code_challenge: CodeChallenge,
    /// When the ticket was given out.
    pub created_at: Instant,
    /// When the ticket was handed in.
    pub opened_at: Option<Instant>,
}

impl WebSession {
    /// Those of one program in one session: a person has one WebView of a program on a device. The oldest
    /// goes.
    pub const OF_PROGRAM: i64 = 10;
    /// Cookies of them in one jar.
    pub const IN_A_JAR: usize = 20;
    /// How long one that nobody opened is remembered.
    pub const UNOPENED: Span = Span::hours(1);
}

/// Where a ticket may be handed in: the first load of a WebView, or a frame of the host that asked for it.
/// Whoever else could send it would sign a person in as somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebSessionPlace {
    /// A window of its own.
    Window,
    /// A frame of the host's page.
    Frame,
}

impl WebSessionPlace {
    /// The place of a ticket that was handed in so; `None` where it counts for nothing.
    pub fn of(navigation: Option<&Navigation>, host: &Client) -> Option<Self> {
        match navigation? {
            Navigation::OfNobody => Some(Self::Window),
            Navigation::InFrame { by } => {
                host.origins_of_host().contains(by).then_some(Self::Frame)
            }
        }
    }
}

/// A cookie of a web session in a jar: whose program it names, and when it was opened, if it opens anything.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct JarCookie {
    /// When; `None` goes first.
    pub opened_at: Option<Instant>,
    /// The program.
    pub program: ClientId,
}

/// The cookies that go from a jar when one for this program comes into it: what opens nothing, then the
/// oldest.
pub fn surplus(mut jar: Vec<JarCookie>, coming: &ClientId) -> Vec<ClientId> {
    jar.retain(|cookie| cookie.program != *coming);
    jar.sort();
    let too_many = (jar.len() + 1).saturating_sub(WebSession::IN_A_JAR);
    jar.truncate(too_many);
    jar.into_iter().map(|cookie| cookie.program).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(number: i64) -> ClientId {
        ClientId::parse(&format!("program-{number:02}")).expect("an id")
    }

    fn cookie(number: i64, opened_at: Option<i64>) -> JarCookie {
        JarCookie {
            opened_at: opened_at.map(Instant::from_millis),
            program: named(number),
        }
    }

    #[test]
    fn a_jar_holds_twenty_and_the_oldest_goes() {
        let newest_first: Vec<_> = (0..20).map(|n| cookie(n, Some(100 - n))).collect();
        assert_eq!(surplus(newest_first.clone(), &named(20)), [named(19)]);
        assert_eq!(
            surplus(newest_first.clone(), &named(3)),
            [],
            "it replaces its own"
        );
        assert_eq!(surplus(newest_first[1..].to_vec(), &named(20)), []);
        let mut with_dead = newest_first;
        with_dead.extend([cookie(30, None), cookie(31, None)]);
        let gone = surplus(with_dead, &named(20));
        assert_eq!(gone, [named(30), named(31), named(19)]);
    }
}
