//! AES-256-GCM with a random nonce: what is sealed is unreadable, and any change to it is noticed.
//!
//! Whom a key belongs to and what it may seal is for its callers to say; they name the use in the
//! associated data, so that a value sealed for one use cannot be opened as another.

use std::sync::OnceLock;

use foundation::entropy::{self, Entropy};
use foundation::secret::KeyBytes;
use openssl::cipher::{Cipher, CipherRef};
use openssl::cipher_ctx::CipherCtx;
use openssl::error::ErrorStack;

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
        assured(self.encrypt(&nonce, associated, plain))
    }

    fn encrypt(
        &self,
        nonce: &[u8; NONCE],
        associated: &[u8],
        plain: &[u8],
    ) -> Result<Vec<u8>, ErrorStack> {
        let mut context = CipherCtx::new()?;
        context.encrypt_init(Some(cipher()), Some(self.0.expose()), Some(nonce))?;
        context.cipher_update(associated, None)?;
        let mut text = Vec::with_capacity(plain.len() + TAG);
        context.cipher_update_vec(plain, &mut text)?;
        context.cipher_final_vec(&mut text)?;
        let mut tag = [0; TAG];
        context.tag(&mut tag)?;
        Ok([nonce, text.as_slice(), &tag].concat())
    }

    /// What [`AeadKey::seal`] sealed with the same associated data; `None` for anything else.
    pub(crate) fn open(&self, associated: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, rest) = sealed.split_at_checked(NONCE)?;
        let (text, tag) = rest.split_at_checked(rest.len().checked_sub(TAG)?)?;
        self.decrypt(nonce, associated, text, tag).ok()
    }

    fn decrypt(
        &self,
        nonce: &[u8],
        associated: &[u8],
        text: &[u8],
        tag: &[u8],
    ) -> Result<Vec<u8>, ErrorStack> {
        let mut context = CipherCtx::new()?;
        context.decrypt_init(Some(cipher()), Some(self.0.expose()), Some(nonce))?;
        context.cipher_update(associated, None)?;
        let mut plain = Vec::with_capacity(text.len() + TAG);
        context.cipher_update_vec(text, &mut plain)?;
        context.set_tag(tag)?;
        // Only this looks at the tag: before it, nothing of what was decrypted may be used.
        context.cipher_final_vec(&mut plain)?;
        Ok(plain)
    }
}

/// AES-256-GCM, looked up once: OpenSSL 3 searches its providers each time that a cipher is named
/// otherwise, which takes longer than the sealing.
fn cipher() -> &'static CipherRef {
    static CIPHER: OnceLock<Cipher> = OnceLock::new();
    CIPHER.get_or_init(|| assured(Cipher::fetch(None, "AES-256-GCM", None)))
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
