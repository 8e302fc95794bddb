//! Which languages there are, which one a page is written in, and which of a stranger's texts goes
//! with it.
//!
//! Owns negotiation. What is wished for, and by whom, is in `wishes`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use fluent_langneg::NegotiationStrategy::Lookup;
use fluent_langneg::negotiate_languages;
use unic_langid::LanguageIdentifier;

use crate::language::Language;

include!(concat!(env!("OUT_DIR"), "/sources.rs"));

/// The language that has every sentence, and the last resort.
pub const FALLBACK: &str = "en";

/// Wishes beyond these are not read.
const MAX_WISHES: usize = 20;
/// An `Accept-Language` header longer than this is not read.
const MAX_HEADER_BYTES: usize = 1024;

static BUILT_IN: LazyLock<Languages> = LazyLock::new(|| Languages::from_sources(SOURCES));

/// All languages.
#[derive(Clone, Debug)]
pub struct Languages {
    fallback: Language,
    /// English first.
    all: Vec<Language>,
}

impl Languages {
    /// Those of `languages/`.
    pub fn built_in() -> &'static Languages {
        &BUILT_IN
    }

    /// From translation files: tag, file name, text. A tag that is none is left out.
    pub fn from_sources(sources: &[(&str, &str, &str)]) -> Self {
        let files_of = |tag: &str| -> Vec<&str> {
            sources
                .iter()
                .filter(|(of, _, _)| *of == tag)
                .map(|(_, _, text)| *text)
                .collect()
        };
        let fallback_tag: LanguageIdentifier = FALLBACK.parse().unwrap_or_default();
        let fallback = Language::new(fallback_tag, &files_of(FALLBACK), None);
        let mut tags: Vec<&str> = sources.iter().map(|(tag, _, _)| *tag).collect();
        tags.dedup();
        let others = tags
            .into_iter()
            .filter(|tag| *tag != FALLBACK)
            .filter_map(|tag| {
                let id: LanguageIdentifier = tag.parse().ok()?;
                Some(Language::new(id, &files_of(tag), Some(fallback.clone())))
            });
        let all = std::iter::once(fallback.clone()).chain(others).collect();
        Self { fallback, all }
    }

    /// The last resort: English.
    pub fn fallback(&self) -> Language {
        self.fallback.clone()
    }

    /// The language of a tag, if it is one of ours.
    pub fn named(&self, tag: &str) -> Option<Language> {
        self.all
            .iter()
            .find(|language| language.tag() == tag)
            .cloned()
    }

    /// The tags of all languages, for `ui_locales_supported`.
    pub fn tags(&self) -> Vec<String> {
        self.all
            .iter()
            .map(|language| language.tag().to_owned())
            .collect()
    }

    /// The first language that is both wished for and there: `ui_locales` in their order, then the
    /// person's setting, then the header by its weights; else English. Never fails: "An error
    /// SHOULD NOT result if some or all of the requested locales are not supported" (OpenID Connect
    /// Core §3.1.2.1).
    pub fn negotiate(
        &self,
        ui_locales: &[String],
        person: Option<&str>,
        accept_language: Option<&str>,
    ) -> Language {
        let header = accept_language.map(wishes_of_header).unwrap_or_default();
        let wishes: Vec<LanguageIdentifier> = ui_locales
            .iter()
            .take(MAX_WISHES)
            .map(String::as_str)
            .chain(person)
            .chain(header)
            .filter_map(|wish| wish.parse().ok())
            .collect();
        let found = negotiate_languages(&wishes, &self.all, None, Lookup);
        found
            .first()
            .map_or_else(|| self.fallback(), |language| (*language).clone())
    }
}

/// A stranger's text in one of the languages that they wrote it in.
#[derive(PartialEq)]
struct WrittenText<'a> {
    language: LanguageIdentifier,
    text: &'a str,
}

impl AsRef<LanguageIdentifier> for WrittenText<'_> {
    fn as_ref(&self) -> &LanguageIdentifier {
        &self.language
    }
}

