//! Redirect URIs: what may be registered, and the one way in which a requested one may differ from it.
//!
//! Owns both questions; that it differs in nothing is [`crate::code_grant`]'s. The spelling rules are shared with [`crate::web_uri`]. Post-logout redirect
//! URIs are of the same type and follow the same rules.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::{Url, form_urlencoded};

use crate::web_uri::{self, UriError};

/// A registered redirect URI: the exact string that the client registered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RedirectUri(String);

/// Where a client runs (OpenID Connect Registration §2 `application_type`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationType {
    /// On a server or in a page.
    #[default]
    Web,
    /// An installed application, which may use a scheme of its own (RFC 8252 §7.1).
    Native,
}

/// Why the redirect URI of a request cannot be used; shown on a page, never redirected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectProblem {
    /// None was requested and not exactly one is registered.
    Missing,
    /// The requested one is not registered.
    NotRegistered,
}

/// Why a redirect URI cannot be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedirectUriError {
    /// A rule of every address.
    #[error("{0}")]
    Uri(#[from] UriError),
    /// A scheme that is neither https, nor http on loopback, nor a native application's own.
    #[error(
        "must use https, http on a loopback host, or (native) a scheme such as com.example.app"
    )]
    Scheme,
    /// `com.example.app://host/…` or `com.example.app:path`.
    #[error("with a scheme of its own must be written scheme:/path, without a host")]
    Authority,
    /// A query member that would stand beside one of the response.
    #[error("must not have a query member that responses use, such as code or state")]
    ResponseMember,
}

/// The names of response parameters: one in a registered query would come twice, and the client
/// might read the first.
const RESPONSE_MEMBERS: &[&str] = &[
    "code",
    "state",
    "iss",
    "error",
    "response",
    "error_description",
    "error_uri",
    "session_state",
    "access_token",
    "id_token",
];

