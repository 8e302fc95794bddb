//! The `prompt` parameter (OpenID Connect Core §3.1.2.1).

use serde::{Deserialize, Serialize};

use crate::authorization_error::{AuthorizationErrorCode, AuthorizationRefusal};

/// What the client wants the person to be asked. `none` never stands with another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompts {
    /// No page may be shown.
    pub none: bool,
    /// Sign in again.
    pub login: bool,
    /// Ask for consent again.
    pub consent: bool,
    /// Let the person choose an account.
    pub select_account: bool,
}

impl Prompts {
    /// The values that are understood, as discovery announces them.
    pub const SUPPORTED: &[&str] = &["none", "login", "consent", "select_account"];

    /// Reads the space-delimited, case-sensitive list. Unknown values are ignored.
    ///
    /// # Errors
    /// `none` stands beside another value.
    pub fn parse(text: &str) -> Result<Self, AuthorizationRefusal> {
        let mut prompts = Self::default();
        let mut others = false;
        for value in text.split(' ').filter(|value| !value.is_empty()) {
            others |= value != "none";
            match value {
                "none" => prompts.none = true,
                "login" => prompts.login = true,
                "consent" => prompts.consent = true,
                "select_account" => prompts.select_account = true,
                _ => {}
            }
        }
        // "If this parameter contains none with any other value, an error is returned."
        if prompts.none && others {
            let description = "prompt=none must not be combined with another value";
            return Err(AuthorizationRefusal::new(
                AuthorizationErrorCode::InvalidRequest,
                description,
            ));
        }
        Ok(prompts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_stands_alone() {
        assert!(Prompts::parse("none").is_ok_and(|p| p.none && !p.login));
        assert!(Prompts::parse("none none").is_ok());
        for text in ["none login", "consent none", "none unknown"] {
            assert!(Prompts::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn unknown_values_are_ignored_and_several_are_read() {
        let prompts = Prompts::parse("login  create consent LOGIN").expect("allowed");
        let expected = Prompts {
            login: true,
            consent: true,
            ..Prompts::default()
        };
        assert_eq!(prompts, expected);
        assert_eq!(
            Prompts::parse("select_account").map(|p| p.select_account),
            Ok(true)
        );
    }
}
