//! What surrounds every page: its language and the brand it wears.
//!
//! Owns the short ways in which templates reach a sentence. The words themselves are `text`'s.

use askama::Template;
use foundation::clock::Instant;
use text::{Arg, Language, Markup};

use super::assets;
use super::link::Link;
use super::makers::MakersNote;

/// A page: it has a chrome, and with it a language.
pub trait PageTemplate: Template {
    /// What surrounds it.
    fn chrome(&self) -> &Chrome;
}

/// The part that all pages share.
#[derive(Clone, Debug, PartialEq)]
pub struct Chrome {
    /// What the page is written in ([`text::Wishes`]).
    pub language: Language,
    /// The name in the page's head and in its title, such as `Nova`.
    pub brand: String,
    /// A style sheet of the operator's, loaded after ours: sets `--accent` and `--on-accent`, for
    /// light and for dark.
    pub brand_stylesheet: Option<Link>,
    /// What the makers of the program should know; empty but on the pages of drafts.
    pub for_makers: Vec<MakersNote>,
}

impl Chrome {
    /// A sentence, as text.
    pub fn say(&self, key: &str) -> String {
        self.language.text(key, &[])
    }

    /// A sentence with one value, as HTML.
    pub fn with(&self, key: &str, name: &str, value: impl Into<Arg>) -> Markup {
        self.language.html(key, &[(name, value.into())])
    }

    /// A sentence with two values, as HTML.
    pub fn with_two(
        &self,
        key: &str,
        name: &str,
        value: impl Into<Arg>,
        other_name: &str,
        other: impl Into<Arg>,
    ) -> Markup {
        self.language
            .html(key, &[(name, value.into()), (other_name, other.into())])
    }

    /// A sentence with one value, as text: for titles and attributes.
    pub fn plain(&self, key: &str, name: &str, value: impl Into<Arg>) -> String {
        self.language.text(key, &[(name, value.into())])
    }

    /// A sentence with two values, as text.
    pub fn plain_two(
        &self,
        key: &str,
        name: &str,
        value: impl Into<Arg>,
        other_name: &str,
        other: impl Into<Arg>,
    ) -> String {
        self.language
            .text(key, &[(name, value.into()), (other_name, other.into())])
    }

    /// `12 October 2026` in a `<time>`.
    pub fn date(&self, at: &Instant) -> Markup {
        self.language.date_html(*at)
    }

    /// `12 October 2026`, for attributes.
    pub fn plain_date(&self, at: &Instant) -> String {
        self.language.date(*at)
    }

    /// `14:32` in a `<time>`.
    pub fn time(&self, at: &Instant) -> Markup {
        self.language.time_html(*at)
    }

    /// `12 October 2026, 14:32 UTC` in a `<time>`.
    pub fn date_time(&self, at: &Instant) -> Markup {
        self.language.date_time_html(*at)
    }

    /// The address of a file in `static/`, with the version of its content.
    pub fn asset(&self, path: &str) -> String {
        assets::href(path)
    }
}
