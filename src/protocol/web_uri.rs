//! Addresses that a client registers: https pages, origins, and the rules about spelling that
//! redirect URIs share with them.
//!
//! Everything that two readers could understand differently is refused at registration, so that
//! later an address is compared and used as the exact string. Nothing here fetches anything.

use url::{Host, Url};

/// Bytes of an address.
const MAX_URI: usize = 2048;

/// Why an address was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    /// Empty, relative, or not a URI.
    #[error("must be an absolute URI")]
    NotAbsolute,
    /// More than 2048 bytes.
    #[error("is too long")]
    TooLong,
    /// White space, control characters, backslash, non-ASCII, or broken percent-encoding.
    #[error("contains a character that is not allowed in a URI")]
    Character,
    /// A fragment, even an empty one.
    #[error("must not have a fragment")]
    Fragment,
    /// `user:password@`.
    #[error("must not have a user name or password")]
    Userinfo,
    /// `..`, also encoded, doubly encoded or with path parameters.
    #[error("must not have dot segments or encoded separators")]
    DotSegment,
    /// Another spelling of the same URI exists and is the normal one.
    #[error("must be written in its normal form")]
    NotNormal,
    /// `*`, or a host that ends in a dot.
    #[error("must name one host exactly")]
    Host,
    /// Neither https, nor http on this machine.
    #[error("must use https (http is for localhost only)")]
    Scheme,
    /// More than scheme, host and port where an origin is wanted.
    #[error("must be an origin: scheme, host and port only")]
    NotOrigin,
}

/// Reads an absolute URI in its normal spelling: ASCII, no fragment, no userinfo, no dot segments,
/// at most 2048 bytes.
///
/// # Errors
/// The first rule that is broken.
pub(crate) fn parse_strict(text: &str) -> Result<Url, UriError> {
    if text.len() > MAX_URI {
        return Err(UriError::TooLong);
    }
    check_characters(text)?;
    if text.contains('#') {
        return Err(UriError::Fragment);
    }
    let url = Url::parse(text).map_err(|_| UriError::NotAbsolute)?;
    let (before, path) = path_of(text);
    if before.contains('@') {
        return Err(UriError::Userinfo);
    }
    if path.split('/').any(is_dot_segment) || has_encoded_separator(path) {
        return Err(UriError::DotSegment);
    }
    // A path may be left out: `https://shop.example`. Everything else has one spelling.
    let slash = if path.is_empty() && url.has_host() {
        "/"
    } else {
        ""
    };
    let query = &text[before.len() + path.len()..];
    if url.as_str() != format!("{before}{path}{slash}{query}") {
        return Err(UriError::NotNormal);
    }
    Ok(url)
}

/// Checks the address of a page: https, or http on this machine.
///
/// # Errors
/// A rule about spelling is broken, or the scheme or host is not allowed.
pub fn check_page(text: &str) -> Result<(), UriError> {
    let url = parse_strict(text)?;
    check_web_host(&url)
}

/// Checks an origin as browsers write it: `https://market.example`, with a port if it is not the
/// default one.
///
/// # Errors
/// As [`check_page`], and [`UriError::NotOrigin`] for anything after host and port.
pub fn check_origin(text: &str) -> Result<(), UriError> {
    let url = parse_strict(text)?;
    check_web_host(&url)?;
    if url.origin().ascii_serialization() == text {
        Ok(())
    } else {
        Err(UriError::NotOrigin)
    }
}

/// The origin of an http or https address; `None` for any other, whose origin would be `null`.
pub fn origin_of(text: &str) -> Option<String> {
    let origin = Url::parse(text).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

/// The host of an https address, if somebody owns it: not `localhost`, and no bare IP address.
pub(crate) fn owned_host(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    match url.host() {
        Some(Host::Domain(name)) if url.scheme() == "https" && !is_loopback(&url) => {
            Some(name.to_owned())
        }
        _ => None,
    }
}

/// https anywhere; http on loopback hosts only; one host, named exactly.
pub(crate) fn check_web_host(url: &Url) -> Result<(), UriError> {
    let host = url.host_str().ok_or(UriError::NotAbsolute)?;
    if host.contains('*') || host.ends_with('.') {
        return Err(UriError::Host);
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        _ => Err(UriError::Scheme),
    }
}

/// `localhost`, `*.localhost` (RFC 6761 §6.3), `127.0.0.1` and `[::1]`.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address == std::net::Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(address)) => address == std::net::Ipv6Addr::LOCALHOST,
        None => false,
    }
}

