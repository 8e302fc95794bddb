//! Verifying what this server signed itself. We know exactly what our own tokens look like, so
//! anything else is refused, even where RFC 7515 would let it pass.

use domain::signing_key::{KeyKind, SigningKey};
use foundation::fault::Fault;
use foundation::id::KeyId;
use josekit::jws::JwsVerifier;
use protocol::client_metadata::SignatureAlgorithm;
use serde_json::{Map, Value};

use crate::compact::UnverifiedJws;
use crate::jwk;
use crate::jwt_problem::JwtProblem;

/// A key that signed or signs, ready to verify with its algorithms.
pub(super) struct IssuedBy {
    kid: KeyId,
    verifiers: Vec<(SignatureAlgorithm, Box<dyn JwsVerifier>)>,
}

impl IssuedBy {
    pub(super) fn new(key: &SigningKey, public: &Map<String, Value>) -> Result<Self, Fault> {
        let algorithms: &[SignatureAlgorithm] = match key.kind {
            KeyKind::Rsa => &[SignatureAlgorithm::RS256, SignatureAlgorithm::PS256],
            KeyKind::P256 => &[SignatureAlgorithm::ES256],
        };
        let ready = |algorithm: &SignatureAlgorithm| {
            let verifier = jwk::verifier(public, *algorithm)
                .map_err(|error| Fault::broken_by(format!("signing key {}", key.id), error))?;
            Ok((*algorithm, verifier))
        };
        let verifiers = algorithms.iter().map(ready).collect::<Result<_, Fault>>()?;
        Ok(Self {
            kid: key.id.clone(),
            verifiers,
        })
    }
}

/// The claims of a JWT that one of these keys signed.
pub(super) fn verify(
    keys: &[IssuedBy],
    compact: &str,
    expected_typ: &[&str],
) -> Result<Value, JwtProblem> {
    let jws = UnverifiedJws::parse(compact)?;
    // Our headers have three members. Above all there is no `jwk`, `jku`, `x5c` or `x5u`: a token
    // never brings or names the key that it is verified with.
    if jws.header().len() != 3 {
        return Err(JwtProblem::Malformed);
    }
    let algorithm = jws.algorithm()?;
    let typ = jws.text("typ")?.ok_or(JwtProblem::Malformed)?;
    let kid = jws.text("kid")?.ok_or(JwtProblem::Malformed)?;
    // "Sometimes, one kind of JWT can be confused for another. If a particular kind of JWT is
    // subject to such confusion, that JWT can include an explicit JWT type value, and the
    // validation rules can specify checking the type." (RFC 8725 §3.11)
    if !expected_typ.contains(&typ) {
        return Err(JwtProblem::Type);
    }
    let key = keys
        .iter()
        .find(|key| key.kid.as_str() == kid)
        .ok_or(JwtProblem::UnknownKey)?;
    // "Libraries MUST enable the caller to specify a supported set of algorithms and MUST NOT use
    // any other algorithms when performing cryptographic operations" (RFC 8725 §3.1): the set is
    // the key's, never what the token names.
    let fitting = key.verifiers.iter().find(|(fits, _)| *fits == algorithm);
    let (_, verifier) = fitting.ok_or(JwtProblem::Algorithm)?;
    if !jws.is_signed_by(verifier.as_ref()) {
        return Err(JwtProblem::Signature);
    }
    jws.claims()
}
