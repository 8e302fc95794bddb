//! The signature of a proof of possession (RFC 9449 §4.3): made by the key that it brings along.
//!
//! Signature only: what the claims must say is `protocol::dpop`'s, and the `jti` is remembered by the
//! store. Whose key it is nobody says: the thumbprint stands for it.

use protocol::client_metadata::SignatureAlgorithm;
use protocol::dpop::{KeyThumbprint, PROOF_TYPE, SIGNING_ALGORITHMS};
use serde_json::{Map, Value};

use crate::compact::UnverifiedJws;
use crate::jwk;
use crate::jwt_problem::JwtProblem;

/// Members of private and symmetric keys (RFC 7518 §6.2.2, §6.3.2, §6.4.1).
const PRIVATE_MEMBERS: &[&str] = &["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A proof whose signature holds.
#[derive(Clone, Debug, PartialEq)]
pub struct SignedProof {
    /// The key that signed it.
    pub key: KeyThumbprint,
    /// What it says.
    pub claims: Value,
}

/// Checks the signature of a proof with the key in its header.
///
/// # Errors
/// Why it is not accepted.
pub fn verify_proof(compact: &str) -> Result<SignedProof, JwtProblem> {
    let jws = UnverifiedJws::parse(compact)?;
    // "Servers accepting signed DPoP proof JWTs MUST verify that the typ field is dpop+jwt in the headers
    // of the JWTs to ensure that adversaries cannot use JWTs created for other purposes." (§11.5)
    if jws.text("typ")? != Some(PROOF_TYPE) {
        return Err(JwtProblem::Type);
    }
    let algorithm = jws.algorithm()?;
    if !SIGNING_ALGORITHMS.contains(&algorithm) {
        return Err(JwtProblem::Algorithm);
    }
    let key = public_key(jws.header(), algorithm)?;
    let thumbprint = jwk::thumbprint(key).ok_or(JwtProblem::Malformed)?;
    // A key that OpenSSL cannot read, such as a point beside the curve, verifies nothing.
    let verifier = jwk::verifier(key, algorithm).map_err(|_| JwtProblem::Algorithm)?;
    if !jws.parts().is_signed_by(verifier.as_ref()) {
        return Err(JwtProblem::Signature);
    }
    Ok(SignedProof {
        key: KeyThumbprint::new(thumbprint),
        claims: jws.parts().claims()?,
    })
}

/// The key in a header, if it can be one for this algorithm. "The jwk JOSE Header Parameter does not
/// contain a private key." (§4.3): whoever sends it around has none any more.
fn public_key(
    header: &Map<String, Value>,
    algorithm: SignatureAlgorithm,
) -> Result<&Map<String, Value>, JwtProblem> {
    let key = header.get("jwk").and_then(Value::as_object);
    let key = key.ok_or(JwtProblem::Malformed)?;
    if PRIVATE_MEMBERS.iter().any(|name| key.contains_key(*name)) {
        return Err(JwtProblem::PrivateKey);
    }
    match jwk::fits(key, algorithm) {
        true => Ok(key),
        false => Err(JwtProblem::Algorithm),
    }
}

#[cfg(test)]
mod tests;
