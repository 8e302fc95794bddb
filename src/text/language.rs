//! One language: its sentences, its direction, and how values are put into them.
//!
//! Owns the lookup of a sentence by key. `languages` chooses which language; `moment` writes dates
//! with it.

use std::fmt;
use std::sync::Arc;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use foundation::bounded_text::safe_to_show;
use unic_langid::{CharacterDirection, LanguageIdentifier};

use crate::markup::{Markup, escape, isolated};

/// A language that pages can be written in. Cheap to clone.
#[derive(Clone)]
pub struct Language(Arc<LanguageInner>);

struct LanguageInner {
    tag: LanguageIdentifier,
    tag_text: String,
    messages: FluentBundle<FluentResource>,
    /// Where a sentence is looked for that this language lacks.
    fallback: Option<Language>,
}

/// A value that is put into a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arg {
    /// Foreign text. It cannot choose a variant of the sentence.
    Text(String),
    /// A count; languages choose their plural forms by it.
    Number(i64),
    /// HTML of our own, such as a `<time>`. Plain text shows it escaped.
    Markup(Markup),
}

impl Language {
    /// From the text of its translation files. Mistakes in them leave sentences out; the tests of
    /// this crate see to it that there are none.
    pub(crate) fn new(tag: LanguageIdentifier, files: &[&str], fallback: Option<Language>) -> Self {
        let mut messages = FluentBundle::new_concurrent(vec![tag.clone()]);
        // Values are isolated by `<bdi>`, which does not end up in what people copy.
        messages.set_use_isolating(false);
        for file in files {
            let resource = match FluentResource::try_new((*file).to_owned()) {
                Ok(resource) | Err((resource, _)) => resource,
            };
            messages.add_resource_overriding(resource);
        }
        Self(Arc::new(LanguageInner {
            tag_text: tag.to_string(),
            tag,
            messages,
            fallback,
        }))
    }

    /// The tag of RFC 5646, for `<html lang>`.
    pub fn tag(&self) -> &str {
        &self.0.tag_text
    }

    /// Its own tag and those of the languages where a sentence is looked for that it lacks.
    pub(crate) fn with_fallback(&self) -> Vec<&LanguageIdentifier> {
        let fallback = self.0.fallback.iter().flat_map(Self::with_fallback);
        std::iter::once(&self.0.tag).chain(fallback).collect()
    }

    /// `ltr` or `rtl`, for `<html dir>`.
    pub fn direction(&self) -> &'static str {
        match self.0.tag.character_direction() {
            CharacterDirection::RTL => "rtl",
            _ => "ltr",
        }
    }

    /// Whether this language, or its fallback, has the sentence.
    pub fn has(&self, key: &str) -> bool {
        self.0.messages.has_message(key) || self.0.fallback.as_ref().is_some_and(|l| l.has(key))
    }

    /// A sentence as plain text, for titles, attributes and mail. A missing one is shown as its
    /// key in `⟪ ⟫`.
    pub fn text(&self, key: &str, args: &[(&str, Arg)]) -> String {
        self.format(key, args, |_, arg| match arg {
            Arg::Text(text) => FluentValue::from(safe_to_show(text)),
            Arg::Number(number) => FluentValue::from(*number),
            Arg::Markup(markup) => FluentValue::from(markup.as_str().to_owned()),
        })
    }

    /// A sentence as HTML: its words escaped, each foreign value escaped and in `<bdi>`.
    pub fn html(&self, key: &str, args: &[(&str, Arg)]) -> Markup {
        // Fluent gets a private-use character in place of each value, so that the words can be
        // escaped before the values, which are HTML already, take their places.
        let sentence = self.format(key, args, |place, arg| match arg {
            Arg::Number(number) => FluentValue::from(*number),
            _ => FluentValue::from(place_holder(place).to_string()),
        });
        // One pass: what a value holds is never looked at again.
        let mut html = String::with_capacity(sentence.len());
        for c in sentence.chars() {
            match place_of(c).and_then(|place| args.get(place)) {
                Some((_, Arg::Text(text))) => html.push_str(isolated(text).as_str()),
                Some((_, Arg::Markup(markup))) => html.push_str(markup.as_str()),
                _ => html.push_str(&escape(c.encode_utf8(&mut [0; 4]))),
            }
        }
        Markup::escaped(html)
    }

    fn format<'a>(
        &self,
        key: &str,
        args: &'a [(&str, Arg)],
        value: impl Fn(usize, &'a Arg) -> FluentValue<'a>,
    ) -> String {
        let Some(pattern) = self
            .0
            .messages
            .get_message(key)
            .and_then(|message| message.value())
        else {
            return match &self.0.fallback {
                Some(language) => language.format(key, args, value),
                None => format!("⟪{key}⟫"),
            };
        };
        let values: FluentArgs<'_> = args
            .iter()
            .enumerate()
            .map(|(place, (name, arg))| ((*name).to_owned(), value(place, arg)))
            .collect();
        let mut errors = Vec::new();
        self.0
            .messages
            .format_pattern(pattern, Some(&values), &mut errors)
            .into_owned()
    }
}

