//! The successful token response (RFC 6749 §5.1).

use serde::{Deserialize, Serialize};

use crate::scope::ScopeSet;

/// What a client gets. `Debug` shows no token.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct TokenResponse {
    /// The access token.
    pub access_token: String,
    /// How it is used (§7.1).
    pub token_type: String,
    /// Seconds that the access token has left.
    pub expires_in: i64,
    /// To get further access tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// Who signed in, if `openid` was granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// What was granted. Said even if it is what was asked for; absent only if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<ScopeSet>,
    /// What a token exchange came to (RFC 8693 §2.2.1), and what is ours beside it.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub exchanged: Option<Box<ExchangeAnswer>>,
}

/// What only the answer to a token exchange has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeAnswer {
    /// "An identifier, as described in Section 3, for the representation of the issued security token."
    /// (RFC 8693 §2.2.1)
    pub issued_token_type: String,
    /// By which `sid` the program knows the session.
    pub sid: String,
    /// Where the program is opened.
    pub entry_uri: String,
    /// Its pages' origins.
    pub origins: Vec<String>,
}

impl std::fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenResponse")
            .field("token_type", &self.token_type)
            .field("expires_in", &self.expires_in)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_is_left_out_and_nothing_is_printed() {
        let scope = ScopeSet::parse("openid").expect("a scope");
        let response = TokenResponse {
            access_token: "hush".to_owned(),
            token_type: "Bearer".to_owned(),
            expires_in: 600,
            refresh_token: None,
            id_token: None,
            scope: Some(scope),
            exchanged: None,
        };
        let text = serde_json::to_string(&response).expect("JSON");
        assert_eq!(
            text,
            r#"{"access_token":"hush","token_type":"Bearer","expires_in":600,"scope":"openid"}"#
        );
        assert!(!format!("{response:?}").contains("hush"));
    }
}
