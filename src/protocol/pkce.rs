//! Proof Key for Code Exchange (RFC 7636), S256 only (OAuth 2.1 §4.1.1).
//!
//! Owns challenge and verifier and their comparison by `oxide_auth`'s extension. Whether a client
//! may leave PKCE out is its profile's matter.

use std::borrow::Cow;

use foundation::base64url;
use foundation::digest::sha256;
use foundation::secret::SecretText;
use oxide_auth::code_grant::extensions::Pkce;
use oxide_auth::primitives::grant::Value;
use serde::{Deserialize, Serialize};

use crate::authorization_error::{AuthorizationErrorCode, AuthorizationRefusal};
use crate::oauth_error::{OAuthError, invalid_request};

/// An S256 code challenge (RFC 7636 §4.2): SHA-256 in base64url, 43 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CodeChallenge(String);

/// A code verifier (RFC 7636 §4.1). It is a secret until it is used.
#[derive(Clone, Debug)]
pub struct CodeVerifier(SecretText);

/// Why a challenge or a verifier was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PkceError {
    /// Not the base64url of 32 bytes.
    #[error("code_challenge must be 43 characters of base64url")]
    Challenge,
    /// `plain`, or something unknown.
    #[error("code_challenge_method must be S256")]
    Method,
    /// A challenge without a method would be `plain`.
    #[error("code_challenge_method is missing and must be S256")]
    MethodMissing,
    /// A method without a challenge.
    #[error("code_challenge is missing")]
    ChallengeMissing,
    /// Not 43 to 128 unreserved characters.
    #[error("code_verifier must be 43 to 128 unreserved characters")]
    Verifier,
}

impl CodeChallenge {
    /// Reads `code_challenge` and `code_challenge_method`; `None` if neither came.
    ///
    /// # Errors
    /// One came without the other, the method is not S256, or the challenge cannot be an SHA-256.
    pub fn parse(challenge: Option<&str>, method: Option<&str>) -> Result<Option<Self>, PkceError> {
        match (challenge, method) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(PkceError::ChallengeMissing),
            // The method "defaults to "plain" if not present in the request" (RFC 7636 §4.3)
            (Some(_), None) => Err(PkceError::MethodMissing),
            (Some(challenge), Some("S256")) => Self::from_text(challenge).map(Some),
            (Some(_), Some(_)) => Err(PkceError::Method),
        }
    }

    fn from_text(text: &str) -> Result<Self, PkceError> {
        match base64url::decode(text) {
            Some(bytes) if bytes.len() == 32 => Ok(Self(text.to_owned())),
            _ => Err(PkceError::Challenge),
        }
    }

    /// The challenge that a verifier belongs to: "BASE64URL-ENCODE(SHA256(ASCII(code_verifier)))"
    /// (RFC 7636 §4.2).
    pub(crate) fn of(verifier: &CodeVerifier) -> Self {
        Self(base64url::encode(&sha256(verifier.expose().as_bytes())))
    }

    /// Whether a verifier belongs to it (RFC 7636 §4.6).
    pub fn is_of(&self, verifier: &CodeVerifier) -> bool {
        verify(self.as_extension(), Some(verifier))
    }

    /// The challenge as it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which `oxide_auth` keeps a challenge beside a code.
    pub(crate) fn as_extension(&self) -> Option<Value> {
        let (method, challenge) = (Cow::Borrowed("S256"), Cow::Borrowed(self.as_str()));
        Pkce::required()
            .challenge(Some(method), Some(challenge))
            .ok()
            .flatten()
    }
}

/// `oxide_auth`'s verdict on a stored challenge and a presented verifier: right, or both absent.
pub(crate) fn verify(stored: Option<Value>, verifier: Option<&CodeVerifier>) -> bool {
    // "ensuring that a token request containing a code_verifier parameter is accepted only if a
    // code_challenge parameter was present in the authorization request" (RFC 9700 §2.1.1)
    let rule = match verifier {
        Some(_) => Pkce::required(),
        None => Pkce::optional(),
    };
    let verifier = verifier.map(|verifier| Cow::Borrowed(verifier.expose()));
    rule.verify(stored, verifier).is_ok()
}

