//! ES256 (RFC 7518 §3.4) of our own tokens, by OpenSSL's calls for the two numbers themselves.
//!
//! josekit goes by way of DER and of a look at OpenSSL's providers for each signature, which takes a
//! quarter longer. Everything else is josekit's: other algorithms, and what clients have signed.

use foundation::base64url;
use foundation::digest::sha256;
use josekit::JoseError;
use josekit::jws::{ES256, JwsAlgorithm, JwsSigner, JwsVerifier};
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private, Public};
use protocol::client_metadata::SignatureAlgorithm;

use crate::compact::UnverifiedJws;

/// Bytes of each of the two numbers.
const NUMBER: usize = 32;

/// A P-256 key that signs.
#[derive(Clone, Debug)]
pub(crate) struct Es256Signer(EcKey<Private>);

impl Es256Signer {
    /// From PKCS#8, DER. The caller has seen that its curve is P-256.
    pub(crate) fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, JoseError> {
        let key = PKey::private_key_from_pkcs8(pkcs8).and_then(|key| key.ec_key());
        key.map(Self)
            .map_err(|error| JoseError::InvalidKeyFormat(error.into()))
    }

    fn numbers(&self, message: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        let signature = EcdsaSig::sign(&sha256(message), &self.0)?;
        // "Turn R and S into octet sequences in big-endian order, with each array being be 32
        // octets long. The octet sequence representations MUST NOT be shortened to omit any leading
        // zero octets contained in the values." (RFC 7518 §3.4)
        let mut octets = signature.r().to_vec_padded(NUMBER as i32)?;
        octets.extend(signature.s().to_vec_padded(NUMBER as i32)?);
        Ok(octets)
    }
}

impl JwsSigner for Es256Signer {
    fn algorithm(&self) -> &dyn JwsAlgorithm {
        &ES256
    }

    fn key_id(&self) -> Option<&str> {
        None
    }

    fn signature_len(&self) -> usize {
        2 * NUMBER
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, JoseError> {
        self.numbers(message)
            .map_err(|error| JoseError::InvalidSignature(error.into()))
    }

    fn box_clone(&self) -> Box<dyn JwsSigner> {
        Box::new(self.clone())
    }
}

/// The same token with the other signature that anybody can make of the one it has: where (r, s) is
/// good, (r, n − s) is, too. Neither is refused, because half of all honest signatures have the larger
/// number. `None` for what is no ES256 token.
pub fn twin(token: &str) -> Option<String> {
    let jws = UnverifiedJws::parse(token).ok()?;
    if jws.algorithm().ok()? != SignatureAlgorithm::ES256 {
        return None;
    }
    let (signing_input, signature) = token.rsplit_once('.')?;
    let octets = base64url::decode(signature)?;
    let (r, s) = octets.split_at_checked(NUMBER)?;
    let other = [r, negated(s).ok()?.as_slice()].concat();
    Some(format!("{signing_input}.{}", base64url::encode(&other)))
}

/// n − s, with n the order of P-256.
fn negated(s: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let (mut order, mut other) = (BigNum::new()?, BigNum::new()?);
    let mut context = openssl::bn::BigNumContext::new()?;
    EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?.order(&mut order, &mut context)?;
    let s = BigNum::from_slice(s)?;
    other.checked_sub(&order, &s)?;
    other.to_vec_padded(NUMBER as i32)
}

/// The public half of a P-256 key.
#[derive(Clone, Debug)]
pub(crate) struct Es256Verifier(EcKey<Public>);

impl Es256Verifier {
    /// From a private key in PKCS#8, DER. The caller has seen that its curve is P-256.
    pub(crate) fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, ErrorStack> {
        let pair = PKey::private_key_from_pkcs8(pkcs8)?.ec_key()?;
        EcKey::from_public_key(pair.group(), pair.public_key()).map(Self)
    }

    /// "The JWS Signature value MUST be a 64-octet sequence. If it is not a 64-octet sequence, the
    /// validation has failed." (RFC 7518 §3.4). Numbers that are out of range OpenSSL refuses.
    fn accepts(&self, message: &[u8], signature: &[u8]) -> Result<bool, ErrorStack> {
        let Some((r, s)) = signature.split_at_checked(NUMBER) else {
            return Ok(false);
        };
        if s.len() != NUMBER {
            return Ok(false);
        }
        let (r, s) = (BigNum::from_slice(r)?, BigNum::from_slice(s)?);
        EcdsaSig::from_private_components(r, s)?.verify(&sha256(message), &self.0)
    }
}

impl JwsVerifier for Es256Verifier {
    fn algorithm(&self) -> &dyn JwsAlgorithm {
        &ES256
    }

    fn key_id(&self) -> Option<&str> {
        None
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), JoseError> {
        let refused = |cause| Err(JoseError::InvalidSignature(cause));
        match self.accepts(message, signature) {
            Ok(true) => Ok(()),
            Ok(false) => refused(std::io::Error::other("the signature does not match").into()),
            Err(error) => refused(error.into()),
        }
    }

