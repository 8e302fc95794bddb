//! What a request says about the language of its answer, and the one negotiation that comes of it.
//!
//! A value that travels with the request: `web` reads it from the headers, `flow` adds what it learns
//! of the request and of the person. Page, purpose and error take their language from it and from
//! nowhere else, and a receipt keeps the purpose that the page showed.

use crate::language::Language;
use crate::languages::Languages;

/// What a request says about the language of its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    ui_locales: Vec<String>,
    page_before: Option<String>,
    accept_language: Option<String>,
}

impl Wishes {
    /// Those of a browser: its `Accept-Language`, and the language of the page that it was shown last,
    /// where that was another one than this header gives.
    pub fn of_browser(accept_language: Option<String>, page_before: Option<String>) -> Self {
        Self {
            ui_locales: Vec::new(),
            page_before,
            accept_language,
        }
    }

    /// Those of a request that begins something: what it says itself counts, and no page before it.
    pub fn of_beginning(self, ui_locales: Vec<String>) -> Self {
        Self {
            ui_locales,
            page_before: None,
            accept_language: self.accept_language,
        }
    }

    /// The language of a page: by `ui_locales`, else by the person's setting, else by
    /// `Accept-Language`.
    pub fn of_page(&self, ui_locales: &[String], setting: Option<&str>) -> Language {
        let header = self.accept_language.as_deref();
        Languages::built_in().negotiate(ui_locales, setting, header)
    }

    /// The language of what is said where no page's own is known, such as an error: that of the page
    /// before, if there was one.
    pub fn as_before(&self, setting: Option<&str>) -> Language {
        let before = self.ui_locales.iter().chain(&self.page_before);
        self.of_page(&before.cloned().collect::<Vec<_>>(), setting)
    }

    /// What has to be remembered of a page that is shown now, so that the next request has it as
    /// [`Wishes::of_browser`] wants it; `None` if the browser remembers the right thing already.
    pub fn to_remember(&self, shown: &Language) -> Option<Remember> {
        let tag = shown.tag();
        let says_header = self.of_page(&[], None) == *shown;
        match self.page_before.as_deref() {
            Some(_) if says_header => Some(Remember::Nothing),
            None if says_header => None,
            Some(before) if before == tag => None,
            _ => Some(Remember::Tag(tag.to_owned())),
        }
    }
}

/// What a browser has to remember of the page that it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remember {
    /// Its language.
    Tag(String),
    /// Nothing any more: its header says it.
    Nothing,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn browser(header: &str, before: Option<&str>) -> Wishes {
        Wishes::of_browser(Some(header.to_owned()), before.map(str::to_owned))
    }

    fn tags(tags: &[&str]) -> Vec<String> {
        tags.iter().map(|tag| (*tag).to_owned()).collect()
    }

    #[test]
    fn a_page_follows_the_request_then_the_person_then_the_browser() {
        let wishes = browser("en", Some("en"));
        assert_eq!(wishes.of_page(&tags(&["xx", "ru"]), Some("en")).tag(), "ru");
        assert_eq!(wishes.of_page(&tags(&["xx"]), Some("ru")).tag(), "ru");
        assert_eq!(wishes.of_page(&[], None).tag(), "en");
        assert_eq!(
            browser("ru-RU, en;q=0.5", None).of_page(&[], None).tag(),
            "ru"
        );
    }

    #[test]
    fn an_error_follows_the_page_before_unless_a_request_begins_something() {
        let wishes = browser("en", Some("ru"));
        assert_eq!(wishes.as_before(None).tag(), "ru");
        assert_eq!(wishes.as_before(Some("en")).tag(), "ru");
        let begins = wishes.clone().of_beginning(Vec::new());
        assert_eq!(begins.as_before(None).tag(), "en");
        assert_eq!(begins.as_before(Some("ru")).tag(), "ru");
        let asks = wishes.of_beginning(tags(&["en"]));
        assert_eq!(asks.as_before(Some("ru")).tag(), "en");
        assert_eq!(browser("ru", None).as_before(None).tag(), "ru");
    }

    #[test]
    fn only_what_the_header_does_not_say_is_remembered() {
        let in_russian = browser("ru", None).of_page(&[], None);
        let tag = || Some(Remember::Tag("ru".to_owned()));
        assert_eq!(browser("ru", None).to_remember(&in_russian), None);
        assert_eq!(browser("en", None).to_remember(&in_russian), tag());
        assert_eq!(browser("en", Some("xx")).to_remember(&in_russian), tag());
        assert_eq!(browser("en", Some("ru")).to_remember(&in_russian), None);
        let forgets = browser("ru", Some("en")).to_remember(&in_russian);
        assert_eq!(forgets, Some(Remember::Nothing));
    }
}