impl RedirectUri {
    /// Reads a URI that a client wants to register. The exact string is kept.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn parse_for_registration(
        text: &str,
        application_type: ApplicationType,
    ) -> Result<Self, RedirectUriError> {
        let url = web_uri::parse_strict(text)?;
        match (url.scheme(), application_type) {
            ("http" | "https", _) => web_uri::check_web_host(&url)?,
            (scheme, ApplicationType::Native) => check_own_scheme(text, scheme)?,
            _ => return Err(RedirectUriError::Scheme),
        }
        if has_response_member(&url) {
            return Err(RedirectUriError::ResponseMember);
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether a requested URI is this one but for the port of a loopback address, for a client that
    /// runs there. That they are the same to the letter is another question
    /// ([`crate::code_grant::BoundAuthorization`]).
    pub(crate) fn is_same_but_for_the_port(
        &self,
        requested: &str,
        application_type: ApplicationType,
    ) -> bool {
        // "The authorization server MUST allow any port to be specified at the time of the request
        // for loopback IP redirect URIs" (RFC 8252 §7.3)
        let loopback: &[&str] = match application_type {
            ApplicationType::Web => &["http://127.0.0.1", "http://[::1]"],
            // Its libraries listen on whatever port is free, by the name as well: "authorization
            // servers MUST utilize exact string matching except for port numbers in localhost
            // redirection URIs of native apps" (RFC 9700 §2.1)
            ApplicationType::Native => &["http://127.0.0.1", "http://[::1]", "http://localhost"],
        };
        loopback.iter().any(|loopback| {
            let ours = self.0.strip_prefix(loopback).and_then(after_port);
            ours.is_some() && ours == requested.strip_prefix(loopback).and_then(after_port)
        })
    }

    /// The text as it was registered.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Scheme, host and port; `None` for a scheme of a native application, whose origin is opaque.
    pub fn origin(&self) -> Option<String> {
        web_uri::origin_of(&self.0)
    }

    /// The host, for the sector of OpenID Connect Core §8.1; `None` if it is anybody's.
    pub fn owned_host(&self) -> Option<String> {
        web_uri::owned_host(&self.0)
    }

    /// Whether it is an https address, which only its owner's server can answer (RFC 8252 §8.6).
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

/// The rules of RFC 8252 §7.1 for private-use schemes: "a URI scheme based on a domain name
/// under their control, expressed in reverse order", so there is a dot (and `javascript:` is none); and
/// no authority, so there is one slash.
fn check_own_scheme(text: &str, scheme: &str) -> Result<(), RedirectUriError> {
    if !scheme.contains('.') {
        return Err(RedirectUriError::Scheme);
    }
    let rest = &text[scheme.len() + 1..];
    if rest.starts_with('/') && !rest.starts_with("//") {
        Ok(())
    } else {
        Err(RedirectUriError::Authority)
    }
}

fn has_response_member(url: &Url) -> bool {
    form_urlencoded::parse(url.query().unwrap_or_default().as_bytes())
        .any(|(name, _)| RESPONSE_MEMBERS.contains(&name.as_ref()))
}

/// What follows an optional port; `None` if what stands there is not a port.
fn after_port(text: &str) -> Option<&str> {
    let Some(rest) = text.strip_prefix(':') else {
        return Some(text);
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (port, rest) = rest.split_at(digits);
    let is_port = !port.starts_with('0') && port.parse::<u16>().is_ok();
    is_port.then_some(rest)
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ApplicationType::{Native, Web};

    fn registered(text: &str) -> RedirectUri {
        RedirectUri::parse_for_registration(text, Native).expect("registrable")
    }

    #[test]
    fn what_may_be_registered_is_kept_as_it_is() {
        for (text, kind) in [
            ("https://shop.example/cb", Web),
            ("https://shop.example", Web),
            ("https://shop.example:8443/CB?tenant=1&x=%C3%A9", Web),
            ("http://localhost:3000/cb", Web),
            ("http://market.localhost:8700/cb", Web),
            ("http://127.0.0.1/cb", Native),
            ("http://[::1]:9000/cb", Native),
            ("com.example.app:/oauth2redirect", Native),
        ] {
            let uri = RedirectUri::parse_for_registration(text, kind);
            assert_eq!(uri.map(|uri| uri.as_str().to_owned()), Ok(text.to_owned()));
        }
    }

    /// The class of each attack is in its number; what is refused cannot be matched later.
    #[test]
    fn attacks_1_to_14_are_refused_at_registration() {
        for (attack, text) in [
            (1, "https://ok.example/cb/../evil"),
            (1, "https://ok.example/cb/..;/evil"),
            (1, "https://ok.example/cb/.;x/evil"),
            (1, "https://ok.example/cb/%2e%2e/evil"),
            (1, "https://ok.example/cb/.%2E/evil"),
            (1, "https://ok.example/cb/%252e%252e/evil"),
            (1, "https://ok.example/cb%2f..%2fevil"),
            (1, "https://ok.example/cb/..%3b/evil"),
            (1, "https://ok.example/cb\\evil"),
            (1, "https://ok.example/cb%5cevil"),
            (2, "https://ok.example@evil.example/cb"),
            (2, "https://ok.example@evil@x/cb"),
            (2, "https://@ok.example/cb"),
            (2, "https://user:pass@ok.example/cb"),
            (3, "http://localhost.evil/cb"),
            (3, "http://127.0.0.1.evil/cb"),
            (3, "http://127.0.0.1@evil.example/cb"),
            (3, "http://127.1/cb"),
            (3, "http://0x7f000001/cb"),
            (3, "http://notlocalhost/cb"),
            (3, "http://localhost./cb"),
            (6, "https://ok.example/cb?code=x"),
            (6, "https://ok.example/cb?a=1&state=x"),
            (6, "https://ok.example/cb?iss=x"),
            (6, "https://ok.example/cb?error"),
            (6, "https://ok.example/cb?response=x"),
            (6, "https://ok.example/cb?%63ode=x"),
            (6, "https://ok.example/cb#state=x"),
            (7, "https:ok.example/cb"),
            (7, "https:///ok.example/cb"),
            (7, "https://ok.example:443/cb"),
            (7, "HTTPS://ok.example/cb"),
            (7, "https://OK.example/cb"),
            (7, "https://ok.example/c b"),
            (7, "https://ok.example/cb\n"),
            (7, "https://ok.example/%"),
            (7, "https://ok.example/%00"),
            (8, "javascript:alert(1)"),
            (8, "data:text/html,x"),
            (8, "vbscript:x"),
            (8, "file:///etc/passwd"),
            (8, "java.script:alert(1)"),
            (8, "https://ok.example/<script>"),
            (10, "https://*.ok.example/cb"),
            (11, "/cb"),
            (11, "//ok.example/cb"),
            (11, "https://ok.example/cb#"),
            (11, "com.example.app://host/cb"),
            (11, "com.example.app:cb"),
            (11, "com.example.app:///cb"),
            (11, "myapp:/cb"),
            (11, "https://"),
            (11, ""),
            (14, "https://ok.example＠evil.example/cb"),
            (14, "https://оk.example/cb"),
            (14, "https://ok.example/\u{2025}/evil"),
        ] {
            let refused = RedirectUri::parse_for_registration(text, Native).is_err();
            assert!(refused, "{attack}: {text}");
        }
        assert!(RedirectUri::parse_for_registration("com.example.app:/cb", Web).is_err());
        let long = format!("https://ok.example/{}", "x".repeat(2048));
        assert_eq!(
            RedirectUri::parse_for_registration(&long, Web),
            Err(UriError::TooLong.into())
        );
    }

    #[test]
    fn attacks_3_and_4_only_the_port_of_a_loopback_address_may_differ() {
        let uri = registered("http://127.0.0.1/cb");
        for same in [
            "http://127.0.0.1/cb",
            "http://127.0.0.1:1/cb",
            "http://127.0.0.1:65535/cb",
        ] {
            assert!(uri.is_same_but_for_the_port(same, Web), "{same}");
        }
        assert!(
            registered("http://[::1]:9000/cb")
                .is_same_but_for_the_port("http://[::1]:9001/cb", Web)
        );
        for other in [
            "http://127.0.0.1:8080/cb?x=1",
            "http://127.0.0.1:8080/CB",
            "http://127.0.0.1:0/cb",
            "http://127.0.0.1:08/cb",
            "http://127.0.0.1:65536/cb",
            "http://127.0.0.1:/cb",
            "http://127.0.0.1:+1/cb",
            "http://127.0.0.1.evil/cb",
            "http://127.0.0.1@evil/cb",
            "http://127.0.0.1:80@evil/cb",
            "http://localhost:8080/cb",
            "http://[::1]/cb",
            "https://127.0.0.1:8080/cb",
        ] {
            assert!(!uri.is_same_but_for_the_port(other, Web), "{other}");
        }
        // Names are not addresses: their port is part of the exact string.
        let localhost = registered("http://localhost:3000/cb");
        assert!(localhost.is_same_but_for_the_port("http://localhost:3001/cb", Native));
        assert!(localhost.is_same_but_for_the_port("http://localhost/cb", Native));
        for (other, kind) in [
            ("http://localhost:3001/cb", Web),
            ("http://localhost:3001/CB", Native),
            ("http://localhost.evil:3001/cb", Native),
            ("http://localhost:80@evil/cb", Native),
            ("http://127.0.0.1:3000/cb", Native),
            ("https://localhost:3001/cb", Native),
        ] {
            assert!(!localhost.is_same_but_for_the_port(other, kind), "{other}");
        }
        assert!(
            !registered("https://127.0.0.1/cb")
                .is_same_but_for_the_port("https://127.0.0.1:8443/cb", Web)
        );
    }

    #[test]
    fn it_knows_its_origin_and_host() {
        let uri = registered("https://shop.example:8443/cb");
        assert_eq!(uri.origin().as_deref(), Some("https://shop.example:8443"));
        assert_eq!(uri.owned_host().as_deref(), Some("shop.example"));
        assert!(uri.is_https());
        assert_eq!(registered("com.example.app:/cb").origin(), None);
    }
}
