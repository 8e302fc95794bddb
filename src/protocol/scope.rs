//! Scopes: the names of RFC 6749 §3.3 and bounded sets of them, with the few names that change what
//! an answer is. All that there are, and what each means, is [`crate::scope_catalog`]'s.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

/// An id_token is wanted (OpenID Connect Core §3.1.2.1).
pub const OPENID: &str = "openid";
/// Access while the person is away (OpenID Connect Core §11).
pub const OFFLINE_ACCESS: &str = "offline_access";
/// The pairwise id of the person at the publisher.
pub const UNIONID: &str = "unionid";
/// A host may launch mini-programs with this token.
pub const PORTICO_LAUNCH: &str = "portico:launch";
/// A client hears of the sessions of all its persons with this token.
pub const PORTICO_EVENTS: &str = "portico:events";

/// Bytes of one name.
const MAX_NAME: usize = 128;
/// Names in one set.
const MAX_NAMES: usize = 50;
/// Bytes of a whole scope parameter.
const MAX_TEXT: usize = 2048;

/// One scope-token of RFC 6749 §3.3, at most 128 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct ScopeName(String);

/// A set of scopes; as text and in JSON a space-delimited list in the order of the names. Sets are
/// small, are read far more often than changed, and many are kept: a sorted list without repetitions
/// takes the least room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct ScopeSet(Vec<ScopeName>);

/// Why a scope was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// An empty name.
    #[error("a scope must not be empty")]
    Empty,
    /// A character outside scope-token.
    #[error("scope contains a character that is not allowed")]
    Character,
    /// More than 128 bytes in a name, or 2048 in all.
    #[error("scope is too long")]
    TooLong,
    /// More than 50 names.
    #[error("there are too many scopes")]
    TooMany,
}

impl ScopeName {
    /// Reads one name.
    ///
    /// # Errors
    /// It is empty, too long, or has a character outside scope-token.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        // "scope-token = 1*( %x21 / %x23-5B / %x5D-7E )" (RFC 6749 §3.3)
        let allowed = |b: u8| matches!(b, 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
        match text {
            "" => Err(ScopeError::Empty),
            _ if text.len() > MAX_NAME => Err(ScopeError::TooLong),
            _ if !text.bytes().all(allowed) => Err(ScopeError::Character),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ScopeSet {
    /// Reads a scope parameter. Order and repetitions do not count; empty text is the empty set.
    ///
    /// # Errors
    /// A name is not well-formed, or a bound is passed; bounds are looked at first, so that a
    /// megabyte of scopes costs nothing.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        if text.len() > MAX_TEXT {
            return Err(ScopeError::TooLong);
        }
        let names = text.split(' ').filter(|name| !name.is_empty());
        if names.clone().count() > MAX_NAMES {
            return Err(ScopeError::TooMany);
        }
        names.map(ScopeName::parse).collect()
    }

    /// Whether a scope is in the set.
    pub fn contains(&self, name: &str) -> bool {
        self.place_of(name).is_ok()
    }

    /// Adds a scope; `false` if it was there.
    pub fn insert(&mut self, name: ScopeName) -> bool {
        let place = self.place_of(name.as_str());
        if let Err(free) = place {
            self.0.insert(free, name);
        }
        place.is_err()
    }

    /// Takes a scope out; `false` if it was not there.
    pub fn remove(&mut self, name: &str) -> bool {
        let place = self.place_of(name);
        if let Ok(known) = place {
            self.0.remove(known);
        }
        place.is_ok()
    }

    /// Where a name stands, or where it would.
    fn place_of(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|known| known.as_str().cmp(name))
    }

    fn filtered(&self, keep: impl Fn(&ScopeName) -> bool) -> Self {
        Self(self.0.iter().filter(|name| keep(name)).cloned().collect())
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.filtered(|name| other.contains(name.as_str()))
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.iter().chain(other).cloned().collect()
    }

    /// What is in this one only.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.filtered(|name| !other.contains(name.as_str()))
    }

    /// Whether everything here is in `other`.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.iter().all(|name| other.contains(name.as_str()))
    }

    /// The scopes in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &ScopeName> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Display for ScopeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ScopeName {
    type Err = ScopeError;
    fn from_str(text: &str) -> Result<Self, ScopeError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for ScopeName {
    type Error = ScopeError;
    fn try_from(text: String) -> Result<Self, ScopeError> {
        Self::parse(&text)
    }
}

