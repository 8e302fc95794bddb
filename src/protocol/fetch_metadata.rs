//! How a browser says that a request came about (Fetch Metadata Request Headers, W3C).
//!
//! Owns the reading of the two ways in which a page of ours may be opened with something secret. Pages
//! cannot write these headers: their names begin with `Sec-`, which Fetch forbids to scripts; and neither
//! can they write `Origin`.

/// How a document was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Navigation {
    /// No site asked for it: the first load of a WebView, or an address that somebody typed.
    OfNobody,
    /// A page opened it in a frame.
    InFrame {
        /// The origin of that page.
        by: String,
    },
}

impl Navigation {
    /// Reads `Sec-Fetch-Site`, `Sec-Fetch-Dest` and `Origin`; `None` where they are missing, or say that it
    /// was opened in any other way.
    pub fn read(site: Option<&str>, dest: Option<&str>, origin: Option<&str>) -> Option<Self> {
        match (site?, dest?) {
            // The value none is for "a navigation request that was explicitly caused by a user's interaction
            // with the user agent" (§2.3)
            ("none", "document") => Some(Self::OfNobody),
            ("cross-site" | "same-site" | "same-origin", "iframe") => {
                let by = origin.filter(|origin| *origin != "null")?.to_owned();
                Some(Self::InFrame { by })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_load_and_a_frame_are_told_apart() {
        let read = Navigation::read;
        let nova = Some("https://nova.example");
        let first = Some(Navigation::OfNobody);
        assert_eq!(read(Some("none"), Some("document"), None), first);
        assert_eq!(read(Some("none"), Some("document"), Some("null")), first);
        for site in ["cross-site", "same-site", "same-origin"] {
            let by = "https://nova.example".to_owned();
            let framed = Some(Navigation::InFrame { by });
            assert_eq!(read(Some(site), Some("iframe"), nova), framed);
        }
    }

    #[test]
    fn everything_else_is_neither() {
        let sites = ["none", "cross-site", "same-site", "same-origin", "None", ""];
        let destinations = ["document", "iframe", "frame", "empty", "object", "Document"];
        let origins = [None, Some("null"), Some("https://nova.example")];
        for site in sites.map(Some).into_iter().chain([None]) {
            for dest in destinations.map(Some).into_iter().chain([None]) {
                for origin in origins {
                    let is_first = (site, dest) == (Some("none"), Some("document"));
                    let from_page =
                        matches!(site, Some("cross-site" | "same-site" | "same-origin"));
                    let is_framed = from_page && dest == Some("iframe") && origin == origins[2];
                    let read = Navigation::read(site, dest, origin);
                    assert_eq!(
                        read.is_some(),
                        is_first || is_framed,
                        "{site:?} {dest:?} {origin:?}"
                    );
                }
            }
        }
    }
}
