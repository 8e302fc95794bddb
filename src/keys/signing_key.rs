//! Making and opening signing keys. The entity and its life are
//! `domain::signing_key::SigningKey`; signing is [`crate::key_ring`]'s.

use domain::signing_key::{KeyKind, KeyState, SigningKey};
use foundation::base64url;
use foundation::clock::Instant;
use foundation::entropy::Entropy;
use foundation::fault::Fault;
use foundation::id::KeyId;
use foundation::secret::KeyBytes;
use josekit::JoseError;
use josekit::jwk::KeyPair;
use josekit::jwk::alg::ec::{EcCurve, EcKeyPair};
use josekit::jwk::alg::rsa::RsaKeyPair;
use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use serde_json::{Map, Value};

use crate::jwk;
use crate::master_key::MasterKey;

/// Bits of an RSA key. "A key of size 2048 bits or larger MUST be used" (RFC 7518 §3.3).
const RSA_BITS: u32 = 2048;

/// A new key pair in state `next`. Its `kid` is its RFC 7638 thumbprint, so that two keys never
/// have the same; a pair whose thumbprint begins with `-` is thrown away, because a command would
/// take that `kid` for an option. RSA takes a tenth of a second or more: call it where blocking is
/// allowed.
///
/// josekit makes the key pair itself from OpenSSL's random source, the only one that it takes;
/// `entropy` gives the seal's nonce.
///
/// # Errors
/// OpenSSL cannot make the pair.
pub fn generate(
    kind: KeyKind,
    master: &MasterKey,
    now: Instant,
    entropy: &dyn Entropy,
) -> Result<SigningKey, Fault> {
    let (pair, id, public) = loop {
        let pair =
            new_pair(kind).map_err(|error| Fault::broken_by("making a signing key", error))?;
        let (id, public) = public_jwk(kind, pair.as_ref())?;
        if !id.as_str().starts_with('-') {
            break (pair, id, public);
        }
    };
    let private =
        pkcs8(pair.as_ref()).map_err(|error| Fault::broken_by("writing a signing key", error))?;
    Ok(SigningKey {
        sealed_private: master.seal(&label(&id), private.expose(), entropy),
        id,
        kind,
        state: KeyState::Next,
        since: now,
        created_at: now,
        confirmed_at: None,
        public_jwk: Value::Object(public),
    })
}

fn new_pair(kind: KeyKind) -> Result<Box<dyn KeyPair>, JoseError> {
    Ok(match kind {
        KeyKind::Rsa => Box::new(RsaKeyPair::generate(RSA_BITS)?),
        KeyKind::P256 => Box::new(EcKeyPair::generate(EcCurve::P256)?),
    })
}

/// A stored pair; another curve than P-256 is refused.
fn read_pair(kind: KeyKind, pkcs8: &[u8]) -> Result<Box<dyn KeyPair>, JoseError> {
    Ok(match kind {
        KeyKind::Rsa => Box::new(RsaKeyPair::from_der(pkcs8)?),
        KeyKind::P256 => Box::new(EcKeyPair::from_der(pkcs8, Some(EcCurve::P256))?),
    })
}

/// The private key as PKCS#8, DER. josekit writes an EC key in its older form (RFC 5915).
fn pkcs8(pair: &dyn KeyPair) -> Result<KeyBytes, ErrorStack> {
    let der = KeyBytes::new(pair.to_der_private_key());
    let key = PKey::private_key_from_der(der.expose())?;
    key.private_key_to_pkcs8().map(KeyBytes::new)
}

/// A stored key, opened.
pub(crate) struct OpenedKey {
    /// PKCS#8, DER.
    pub(crate) private: KeyBytes,
    /// Its public half, derived from the private one.
    pub(crate) public: Map<String, Value>,
}

/// Opens a stored key. What is published about it is derived from the sealed private key, never
/// taken from the row, so nobody who can write to the database can plant a key of his own.
pub(crate) fn open(key: &SigningKey, master: &MasterKey) -> Result<OpenedKey, Fault> {
    let private = master.open(&label(&key.id), &key.sealed_private)?;
    let pair = read_pair(key.kind, private.expose())
        .map_err(|error| Fault::broken_by(format!("signing key {}", key.id), error))?;
    let (id, public) = public_jwk(key.kind, pair.as_ref())?;
    if id != key.id {
        return Err(Fault::broken(format!(
            "signing key {}: its kid is not its thumbprint",
            key.id
        )));
    }
    Ok(OpenedKey { private, public })
}

/// Whether a stored key opens under this master key, and is what its row says.
pub fn opens(key: &SigningKey, master: &MasterKey) -> bool {
    open(key, master).is_ok()
}

/// The `kid` is part of the seal, so that rows cannot change places.
fn label(id: &KeyId) -> String {
    format!("signing key {id}")
}

/// The public JWK with its thumbprint as `kid`. An RSA key serves RS256 and PS256, so it has no
/// `alg`.
fn public_jwk(kind: KeyKind, pair: &dyn KeyPair) -> Result<(KeyId, Map<String, Value>), Fault> {
    let mut jwk: Map<String, Value> = pair.to_jwk_public_key().into();
    let id = jwk::thumbprint(&jwk)
        .and_then(|hash| KeyId::parse(&base64url::encode(&hash)).ok())
        .ok_or_else(|| Fault::broken("a signing key's thumbprint"))?;
    jwk.insert("use".to_owned(), "sig".into());
    jwk.insert("kid".to_owned(), id.as_str().into());
    if kind == KeyKind::P256 {
        jwk.insert("alg".to_owned(), "ES256".into());
    }
    Ok((id, jwk))
}
