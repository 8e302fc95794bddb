//! The face of a program: how a person recognises who is asking.
//!
//! Owns what is shown of it. Whether its publisher is verified was decided elsewhere.

use super::link::Link;

/// A mini-program or another client, as pages show it.
#[derive(Clone, Debug, PartialEq)]
pub struct ProgramFace {
    /// Its name, as registered.
    pub name: String,
    /// Its icon ([`Link::parse_image`] of `icon_uri` or `logo_uri`); without one, its first letter.
    pub icon: Option<Link>,
    /// Who made it; `None` for a client that is no mini-program.
    pub publisher: Option<ShownPublisher>,
    /// Whether it is a draft, which only testers can open: it wears a Test ribbon.
    pub draft: bool,
    /// Whether it is suspended: the account page says that it is not available.
    pub suspended: bool,
    /// Its privacy policy.
    pub policy_uri: Option<Link>,
    /// Its terms of service.
    pub tos_uri: Option<Link>,
}

/// A publisher, as pages show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownPublisher {
    /// Its name.
    pub name: String,
    /// Whether the operator has verified it.
    pub verified: bool,
}

/// How many colours the style sheet has for letters (`tint-0` …).
const TINTS: u32 = 6;

impl ProgramFace {
    /// The letter that stands for a missing icon.
    pub fn initial(&self) -> String {
        initial(&self.name)
    }

    /// Which colour the letter stands on: the same one for the same name.
    pub fn tint(&self) -> u32 {
        self.name
            .chars()
            .fold(0, |sum, c| (sum * 31 + u32::from(c)) % 65_521)
            % TINTS
    }

    /// Whether it says anything about itself elsewhere.
    pub fn has_links(&self) -> bool {
        self.policy_uri.is_some() || self.tos_uri.is_some()
    }
}

/// The first letter or digit of a name, in upper case.
pub fn initial(name: &str) -> String {
    name.chars()
        .find(|c| c.is_alphanumeric())
        .map_or_else(|| "?".to_owned(), |c| c.to_uppercase().collect())
}

#[cfg(test)]
mod tests {
    use super::initial;

    #[test]
    fn the_first_letter_stands_for_an_icon() {
        assert_eq!(
            ["market", "  «Ёж»", "1st", "🛒"].map(initial),
            ["M", "Ё", "1", "?"]
        );
    }
}
