//! Values for tests: an authorization that waits, and tokens that nobody issued.

use std::str::FromStr as _;

use foundation::base64url;
use foundation::secret::SecretText;
use openidconnect::core::CoreIdToken;
use openidconnect::{AccessToken, Nonce, PkceCodeVerifier};

use super::{PendingAuthorization, Tokens};

/// A request that waits for a response with this `state`.
pub(crate) fn pending(state: &str) -> PendingAuthorization {
    PendingAuthorization {
        state: SecretText::new(state),
        nonce: Nonce::new("nonce".to_owned()),
        pkce_verifier: PkceCodeVerifier::new("v".repeat(43)),
        aside: None,
    }
}

/// Tokens of a person. The id_token has a shape and no valid signature.
pub(crate) fn tokens(subject: &str) -> Tokens {
    let claims =
        format!(r#"{{"iss":"http://portico.test","sub":"{subject}","aud":"m","exp":2,"iat":1}}"#);
    let id_token = format!(
        "{}.{}.c2ln",
        base64url::encode(br#"{"alg":"ES256"}"#),
        base64url::encode(claims.as_bytes())
    );
    Tokens {
        subject: subject.to_owned(),
        sid: None,
        access_token: AccessToken::new("access".to_owned()),
        refresh_token: None,
        id_token: CoreIdToken::from_str(&id_token).expect("three parts of JSON and a signature"),
    }
}
