//! AES-256-GCM with a random nonce: what is sealed is unreadable, and any change to it is noticed.
//!
//! Whom a key belongs to and what it may seal is for its callers to say; they name the use in the
//! associated data, so that a value sealed for one use cannot be opened as another.

use foundation::entropy::{self, Entropy};
use foundation::secret::KeyBytes;
use openssl::symm::{Cipher, decrypt_aead, encrypt_aead};

use crate::assured::assured;

/// Bytes of a nonce (NIST SP 800-38D §5.2.1.1 recommends 96 bits).
const NONCE: usize = 12;
/// Bytes of the authentication tag, whole.
const TAG: usize = 16;

/// A key for sealing: 32 bytes.
pub(crate) struct AeadKey(KeyBytes);

impl AeadKey {
    /// From 32 bytes; `None` for any other length.
    pub(crate) fn new(key: KeyBytes) -> Option<Self> {
        (key.expose().len() == 32).then_some(Self(key))
    }

    /// From a derived key.
    pub(crate) fn derived(key: [u8; 32]) -> Self {
        Self(KeyBytes::new(key.to_vec()))
    }

    /// `nonce ‖ ciphertext ‖ tag`.
    ///
    /// "The total number of invocations of the authenticated encryption function shall not exceed
    /// 2^32" with random nonces (NIST SP 800-38D §8.3); keys that seal often are rotated daily.
    pub(crate) fn seal(&self, associated: &[u8], plain: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        let nonce = entropy::bytes::<NONCE>(entropy);
        let mut tag = [0; TAG];
        let cipher = Cipher::aes_256_gcm();
        let sealed = encrypt_aead(
            cipher,
            self.0.expose(),
            Some(&nonce),
            associated,
            plain,
            &mut tag,
        );
        [&nonce[..], &assured(sealed), &tag].concat()
    }

    /// What [`AeadKey::seal`] sealed with the same associated data; `None` for anything else.
    pub(crate) fn open(&self, associated: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, rest) = sealed.split_at_checked(NONCE)?;
        let (text, tag) = rest.split_at_checked(rest.len().checked_sub(TAG)?)?;
        decrypt_aead(
            Cipher::aes_256_gcm(),
            self.0.expose(),
            Some(nonce),
            associated,
            text,
            tag,
        )
        .ok()
    }
}

#[cfg(test)]
mod tests {
    use foundation::entropy::SeededEntropy;

    use super::*;

    #[test]
    fn only_the_whole_unchanged_value_opens_and_only_for_its_use() {
        let key = AeadKey::derived([7; 32]);
        let entropy = SeededEntropy::new(1);
        let sealed = key.seal(b"use", b"plain", &entropy);
        assert_eq!(key.open(b"use", &sealed).as_deref(), Some(&b"plain"[..]));
        assert_eq!(key.open(b"other use", &sealed), None);
        assert_eq!(AeadKey::derived([8; 32]).open(b"use", &sealed), None);
        for cut in 0..sealed.len() {
            assert_eq!(
                key.open(b"use", &sealed[..cut]),
                None,
                "the first {cut} bytes"
            );
            let mut changed = sealed.clone();
            changed[cut] ^= 1;
            assert_eq!(key.open(b"use", &changed), None, "byte {cut} changed");
        }
        assert_ne!(
            key.seal(b"use", b"plain", &entropy),
            sealed,
            "a nonce is never used twice"
        );
    }

    #[test]
    fn a_key_has_32_bytes() {
        assert!(AeadKey::new(KeyBytes::new(vec![0; 31])).is_none());
        assert!(AeadKey::new(KeyBytes::new(vec![0; 33])).is_none());
    }
}
