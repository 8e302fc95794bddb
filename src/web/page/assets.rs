//! The files that pages link: style sheet, logo, script; and the bridge, which other sites' pages
//! link. They are part of the program.
//!
//! Owns their bytes, types and versioned addresses. Sending them is the router's business: an
//! address with its `v` may be kept for ever, because other content has another address.

use foundation::base64url;
use foundation::digest::sha256;

/// One file.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Where it is served, such as `/static/portico.css`.
    pub path: &'static str,
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// Its content.
    pub bytes: &'static [u8],
    /// Changes with the content: for `ETag` and for the `v` of its address.
    pub version: u64,
}

macro_rules! asset {
    ($path:literal, $content_type:literal) => {
        Asset {
            path: concat!("/static/", $path),
            content_type: $content_type,
            bytes: include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../static/", $path)),
            version: fingerprint(include_bytes!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../static/",
                $path
            ))),
        }
    };
}

/// Every file that may be linked.
pub static ASSETS: &[Asset] = &[
    asset!("portico.css", "text/css; charset=utf-8"),
    asset!("portico.svg", "image/svg+xml"),
    asset!("form-post.js", "text/javascript; charset=utf-8"),
    asset!("web-message.js", "text/javascript; charset=utf-8"),
    asset!("bridge/portico.js", "text/javascript; charset=utf-8"),
    asset!("bridge/portico.d.ts", "text/plain; charset=utf-8"),
    asset!("bridge/host.js", "text/javascript; charset=utf-8"),
    asset!("bridge/host.d.ts", "text/plain; charset=utf-8"),
    asset!("bridge/stream.js", "text/javascript; charset=utf-8"),
    asset!("bridge/stream.d.ts", "text/plain; charset=utf-8"),
];

impl Asset {
    /// The entity tag of RFC 9110 §8.8.3, with its quotation marks.
    pub fn etag(&self) -> String {
        format!("\"{:016x}\"", self.version)
    }

    /// The address with its version.
    pub fn href(&self) -> String {
        format!("{}?v={:016x}", self.path, self.version)
    }

    /// What a page puts into the `integrity` of its element (Subresource Integrity §3.1).
    pub fn integrity(&self) -> String {
        let digest = base64url::encode(&sha256(self.bytes));
        let digest = digest.replace('-', "+").replace('_', "/");
        // The digest's 32 bytes are 43 characters of base64 and one of padding (RFC 4648 §4).
        format!("sha256-{digest}=")
    }

    /// Whether it is for pages of other sites: hosts and mini-programs load the bridge.
    pub fn is_for_other_sites(&self) -> bool {
        self.path.starts_with("/static/bridge/")
    }
}

/// The asset at a path, such as `/static/portico.css`.
pub fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

/// The versioned address of a path; a path that is no asset stays as it is.
pub fn href(path: &str) -> String {
    find(path).map_or_else(|| path.to_owned(), Asset::href)
}

/// FNV-1a. It tells two versions of our own files apart; nobody gains by a collision.
const fn fingerprint(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        at += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_content_has_another_address() {
        assert_ne!(
            fingerprint(b"a { color: red }"),
            fingerprint(b"a { color: blue }")
        );
        // The published value of FNV-1a 64 for "foobar".
        assert_eq!(fingerprint(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn an_asset_is_found_by_its_path_alone() {
        let css = find("/static/portico.css").expect("the style sheet");
        assert!(href("/static/portico.css").starts_with("/static/portico.css?v="));
        assert!(css.etag().starts_with('"') && css.etag().ends_with('"'));
        assert!(find("/static/../Cargo.toml").is_none());
    }

    #[test]
    fn the_integrity_is_the_digest_of_the_bytes() {
        let asset = Asset {
            path: "/static/x",
            content_type: "text/plain",
            bytes: b"alert('Hello, world.');",
            version: 0,
        };
        // printf "alert('Hello, world.');" | openssl dgst -sha256 -binary | openssl base64
        assert_eq!(
            asset.integrity(),
            "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng="
        );
    }

    #[test]
    fn the_style_sheet_needs_nothing_from_elsewhere() {
        let css = String::from_utf8_lossy(find("/static/portico.css").expect("it").bytes);
        for word in ["url(", "@import", "data:", "http"] {
            assert!(!css.contains(word), "{word} in the style sheet");
        }
    }

    #[test]
    fn the_logo_holds_no_script_and_no_style() {
        let svg = String::from_utf8_lossy(find("/static/portico.svg").expect("it").bytes);
        for word in ["<script", "<style", "style=", " on", "href"] {
            assert!(!svg.contains(word), "{word} in the logo");
        }
    }
}
