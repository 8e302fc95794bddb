//! A member of a client's metadata that means nothing here, and the one that was probably meant.

use std::fmt;

use foundation::bounded_text::safe_to_show;

use crate::spelling;

/// A member that means nothing here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownMember {
    /// Its name, as it was written.
    pub name: String,
    /// The member that is spelled almost like it.
    pub closest: Option<&'static str>,
}

impl UnknownMember {
    /// One that is not among those that are understood.
    pub(super) fn among(name: &str, understood: &[&'static str]) -> Self {
        Self {
            name: name.to_owned(),
            closest: spelling::closest(name, understood.iter().copied()),
        }
    }
}

/// Names from a file cannot move the cursor.
impl fmt::Display for UnknownMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = safe_to_show(&self.name);
        write!(f, "{name} means nothing to Portico and is ignored; ")?;
        match self.closest {
            Some(closest) => write!(f, "did you mean {closest}?"),
            None => f.write_str("is it misspelt?"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_name_is_offered() {
        let understood = [
            "redirect_uris",
            "testers",
            "scope",
            "portico:host",
            "client_name",
        ];
        let closest = |name| UnknownMember::among(name, &understood).closest;
        for (name, expected) in [
            ("redirect_uri", Some("redirect_uris")),
            ("testrs", Some("testers")),
            ("scpoe", Some("scope")),
            ("portico:hosts", Some("portico:host")),
            ("Client_Name", Some("client_name")),
            ("software_id", None),
            ("x", None),
        ] {
            assert_eq!(closest(name), expected, "{name}");
        }
    }

    #[test]
    fn a_name_cannot_move_the_cursor() {
        let member = UnknownMember::among("a\u{1b}[2Jb", &[]);
        assert_eq!(
            member.to_string(),
            "a[2Jb means nothing to Portico and is ignored; is it misspelt?"
        );
    }
}
