//! Cookies: their names and attributes, how they are read, and the changes that an answer makes.
//!
//! A cookie of somebody beside us, in whatever bytes, must not keep ours from being read.
//!
//! Over https they carry the `__Host-` prefix (RFC 6265bis §4.1.3.2: secure, this host only, path
//! `/`); an http issuer is allowed on loopback only, and there they can carry neither.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::COOKIE;
use actix_web::{HttpRequest, HttpResponseBuilder};
use domain::web_session::WebSessionPlace;
use flow::browser::CookieChanges;
use foundation::id::ClientId;
use text::Remember;

use crate::state::WebState;

/// The names of our cookies on this server.
#[derive(Clone, Copy)]
pub(crate) struct CookieNames {
    pub(crate) session: &'static str,
    pub(crate) pre_session: &'static str,
    pub(crate) known: &'static str,
    pub(crate) language: &'static str,
    /// What the name of a web session's cookie begins with; the program's id follows.
    pub(crate) web_session: &'static str,
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
                language: "__Host-portico_language",
                web_session: "__Host-portico_web_",
            }
        } else {
            Self {
                session: "portico_session",
                pre_session: "portico_step",
                known: "portico_browser",
                language: "portico_language",
                web_session: "portico_web_",
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

/// Adds what is remembered of the page's language: until the browser is closed, and one of our own tags
/// only.
pub(crate) fn set_language(
    response: &mut HttpResponseBuilder,
    state: &WebState,
    remember: &Remember,
) {
    let name = CookieNames::of(state).language;
    response.cookie(match remember {
        Remember::Tag(tag) => cookie(state, name, tag, None),
        Remember::Nothing => cookie(state, name, "", Some(0)),
    });
}

/// The cookie of a web session, set or taken away. In a frame it is another site's: it goes along there only
/// as "SameSite=None", which browsers take from "Secure" cookies only, over loopback as well; and it stands in
/// that host's partition, which nobody else's frames see.
pub(crate) fn of_web_session(
    state: &WebState,
    program: &ClientId,
    value: Option<&str>,
    place: WebSessionPlace,
) -> String {
    let name = format!("{}{program}", CookieNames::of(state).web_session);
    let seconds = value.is_none().then_some(0);
    let mut cookie = cookie(state, &name, value.unwrap_or_default(), seconds);
    match place {
        WebSessionPlace::Window => cookie.to_string(),
        WebSessionPlace::Frame => {
            cookie.set_same_site(SameSite::None);
            cookie.set_secure(true);
            format!("{cookie}; Partitioned")
        }
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

/// The values of the cookies of one name. The header is bytes: sites beside us that set cookies for
/// the domain above write into it what they like, and "user agents … send bytes" (RFC 6265 §5.4,
/// note: "it is not interpreted as characters").
pub(crate) fn cookies_named<'a>(request: &'a HttpRequest, name: &str) -> Vec<&'a [u8]> {
    let named = pairs(request).filter(|(found, _)| *found == name.as_bytes());
    named.map(|(_, value)| value).collect()
}

/// The cookies whose names begin so: the rest of the name, and the value.
pub(crate) fn cookies_beginning<'a>(
    request: &'a HttpRequest,
    prefix: &'a str,
) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
    pairs(request).filter_map(|(name, value)| Some((name.strip_prefix(prefix.as_bytes())?, value)))
}

fn pairs(request: &HttpRequest) -> impl Iterator<Item = (&[u8], &[u8])> {
    let headers = request.headers().get_all(COOKIE);
    let pairs = headers.flat_map(|header| header.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(|pair| {
        let pair = pair.trim_ascii();
        let end = pair.iter().position(|byte| *byte == b'=')?;
        Some((&pair[..end], &pair[end + 1..]))
    })
}

/// A value that we may have set: ours are ASCII. Any other opens nothing.
pub(crate) fn ascii(value: &[u8]) -> Option<&str> {
    value
        .is_ascii()
        .then(|| std::str::from_utf8(value).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;
    use actix_web::test::TestRequest;

    fn values(header: &[u8]) -> Vec<Vec<u8>> {
        let header = HeaderValue::from_bytes(header).expect("a header");
        let request = TestRequest::get().insert_header((COOKIE, header));
        let request = request.to_http_request();
        let values = cookies_named(&request, "session");
        values.into_iter().map(<[u8]>::to_vec).collect()
    }

    #[test]
    fn a_cookie_in_any_bytes_hides_no_other() {
        for beside in [
            "theme=café".as_bytes(),
            b"theme=caf\xe9",
            b"\xff",
            b"=",
            b"",
            b"session",
            b"sessions=b",
        ] {
            assert_eq!(values(&[beside, b"; session=a"].concat()), [b"a"]);
            assert_eq!(values(&[b"session=a;", beside].concat()), [b"a"]);
        }
        assert_eq!(values(b"session=a=b; theme=1"), [b"a=b"]);
        assert_eq!(
            values("session=a; session=é".as_bytes()).len(),
            2,
            "two are two"
        );
    }

    #[test]
    fn a_value_that_is_not_ascii_is_none_of_ours() {
        assert_eq!(ascii(b"abc"), Some("abc"));
        assert_eq!(ascii("é".as_bytes()), None);
    }
}
