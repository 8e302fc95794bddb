//! Base64url without padding (RFC 4648 §5, RFC 7515 §2), the spelling of every opaque value.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Encodes bytes without padding.
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Encodes bytes without padding, behind what a text has already.
pub fn append(text: &mut String, bytes: &[u8]) {
    URL_SAFE_NO_PAD.encode_string(bytes, text);
}

/// Decodes text without padding. Padding, white space, foreign characters and non-canonical
/// trailing bits are refused, so that one value has one spelling.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_has_one_spelling() {
        assert_eq!(decode("_-8"), Some(vec![0xff, 0xef]));
        let mut text = "a.".to_owned();
        append(&mut text, &[0xff, 0xef]);
        assert_eq!(text, "a._-8");
        for other in ["_-8=", "_-9", "/+8", " _-8", "_-8\n"] {
            assert_eq!(decode(other), None, "{other:?}");
        }
    }
}
