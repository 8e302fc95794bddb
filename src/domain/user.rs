//! A user: a person with an account. What they are called and how they are reached is
//! [`crate::profile`] and [`crate::identity`].

use foundation::clock::Instant;
use foundation::id::UserId;
use serde::{Deserialize, Serialize};

use crate::typed_text::name_form;

/// A person with an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Inside only; never part of an output.
    pub id: UserId,
    /// The name chosen for signing in.
    pub username: String,
    /// argon2id in PHC string form; `None` where the person has no password.
    pub password_hash: Option<String>,
    /// The language the person chose (BCP 47).
    pub language: Option<String>,
    /// Since when the account is switched off.
    pub disabled_at: Option<Instant>,
    /// When the account was made.
    pub created_at: Instant,
}

impl User {
    /// Whether this person may sign in and be spoken for.
    pub fn is_active(&self) -> bool {
        self.disabled_at.is_none()
    }
}

/// A username: 2 to 64 letters, digits, `.`, `_`, `-`, starting with a letter or digit; compared
/// without case, so kept in lower case. Letters of full width, marks that nobody sees and other hyphens
/// are read as what they look like ([`crate::typed_text`]); other letters than ASCII are refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Username(String);

impl Username {
    /// Reads a username.
    pub fn parse(text: &str) -> Option<Self> {
        let text = name_form(text);
        let fits = (2..=64).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
            && text.starts_with(|c: char| c.is_ascii_alphanumeric());
        fits.then_some(Self(text))
    }

    /// How a name that somebody typed is stored; as it was typed, if nobody can have it.
    pub fn stored(typed: &str) -> String {
        Self::parse(typed).map_or_else(|| typed.to_owned(), |name| name.0)
    }

    /// The text, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
