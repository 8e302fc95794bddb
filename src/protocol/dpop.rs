//! Proofs of possession (RFC 9449): what one must say, the key that it is for, and how long a nonce of
//! ours is good. The signature is checked before, and the `jti` is remembered after, both elsewhere.
//!
//! A proof is always made with a nonce of ours: "A server MUST NOT accept any DPoP proofs without the
//! nonce claim when a DPoP nonce has been provided to the client" (§11.3), and every answer to a request
//! with a proof provides one. So its age is told by our clock alone, whatever the client's says.

use foundation::base64url;
use foundation::clock::{Instant, Span};
use foundation::digest::sha256;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::audience::seconds;
use crate::client_metadata::SignatureAlgorithm;
use crate::oauth_error::{OAuthError, invalid_dpop_proof, use_dpop_nonce};

mod target_uri;

use target_uri::is_same_target;

/// The JOSE header `typ` of a proof (§4.2).
pub const PROOF_TYPE: &str = "dpop+jwt";
/// What proofs may be signed with: "It MUST NOT be none or an identifier for a symmetric algorithm"
/// (§4.2), and none of those is known here.
pub const SIGNING_ALGORITHMS: &[SignatureAlgorithm] = SignatureAlgorithm::ALL;
/// The most bytes of a `jti`: "a server that is tracking jti values should reject DPoP proof JWTs with
/// unnecessarily large jti values" (§11.1).
const MAX_JTI: usize = 256;
/// How long a nonce is good.
const NONCE_LIFETIME: Span = Span::minutes(5);
/// How far the clock of the node that gave a nonce may be ahead of ours.
const NONCE_AHEAD: Span = Span::seconds(30);

/// The SHA-256 thumbprint of a public key (RFC 7638), which stands for it: `jkt`, `dpop_jkt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyThumbprint([u8; 32]);

impl KeyThumbprint {
    /// Of a hash that was made already.
    pub const fn new(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// From stored bytes; `None` unless there are 32.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The stored form.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads "the base64url encoding … of the JWK SHA-256 Thumbprint" (§6.1); `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_slice(&base64url::decode(text)?)
    }
}

impl std::fmt::Display for KeyThumbprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&base64url::encode(&self.0))
    }
}

impl Serialize for KeyThumbprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyThumbprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a thumbprint"))
    }
}

/// What a token says of the key that its user has to prove (RFC 7800 §3.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmationClaim {
    /// "JWK SHA-256 Thumbprint confirmation method" (RFC 9449 §6.1).
    pub jkt: KeyThumbprint,
}

/// The claims of a proof (§4.2). A claim of another type is as good as none.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ProofClaims {
    /// Its unique id.
    pub jti: String,
    /// The method of the request.
    pub htm: String,
    /// Its address.
    pub htu: String,
    /// When it was made, by the client's clock: it has to be there, and is not judged.
    #[serde(deserialize_with = "seconds")]
    pub iat: i64,
    /// A nonce of ours.
    #[serde(default)]
    pub nonce: Option<String>,
    /// The hash of the access token that it goes with.
    #[serde(default)]
    pub ath: Option<String>,
}

/// What a proof is measured by.
#[derive(Clone, Copy, Debug)]
pub struct ProofExpectation<'a> {
    /// The method of the request.
    pub method: &'a str,
    /// The endpoint's address, as the issuer has it: what a proxy made of it is not asked.
    pub address: &'a str,
    /// The access token that came with it, at a protected resource.
    pub access_token: Option<&'a str>,
}

impl ProofClaims {
    /// Reads the claims of a proof whose signature holds.
    ///
    /// # Errors
    /// `invalid_dpop_proof`: "All required claims per Section 4.2 are contained in the JWT" (§4.3).
    pub fn read(claims: serde_json::Value) -> Result<Self, OAuthError> {
        serde_json::from_value(claims)
            .map_err(|_| broken("jti, htm and htu must be strings, and iat a number"))
    }

    /// Checks everything but the signature, the nonce and the reuse of `jti`.
    ///
    /// # Errors
    /// `invalid_dpop_proof`, with the rule that was broken: a proof is its client's own, so that there is
    /// nothing to hide from it.
    pub fn check(&self, expected: &ProofExpectation<'_>) -> Result<(), OAuthError> {
        if self.jti.is_empty() || self.jti.len() > MAX_JTI {
            return Err(broken("jti must have 1 to 256 bytes"));
        }
        // "The htm claim matches the HTTP method of the current request." (§4.3)
        if self.htm != expected.method {
            return Err(broken("htm is not the method of this request"));
        }
        if !is_same_target(&self.htu, expected.address) {
            return Err(broken("htu is not the address of this endpoint"));
        }
        match expected.access_token {
            // "ensure that the value of the ath claim equals the hash of that access token" (§4.3)
            Some(token) if self.ath.as_deref() != Some(&*access_token_hash(token)) => {
                Err(broken("ath is not the hash of the access token"))
            }
            _ => Ok(()),
        }
    }
}

/// "The value MUST be the result of a base64url encoding … the SHA-256 … hash of the ASCII encoding of the
/// associated access token's value." (§4.2)
fn access_token_hash(access_token: &str) -> String {
    base64url::encode(&sha256(access_token.as_bytes()))
}

/// A proof that is not accepted.
fn broken(rule: &str) -> OAuthError {
    invalid_dpop_proof(format!("the DPoP proof is not valid: {rule}"))
}

/// The refusal of a proof that cannot be read or whose signature does not hold.
pub fn unreadable(problem: &dyn std::fmt::Display) -> OAuthError {
    broken(&problem.to_string())
}

/// The refusal of a proof that was used before.
pub fn used_before() -> OAuthError {
    broken("it was used before")
}

/// The refusal of a request that needs a proof and has none.
pub fn proof_is_missing() -> OAuthError {
    invalid_dpop_proof("a DPoP proof is needed")
}

/// Until when a proof with a nonce that was given out at this moment is good.
///
/// # Errors
/// `use_dpop_nonce`: it has had its time. `given` is `None` for what is no nonce of ours: "This same error
/// code is used when supplying a new nonce value when there was a nonce mismatch" (§8).
pub fn judge_nonce(given: Option<Instant>, now: Instant) -> Result<Instant, OAuthError> {
    let until = given
        .filter(|given| *given <= now + NONCE_AHEAD)
        .map(|given| given + NONCE_LIFETIME)
        .filter(|until| now < *until);
    until.ok_or_else(|| use_dpop_nonce("the DPoP proof needs the nonce of this answer"))
}

#[cfg(test)]
mod tests;
