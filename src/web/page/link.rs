//! Addresses that may stand in a page.
//!
//! Owns one decision: which schemes a page may send someone to. Whether an address belongs to a
//! client was decided long before; this is the last check before it is written into HTML (attack
//! row 8).

use std::fmt;

/// An absolute address, or a path of our own, that is safe in `href`, `src` and `action`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link(String);

impl Link {
    /// Reads an absolute address: `https`, `http`, or the private-use scheme of a native app, which
    /// holds a dot (RFC 8252 §7.1). So `javascript:` and `data:` are none.
    pub fn parse(address: &str) -> Option<Self> {
        let (scheme, rest) = address.split_once(':')?;
        let scheme_ok = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
        let kind_ok = if is_web(scheme) {
            rest.starts_with("//") && rest.len() > 2
        } else {
            scheme.contains('.')
        };
        let text_ok = !address
            .chars()
            .any(|c| c.is_control() || c.is_whitespace() || c == '\\');
        (scheme_ok && kind_ok && text_ok).then(|| Self(address.to_owned()))
    }

    /// Reads the address of an image: `https` or `http`.
    pub fn parse_image(address: &str) -> Option<Self> {
        let (scheme, _) = address.split_once(':')?;
        Self::parse(address).filter(|_| is_web(scheme))
    }

    /// A path of our own, such as `/account`. `//elsewhere` is none.
    pub fn own(path: &str) -> Option<Self> {
        let own = path.starts_with('/')
            && !path.starts_with("//")
            && !path
                .chars()
                .any(|c| c.is_control() || c.is_whitespace() || c == '\\');
        own.then(|| Self(path.to_owned()))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_web(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A way back to a program, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackLink {
    /// The program's name.
    pub name: String,
    /// Where the link leads: a registered address of that program.
    pub to: Link,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_cannot_run_are_links() {
        for good in [
            "https://market.example/x?y=1",
            "http://localhost:8080/",
            "com.example.app:/back",
        ] {
            assert!(Link::parse(good).is_some(), "{good}");
        }
        for bad in [
            "javascript:alert(1)",
            "JavaScript://x%0aalert(1)",
            " javascript:alert(1)",
            "java\nscript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "https:evil",
            "https://",
            "//evil.example",
            "/account",
            "https:\\\\evil.example",
            "",
        ] {
            assert!(Link::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn an_image_comes_over_http_only() {
        assert!(Link::parse_image("https://market.example/i.png").is_some());
        assert!(Link::parse_image("com.example.app:/i.png").is_none());
    }

    #[test]
    fn our_own_paths_stay_with_us() {
        assert!(Link::own("/account/history?before=7").is_some());
        for bad in [
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "account",
            "/a\tb",
        ] {
            assert!(Link::own(bad).is_none(), "{bad}");
        }
    }
}