impl Language {
    /// The text that goes with a page in this language: in the language itself, else in English as the
    /// page would be, else the first that there is.
    pub fn choose<'a>(&self, texts: &'a BTreeMap<String, String>) -> Option<&'a str> {
        let written = texts.iter().filter_map(|(tag, text)| {
            let language = tag.parse().ok()?;
            Some(WrittenText { language, text })
        });
        let written: Vec<WrittenText<'a>> = written.collect();
        let wishes: Vec<&LanguageIdentifier> = self.with_fallback();
        let found = negotiate_languages(&wishes, &written, None, Lookup);
        let first = || texts.values().next().map(String::as_str);
        found.first().map(|written| written.text).or_else(first)
    }
}

/// The ranges of an `Accept-Language` header (RFC 9110 §12.5.4), best first. A weight of 0 means
/// "not acceptable" (§12.4.2) and, like anything malformed, is left out.
fn wishes_of_header(header: &str) -> Vec<&str> {
    if header.len() > MAX_HEADER_BYTES {
        return Vec::new();
    }
    let mut weighed: Vec<(u32, &str)> = header
        .split(',')
        .take(MAX_WISHES)
        .filter_map(|part| {
            let (range, parameters) = part.split_once(';').unwrap_or((part, ""));
            let weight = match parameters.trim().strip_prefix("q=") {
                Some(q) => q
                    .trim()
                    .parse::<f32>()
                    .ok()
                    .filter(|q| (0.0..=1.0).contains(q))?,
                None => 1.0,
            };
            // Three decimals at most (§12.4.2), so thousandths order them exactly.
            let thousandths = (weight * 1000.0).round() as u32;
            (thousandths > 0).then_some((thousandths, range.trim()))
        })
        .collect();
    // Stable: ranges of equal weight keep the order of the header.
    weighed.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    weighed.into_iter().map(|(_, range)| range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn languages() -> Languages {
        Languages::from_sources(&[
            ("ar", "a.ftl", "hello = Ahlan"),
            ("en", "a.ftl", "hello = Hello"),
            ("pt-BR", "a.ftl", "hello = Olá"),
        ])
    }

    fn chosen(ui_locales: &[&str], person: Option<&str>, header: Option<&str>) -> String {
        let ui_locales: Vec<String> = ui_locales.iter().map(|t| (*t).to_owned()).collect();
        languages()
            .negotiate(&ui_locales, person, header)
            .tag()
            .to_owned()
    }

    #[test]
    fn the_request_goes_before_the_person_and_the_person_before_the_browser() {
        assert_eq!(chosen(&["xx", "ar"], Some("pt-BR"), Some("en")), "ar");
        assert_eq!(chosen(&["xx"], Some("pt-BR"), Some("ar")), "pt-BR");
        assert_eq!(chosen(&[], None, Some("xx, ar;q=0.5, pt;q=0.8")), "pt-BR");
        assert_eq!(chosen(&[], None, None), "en");
    }

    #[test]
    fn a_region_that_is_not_there_finds_its_language() {
        assert_eq!(chosen(&["ar-EG"], None, None), "ar");
        assert_eq!(chosen(&["pt-PT"], None, None), "pt-BR");
        assert_eq!(chosen(&["en-GB"], Some("ar"), None), "en");
    }

    #[test]
    fn what_is_not_acceptable_or_not_a_language_is_passed_over() {
        assert_eq!(
            chosen(&["*", "", "no such thing"], None, Some("ar;q=0, *;q=0.5")),
            "en"
        );
        assert_eq!(
            chosen(&[], None, Some("ar;q=9, ar;q=x, pt;q=0.001")),
            "pt-BR"
        );
        assert_eq!(chosen(&[], None, Some(&"ar,".repeat(1000))), "en");
    }

    #[test]
    fn a_strangers_text_goes_with_the_page() {
        let texts = |tags: &[&str]| -> BTreeMap<String, String> {
            let texts = tags
                .iter()
                .map(|tag| ((*tag).to_owned(), (*tag).to_owned()));
            texts.collect()
        };
        let arabic = languages().negotiate(&["ar".into()], None, None);
        for (written, chosen) in [
            (&["ar", "de", "en"][..], Some("ar")),
            (&["ar-EG", "en"], Some("ar-EG")),
            (&["de", "en-GB"], Some("en-GB")),
            (&["de", "fr"], Some("de")),
            (&["123456789", "AR"], Some("AR")),
            (&[], None),
        ] {
            assert_eq!(arabic.choose(&texts(written)), chosen, "{written:?}");
        }
        let english = languages().fallback();
        assert_eq!(english.choose(&texts(&["ar", "en"])), Some("en"));
        assert_eq!(english.choose(&texts(&["ar"])), Some("ar"));
    }

    #[test]
    fn arabic_is_written_from_the_right() {
        let all = languages();
        assert_eq!(all.negotiate(&["ar".into()], None, None).direction(), "rtl");
        assert_eq!(all.fallback().direction(), "ltr");
        assert_eq!(all.tags(), ["en", "ar", "pt-BR"]);
    }
}

#[cfg(test)]
mod translations {
    use std::collections::{BTreeMap, BTreeSet};

    use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};

    use super::*;

    /// Key → names of its arguments, of one language.
    fn keys(tag: &str) -> BTreeMap<String, BTreeSet<String>> {
        let mut keys = BTreeMap::new();
        for (_, file, text) in SOURCES.iter().filter(|(of, _, _)| *of == tag) {
            let resource = fluent_syntax::parser::parse(*text)
                .unwrap_or_else(|(_, errors)| panic!("{tag}/{file}: {errors:?}"));
            for entry in resource.body {
                if let Entry::Message(message) = entry {
                    let mut names = BTreeSet::new();
                    arguments(
                        message.value.as_ref().expect("a message has a value"),
                        &mut names,
                    );
                    let key = message.id.name.to_owned();
                    assert!(
                        keys.insert(key, names).is_none(),
                        "{tag}/{file}: {} twice",
                        message.id.name
                    );
                }
            }
        }
        keys
    }

    fn arguments(pattern: &Pattern<&str>, names: &mut BTreeSet<String>) {
        for element in &pattern.elements {
            match element {
                PatternElement::TextElement { .. } => {}
                PatternElement::Placeable {
                    expression: Expression::Inline(inline),
                } => {
                    argument(inline, names);
                }
                PatternElement::Placeable {
                    expression: Expression::Select { selector, variants },
                } => {
                    argument(selector, names);
                    variants
                        .iter()
                        .for_each(|variant| arguments(&variant.value, names));
                }
            }
        }
    }

    fn argument(inline: &InlineExpression<&str>, names: &mut BTreeSet<String>) {
        if let InlineExpression::VariableReference { id } = inline {
            names.insert(id.name.to_owned());
        }
    }

    #[test]
    fn all_languages_have_equal_keys_and_arguments() {
        let english = keys(FALLBACK);
        assert!(english.len() > 50, "the English sentences were found");
        for language in Languages::built_in().tags() {
            assert_eq!(keys(&language), english, "{language} against English");
        }
    }

    #[test]
    fn every_folder_is_a_language() {
        for (tag, _, _) in SOURCES {
            assert!(
                Languages::built_in()
                    .tags()
                    .iter()
                    .any(|known| known == tag),
                "{tag}"
            );
        }
    }

    #[test]
    fn sentences_hold_no_place_holders_and_no_invisible_marks() {
        for (tag, file, text) in SOURCES {
            let bad = text.chars().find(|c| {
                *c != '\n'
                    && (foundation::bounded_text::is_unsafe_to_show(*c)
                        || ('\u{E000}'..='\u{F8FF}').contains(c))
            });
            assert_eq!(bad, None, "{tag}/{file}");
        }
    }
}
