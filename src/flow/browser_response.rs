//! What a browser is answered on the way of an authorization request: the client, a page of ours, or an
//! error that is shown. Decides nothing.

use std::sync::Arc;

use domain::client::Client;
use foundation::clock::Span;
use protocol::mismatch::Mismatch;
use protocol::redirect_uri::RedirectProblem;
use protocol::response_mode::AuthorizationResponse;
use text::Language;

use crate::browser::CookieChanges;
use crate::step::PageStep;

/// Where an authorization request goes next.
#[derive(Debug)]
pub enum AuthorizeResponse {
    /// To the client, by redirect or form post.
    Respond {
        /// What it is told.
        response: AuthorizationResponse,
        /// Origins that may frame the page that posts it, as they may frame the pages before it.
        frame_origins: Vec<String>,
    },
    /// To a page of ours.
    Page(PageStep),
    /// To the account pages: the person signed in without a request.
    Account,
    /// Nowhere: there is no verified redirect URI, or nobody may use the client.
    Shown(ShownError),
}

/// What went wrong where nothing may be redirected.
#[derive(Clone, Debug, PartialEq)]
pub enum ShownError {
    /// The request cannot be read.
    BadRequest(String),
    /// No such client.
    UnknownClient,
    /// The redirect URI is not registered, or missing.
    Redirect {
        /// The client's name.
        name: String,
        /// What is wrong.
        problem: RedirectProblem,
        /// What a draft's makers should know.
        for_makers: Option<Mismatch>,
    },
    /// The client is suspended.
    NotAvailable {
        /// Its name.
        name: String,
    },
    /// The page leads nowhere any more.
    Stale(StalePage),
    /// The person asks too often: the next time is looked at after this span.
    TooMany(Span),
}

/// A page that leads nowhere any more.
#[derive(Clone, Debug, PartialEq)]
pub struct StalePage {
    /// Why.
    pub why: Stale,
    /// The program whose request it was, if that is known; nobody is led to a suspended one.
    pub client: Option<Arc<Client>>,
}

impl StalePage {
    pub(crate) fn of(why: Stale, client: Option<Arc<Client>>) -> Self {
        let client = client.filter(|client| !client.is_suspended());
        Self { why, client }
    }
}

/// Why a page leads nowhere any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    /// Its request has had its answer.
    Over,
    /// It waited for longer than a page works.
    TooOld,
    /// It was made for another browser, or for this one before its cookies were cleared, or before
    /// another tab that began at the same moment got them.
    Elsewhere,
    /// The browser sends no cookie of ours.
    NoCookie,
    /// Its address is no address of ours.
    Unreadable,
}

/// An answer with the cookies it changes.
#[derive(Debug)]
pub struct BrowserResponse {
    /// Where to.
    pub next: AuthorizeResponse,
    /// What changes in the browser.
    pub cookies: CookieChanges,
}

/// How the pages of a request are framed and worded.
#[derive(Clone, Debug)]
pub struct PageSetting {
    /// What it is written in.
    pub language: Language,
    /// Origins that may frame the page; nobody when empty.
    pub frame_origins: Vec<String>,
    /// Where the answer will be sent in the end: the page's form may lead there.
    pub redirect_uri: Option<String>,
}

impl BrowserResponse {
    pub(crate) fn shown(error: ShownError) -> Self {
        Self {
            next: AuthorizeResponse::Shown(error),
            cookies: CookieChanges::default(),
        }
    }

    /// To a page that leads nowhere any more.
    pub fn stale(page: StalePage) -> Self {
        Self::shown(ShownError::Stale(page))
    }

    pub(crate) fn too_many(wait: Span) -> Self {
        Self::shown(ShownError::TooMany(wait))
    }

    pub(crate) fn not_available(client: &Client) -> Self {
        let name = client.name().to_owned();
        Self::shown(ShownError::NotAvailable { name })
    }

    pub(crate) fn respond(response: AuthorizationResponse, frame_origins: Vec<String>) -> Self {
        Self {
            next: AuthorizeResponse::Respond {
                response,
                frame_origins,
            },
            cookies: CookieChanges::default(),
        }
    }
}

/// A page to show, or somewhere else to go.
#[derive(Debug)]
pub enum PageOr<T> {
    /// The page.
    Page(Box<T>),
    /// Somewhere else.
    Response(BrowserResponse),
}
