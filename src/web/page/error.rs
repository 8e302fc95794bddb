//! The page of something that went wrong (any path).
//!
//! Owns what it says: what happened, what to do, and an id to tell us. Errors that a program may
//! hear of are redirects or JSON and never come here.

use askama::Template;
use text::{Arg, Markup};

use super::chrome::Chrome;
use super::link::BackLink;

/// Says what went wrong.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// What surrounds it.
    pub chrome: Chrome,
    /// What went wrong.
    pub kind: ErrorKind,
    /// Under which id the log has it.
    pub error_id: Option<String>,
    /// Where the person can go on: a registered address.
    pub way_on: Option<WayOn>,
}

/// A way on into a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WayOn {
    /// Its name and where it is opened.
    pub link: BackLink,
    /// Whether it is the super app itself, in whose frame this page may stand.
    pub is_home: bool,
}

/// Why a page leads nowhere any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaleReason {
    /// Its request has had its answer.
    Over,
    /// It waited for too long.
    TooOld,
    /// It was made for another browser or another tab.
    Elsewhere,
    /// The browser sent no cookie.
    NoCookie,
    /// Its address is none of ours.
    Unreadable,
    /// It was the consent sheet of a host, which works once.
    Sheet,
}

/// What went wrong. Names are programs' names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The redirect URI is not registered for this client.
    UnregisteredRedirectUri {
        /// The client's name.
        program: String,
    },
    /// There is no such client.
    UnknownClient,
    /// The mini-program is suspended, or not released.
    NotAvailable {
        /// Its name.
        program: String,
    },
    /// The mini-program is a draft, and this person is no tester of it.
    TestersOnly {
        /// Its name.
        program: String,
    },
    /// The page leads nowhere any more.
    Stale {
        /// Why.
        why: StaleReason,
        /// The program to open again, if it is known.
        program: Option<String>,
    },
    /// A web ticket is worth nothing, or not here.
    WebTicket,
    /// A web ticket was handed in where another person is signed in.
    SomebodyElse,
    /// The limit of requests is reached.
    TooManyRequests {
        /// How long to wait.
        seconds: u32,
    },
    /// A fault of ours.
    Broken,
    /// There is no such page.
    NotFound,
    /// A form without its token, from another site, or from another browser.
    ForgedForm,
    /// A malformed authorization or logout request that cannot be answered by redirect.
    BadRequest {
        /// The program that sent it, if it is known.
        program: Option<String>,
        /// For its makers: the error code and what is wrong.
        detail: String,
    },
}

impl ErrorKind {
    /// The HTTP status that goes with it.
    pub fn status(&self) -> u16 {
        match self {
            Self::Stale {
                why: StaleReason::Sheet,
                ..
            } => 410,
            Self::UnregisteredRedirectUri { .. }
            | Self::UnknownClient
            | Self::Stale { .. }
            | Self::WebTicket
            | Self::BadRequest { .. } => 400,
            Self::SomebodyElse => 409,
            Self::NotAvailable { .. } | Self::TestersOnly { .. } | Self::ForgedForm => 403,
            Self::NotFound => 404,
            Self::TooManyRequests { .. } => 429,
            Self::Broken => 503,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::UnregisteredRedirectUri { .. } => "unregistered-redirect-uri",
            Self::UnknownClient => "unknown-client",
            Self::NotAvailable { .. } => "not-available",
            Self::TestersOnly { .. } => "testers-only",
            Self::Stale { why, .. } => match why {
                StaleReason::Over => "stale-over",
                StaleReason::TooOld => "stale-too-old",
                StaleReason::Elsewhere => "stale-elsewhere",
                StaleReason::NoCookie => "stale-no-cookie",
                StaleReason::Unreadable => "stale-unreadable",
                StaleReason::Sheet => "stale-sheet",
            },
            Self::WebTicket => "web-ticket",
            Self::SomebodyElse => "somebody-else",
            Self::TooManyRequests { .. } => "too-many-requests",
            Self::Broken => "broken",
            Self::NotFound => "not-found",
            Self::ForgedForm => "forged-form",
            Self::BadRequest { .. } => "bad-request",
        }
    }

    fn program(&self) -> Option<&str> {
        match self {
            Self::UnregisteredRedirectUri { program }
            | Self::NotAvailable { program }
            | Self::TestersOnly { program } => Some(program),
            Self::Stale { program, .. } | Self::BadRequest { program, .. } => program.as_deref(),
            _ => None,
        }
    }
}

impl ErrorPage {
    fn args(&self) -> Vec<(&'static str, Arg)> {
        let program = self.kind.program();
        let named = program.map(|program| ("program", Arg::from(program)));
        let mut args: Vec<_> = named.into_iter().collect();
        if let ErrorKind::TooManyRequests { seconds } = self.kind {
            args.push(("wait", Arg::Text(self.chrome.language.wait(seconds))));
        }
        args
    }

    /// The key of a sentence. Some have another form where nobody knows the program's name.
    fn key(&self, part: &str) -> String {
        let language = &self.chrome.language;
        let own = format!("error-{}-{part}", self.kind.name());
        let shared = format!("error-stale-{part}");
        let key = match self.kind {
            ErrorKind::Stale { .. } if !language.has(&own) => shared,
            _ => own,
        };
        let unnamed = format!("{key}-unnamed");
        let is_unnamed = self.kind.program().is_none() && language.has(&unnamed);
        if is_unnamed { unnamed } else { key }
    }

    fn title(&self) -> String {
        self.chrome.language.text(&self.key("title"), &self.args())
    }

    /// `title`, `what` or `do`.
    fn part(&self, part: &str) -> Markup {
        self.chrome.language.html(&self.key(part), &self.args())
    }

    fn detail(&self) -> Option<&str> {
        match &self.kind {
            ErrorKind::BadRequest { detail, .. } => Some(detail),
            _ => None,
        }
    }

    /// Whether a way to the account page helps, where there is no other way on. It leads out of a
    /// frame: nobody may frame the account page.
    fn offers_account(&self) -> bool {
        match self.kind {
            // A host shows it as its own, and closes it.
            ErrorKind::Stale {
                why: StaleReason::Sheet,
                ..
            }
            | ErrorKind::WebTicket
            | ErrorKind::SomebodyElse => false,
            ErrorKind::UnregisteredRedirectUri { .. }
            | ErrorKind::UnknownClient
            | ErrorKind::NotAvailable { .. }
            | ErrorKind::Stale { .. }
            | ErrorKind::Broken
            | ErrorKind::NotFound
            | ErrorKind::ForgedForm => true,
            ErrorKind::TestersOnly { .. }
            | ErrorKind::TooManyRequests { .. }
            | ErrorKind::BadRequest { .. } => false,
        }
    }
}
