//! What a browser is answered on the way of an authorization request: the client, a page of ours, or an
//! error that is shown. Decides nothing.

use domain::client::Client;
use protocol::mismatch::Mismatch;
use protocol::redirect_uri::RedirectProblem;
use protocol::response_mode::AuthorizationResponse;

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
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// The page is too old, was made for another browser, or was answered already.
    StepExpired,
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
#[derive(Clone, Debug, Default)]
pub struct PageSetting {
    /// Languages that the request prefers.
    pub ui_locales: Vec<String>,
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
