//! Signing with ES256 (RFC 7518 §3.4) by OpenSSL's call for the two numbers themselves.
//!
//! josekit's signer goes by way of DER and of a look at OpenSSL's providers for each signature,
//! which takes a quarter longer; everything else that is signed is signed by josekit.

use foundation::digest::sha256;
use josekit::JoseError;
use josekit::jws::{ES256, JwsAlgorithm, JwsSigner};
use openssl::ec::EcKey;
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};

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

#[cfg(test)]
mod tests {
    use josekit::jwk::KeyPair;
    use josekit::jwk::alg::ec::{EcCurve, EcKeyPair};
    use josekit::jws::JwsVerifier;

    use super::*;

    fn pair() -> (Es256Signer, impl JwsVerifier) {
        let pair = EcKeyPair::generate(EcCurve::P256).expect("a key");
        let private = PKey::private_key_from_der(&pair.to_der_private_key()).expect("a key");
        let pkcs8 = private.private_key_to_pkcs8().expect("PKCS#8");
        (
            Es256Signer::from_pkcs8(&pkcs8).expect("a signer"),
            ES256
                .verifier_from_der(pair.to_der_public_key())
                .expect("a verifier"),
        )
    }

    /// One number in 256 begins with a zero, so among 4000 signatures there are some of each.
    #[test]
    fn josekit_verifies_every_signature_those_with_leading_zeros_too() {
        let (signer, verifier) = pair();
        let (mut short_r, mut short_s) = (0, 0);
        for round in 0..4000_u32 {
            let message = format!("{round}.{}", "x".repeat(round as usize % 300));
            let signature = signer.sign(message.as_bytes()).expect("signed");
            assert_eq!(signature.len(), signer.signature_len());
            short_r += u32::from(signature[0] == 0);
            short_s += u32::from(signature[NUMBER] == 0);
            verifier
                .verify(message.as_bytes(), &signature)
                .expect("josekit accepts it");
            assert!(
                verifier.verify(b"another message", &signature).is_err(),
                "the control"
            );
        }
        assert!(short_r > 0 && short_s > 0, "{short_r} and {short_s}");
    }

    #[test]
    fn another_key_did_not_make_it() {
        let ((ours, _), (_, theirs)) = (pair(), pair());
        let signature = ours.sign(b"message").expect("signed");
        assert!(theirs.verify(b"message", &signature).is_err());
    }
}