    fn box_clone(&self) -> Box<dyn JwsVerifier> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use josekit::jwk::KeyPair;
    use josekit::jwk::alg::ec::{EcCurve, EcKeyPair};

    use super::*;

    /// The signer, our verifier, and josekit's.
    fn pair() -> (Es256Signer, Es256Verifier, impl JwsVerifier) {
        let pair = EcKeyPair::generate(EcCurve::P256).expect("a key");
        let private = PKey::private_key_from_der(&pair.to_der_private_key()).expect("a key");
        let pkcs8 = private.private_key_to_pkcs8().expect("PKCS#8");
        (
            Es256Signer::from_pkcs8(&pkcs8).expect("a signer"),
            Es256Verifier::from_pkcs8(&pkcs8).expect("a verifier"),
            ES256
                .verifier_from_der(pair.to_der_public_key())
                .expect("a verifier"),
        )
    }

    /// One number in 256 begins with a zero, so among 4000 signatures there are some of each.
    #[test]
    fn josekit_verifies_every_signature_those_with_leading_zeros_too() {
        let (signer, ours, josekits) = pair();
        let (mut short_r, mut short_s) = (0, 0);
        for round in 0..4000_u32 {
            let message = format!("{round}.{}", "x".repeat(round as usize % 300));
            let signature = signer.sign(message.as_bytes()).expect("signed");
            assert_eq!(signature.len(), signer.signature_len());
            short_r += u32::from(signature[0] == 0);
            short_s += u32::from(signature[NUMBER] == 0);
            for verifier in [&ours as &dyn JwsVerifier, &josekits] {
                let accepted = verifier.verify(message.as_bytes(), &signature);
                accepted.expect("it is the key's");
                let other = verifier.verify(b"another message", &signature);
                assert!(other.is_err(), "the control");
            }
        }
        assert!(short_r > 0 && short_s > 0, "{short_r} and {short_s}");
    }

    #[test]
    fn of_two_signatures_that_are_one_each_leads_to_the_other() {
        let (signer, ours, _) = pair();
        let token = |alg: &str| {
            let header = base64url::encode(format!(r#"{{"alg":"{alg}"}}"#).as_bytes());
            let input = format!("{header}.e30");
            let signature = signer.sign(input.as_bytes()).expect("signed");
            format!("{input}.{}", base64url::encode(&signature))
        };
        let one = token("ES256");
        let other = twin(&one).expect("a twin");
        assert_ne!(one, other);
        assert_eq!(twin(&other), Some(one.clone()));
        let (input, signature) = other.rsplit_once('.').expect("three parts");
        let signature = base64url::decode(signature).expect("octets");
        ours.verify(input.as_bytes(), &signature)
            .expect("both are the key's");
        for none in [
            token("EdDSA"),
            token("RS256"),
            format!("{input}."),
            "a.b.c".into(),
        ] {
            assert_eq!(twin(&none), None, "{none}");
        }
    }

    #[test]
    fn another_key_did_not_make_it() {
        let ((ours, _, _), (_, theirs, josekits)) = (pair(), pair());
        let signature = ours.sign(b"message").expect("signed");
        assert!(theirs.verify(b"message", &signature).is_err());
        assert!(josekits.verify(b"message", &signature).is_err());
    }

    /// What josekit refuses we refuse, byte by byte; the numbers 0 and n, lengths and orders, too.
    #[test]
    fn attack_62_what_is_no_signature_of_the_key_is_refused() {
        let (signer, ours, josekits) = pair();
        let signature = signer.sign(b"message").expect("signed");
        let refused = |signature: &[u8]| {
            assert!(josekits.verify(b"message", signature).is_err());
            assert!(ours.verify(b"message", signature).is_err(), "{signature:?}");
        };
        for place in 0..signature.len() {
            for bit in 0..8 {
                let mut changed = signature.clone();
                changed[place] ^= 1 << bit;
                refused(&changed);
            }
        }
        for length in [0, 1, 31, 32, 33, 63] {
            refused(&signature[..length]);
        }
        refused(&[&signature[..], &[0]].concat());
        refused(&[&signature[..], &signature[..]].concat());
        let order = ours.0.group();
        let (mut n, mut context) = (
            BigNum::new().expect("a number"),
            openssl::bn::BigNumContext::new().expect("a context"),
        );
        order.order(&mut n, &mut context).expect("the order");
        let n = n.to_vec();
        for (r, s) in [
            (&[0; 32][..], &signature[32..]),
            (&signature[..32], &[0; 32]),
            (&[0; 32], &[0; 32]),
            (&n, &signature[32..]),
            (&signature[..32], &n),
            (&[255; 32], &[255; 32]),
        ] {
            refused(&[r, s].concat());
        }
    }
}
