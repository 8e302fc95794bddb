//! The claims of an id_token (OpenID Connect Core §2).
//!
//! Profile claims are not among them: they come from userinfo, unless the `claims` parameter asked
//! for them here by name.

use foundation::id::{ClientId, Subject};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The JOSE header `typ` of an id_token.
pub const ID_TOKEN_TYPE: &str = "JWT";

/// Who signed in, when and how, for one client. Dates are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IdTokenClaims {
    /// The issuer.
    pub iss: String,
    /// The client's own pairwise subject.
    pub sub: Subject,
    /// The client, and nobody else.
    pub aud: ClientId,
    /// When it ends.
    pub exp: i64,
    /// When it was made.
    pub iat: i64,
    /// When the person signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// The nonce of the authorization request, exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// How well the person was recognised; never empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// By which means (RFC 8176).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// The session, by an id of this client's own (OpenID Connect Back-Channel Logout §2.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Claims that were asked for by name.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_what_it_knows_and_reads_back() {
        let claims = IdTokenClaims {
            iss: "https://id.example".into(),
            sub: Subject::parse("s").expect("a subject"),
            aud: ClientId::parse("market").expect("an id"),
            exp: 660,
            iat: 60,
            auth_time: Some(50),
            nonce: None,
            acr: Some("urn:portico:acr:password".into()),
            amr: vec!["pwd".into()],
            sid: None,
            extra: Map::from_iter([("name".to_owned(), "Ada".into())]),
        };
        let text = serde_json::to_string(&claims).expect("JSON");
        assert_eq!(
            text,
            r#"{"iss":"https://id.example","sub":"s","aud":"market","exp":660,"iat":60,"#
                .to_owned()
                + r#""auth_time":50,"acr":"urn:portico:acr:password","amr":["pwd"],"name":"Ada"}"#
        );
        assert_eq!(
            serde_json::from_str::<IdTokenClaims>(&text).ok(),
            Some(claims)
        );
    }
}
