//! The browser behind a page request: its cookies, its language, its own words.
//!
//! A request that carries two session cookies is refused: an attacker who can set a cookie on a
//! parent domain must not be able to hide the real one behind theirs. Nor may a cookie of theirs, in
//! whatever bytes, keep ours from being read.

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
    let header = |name| {
        let value = request.headers().get(name)?.to_str().ok()?;
        Some(value.to_owned())
    };
    let cookie = |name: &str| match cookies_named(request, name).as_slice() {
        [] => Ok(None),
        [only] => Ok(ascii(only).map(SecretText::new)),
        _ => Err(PageError::two_cookies(&state)),
    };
    let browser = Browser {
        session: cookie(names.session)?,
        pre_session: cookie(names.pre_session)?,
        known: cookie(names.known)?,
        user_agent: header(USER_AGENT).unwrap_or_default(),
        address: state.settings.callers.of(request),
    };
    let accept_language = header(ACCEPT_LANGUAGE);
    Ok(Visitor {
        browser,
        accept_language,
        state,
    })
}

/// The values of the cookies of one name. The header is bytes: sites beside us that set cookies for
/// the domain above write into it what they like, and "user agents … send bytes" (RFC 6265 §5.4,
/// note: "it is not interpreted as characters").
fn cookies_named<'a>(request: &'a HttpRequest, name: &str) -> Vec<&'a [u8]> {
    let headers = request.headers().get_all(COOKIE);
    let pairs = headers.flat_map(|header| header.as_bytes().split(|byte| *byte == b';'));
    pairs
        .filter_map(|pair| {
            let pair = pair.trim_ascii();
            let end = pair.iter().position(|byte| *byte == b'=')?;
            (&pair[..end] == name.as_bytes()).then(|| &pair[end + 1..])
        })
        .collect()
}

/// A value that we may have set: ours are ASCII. Any other opens nothing.
fn ascii(value: &[u8]) -> Option<&str> {
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
