//! Sealing a refresh answer under the token that asked for it: only who presents that token again
//! can be given the same answer, and the database alone cannot read it.

use foundation::entropy::Entropy;
use foundation::secret::{KeyBytes, SecretText};

use crate::aead::AeadKey;
use crate::mac::MacKey;

const LABEL: &[u8] = b"portico refresh retry";

/// Seals `plain` so that it opens with the same token only. Tokens have 256 random bits, so one
/// HMAC is all the derivation that is needed.
pub fn seal_under_token(presented: &SecretText, plain: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
    key(presented).seal(LABEL, plain, entropy)
}

/// What [`seal_under_token`] sealed; `None` for another token or a changed value.
pub fn open_under_token(presented: &SecretText, sealed: &[u8]) -> Option<KeyBytes> {
    key(presented).open(LABEL, sealed).map(KeyBytes::new)
}

fn key(presented: &SecretText) -> AeadKey {
    let token = KeyBytes::new(presented.expose().as_bytes().to_vec());
    AeadKey::derived(MacKey::new(&token).code(&[LABEL]))
}

#[cfg(test)]
mod tests {
    use foundation::entropy::SeededEntropy;
    use foundation::secret::SecretKind;

    use super::*;

    #[test]
    fn the_answer_opens_with_the_token_that_asked_and_no_other() {
        let entropy = SeededEntropy::new(1);
        let (token, digest) = SecretKind::RefreshToken.issue(&entropy);
        let (other, _) = SecretKind::RefreshToken.issue(&entropy);
        let sealed = seal_under_token(&token, b"answer", &entropy);
        let opened = open_under_token(&token, &sealed).expect("the same token");
        assert_eq!(opened.expose(), b"answer");
        assert!(open_under_token(&other, &sealed).is_none());
        let stored = SecretText::new(foundation::base64url::encode(digest.as_bytes()));
        assert!(
            open_under_token(&stored, &sealed).is_none(),
            "what is stored opens nothing"
        );
    }
}