/// Stands for the value at one place. Sentences hold no private-use characters: a test says so.
fn place_holder(place: usize) -> char {
    u32::try_from(place)
        .ok()
        .and_then(|n| char::from_u32(0xE000 + n))
        .unwrap_or('\u{F8FF}')
}

/// The place that a character stands for.
fn place_of(c: char) -> Option<usize> {
    usize::try_from(u32::from(c).checked_sub(0xE000)?).ok()
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Language({})", self.tag())
    }
}

impl PartialEq for Language {
    fn eq(&self, other: &Self) -> bool {
        self.0.tag == other.0.tag
    }
}

impl AsRef<LanguageIdentifier> for Language {
    fn as_ref(&self) -> &LanguageIdentifier {
        &self.0.tag
    }
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Arg {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<i32> for Arg {
    fn from(number: i32) -> Self {
        Self::Number(number.into())
    }
}

impl From<u32> for Arg {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<Markup> for Arg {
    fn from(markup: Markup) -> Self {
        Self::Markup(markup)
    }
}

/// What templates pass is borrowed, sometimes twice.
impl<T: Clone + Into<Arg>> From<&T> for Arg {
    fn from(value: &T) -> Self {
        value.clone().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language(file: &str) -> Language {
        Language::new("en".parse().expect("a tag"), &[file], None)
    }

    #[test]
    fn a_value_is_isolated_and_escaped_but_the_words_stay() {
        let l = language("hello = Hello & welcome, { $name }!");
        assert_eq!(
            l.text("hello", &[("name", "Ada".into())]),
            "Hello & welcome, Ada!"
        );
        assert_eq!(
            l.html("hello", &[("name", "<b>\u{202E}".into())]).as_str(),
            "Hello &amp; welcome, <bdi>&lt;b&gt;</bdi>!"
        );
    }

    #[test]
    fn a_count_chooses_the_plural() {
        let l = language(
            "wait = { $seconds ->\n    [one] a second\n   *[other] { $seconds } seconds\n }",
        );
        assert_eq!(l.text("wait", &[("seconds", 1.into())]), "a second");
        assert_eq!(
            l.html("wait", &[("seconds", 8.into())]).as_str(),
            "8 seconds"
        );
    }

    #[test]
    fn a_value_cannot_stand_for_another_one() {
        let l = language("both = { $a } and { $b }");
        let html = l.html("both", &[("a", "\u{E001}".into()), ("b", "secret".into())]);
        assert_eq!(html.as_str().matches("secret").count(), 1);
    }

    #[test]
    fn a_missing_sentence_comes_from_the_fallback_or_shows_its_key() {
        let english = language("only-here = Here");
        let tag = "de".parse().expect("a tag");
        let german = Language::new(tag, &["other = Anderes"], Some(english));
        assert_eq!(german.text("only-here", &[]), "Here");
        assert_eq!(german.text("nowhere", &[]), "⟪nowhere⟫");
        assert!(german.has("only-here") && !german.has("nowhere"));
    }
}
