//! The claims of an access token (RFC 9068 §2.2).

use foundation::id::ClientId;
use serde::{Deserialize, Serialize};

use crate::audience::Audience;
use crate::dpop::{ConfirmationClaim, KeyThumbprint};
use crate::scope::ScopeSet;

/// The JOSE header `typ` that tells an access token from every other JWT (RFC 9068 §2.1).
pub const ACCESS_TOKEN_TYPE: &str = "at+jwt";

/// What an access token says. Dates are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccessTokenClaims {
    /// The issuer.
    pub iss: String,
    /// When it ends.
    pub exp: i64,
    /// Where it may be used: the resources that were asked for, or the client's own URI.
    pub aud: Audience,
    /// The person: as the client knows them, or pairwise over client and audience where that is not
    /// the client's default one; the client's id where there is no person.
    pub sub: String,
    /// To whom it was issued.
    pub client_id: ClientId,
    /// When it was made.
    pub iat: i64,
    /// The sealed handle.
    pub jti: String,
    /// What it allowed when it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<ScopeSet>,
    /// When the person signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// How well the person was recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// By which `sid` the client knows the session (OpenID Connect Back-Channel Logout §2.1); only where
    /// the client alone reads the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Who acts for the person, where the client does not do so by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<ActorClaim>,
    /// The key that whoever uses it has to prove (RFC 9449 §6.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<ConfirmationClaim>,
}

impl AccessTokenClaims {
    /// The key that it is bound to.
    pub fn bound_to(&self) -> Option<KeyThumbprint> {
        self.cnf.as_ref().map(|cnf| cnf.jkt)
    }
}

/// "The "act" (actor) claim provides a means within a JWT to express that delegation has occurred and
/// identify the acting party to whom authority has been delegated." (RFC 8693 §4.1)
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActorClaim {
    /// The acting party: a client's id.
    pub sub: ClientId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_back_and_no_claim_may_be_missing() {
        let claims = AccessTokenClaims {
            iss: "https://id.example".into(),
            exp: 660,
            aud: Audience::One("https://id.example".into()),
            sub: "s".into(),
            client_id: ClientId::parse("market").expect("an id"),
            iat: 60,
            jti: "sealed".into(),
            scope: ScopeSet::parse("openid").ok(),
            auth_time: None,
            acr: None,
            sid: None,
            act: Some(ActorClaim {
                sub: ClientId::parse("host").expect("an id"),
            }),
            cnf: Some(ConfirmationClaim {
                jkt: KeyThumbprint::new([7; 32]),
            }),
        };
        let json = serde_json::to_value(&claims).expect("JSON");
        for name in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
            let mut without = json.clone();
            without.as_object_mut().expect("an object").remove(name);
            assert!(
                serde_json::from_value::<AccessTokenClaims>(without).is_err(),
                "{name}"
            );
        }
        assert_eq!(
            serde_json::from_value::<AccessTokenClaims>(json).ok(),
            Some(claims)
        );
    }
}
