//! An identity: one of the things a person can sign in with (username, e-mail, phone), in the one
//! spelling under which it is stored and looked up.

use foundation::clock::Instant;

use crate::typed_text::{as_seen, number_form};
use crate::user::Username;

/// What kind of thing it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdentityKind {
    /// A username.
    Username,
    /// An e-mail address.
    Email,
    /// A phone number in E.164 form.
    Phone,
}

impl IdentityKind {
    /// The stored word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Username => "username",
            Self::Email => "email",
            Self::Phone => "phone",
        }
    }

    /// From the stored word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Username, Self::Email, Self::Phone]
            .into_iter()
            .find(|k| k.word() == word)
    }
}

/// Something to sign in with, normalised.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Which kind.
    pub kind: IdentityKind,
    /// The normalised value; unique per kind.
    pub value: String,
    /// When it was proved to be theirs; `None` while unverified.
    pub verified_at: Option<Instant>,
}

/// What a person typed into the sign-in form, as the identities it can mean, the likeliest first.
/// Empty when it cannot be any.
pub fn readings(typed: &str) -> Vec<(IdentityKind, String)> {
    let mut readings = Vec::new();
    if let Some(email) = normal_email(typed) {
        readings.push((IdentityKind::Email, email));
    }
    if let Some(phone) = normal_phone(typed) {
        readings.push((IdentityKind::Phone, phone));
    }
    if let Some(username) = Username::parse(typed) {
        readings.push((IdentityKind::Username, username.as_str().to_owned()));
    }
    readings
}

/// An e-mail address in lower case: ASCII only, one `@`, a dot in the domain. Marks that nobody sees are
/// left out; look-alikes of `@` and other Unicode forms are refused rather than folded.
pub fn normal_email(text: &str) -> Option<String> {
    let text = as_seen(text);
    let (local, domain) = text.split_once('@')?;
    let printable = |s: &str| {
        s.bytes()
            .all(|b| b.is_ascii_graphic() && !b"\"(),:;<>[]\\@".contains(&b))
    };
    let fits = text.len() <= 254
        && (1..=64).contains(&local.len())
        && printable(local)
        && printable(domain)
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !domain.contains("..");
    fits.then(|| text.to_ascii_lowercase())
}

/// A phone number as E.164 (`+` and 7 to 15 digits); what people group digits with is dropped.
pub fn normal_phone(text: &str) -> Option<String> {
    let digits = number_form(text);
    let number = digits.strip_prefix('+')?;
    let fits = (7..=15).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit())
        && !number.starts_with('0');
    fits.then(|| format!("+{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_read_as_what_it_can_mean() {
        assert_eq!(readings("Ada"), [(IdentityKind::Username, "ada".into())]);
        assert_eq!(
            readings(" Ada@Example.ORG "),
            [(IdentityKind::Email, "ada@example.org".into())]
        );
        assert_eq!(
            readings("+375 (29) 555-45-67"),
            [(IdentityKind::Phone, "+375295554567".into())]
        );
        assert_eq!(readings("ada＠example.org"), []);
        assert_eq!(readings("a b"), []);
        assert_eq!(readings(""), []);
    }

    #[test]
    fn a_number_is_read_however_it_is_grouped_and_pasted() {
        for pasted in [
            "+375 (29) 555-45-67",
            "+375/29/555.45.67",
            "[+375] 29 555 45 67",
            "\u{202A}+375 29 555\u{2011}45\u{2011}67\u{202C}",
            "\u{2066}+375\u{A0}29\u{A0}555\u{202F}45\u{202F}67\u{2069}",
            "\u{FEFF}+375\u{200B}29\u{200E}5554567",
            "\u{FF0B}\u{FF13}\u{FF17}\u{FF15} 29 555 \u{2013} 45 \u{2212} 67",
        ] {
            assert_eq!(
                normal_phone(pasted).as_deref(),
                Some("+375295554567"),
                "{pasted:?}"
            );
        }
        for bad in [
            "375295554567",
            "+375 29 555 45 6x",
            "+0295554567",
            "+375295554567,1",
            "++375295554567",
        ] {
            assert_eq!(normal_phone(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn an_address_is_read_as_it_is_seen() {
        for pasted in [
            "\u{A0}ada\u{2011}l@example.org\u{A0}",
            "\u{202A}Ada-L@Example.ORG\u{202C}",
            "ada-l@\u{200B}example.org",
            "\u{2068}ada\u{2010}l@example.org\u{2069}\u{FEFF}",
        ] {
            assert_eq!(
                normal_email(pasted).as_deref(),
                Some("ada-l@example.org"),
                "{pasted:?}"
            );
        }
        for other in [
            "ada-l\u{FF20}example.org",
            "\u{430}da-l@example.org",
            "ada\u{2013}l@example.org",
        ] {
            assert_eq!(normal_email(other), None, "{other:?}");
        }
    }

    #[test]
    fn an_address_with_two_at_signs_is_none() {
        for bad in [
            "a@b@c.org",
            "@c.org",
            "a@",
            "a@org",
            "a@.org",
            "a@x..org",
            "a b@c.org",
            "a@c.org\n@d.org",
        ] {
            assert_eq!(normal_email(bad), None, "{bad:?}");
        }
    }
}
