//! Making and opening signing keys. The entity and its life are
//! `domain::signing_key::SigningKey`; signing is [`crate::key_ring`]'s.

use domain::signing_key::{KeyKind, KeyState, SigningKey};
use foundation::base64url;
use foundation::clock::Instant;
use foundation::entropy::Entropy;
use foundation::fault::Fault;
use foundation::id::KeyId;
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use serde_json::{Map, Value};

use crate::jwk;
use crate::master_key::MasterKey;

/// Bits of an RSA key. "A key of size 2048 bits or larger MUST be used" (RFC 7518 §3.3).
const RSA_BITS: u32 = 2048;

/// A new key pair in state `next`. Its `kid` is its RFC 7638 thumbprint, so that two keys never
/// have the same. RSA takes a tenth of a second or more: call it where blocking is allowed.
///
/// The key pair itself comes from OpenSSL's random source, the only one that its generators take;
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
    let fault = |error| Fault::broken_by("making a signing key", error);
    let pair = match kind {
        KeyKind::Rsa => Rsa::generate(RSA_BITS).and_then(PKey::from_rsa),
        KeyKind::P256 => EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)
            .and_then(|group| EcKey::generate(&group))
            .and_then(PKey::from_ec_key),
    };
    let pair = pair.map_err(fault)?;
    let (id, public) = public_jwk(kind, &pair)?;
    let pkcs8 = foundation::secret::KeyBytes::new(pair.private_key_to_pkcs8().map_err(fault)?);
    Ok(SigningKey {
        sealed_private: master.seal(&label(&id), pkcs8.expose(), entropy),
        id,
        kind,
        state: KeyState::Next,
        since: now,
        created_at: now,
        public_jwk: Value::Object(public),
    })
}

/// A stored key, opened.
pub(crate) struct OpenedKey {
    /// PKCS#8, DER.
    pub(crate) private: foundation::secret::KeyBytes,
    /// Its public half, derived from the private one.
    pub(crate) public: Map<String, Value>,
}

/// Opens a stored key. What is published about it is derived from the sealed private key, never
/// taken from the row, so nobody who can write to the database can plant a key of his own.
pub(crate) fn open(key: &SigningKey, master: &MasterKey) -> Result<OpenedKey, Fault> {
    let private = master.open(&label(&key.id), &key.sealed_private)?;
    let pair = PKey::private_key_from_pkcs8(private.expose())
        .map_err(|error| Fault::broken_by(format!("signing key {}", key.id), error))?;
    let (id, public) = public_jwk(key.kind, &pair)?;
    if id != key.id {
        return Err(Fault::broken(format!(
            "signing key {}: its kid is not its thumbprint",
            key.id
        )));
    }
    Ok(OpenedKey { private, public })
}

/// The `kid` is part of the seal, so that rows cannot change places.
fn label(id: &KeyId) -> String {
    format!("signing key {id}")
}

/// The public JWK with its thumbprint as `kid`. An RSA key serves RS256 and PS256, so it has no
/// `alg`.
fn public_jwk(kind: KeyKind, pair: &PKey<Private>) -> Result<(KeyId, Map<String, Value>), Fault> {
    let members = match kind {
        KeyKind::Rsa => rsa_members(pair),
        KeyKind::P256 => p256_members(pair),
    };
    let members =
        members.map_err(|error| Fault::broken_by("a signing key's public half", error))?;
    let mut jwk: Map<String, Value> = members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Value::String(value)))
        .collect();
    let id = jwk::thumbprint(&jwk)
        .and_then(|text| KeyId::parse(&text).ok())
        .ok_or_else(|| Fault::broken("a signing key's thumbprint"))?;
    jwk.insert("use".to_owned(), "sig".into());
    jwk.insert("kid".to_owned(), id.as_str().into());
    if kind == KeyKind::P256 {
        jwk.insert("alg".to_owned(), "ES256".into());
    }
    Ok((id, jwk))
}

fn rsa_members(pair: &PKey<Private>) -> Result<Vec<(&'static str, String)>, ErrorStack> {
    let rsa = pair.rsa()?;
    Ok(vec![
        ("kty", "RSA".to_owned()),
        ("n", base64url::encode(&rsa.n().to_vec())),
        ("e", base64url::encode(&rsa.e().to_vec())),
    ])
}

fn p256_members(pair: &PKey<Private>) -> Result<Vec<(&'static str, String)>, ErrorStack> {
    let key = pair.ec_key()?;
    let (mut x, mut y) = (BigNum::new()?, BigNum::new()?);
    let mut context = BigNumContext::new()?;
    key.public_key()
        .affine_coordinates(key.group(), &mut x, &mut y, &mut context)?;
    // "The length of this octet string MUST be the full size of a coordinate" (RFC 7518 §6.2.1.2)
    Ok(vec![
        ("kty", "EC".to_owned()),
        ("crv", "P-256".to_owned()),
        ("x", base64url::encode(&x.to_vec_padded(32)?)),
        ("y", base64url::encode(&y.to_vec_padded(32)?)),
    ])
}
