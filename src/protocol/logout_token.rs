//! The logout token (OpenID Connect Back-Channel Logout 1.0 §2.4): what a client is told when a session
//! of one of its users is over.

use foundation::id::{ClientId, Subject};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The JOSE header `typ`. It is only recommended (§2.4), but there are receivers that fail without.
pub const LOGOUT_TOKEN_TYPE: &str = "logout+jwt";

/// The parameter of the request that carries it (§2.5).
pub const LOGOUT_TOKEN: &str = "logout_token";

/// The member of `events` that makes a token a logout token (§2.4).
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The claims. There is no `nonce`: "The following Claim MUST NOT be used within the Logout Token" (§2.4).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogoutTokenClaims {
    /// The issuer.
    pub iss: String,
    /// The client's own pairwise subject.
    pub sub: Subject,
    /// The client, and nobody else.
    pub aud: ClientId,
    /// When it was made.
    pub iat: i64,
    /// When it ends.
    pub exp: i64,
    /// Another one for each attempt, so that a receiver can tell a replay from a retry.
    pub jti: String,
    /// That it is a logout.
    pub events: Map<String, Value>,
    /// The session, by the id that this client knows it by.
    pub sid: String,
}

impl LogoutTokenClaims {
    /// The `events` of a logout token: "The corresponding member value MUST be a JSON object and SHOULD be
    /// the empty JSON object {}" (§2.4).
    pub fn logout() -> Map<String, Value> {
        Map::from_iter([(EVENT.to_owned(), json!({}))])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_the_claims_of_the_specification_and_no_nonce() {
        let claims = LogoutTokenClaims {
            iss: "https://id.example".into(),
            sub: Subject::parse("s").expect("a subject"),
            aud: ClientId::parse("market").expect("an id"),
            iat: 60,
            exp: 180,
            jti: "j".into(),
            events: LogoutTokenClaims::logout(),
            sid: "one".into(),
        };
        assert_eq!(
            serde_json::to_string(&claims).expect("JSON"),
            r#"{"iss":"https://id.example","sub":"s","aud":"market","iat":60,"exp":180,"jti":"j","#
                .to_owned()
                + r#""events":{"http://schemas.openid.net/event/backchannel-logout":{}},"sid":"one"}"#
        );
    }
}
