//! What a request says about the language of its answer, and the language of answers that have no page of
//! their own before they are made: errors above all.
//!
//! A page's language is negotiated where the request and the person are known, in `flow`. An error often
//! knows neither any more, so a cookie remembers the language of the page before it, where that was
//! another one than the browser's header gives.

use actix_web::HttpRequest;
use actix_web::http::header::ACCEPT_LANGUAGE;
use text::{Language, Wishes};

use crate::reply::cookies::{CookieNames, ascii, cookies_named};
use crate::reply::fault_log::log_fault;
use crate::state::WebState;
use crate::visitor::Visitor;

/// What the headers of a request say. Two cookies of the name say nothing: the other one is not ours.
pub(crate) fn wishes(request: &HttpRequest, state: &WebState) -> Wishes {
    let headers = request.headers().get_all(ACCEPT_LANGUAGE);
    let headers: Vec<&str> = headers.filter_map(|value| value.to_str().ok()).collect();
    let before = match cookies_named(request, CookieNames::of(state).language).as_slice() {
        [only] => ascii(only).map(str::to_owned),
        _ => None,
    };
    // "A recipient MAY combine multiple field lines … by appending each subsequent field line value …
    // separated by a comma" (RFC 9110 §5.3)
    Wishes::of_browser(Some(headers.join(", ")), before)
}

impl Visitor {
    /// The language of an answer that knows neither its request nor its person. Whoever is signed in is
    /// looked up; while the store fails it is the page before, or the header.
    pub(crate) async fn language(&self) -> Language {
        let found = self.state.services.sessions.signed_in(&self.browser).await;
        let signed_in = found.unwrap_or_else(|fault| {
            log_fault(&fault);
            None
        });
        let setting = signed_in.and_then(|signed_in| signed_in.user.language);
        self.browser.wishes.as_before(setting.as_deref())
    }

    /// The same without looking anybody up.
    pub(crate) fn language_before(&self) -> Language {
        self.browser.wishes.as_before(None)
    }
}
