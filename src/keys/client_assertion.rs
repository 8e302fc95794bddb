//! The signature of a client's assertion (RFC 7523 §2.2, OpenID Connect Core §9).
//!
//! Signature only: what the claims must say is `protocol::client_credential`'s, and the `jti` is
//! remembered by the store.

use protocol::client_metadata::SignatureAlgorithm;
use serde_json::{Map, Value};

use crate::compact::UnverifiedJws;
use crate::jwk;
use crate::jwt_problem::JwtProblem;

/// What clients may sign with. There is no `none`, and no HMAC: a client secret is stored as a
/// digest, so it is not there to verify with.
pub const ALGORITHMS: &[SignatureAlgorithm] = &[
    SignatureAlgorithm::RS256,
    SignatureAlgorithm::PS256,
    SignatureAlgorithm::ES256,
    SignatureAlgorithm::EdDSA,
    SignatureAlgorithm::Ed25519,
];

/// The most keys that are tried for one assertion.
const MAX_TRIED: usize = 10;

/// The claims of an assertion that one of the client's keys signed. `client_jwks` is the client's
/// JWK Set; `allowed` is [`ALGORITHMS`], or the one that the client registered.
///
/// # Errors
/// Why it is not accepted. [`JwtProblem::UnknownKey`] may mean that the client has published a new
/// key since its `jwks_uri` was read.
pub fn verify_assertion(
    compact: &str,
    client_jwks: &Value,
    allowed: &[SignatureAlgorithm],
) -> Result<Value, JwtProblem> {
    let jws = UnverifiedJws::parse(compact)?;
    let algorithm = jws.algorithm()?;
    if !allowed.iter().any(|known| known.is_same_as(algorithm)) {
        return Err(JwtProblem::Algorithm);
    }
    if !is_assertion_type(jws.text("typ")?) {
        return Err(JwtProblem::Type);
    }
    let kid = jws.text("kid")?;
    let keys = client_jwks
        .get("keys")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let mut tried = 0;
    for key in keys
        .iter()
        .filter_map(Value::as_object)
        .filter(|k| may_be(k, kid, algorithm))
    {
        tried += 1;
        // A key that OpenSSL cannot read, such as a point beside the curve, verifies nothing.
        if jwk::verifier(key, algorithm)
            .is_ok_and(|verifier| jws.parts().is_signed_by(verifier.as_ref()))
        {
            return jws.parts().claims();
        }
        if tried == MAX_TRIED {
            break;
        }
    }
    Err(if tried == 0 {
        JwtProblem::UnknownKey
    } else {
        JwtProblem::Signature
    })
}

/// Client libraries send no `typ`, or `JWT`; newer ones the type of draft-ietf-oauth-rfc7523bis.
/// A JWT of any other kind is no assertion, whoever signed it (RFC 8725 §3.11). Media types are
/// compared without case, with or without their prefix (RFC 7515 §4.1.9).
fn is_assertion_type(typ: Option<&str>) -> bool {
    let Some(typ) = typ else { return true };
    let typ = typ.to_ascii_lowercase();
    let typ = typ.strip_prefix("application/").unwrap_or(&typ);
    matches!(typ, "jwt" | "client-authentication+jwt")
}

/// Whether a key may have made the signature. A key without `kid` may be the one whatever the
/// header says, because `kid` is optional on both sides (RFC 7517 §4.5, RFC 7515 §4.1.4).
fn may_be(key: &Map<String, Value>, kid: Option<&str>, algorithm: SignatureAlgorithm) -> bool {
    let named = match (kid, key.get("kid")) {
        (Some(wanted), Some(known)) => known.as_str() == Some(wanted),
        _ => true,
    };
    named && jwk::fits(key, algorithm)
}

#[cfg(test)]
mod tests;
