//! The browser behind a page request: its cookies, its language, its own words.
//!
//! A request that carries two session cookies is refused: an attacker who can set a cookie on a
//! parent domain must not be able to hide the real one behind theirs.

use actix_web::FromRequest;
use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::header::USER_AGENT;
use actix_web::web::Data;
use flow::browser::{Browser, WebSessionCookie};
use foundation::id::ClientId;
use foundation::secret::SecretText;
use futures_util::future::{Ready, ready};

use crate::reply::cookies::{CookieNames, ascii, cookies_beginning, cookies_named};
use crate::reply::language;
use crate::reply::page::PageError;
use crate::state::WebState;
use crate::visitor::Visitor;

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
    let user_agent = request.headers().get(USER_AGENT);
    let user_agent = user_agent.and_then(|value| Some(value.to_str().ok()?.to_owned()));
    let cookie = |name: &str| match cookies_named(request, name).as_slice() {
        [] => Ok(None),
        [only] => Ok(ascii(only).map(SecretText::new)),
        _ => Err(PageError::two_cookies(request)),
    };
    let browser = Browser {
        session: cookie(names.session)?,
        pre_session: cookie(names.pre_session)?,
        known: cookie(names.known)?,
        web_sessions: web_sessions(request, names.web_session),
        user_agent: user_agent.unwrap_or_default(),
        address: state.settings.callers.of(request),
        wishes: language::wishes(request, &state),
    };
    Ok(Visitor { browser, state })
}

/// Those of all programs. In a frame there may be two of one name, in the frame's partition and outside of
/// it: each is looked at.
fn web_sessions(request: &HttpRequest, prefix: &str) -> Vec<WebSessionCookie> {
    cookies_beginning(request, prefix)
        .filter_map(|(program, value)| {
            Some(WebSessionCookie {
                program: ClientId::parse(ascii(program)?).ok()?,
                value: SecretText::new(ascii(value)?),
            })
        })
        .collect()
}
