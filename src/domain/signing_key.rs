//! A signing key's life.

use foundation::clock::{Instant, Span};
use foundation::id::KeyId;
use protocol::client_metadata::SignatureAlgorithm;
use serde::{Deserialize, Serialize};

/// The kind of key pair; one kind can serve several algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum KeyKind {
    /// RSA with 2048 bits: RS256 and PS256.
    #[serde(rename = "RSA")]
    Rsa,
    /// NIST P-256: ES256.
    #[serde(rename = "P-256")]
    P256,
}

impl KeyKind {
    /// Both kinds, which stand side by side in one JWKS.
    pub const ALL: [Self; 2] = [Self::P256, Self::Rsa];

    /// The kind that signs with an algorithm; `None` where we have no such key.
    pub const fn for_algorithm(algorithm: SignatureAlgorithm) -> Option<Self> {
        match algorithm {
            SignatureAlgorithm::RS256 | SignatureAlgorithm::PS256 => Some(Self::Rsa),
            SignatureAlgorithm::ES256 => Some(Self::P256),
            SignatureAlgorithm::EdDSA | SignatureAlgorithm::Ed25519 => None,
        }
    }

    /// The stored and shown word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rsa => "RSA",
            Self::P256 => "P-256",
        }
    }

    /// From the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.word() == word)
    }
}

/// ```text
/// next ──► active ──► retiring ──► retired
///   └────────┴───────────┴────────────┴──► revoked
/// ```
/// `next` is published but signs nothing yet; `retiring` signs nothing any more but verifies what
/// it signed; `retired` is gone from the JWKS, and only an `id_token_hint` is still read with it;
/// what a `revoked` key signed is worth nothing, whatever it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the diagram says it")]
pub enum KeyState {
    Next,
    Active,
    Retiring,
    Retired,
    Revoked,
}

impl KeyState {
    const ALL: [Self; 5] = [
        Self::Next,
        Self::Active,
        Self::Retiring,
        Self::Retired,
        Self::Revoked,
    ];

    /// The stored and shown word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retiring => "retiring",
            Self::Retired => "retired",
            Self::Revoked => "revoked",
        }
    }

    /// From the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }
}

/// A signing key as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct SigningKey {
    /// The `kid`.
    pub id: KeyId,
    /// Its kind.
    pub kind: KeyKind,
    /// Where it stands.
    pub state: KeyState,
    /// Since when it stands there.
    pub since: Instant,
    /// When it was made.
    pub created_at: Instant,
    /// The public JWK (RFC 7517), without private members.
    pub public_jwk: serde_json::Value,
    /// The private key (PKCS#8), sealed under the master key.
    pub sealed_private: Vec<u8>,
}

impl SigningKey {
    /// Whether it belongs into the JWKS.
    pub fn is_published(&self) -> bool {
        match self.state {
            KeyState::Next | KeyState::Active | KeyState::Retiring => true,
            KeyState::Retired | KeyState::Revoked => false,
        }
    }

    /// Whether an active key is old enough to be followed by the next one.
    pub fn is_due(&self, now: Instant, lifetime: Span) -> bool {
        self.state == KeyState::Active && now.since(self.since) >= lifetime
    }
}