impl From<ScopeName> for String {
    fn from(name: ScopeName) -> String {
        name.0
    }
}

impl Serialize for ScopeName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl Serialize for ScopeSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(&name.0)?;
        }
        Ok(())
    }
}

impl FromStr for ScopeSet {
    type Err = ScopeError;
    fn from_str(text: &str) -> Result<Self, ScopeError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for ScopeSet {
    type Error = ScopeError;
    fn try_from(text: String) -> Result<Self, ScopeError> {
        // Unions of bounded sets may pass the bounds of a request, and must still be readable when
        // they come back from where they were stored.
        text.split(' ')
            .filter(|name| !name.is_empty())
            .map(ScopeName::parse)
            .collect()
    }
}

impl From<ScopeSet> for String {
    fn from(set: ScopeSet) -> String {
        set.to_string()
    }
}

impl FromIterator<ScopeName> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = ScopeName>>(names: I) -> Self {
        let mut names: Vec<ScopeName> = names.into_iter().collect();
        names.sort_unstable();
        names.dedup();
        names.shrink_to_fit();
        Self(names)
    }
}

impl IntoIterator for ScopeSet {
    type Item = ScopeName;
    type IntoIter = std::vec::IntoIter<ScopeName>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a ScopeSet {
    type Item = &'a ScopeName;
    type IntoIter = std::slice::Iter<'a, ScopeName>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> ScopeSet {
        ScopeSet::parse(text).expect("well-formed")
    }

    #[test]
    fn order_and_repetitions_do_not_count() {
        assert_eq!(set("profile  openid profile"), set("openid profile"));
        assert_eq!(set("profile openid").to_string(), "openid profile");
        assert!(set("").is_empty());
    }

    #[test]
    fn sets_are_compared_and_combined() {
        let (asked, allowed) = (set("a b c"), set("b c d"));
        assert_eq!(asked.intersection(&allowed), set("b c"));
        assert_eq!(asked.union(&allowed), set("a b c d"));
        assert_eq!(asked.difference(&allowed), set("a"));
        assert!(set("b").is_subset(&allowed) && !asked.is_subset(&allowed));
        assert!(asked.contains("a") && !asked.contains("A"));
    }

    #[test]
    fn attack_96_a_megabyte_of_scopes_is_refused_at_once() {
        assert_eq!(
            ScopeSet::parse(&"a ".repeat(1 << 19)),
            Err(ScopeError::TooLong)
        );
        assert_eq!(ScopeSet::parse(&"a ".repeat(51)), Err(ScopeError::TooMany));
        assert!(ScopeSet::parse(&"a ".repeat(50)).is_ok());
        assert_eq!(ScopeSet::parse(&"x".repeat(129)), Err(ScopeError::TooLong));
    }

    #[test]
    fn only_the_characters_of_a_scope_token_are_taken() {
        for text in ["a\tb", "a\"b", "a\\b", "é", "a\u{7f}", "a\nb"] {
            assert_eq!(
                ScopeSet::parse(text),
                Err(ScopeError::Character),
                "{text:?}"
            );
        }
        assert!(ScopeName::parse("https://api.example/orders!x").is_ok());
    }

    #[test]
    fn in_json_a_set_is_a_space_delimited_string() {
        assert_eq!(serde_json::to_value(set("b a")).ok(), Some("a b".into()));
        assert_eq!(
            serde_json::from_value::<ScopeSet>("a b".into()).ok(),
            Some(set("a b"))
        );
        assert!(serde_json::from_value::<ScopeSet>("a\"b".into()).is_err());
    }

    #[test]
    fn a_stored_union_of_large_sets_can_be_read_back() {
        let many = |prefix: &str| -> ScopeSet {
            (0..50)
                .map(|i| ScopeName::parse(&format!("{prefix}{i}")).expect("a name"))
                .collect()
        };
        let union = many("a").union(&many("b"));
        let stored = serde_json::to_value(&union).expect("text");
        assert_eq!(serde_json::from_value::<ScopeSet>(stored).ok(), Some(union));
    }
}
