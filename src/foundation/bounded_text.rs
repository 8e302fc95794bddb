//! Bounds for text that comes from outside: names, parameters, manifests.

/// Text of at most `MAX` characters without control characters (line breaks included) and without
/// the bidirectional overrides that let a name rewrite the sentence around it.
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
    /// A control character or a bidirectional override.
    #[error("contains a character that is not allowed")]
    Character,
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

/// Control characters, and the invisible ones that change the order or the look of what follows
/// (Unicode TR 36 §2.4: bidirectional text spoofing).
pub fn is_unsafe_to_show(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
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
}