impl CodeVerifier {
    /// Reads a verifier.
    ///
    /// # Errors
    /// [`PkceError::Verifier`] for the wrong length or characters.
    pub fn parse(text: &str) -> Result<Self, PkceError> {
        // "code-verifier = 43*128unreserved" (RFC 7636 §4.1)
        let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        if (43..=128).contains(&text.len()) && text.bytes().all(unreserved) {
            Ok(Self(SecretText::new(text)))
        } else {
            Err(PkceError::Verifier)
        }
    }

    /// The text, for the comparison.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl TryFrom<String> for CodeChallenge {
    type Error = PkceError;
    fn try_from(text: String) -> Result<Self, PkceError> {
        Self::from_text(&text)
    }
}

impl From<CodeChallenge> for String {
    fn from(challenge: CodeChallenge) -> String {
        challenge.0
    }
}

impl From<PkceError> for OAuthError {
    fn from(error: PkceError) -> Self {
        invalid_request(error.to_string())
    }
}

impl From<PkceError> for AuthorizationRefusal {
    fn from(error: PkceError) -> Self {
        // "If the server requires Proof Key for Code Exchange (PKCE) by OAuth public clients and
        // the client does not send the "code_challenge" in the request, the authorization endpoint
        // MUST return the authorization error response with the "error" value set to
        // "invalid_request"" (RFC 7636 §4.4.1)
        AuthorizationRefusal::new(AuthorizationErrorCode::InvalidRequest, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 7636 Appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_verifier_of_the_specification_matches_its_challenge() {
        let challenge = CodeChallenge::parse(Some(CHALLENGE), Some("S256"))
            .expect("well-formed")
            .expect("present");
        let matches = |verifier: &str| {
            let verifier = CodeVerifier::parse(verifier).expect("well-formed");
            challenge.is_of(&verifier)
        };
        assert!(matches(VERIFIER));
        for wrong in [
            CHALLENGE.to_owned(),
            VERIFIER.replace('X', "x"),
            "a".repeat(43),
        ] {
            assert!(!matches(&wrong), "{wrong}");
        }
    }

    #[test]
    fn attack_16_plain_is_refused_also_when_it_is_the_default() {
        let parse = |challenge, method| CodeChallenge::parse(challenge, method);
        assert_eq!(
            parse(Some(CHALLENGE), Some("plain")),
            Err(PkceError::Method)
        );
        assert_eq!(parse(Some(CHALLENGE), Some("s256")), Err(PkceError::Method));
        assert_eq!(parse(Some(CHALLENGE), None), Err(PkceError::MethodMissing));
        assert_eq!(parse(None, Some("S256")), Err(PkceError::ChallengeMissing));
        assert_eq!(parse(None, None), Ok(None));
    }

    #[test]
    fn a_challenge_that_cannot_be_a_hash_is_refused() {
        let (padded, plus) = (format!("{CHALLENGE}="), CHALLENGE.replace('-', "+"));
        let (short, long) = ("A".repeat(40), "A".repeat(44));
        for text in ["x", &CHALLENGE[1..], &padded, &plus, &short, &long] {
            let parsed = CodeChallenge::parse(Some(text), Some("S256"));
            assert_eq!(parsed, Err(PkceError::Challenge), "{text}");
        }
    }

    #[test]
    fn a_verifier_has_43_to_128_unreserved_characters_and_is_not_printed() {
        for length in [42, 129] {
            assert!(CodeVerifier::parse(&"a".repeat(length)).is_err());
        }
        assert!(CodeVerifier::parse(&"a b".repeat(20)).is_err());
        let verifier = CodeVerifier::parse(&"~".repeat(128)).expect("well-formed");
        assert_eq!(format!("{verifier:?}"), "CodeVerifier(SecretText(…))");
    }
}
