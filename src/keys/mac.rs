//! HMAC-SHA-256 (RFC 2104) over a list of parts: for step tokens, derived identifiers and derived
//! keys. Each caller's first part is a label of its own.

use foundation::secret::KeyBytes;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::sign::Signer;

use crate::assured::assured;

/// A key for authenticating and deriving.
pub(crate) struct MacKey(PKey<Private>);

impl MacKey {
    pub(crate) fn new(key: &KeyBytes) -> Self {
        Self(assured(PKey::hmac(key.expose())))
    }

    /// The code over all parts, each preceded by its length, so that no two lists of parts give
    /// the same input.
    pub(crate) fn code(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut signer = assured(Signer::new(MessageDigest::sha256(), &self.0));
        for part in parts {
            assured(signer.update(&(part.len() as u64).to_be_bytes()));
            assured(signer.update(part));
        }
        let mut code = [0; 32];
        assured(signer.sign(&mut code));
        code
    }
}

#[cfg(test)]
mod tests {
    use foundation::base64url;

    use super::*;

    /// Made with Python's `hmac` module over the same bytes.
    #[test]
    fn it_is_the_hmac_of_the_parts_with_their_lengths() {
        let key = MacKey::new(&KeyBytes::new(vec![7; 32]));
        let code = key.code(&[b"ab", b""]);
        assert_eq!(
            base64url::encode(&code),
            "c9QTTvOATZJ_VHP9swPm7ymaP-E91dj6Q8xlouIWNVU"
        );
    }

    #[test]
    fn parts_cannot_be_moved_across_their_border_and_keys_matter() {
        let key = MacKey::new(&KeyBytes::new(vec![7; 32]));
        assert_ne!(key.code(&[b"ab", b"c"]), key.code(&[b"a", b"bc"]));
        assert_ne!(
            key.code(&[b"ab"]),
            MacKey::new(&KeyBytes::new(vec![8; 32])).code(&[b"ab"])
        );
    }
}
