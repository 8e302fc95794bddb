//! The browser behind a page request: its cookies, its language, its own words.
//!
//! "A request that carries two session cookies is refused": an attacker who can set a cookie on a
//! parent domain must not be able to hide the real one behind theirs.

use actix_web::FromRequest;
use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::header::{ACCEPT_LANGUAGE, COOKIE, USER_AGENT};
use actix_web::web::Data;
use flow::browser::Browser;
use foundation::secret::SecretText;
use futures_util::future::{Ready, ready};

use crate::reply::cookies::CookieNames;
use crate::reply::page::PageError;
use crate::state::WebState;

/// A person's browser, and what is needed to answer it.
pub(crate) struct Visitor {
    /// What flows see of it.
    pub(crate) browser: Browser,
    /// The `Accept-Language` header.
    pub(crate) accept_language: Option<String>,
    /// The server.
    pub(crate) state: Data<WebState>,
}

impl FromRequest for Visitor {
    type Error = PageError;
    type Future = Ready<Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request))
    }
}

fn read(request: &HttpRequest) -> Result<Visitor, PageError> {
    let state = request
        .app_data::<Data<WebState>>()
        .cloned()
        .ok_or_else(PageError::misconfigured)?;
    let names = CookieNames::of(&state);
    let header = |name| {
        let value = request.headers().get(name)?.to_str().ok()?;
        Some(value.to_owned())
    };
    let cookie = |name: &str| match cookies_named(request, name).as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(SecretText::new(only.clone()))),
        _ => Err(PageError::two_cookies(&state)),
    };
    let browser = Browser {
        session: cookie(names.session)?,
        pre_session: cookie(names.pre_session)?,
        known: cookie(names.known)?,
        user_agent: header(USER_AGENT).unwrap_or_default(),
    };
    let accept_language = header(ACCEPT_LANGUAGE);
    Ok(Visitor {
        browser,
        accept_language,
        state,
    })
}

fn cookies_named(request: &HttpRequest, name: &str) -> Vec<String> {
    let headers = request.headers().get_all(COOKIE);
    let pairs = headers
        .filter_map(|h| h.to_str().ok())
        .flat_map(|h| h.split(';'));
    pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(n, _)| *n == name)
        .map(|(_, value)| value.to_owned())
        .collect()
}
