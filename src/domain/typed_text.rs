//! What people type and paste, in the one form in which it is stored and compared: what looks the same is
//! the same.
//!
//! Names take the form of `UsernameCaseMapped`, passwords that of `OpaqueString` (RFC 8265 §3.3, §4.2), as
//! far as they go here: a name is ASCII in the end, and a password may hold what Unicode got after version
//! 6.3, at which the tables of RFC 8264 stand still: nobody is refused for a newer emoji. Which kinds of
//! names there are is [`crate::identity`]'s; how long a password must be is decided elsewhere.

use foundation::secret::SecretText;
use unicode_normalization::UnicodeNormalization as _;

/// The text as its reader sees it: without marks that nobody sees and that a copied text brings along,
/// without blanks around it, and with hyphens as keyboards have them.
pub fn as_seen(text: &str) -> String {
    let seen = text.chars().filter(|c| !is_unseen(*c));
    let seen: String = seen.map(plain_hyphen).collect();
    seen.trim().to_owned()
}

/// A name before it is judged: as it is seen, letters of full width as ordinary ones, in small letters,
/// composed.
pub fn name_form(text: &str) -> String {
    let small = as_seen(text).chars().map(plain_width).collect::<String>();
    small.to_lowercase().nfc().collect()
}

/// The digits of a number and its `+`, without the signs that people group them with.
pub fn number_form(text: &str) -> String {
    let digits = text.chars().filter(|c| !is_unseen(*c) && !is_grouping(*c));
    digits.map(plain_width).collect()
}

/// A password in its normal form; `None` if it holds what no password may: a control character, or
/// nothing.
pub fn password_form(typed: &SecretText) -> Option<SecretText> {
    let seen = typed.expose().chars().filter(|c| !is_unseen(*c));
    let spaced = seen.map(|c| if is_space(c) { ' ' } else { c });
    let normal: String = spaced.nfc().collect();
    let fits = !normal.is_empty() && !normal.contains(char::is_control);
    fits.then(|| SecretText::new(normal))
}

/// The forms under which a typed password may have been hashed, the normal one first. How many there are
/// depends on what was typed alone, never on who it is typed for.
pub fn password_forms(typed: &SecretText) -> Vec<SecretText> {
    let normal = password_form(typed);
    let raw = typed.clone();
    match normal {
        Some(normal) if normal.expose() == raw.expose() => vec![normal],
        Some(normal) => vec![normal, raw],
        None => vec![raw],
    }
}

/// Whether a character leaves no trace in the text that it stands in: it says in which direction letters
/// run, where a word may break, or nothing. Joiners are not among them: letters look otherwise with them.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}'
        | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
    )
}

/// A blank of any width (Unicode's category Zs).
fn is_space(c: char) -> bool {
    matches!(
        c,
        ' ' | '\u{A0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}'
    )
}

/// What stands between the groups of a telephone number.
fn is_grouping(c: char) -> bool {
    is_space(c)
        || matches!(c,
            '.' | '-' | '/' | '(' | ')' | '[' | ']' | '\u{2010}'..='\u{2015}' | '\u{2044}'
            | '\u{2212}' | '\u{FE58}' | '\u{FE63}' | '\u{FF08}' | '\u{FF09}' | '\u{FF0D}'..='\u{FF0F}'
        )
}

/// A hyphen, also one at which no line may break, as the one of keyboards.
fn plain_hyphen(c: char) -> char {
    match c {
        '\u{2010}' | '\u{2011}' => '-',
        c => c,
    }
}

/// A letter, digit or sign of full width as the ordinary one.
fn plain_width(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(typed: &str) -> Option<String> {
        password_form(&SecretText::new(typed)).map(|text| text.expose().to_owned())
    }

    #[test]
    fn passwords_that_look_the_same_are_the_same() {
        for (one, other) in [
            ("caf\u{E9} noir 42", "cafe\u{301} noir 42"),
            ("\u{212B}ngstr\u{F6}m 1868", "A\u{30A}ngstro\u{308}m 1868"),
            ("open sesame now", "open\u{A0}sesame\u{2003}now"),
            ("open sesame now", "\u{202A}open sesame now\u{202C}\u{FEFF}"),
            (
                "\u{D55C}\u{AE00} \u{BE44}\u{BC00}",
                "\u{1112}\u{1161}\u{11AB}\u{1100}\u{1173}\u{11AF} \u{BE44}\u{BC00}",
            ),
        ] {
            assert_eq!(password(one), password(other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn passwords_that_look_different_are_different() {
        for (one, other) in [
            ("open sesame now", "Open sesame now"),
            ("open sesame now", " open sesame now"),
            ("1234567890a", "\u{FF11}234567890a"),
            ("x\u{B2} + y\u{B2} = z", "x2 + y2 = z"),
            ("resume of ada", "r\u{E9}sum\u{E9} of ada"),
            ("first-hyphen", "first\u{2011}hyphen"),
        ] {
            assert_ne!(password(one), password(other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn a_password_holds_letters_of_any_time_and_no_control_characters() {
        for good in [
            "\u{1F914}\u{1FAE8} thinking",
            "\u{1F469}\u{200D}\u{1F680} astronaut",
        ] {
            assert_eq!(password(good).as_deref(), Some(good));
        }
        for bad in [
            "", "\u{200B}", "a\nb", "a\tb", "a\u{0}b", "\u{7F}", "a\u{85}b",
        ] {
            assert_eq!(password(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn how_many_forms_there_are_is_in_what_was_typed() {
        let forms = |typed: &str| password_forms(&SecretText::new(typed)).len();
        assert_eq!(forms("open sesame"), 1);
        assert_eq!(forms("cafe\u{301} noir"), 2);
        assert_eq!(forms("a\nb"), 1);
    }

    #[test]
    fn names_lose_their_width_and_their_case() {
        for (typed, name) in [
            (" Ada ", "ada"),
            ("\u{FF21}\u{FF44}\u{FF41}", "ada"),
            ("\u{202A}ada\u{2011}lovelace\u{202C}", "ada-lovelace"),
            ("\u{A0}ada\u{200B}", "ada"),
            ("cafe\u{301}", "caf\u{E9}"),
        ] {
            assert_eq!(name_form(typed), name, "{typed:?}");
        }
    }
}
