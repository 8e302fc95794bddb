//! Secrets that all nodes share: for sealing, steps, forms, pairwise identifiers. They live in the
//! store, sealed under the master key.

use foundation::clock::Instant;
use foundation::id::SecretId;

/// What a shared secret is for; one is never used for another purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecretPurpose {
    /// Sealing the handle in an access token's `jti`. Rotates daily.
    Handle,
    /// Signing step tokens and form tokens.
    Step,
    /// Deriving pairwise identifiers and per-client session ids. Rotates never without a stored
    /// mapping; old versions stay.
    Pairwise,
}

impl SecretPurpose {
    /// All purposes.
    pub const ALL: [Self; 3] = [Self::Handle, Self::Step, Self::Pairwise];

    /// The stored word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Handle => "handle",
            Self::Step => "step",
            Self::Pairwise => "pairwise",
        }
    }

    /// From the stored word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.word() == word)
    }
}

/// A secret as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedSecret {
    /// Its id; what it sealed or signed names it.
    pub id: SecretId,
    /// What it is for.
    pub purpose: SecretPurpose,
    /// The secret, sealed under the master key.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created_at: Instant,
}
