//! Verifying what this server signed itself. We know exactly what our own tokens look like, so
//! anything else is refused, even where RFC 7515 would let it pass.

use domain::signing_key::{KeyKind, SigningKey};
use foundation::fault::Fault;
use foundation::id::KeyId;
use josekit::JoseError;
use josekit::jws::JwsVerifier;
use protocol::client_metadata::SignatureAlgorithm;

use crate::compact::{CompactParts, UnverifiedJws};
use crate::es256::Es256Verifier;
use crate::jwk;
use crate::jwt_problem::JwtProblem;
use crate::signing_key::OpenedKey;

use super::signer::{FREQUENT_TYPES, header};

/// A key that signed or signs, ready to verify with its algorithms.
pub(super) struct IssuedBy {
    kid: KeyId,
    verifiers: Vec<ReadyVerifier>,
}

/// One of its algorithms, with the headers that we write: almost every token has one of them, and
/// need not be asked what it says.
struct ReadyVerifier {
    algorithm: SignatureAlgorithm,
    verifier: Box<dyn JwsVerifier>,
    /// In the order of [`FREQUENT_TYPES`], with the dot behind them.
    headers: [String; FREQUENT_TYPES.len()],
}

impl IssuedBy {
    pub(super) fn new(key: &SigningKey, opened: &OpenedKey) -> Result<Self, Fault> {
        let algorithms: &[SignatureAlgorithm] = match key.kind {
            KeyKind::Rsa => &[SignatureAlgorithm::RS256, SignatureAlgorithm::PS256],
            KeyKind::P256 => &[SignatureAlgorithm::ES256],
        };
        let ready = |algorithm: &SignatureAlgorithm| {
            let verifier = verifier(*algorithm, opened)
                .map_err(|error| Fault::broken_by(format!("signing key {}", key.id), error))?;
            Ok(ReadyVerifier {
                algorithm: *algorithm,
                verifier,
                headers: FREQUENT_TYPES.map(|typ| header(*algorithm, &key.id, typ)),
            })
        };
        let verifiers = algorithms.iter().map(ready).collect::<Result<_, Fault>>()?;
        Ok(Self {
            kid: key.id.clone(),
            verifiers,
        })
    }
}

fn verifier(
    algorithm: SignatureAlgorithm,
    opened: &OpenedKey,
) -> Result<Box<dyn JwsVerifier>, JoseError> {
    if algorithm != SignatureAlgorithm::ES256 {
        return jwk::verifier(&opened.public, algorithm);
    }
    let own = Es256Verifier::from_pkcs8(opened.private.expose());
    match own {
        Ok(own) => Ok(Box::new(own)),
        Err(error) => Err(JoseError::InvalidKeyFormat(error.into())),
    }
}

/// A JWT that one of these keys signed, as one of the types that are expected.
pub(super) fn verify<'a>(
    keys: &[IssuedBy],
    compact: &'a str,
    expected_typ: &[&str],
) -> Result<CompactParts<'a>, JwtProblem> {
    let parts = CompactParts::of(compact)?;
    let (parts, verifier) = match usual(keys, &parts, expected_typ) {
        Some(verifier) => (parts, verifier),
        None => unusual(keys, parts, expected_typ)?,
    };
    match parts.is_signed_by(verifier) {
        true => Ok(parts),
        false => Err(JwtProblem::Signature),
    }
}

/// The verifier of a token whose header is one that we write, letter by letter.
fn usual<'k>(
    keys: &'k [IssuedBy],
    parts: &CompactParts<'_>,
    expected_typ: &[&str],
) -> Option<&'k dyn JwsVerifier> {
    let ready = keys.iter().flat_map(|key| &key.verifiers);
    let mut fitting = ready.filter(|ready| {
        let types = FREQUENT_TYPES.iter().zip(&ready.headers);
        let mut expected = types.filter(|(typ, _)| expected_typ.contains(typ));
        expected.any(|(_, header)| header.strip_suffix('.') == Some(parts.header()))
    });
    fitting.next().map(|ready| ready.verifier.as_ref())
}

/// The verifier of any other token, or why there is none.
fn unusual<'a, 'k>(
    keys: &'k [IssuedBy],
    parts: CompactParts<'a>,
    expected_typ: &[&str],
) -> Result<(CompactParts<'a>, &'k dyn JwsVerifier), JwtProblem> {
    let jws = UnverifiedJws::of(parts)?;
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
    let mut fitting = key.verifiers.iter();
    let ready = fitting.find(|ready| ready.algorithm == algorithm);
    let ready = ready.ok_or(JwtProblem::Algorithm)?;
    Ok((jws.into_parts(), ready.verifier.as_ref()))
}
