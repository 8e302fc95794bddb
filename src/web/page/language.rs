//! The choice of a language (`/account/language`).
//!
//! Owns what it says. Each language is called by its own name, so that whoever reads only that one finds
//! it.

use askama::Template;
use text::Languages;

use super::chrome::Chrome;
use super::link::BackLink;

/// Lists the languages. Posts `csrf` and `language` = a tag, or [`BY_BROWSER`], to `/account/language`.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "language.html")]
pub struct LanguagePage {
    /// What surrounds it.
    pub chrome: Chrome,
    /// The token of the hidden field.
    pub csrf: String,
    /// The tag of the language that the person chose; none leaves it to the browser.
    pub chosen: Option<String>,
    /// The super app.
    pub back: Option<BackLink>,
}

/// The value of the button that leaves it to the browser.
pub const BY_BROWSER: &str = "browser";

impl LanguagePage {
    /// Tag and own name of every language.
    fn languages(&self) -> Vec<(String, String)> {
        let all = Languages::built_in();
        let named = |tag: String| Some((all.named(&tag)?.text("language-name", &[]), tag));
        let named = all.tags().into_iter().filter_map(named);
        named.map(|(name, tag)| (tag, name)).collect()
    }

    fn is_chosen(&self, tag: &str) -> bool {
        self.chosen.as_deref() == Some(tag)
    }
}
