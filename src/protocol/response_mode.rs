//! How an authorization response travels: in the query of the redirect URI, or as a form post.
//!
//! Owns the parameters of the response and their encoding. The page of `form_post` is rendered by
//! `web`; it gets the pairs as they are and escapes them.

use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use crate::authorization_error::AuthorizationRefusal;

/// OAuth 2.0 Multiple Response Type Encoding Practices §2.1, and Form Post Response Mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// In the query: the default for `response_type=code`.
    #[default]
    Query,
    /// By a form that the browser posts.
    FormPost,
}

impl ResponseMode {
    /// Reads a `response_mode`; `None` for one that is not offered.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "query" => Some(Self::Query),
            "form_post" => Some(Self::FormPost),
            _ => None,
        }
    }

    /// The name as it is sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::FormPost => "form_post",
        }
    }
}

/// A response on its way to a verified redirect URI.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizationResponse {
    /// The verified redirect URI, as it was requested.
    pub redirect_uri: String,
    /// How it travels.
    pub mode: ResponseMode,
    /// Names and values, not encoded.
    pub parameters: Vec<(String, String)>,
}

impl AuthorizationResponse {
    /// The response that carries a code (RFC 6749 §4.1.2), with `iss` (RFC 9207 §2).
    pub fn with_code(
        redirect_uri: impl Into<String>,
        mode: ResponseMode,
        code: &str,
        state: Option<&str>,
        issuer: &str,
    ) -> Self {
        let parameters = vec![("code".to_owned(), code.to_owned())];
        Self {
            redirect_uri: redirect_uri.into(),
            mode,
            parameters,
        }
        .addressed(state, issuer)
    }

    /// The response that carries an error (RFC 6749 §4.1.2.1), with `iss` as well.
    pub fn with_refusal(
        redirect_uri: impl Into<String>,
        mode: ResponseMode,
        refusal: &AuthorizationRefusal,
        state: Option<&str>,
        issuer: &str,
    ) -> Self {
        let parameters = refusal.parameters();
        Self {
            redirect_uri: redirect_uri.into(),
            mode,
            parameters,
        }
        .addressed(state, issuer)
    }

    fn addressed(mut self, state: Option<&str>, issuer: &str) -> Self {
        // "REQUIRED if the "state" parameter was present in the client authorization request. The
        // exact value received from the client." (RFC 6749 §4.1.2)
        if let Some(state) = state {
            self.parameters.push(("state".to_owned(), state.to_owned()));
        }
        // "In authorization responses to the client, including error responses, an authorization
        // server supporting this specification MUST indicate its identity by including the iss
        // parameter in the response." (RFC 9207 §2)
        self.parameters.push(("iss".to_owned(), issuer.to_owned()));
        self
    }

    /// The redirect URI with the parameters added to its query.
    pub fn location(&self) -> String {
        with_query(&self.redirect_uri, &self.parameters)
    }
}

/// An address with parameters added to its query.
pub fn with_query(uri: &str, parameters: &[(String, String)]) -> String {
    let added = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish();
    // The endpoint URI may have a query component, "which MUST be retained when adding additional
    // query parameters" (RFC 6749 §3.1.2)
    let joint = match uri.find('?') {
        _ if added.is_empty() => "",
        None => "?",
        Some(_) if uri.ends_with(['?', '&']) => "",
        Some(_) => "&",
    };
    format!("{uri}{joint}{added}")
}

/// Codes are secrets, so only the names are shown.
impl std::fmt::Debug for AuthorizationResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.parameters.iter().map(|(name, _)| name).collect();
        f.debug_struct("AuthorizationResponse")
            .field("redirect_uri", &self.redirect_uri)
            .field("mode", &self.mode)
            .field("parameters", &names)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorization_error::AuthorizationErrorCode;

    const ISSUER: &str = "https://id.example";

    fn location(uri: &str, state: &str) -> String {
        AuthorizationResponse::with_code(uri, ResponseMode::Query, "c1", Some(state), ISSUER)
            .location()
    }

    #[test]
    fn the_response_is_added_to_the_query_that_is_there() {
        let tail = "code=c1&state=s&iss=https%3A%2F%2Fid.example";
        for (uri, joint) in [
            ("https://a.example/cb", "?"),
            ("https://a.example", "?"),
            ("https://a.example/cb?x=1", "&"),
            ("https://a.example/cb?", ""),
            ("https://a.example/cb?x=1&", ""),
            ("com.example.app:/cb", "?"),
        ] {
            assert_eq!(location(uri, "s"), format!("{uri}{joint}{tail}"));
        }
    }

    #[test]
    fn attack_9_state_comes_back_exactly_and_can_break_out_of_nothing() {
        let state = "\"><script>&code=evil#\r\nX: é%41+ \\";
        let location = location("https://a.example/cb", state);
        assert!(location.is_ascii() && !location.contains(['"', '<', '#', '\r', '\n', ' ', '\\']));
        let url = url::Url::parse(&location).expect("a URI");
        let pairs: Vec<_> = url.query_pairs().collect();
        assert_eq!(pairs[0], ("code".into(), "c1".into()));
        assert_eq!(pairs[1], ("state".into(), state.into()));
        assert_eq!(pairs.len(), 3);
    }

    #[test]
    fn an_error_carries_state_and_issuer_too() {
        let refusal = AuthorizationRefusal::new(AuthorizationErrorCode::AccessDenied, "not now");
        let response = AuthorizationResponse::with_refusal(
            "https://a.example/cb",
            ResponseMode::FormPost,
            &refusal,
            Some("s"),
            ISSUER,
        );
        let names: Vec<_> = response
            .parameters
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(names, ["error", "error_description", "state", "iss"]);
    }

    #[test]
    fn a_code_is_never_printed() {
        let uri = "https://a.example/cb";
        let response =
            AuthorizationResponse::with_code(uri, ResponseMode::Query, "secret", None, ISSUER);
        assert!(!format!("{response:?}").contains("secret"));
    }

    #[test]
    fn modes_that_would_show_a_code_elsewhere_are_not_offered() {
        assert_eq!(
            ResponseMode::parse("form_post"),
            Some(ResponseMode::FormPost)
        );
        assert_eq!(ResponseMode::parse("fragment"), None);
        assert_eq!(ResponseMode::default().as_str(), "query");
    }
}
