//! An identity: one of the things a person can sign in with (username, e-mail, phone), in the one
//! spelling under which it is stored and looked up.

use foundation::clock::Instant;

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

/// An e-mail address in lower case: ASCII only, one `@`, a dot in the domain. Look-alikes of `@`
/// and other Unicode forms are refused rather than folded.
pub fn normal_email(text: &str) -> Option<String> {
    let text = text.trim();
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

/// A phone number as E.164 (`+` and 7 to 15 digits); spaces, dots, dashes and brackets are
/// dropped.
pub fn normal_phone(text: &str) -> Option<String> {
    let digits: String = text
        .trim()
        .chars()
        .filter(|c| !" .-()\u{a0}".contains(*c))
        .collect();
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
