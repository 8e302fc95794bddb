//! Whether `htu` is the address that was called: "servers SHOULD employ syntax-based normalization
//! (Section 6.2.2 of [RFC3986]) and scheme-based normalization (Section 6.2.3 of [RFC3986]) before
//! comparing the htu claim" (RFC 9449 §4.3).

use url::{Position, Url};

/// The most bytes of an address that is looked at.
const MAX_URI: usize = 2048;

/// Whether a proof's address is that of an endpoint, "ignoring any query and fragment parts" (§4.3).
pub(super) fn is_same_target(htu: &str, address: &str) -> bool {
    let normal = normal(htu);
    normal.is_some() && normal == self::normal(address)
}

/// The one spelling of an address. Case of scheme and host, a default port, dot segments and an empty path
/// are put right by the parser, which is made for what browsers are given; what RFC 3986 does not call a
/// URI, and it would repair, is none here.
fn normal(text: &str) -> Option<String> {
    let is_uri = |byte: u8| byte.is_ascii_graphic() && !b"\\\"<>^`{|}".contains(&byte);
    if text.len() > MAX_URI || !text.bytes().all(is_uri) {
        return None;
    }
    // One slash and three are repaired as well.
    let (_, rest) = text.split_once("://")?;
    let url = Url::parse(text).ok()?;
    let has_userinfo = !url.username().is_empty() || url.password().is_some();
    if rest.starts_with('/') || !url.has_host() || has_userinfo {
        return None;
    }
    unescaped(&url[..Position::AfterPath])
}

/// The same with what need not be escaped as it is, and the rest in capital digits (RFC 3986 §6.2.2.1,
/// §6.2.2.2); `None` if an escape is broken.
fn unescaped(text: &str) -> Option<String> {
    let mut normal = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        normal.push_str(before);
        let digits = after.get(..2)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let byte = u8::from_str_radix(digits, 16).ok()?;
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                normal.push(char::from(byte));
            }
            _ => normal.push_str(&format!("%{byte:02X}")),
        }
        rest = &after[2..];
    }
    normal.push_str(rest);
    Some(normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "https://id.example/tenant/token";

    #[test]
    fn attack_66_spellings_of_the_same_address_are_the_same() {
        for htu in [
            TOKEN,
            "HTTPS://ID.Example/tenant/token",
            "https://id.example:443/tenant/token",
            "https://id.example/tenant/token?",
            "https://id.example/tenant/token?a=b&c",
            "https://id.example/tenant/token#x",
            "https://id.example/tenant/token?a#b?c",
            "https://id.example/tenant/%74oke%6e",
            "https://id.example/tenant/./token",
            "https://id.example/other/../tenant/token",
        ] {
            assert!(is_same_target(htu, TOKEN), "{htu}");
        }
        assert!(is_same_target(
            "http://localhost:8080/token",
            "http://localhost:8080/token"
        ));
        assert!(is_same_target(
            "http://[::1]:80/a%2fb",
            "http://[::1]/a%2Fb"
        ));
        assert!(is_same_target("https://id.example", "https://id.example/"));
    }

    #[test]
    fn attack_66_another_address_is_another_however_it_is_dressed() {
        for htu in [
            "",
            "/tenant/token",
            "https://id.example",
            "https://id.example/tenant/token/",
            "https://id.example/tenant/Token",
            "https://id.example/tenant/userinfo",
            "http://id.example/tenant/token",
            "https://id.example:8443/tenant/token",
            "https://id.example.evil.example/tenant/token",
            "https://evil.example/tenant/token?https://id.example/tenant/token",
            "https://id.example@evil.example/tenant/token",
            "https://user@id.example/tenant/token",
            "https://id.example./tenant/token",
            "https://id.example/tenant%2Ftoken",
            "https://id.example/tenant/token%",
            "https://id.example/tenant/%7",
            "https://id.example/tenant/%+4oken",
            "https://id.example\\tenant\\token",
            "https:/id.example/tenant/token",
            "https:id.example/tenant/token",
            "https:///id.example/tenant/token",
            " https://id.example/tenant/token",
            "https://id.example/ten\tant/token",
            "https://id.example/tenant/token\n",
            "https://id.ex\u{e4}mple/tenant/token",
            "data:https://id.example/tenant/token",
        ] {
            assert!(!is_same_target(htu, TOKEN), "{htu:?}");
        }
        let long = format!("{TOKEN}?{}", "a".repeat(MAX_URI));
        assert!(!is_same_target(&long, TOKEN));
    }
}
