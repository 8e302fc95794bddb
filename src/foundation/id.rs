//! Ids: UUID v7 inside (they sort by time, so indexes grow at one end), random text outside.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

use crate::base64url;
use crate::clock::Instant;
use crate::entropy::{self, Entropy};

/// Text that is not an id of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {0}")]
pub struct BadId(pub &'static str);

/// A version 7 UUID (RFC 9562 §5.7) from our own clock and entropy.
fn uuid_v7(now: Instant, entropy: &dyn Entropy) -> uuid::Uuid {
    let millis = u64::try_from(now.millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &entropy::bytes::<10>(entropy)).into_uuid()
}

macro_rules! inner_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(uuid::Uuid);

        impl $name {
            /// A new one.
            pub fn new(now: Instant, entropy: &dyn Entropy) -> Self {
                Self(uuid_v7(now, entropy))
            }

            /// From its 16 stored bytes.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                uuid::Uuid::from_slice(bytes).ok().map(Self)
            }

            /// The stored form.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                uuid::Uuid::try_parse(text).map(Self).map_err(|_| BadId(stringify!($name)))
            }
        }
    )*};
}

inner_ids! {
    /// A person with an account. Never leaves the server.
    UserId;
    /// One sign-in of one user on one device or browser.
    SessionId;
    /// What one user has allowed one client.
    GrantId;
    /// Everything that came from one authorization.
    FamilyId;
    /// One authorization request that needs a page.
    InteractionId;
    /// What a web ticket opens for one program in one WebView or frame.
    WebSessionId;
    /// The proof of one consent decision.
    ReceiptId;
    /// One credential (secret or key) of a client.
    CredentialId;
    /// One entry of the audit table.
    AuditId;
    /// One running `portico serve`.
    NodeId;
    /// One shared secret (sealing, step, pairwise …).
    SecretId;
}

/// The six bits that base64url writes as `-` (RFC 4648 §5).
const HYPHEN: u8 = 62;

macro_rules! outer_ids {
    ($($(#[$doc:meta])* $name:ident($max:literal);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl $name {
            /// A new one: 16 random bytes, base64url (22 characters). It never begins with `-`, so
            /// that no command takes it for an option.
            pub fn random(entropy: &dyn Entropy) -> Self {
                let mut bytes = entropy::bytes::<16>(entropy);
                if bytes[0] >> 2 == HYPHEN {
                    bytes[0] &= 0x7f;
                }
                Self(base64url::encode(&bytes))
            }

            /// One derived from a keyed hash rather than drawn: 21 bytes of it, base64url (28
            /// characters).
            pub fn derived(code: &[u8; 32]) -> Self { Self(base64url::encode(&code[..21])) }

            /// Reads an id: 1 to
            #[doc = stringify!($max)]
            /// letters, digits, `-`, `_`, `.`, `:`, `~`.
            ///
            /// # Errors
            /// It has not the shape of an id.
            pub fn parse(text: &str) -> Result<Self, BadId> {
                let fits = (1..=$max).contains(&text.len())
                    && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:~".contains(&b));
                if fits { Ok(Self(text.to_owned())) } else { Err(BadId(stringify!($name))) }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(text: String) -> Result<Self, BadId> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    )*};
}

outer_ids! {
    /// The `client_id` of RFC 6749 §2.2: one id inside and outside.
    ClientId(64);
    /// A publisher: the owner of mini-programs.
    PublisherId(64);
    /// The `kid` of RFC 7517 §4.5.
    KeyId(64);
    /// A pairwise subject identifier (OpenID Connect Core §8.1): the `sub` of a user at one sector.
    Subject(255);
}

/// The position of an event in the log: numbers are given out in commit order, starting at 1.
/// Zero means "before the first".
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Position(pub i64);

impl Position {
    /// The position of who has read nothing.
    pub const BEFORE_THE_FIRST: Self = Self(0);
}

/// What is drawn for a log when it begins anew: of two logs that went on apart, each has another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct HistoryId(pub i64);

impl HistoryId {
    /// The history of what was given out before there was one. None that is drawn is this one.
    pub const BEFORE: Self = Self(0);

    /// Draws one.
    pub fn random(entropy: &dyn Entropy) -> Self {
        loop {
            let drawn = Self(i64::from_be_bytes(entropy::bytes::<8>(entropy)));
            if drawn != Self::BEFORE {
                return drawn;
            }
        }
    }
}

/// What is drawn for an event: another event with the same number has another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark(pub i64);

impl Mark {
    /// Draws one.
    pub fn random(entropy: &dyn Entropy) -> Self {
        Self(i64::from_be_bytes(entropy::bytes::<8>(entropy)))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SeededEntropy;

    #[test]
    fn a_new_id_never_begins_like_an_option() {
        let entropy = SeededEntropy::new(1);
        let mut hyphens = 0;
        for _ in 0..1000 {
            let id = ClientId::random(&entropy);
            assert!(!id.as_str().starts_with('-'), "{id}");
            hyphens += usize::from(id.as_str().contains('-'));
        }
        assert!(hyphens > 100, "inside it stands like any other character");
    }

    #[test]
    fn one_that_was_made_before_is_read() {
        assert!(ClientId::parse("-aBcDeFgHiJkLmNoPqRsTu").is_ok());
    }
}
