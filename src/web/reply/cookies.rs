//! Cookies: their names and attributes, and the changes that an answer makes.
//!
//! Over https they carry the `__Host-` prefix (RFC 6265bis §4.1.3.2: secure, this host only, path
//! `/`); an http issuer is allowed on loopback only, and there they can carry neither.

use actix_web::HttpResponseBuilder;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use flow::browser::CookieChanges;

use crate::state::WebState;

/// The names of our cookies on this server.
#[derive(Clone, Copy)]
pub(crate) struct CookieNames {
    pub(crate) session: &'static str,
    pub(crate) pre_session: &'static str,
    pub(crate) known: &'static str,
}

/// How long a browser that succeeded before is remembered.
const KNOWN_DAYS: i64 = 365;

impl CookieNames {
    pub(crate) fn of(state: &WebState) -> Self {
        if state.settings.secure_cookies {
            Self {
                session: "__Host-portico_session",
                pre_session: "__Host-portico_step",
                known: "__Host-portico_browser",
            }
        } else {
            Self {
                session: "portico_session",
                pre_session: "portico_step",
                known: "portico_browser",
            }
        }
    }
}

/// Adds the changes to a response.
pub(crate) fn set(response: &mut HttpResponseBuilder, state: &WebState, changes: &CookieChanges) {
    let names = CookieNames::of(state);
    let session_days = state.settings.session_lifetime.as_seconds();
    if let Some(value) = &changes.session {
        response.cookie(cookie(
            state,
            names.session,
            value.expose(),
            Some(session_days),
        ));
    } else if changes.clear_session {
        response.cookie(cookie(state, names.session, "", Some(0)));
    }
    if let Some(value) = &changes.pre_session {
        response.cookie(cookie(state, names.pre_session, value.expose(), None));
    }
    if let Some(value) = &changes.known {
        let year = Duration::days(KNOWN_DAYS).whole_seconds();
        response.cookie(cookie(state, names.known, value.expose(), Some(year)));
    }
}

/// `Lax`, so that a link or a redirect from a program brings the session along; nothing relies on
/// it against forged forms.
fn cookie<'a>(state: &WebState, name: &'a str, value: &'a str, seconds: Option<i64>) -> Cookie<'a> {
    let built = Cookie::build(name, value)
        .path("/")
        .http_only(true)
        .secure(state.settings.secure_cookies)
        .same_site(SameSite::Lax);
    match seconds {
        Some(seconds) => built.max_age(Duration::seconds(seconds)).finish(),
        None => built.finish(),
    }
}
