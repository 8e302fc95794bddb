//! The name of a grant of the token endpoint. Which grants there are is a table in
//! `flow::answer_token_request`; here are the names that registrations and requests are read with, and
//! those that other rules speak of.

use serde::{Deserialize, Serialize};

/// RFC 6749 §4.1.
pub const AUTHORIZATION_CODE: &str = "authorization_code";
/// RFC 6749 §6.
pub const REFRESH_TOKEN: &str = "refresh_token";
/// RFC 6749 §4.4.
pub const CLIENT_CREDENTIALS: &str = "client_credentials";

/// RFC 8693 §2.1.
pub const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// The longest name: those of extension grants are URIs (RFC 6749 §4.5).
const MAX: usize = 200;

/// A `grant_type` that a client registered (RFC 7591 §2 `grant_types`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GrantType(String);

impl GrantType {
    /// The grant of whoever registers none.
    pub fn authorization_code() -> Self {
        Self(AUTHORIZATION_CODE.to_owned())
    }

    /// Reads a name; `None` for what cannot be one. It may be one that nobody offers.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        fits.then(|| Self(text.to_owned()))
    }

    /// The name as it is sent and stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_visible_and_bounded() {
        let longest = "a".repeat(MAX);
        let uri = "urn:ietf:params:oauth:grant-type:token-exchange";
        for name in [REFRESH_TOKEN, uri, &longest] {
            let read = GrantType::parse(name).expect("a name");
            assert_eq!(read.as_str(), name);
            let json = serde_json::to_string(&read).expect("JSON");
            assert_eq!(json, format!("{name:?}"));
        }
        for none in ["", "refresh token", "refr\u{e9}sh", &format!("{longest}a")] {
            assert_eq!(GrantType::parse(none), None, "{none:?}");
        }
    }
}
