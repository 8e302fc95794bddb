//! Bounds for text that comes from outside: names, parameters, manifests.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Marks on one letter: no writing has more (Unicode TR 39 §5.4 says to look for that).
const MAX_MARKS: usize = 4;

/// Text of at most `MAX` characters without what nobody sees, control characters (line breaks included)
/// and the bidirectional overrides that let a name rewrite the sentence around it among it, and without
/// marks that cover what stands above and below.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BoundedText<const MAX: usize>(String);

/// Why text was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// Longer than the bound.
    #[error("is longer than {0} characters")]
    TooLong(usize),
    /// A character that cannot be seen.
    #[error("contains a character that is not allowed")]
    Character,
    /// More marks on one letter than any writing has, or one on no letter.
    #[error("has more marks on a letter than any writing, or one that stands on no letter")]
    Marks,
}

impl<const MAX: usize> BoundedText<MAX> {
    /// Trims and checks. The bound counts characters, not bytes.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        if text.chars().count() > MAX {
            return Err(TextError::TooLong(MAX));
        }
        if !unseen(text).is_empty() {
            return Err(TextError::Character);
        }
        if has_strange_marks(text) {
            return Err(TextError::Marks);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, owned.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// Control characters, and those without a look of their own (Unicode's default ignorables, separators
/// of lines, fillers, tags): they change the order or the look of what follows (Unicode TR 36 §2.4:
/// bidirectional text spoofing), or make two texts of one look. Those that choose a form of the letter
/// before them are not among them.
pub fn is_unsafe_to_show(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{2800}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// What of a text nobody sees, in order: what [`is_unsafe_to_show`] names, and the choice of a form that
/// the character before it does not have.
pub fn unseen(text: &str) -> Vec<char> {
    let characters: Vec<char> = text.chars().collect();
    let at = |place: usize| characters.get(place).copied();
    let is_unseen = |place: usize, c: char| {
        let before = place.checked_sub(1).and_then(at);
        is_unsafe_to_show(c) || (chooses_form(c) && !has_forms(before, c, at(place + 1)))
    };
    let places = characters.iter().enumerate();
    let unseen = places.filter(|(place, c)| is_unseen(*place, **c));
    unseen.map(|(_, c)| *c).collect()
}

/// Whether a character shows nothing but in what form the one before it is shown (Unicode's variation
/// selectors, Mongolian ones among them).
fn chooses_form(c: char) -> bool {
    matches!(c, '\u{180B}'..='\u{180D}' | '\u{180F}' | '\u{FE00}'..='\u{FE0F}')
}

/// Whether such a choice shows: Mongolian letters have forms, signs are text or emoji, and so are digits
/// on a key.
fn has_forms(before: Option<char>, selector: char, after: Option<char>) -> bool {
    match (before, selector) {
        (Some('\u{1800}'..='\u{18AF}'), '\u{180B}'..='\u{180F}') => true,
        (Some(sign), '\u{FE0E}' | '\u{FE0F}') => {
            after == Some('\u{20E3}') || !(sign.is_alphanumeric() || sign.is_whitespace())
        }
        _ => false,
    }
}

/// Whether marks are stacked higher than in any writing, or one stands on nothing, and so on what comes
/// before the text. Letters that have marks of their own are taken apart.
fn has_strange_marks(text: &str) -> bool {
    let mut marks = MAX_MARKS;
    text.nfd().any(|c| {
        marks = match is_combining_mark(c) {
            true => marks + 1,
            // The first mark of the text, or on a blank, is one too many.
            false if c.is_whitespace() => MAX_MARKS,
            false => 0,
        };
        marks > MAX_MARKS
    })
}

/// The same text without what [`is_unsafe_to_show`] names, for showing what was stored earlier.
pub fn safe_to_show(text: &str) -> String {
    text.chars().filter(|c| !is_unsafe_to_show(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_rewrite_the_sentence_around_it() {
        assert_eq!(
            BoundedText::<20>::parse(" Market ").map(BoundedText::into_string),
            Ok("Market".into())
        );
        assert_eq!(BoundedText::<3>::parse("Märk"), Err(TextError::TooLong(3)));
        assert_eq!(
            BoundedText::<20>::parse("\u{202E}knaB"),
            Err(TextError::Character)
        );
        assert_eq!(BoundedText::<20>::parse("a\nb"), Err(TextError::Character));
        assert_eq!(BoundedText::<20>::parse("  "), Err(TextError::Empty));
    }

    #[test]
    fn what_nobody_sees_is_not_in_a_name() {
        for unseen in [
            "Mar\u{AD}ket",
            "Market\u{34F}",
            "Market\u{3164}",
            "\u{2800}",
            "Mar\u{2028}ket",
            "Market\u{E0001}",
            "Mar\u{FFF9}ket",
            "Mar\u{61C}ket",
            "Mar\u{FE0F}ket",
            "\u{FE0F}Market",
            "Market \u{FE0F}",
            "Market\u{180B}",
            "日\u{FE00}本",
        ] {
            let refused = BoundedText::<20>::parse(unseen);
            assert_eq!(refused, Err(TextError::Character), "{unseen:?}");
        }
    }

    #[test]
    fn marks_are_on_letters_and_not_in_heaps() {
        for name in [
            "Vi\u{1EC7}t Nam",
            "Vie\u{323}\u{302}t",
            "ร้านค้าที่นี่",
            "शॉपिंग क्लिक",
            "مُحَمَّدٌ",
            "שַׁבָּת",
            "❤\u{FE0F} Pizza 1\u{FE0F}\u{20E3}",
            "\u{182A}\u{180B}\u{1820}",
        ] {
            assert!(BoundedText::<40>::parse(name).is_ok(), "{name}");
        }
        for heap in [
            "Ma\u{300}\u{301}\u{302}\u{303}\u{304}rket",
            "M\u{1EC7}\u{300}\u{301}\u{302}",
            "\u{20DD}Market",
            "Corner \u{332}Shop",
        ] {
            assert_eq!(
                BoundedText::<40>::parse(heap),
                Err(TextError::Marks),
                "{heap:?}"
            );
        }
    }
}
