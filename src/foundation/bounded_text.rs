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
        if text.chars().any(is_unsafe_to_show) {
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
        ] {
            let refused = BoundedText::<20>::parse(unseen);
            assert_eq!(refused, Err(TextError::Character), "{unseen:?}");
            assert!(!safe_to_show(unseen).chars().any(is_unsafe_to_show));
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