/// The characters of RFC 3986 §2, percent-encoding well-formed.
fn check_characters(text: &str) -> Result<(), UriError> {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let fine = match byte {
            b'%' => [bytes.next(), bytes.next()]
                .iter()
                .all(|digit| digit.is_some_and(|d| d.is_ascii_hexdigit())),
            _ => byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(&byte),
        };
        if !fine {
            return Err(UriError::Character);
        }
    }
    Ok(())
}

/// Splits into what comes before the path (scheme and authority) and the path itself.
fn path_of(text: &str) -> (&str, &str) {
    let scheme = text.find(':').map_or(0, |colon| colon + 1);
    let start = match text[scheme..].strip_prefix("//") {
        Some(rest) => scheme + 2 + rest.find(['/', '?']).unwrap_or(rest.len()),
        None => scheme,
    };
    let end = text[start..]
        .find('?')
        .map_or(text.len(), |mark| start + mark);
    (&text[..start], &text[start..end])
}

/// `.` and `..`, also as `..;x`, which some servers take for `..`.
fn is_dot_segment(segment: &str) -> bool {
    matches!(segment.split(';').next(), Some("." | ".."))
}

/// Encoded `.`, `/`, `\`, `;`, `%` and control characters: what a second decoding would turn into
/// a separator or a dot segment.
fn has_encoded_separator(path: &str) -> bool {
    path.match_indices('%').any(|(at, _)| {
        let code = path
            .get(at + 1..at + 3)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        code.is_none_or(|code| code < 0x20 || code == 0x7F || b"./\\;%".contains(&code))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_https_or_on_this_machine() {
        for good in [
            "https://shop.example",
            "https://shop.example/terms?lang=en",
            "http://market.localhost:8700/",
            "http://127.0.0.1/logo.png",
            "http://[::1]:8080/a",
        ] {
            assert_eq!(check_page(good), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("http://shop.example/", UriError::Scheme),
            ("http://localhost.evil/", UriError::Scheme),
            ("http://127.0.0.1.evil/", UriError::Scheme),
            ("ftp://shop.example/", UriError::Scheme),
            ("javascript:alert(1)", UriError::NotAbsolute),
            ("/relative", UriError::NotAbsolute),
            ("", UriError::NotAbsolute),
            ("https://*.shop.example/", UriError::Host),
            ("https://shop.example./", UriError::Host),
        ] {
            assert_eq!(check_page(bad), Err(why), "{bad}");
        }
    }

    #[test]
    fn an_origin_has_nothing_after_its_port() {
        assert_eq!(check_origin("https://market.example"), Ok(()));
        assert_eq!(check_origin("http://market.localhost:8700"), Ok(()));
        for bad in [
            "https://market.example/",
            "https://market.example/a",
            "https://m.example?x",
        ] {
            assert_eq!(check_origin(bad), Err(UriError::NotOrigin), "{bad}");
        }
        assert_eq!(check_origin("null"), Err(UriError::NotAbsolute));
        assert_eq!(
            check_origin("https://market.example:443"),
            Err(UriError::NotNormal)
        );
    }

    #[test]
    fn an_opaque_origin_is_none() {
        let origin = origin_of("https://a.example:8443/x?y");
        assert_eq!(origin.as_deref(), Some("https://a.example:8443"));
        assert_eq!(origin_of("com.example.app:/cb"), None);
    }

    #[test]
    fn a_host_that_anybody_can_use_is_nobodys() {
        let host = owned_host("https://shop.example:8443/cb");
        assert_eq!(host.as_deref(), Some("shop.example"));
        for anybodys in [
            "http://shop.example/",
            "https://localhost/",
            "https://market.localhost/",
            "https://127.0.0.1/",
            "https://192.0.2.7/",
            "https://[2001:db8::1]/",
            "com.example.app:/cb",
        ] {
            assert_eq!(owned_host(anybodys), None, "{anybodys}");
        }
    }
}
