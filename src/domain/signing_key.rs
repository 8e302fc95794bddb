//! A signing key's life.

use foundation::clock::{Instant, Span};
use foundation::id::KeyId;
use protocol::client_metadata::SignatureAlgorithm;
use serde::{Deserialize, Serialize};

/// How long anybody may keep the JWKS without asking again: the `max-age` that it is served with, and
/// the largest that ever was. Whoever makes it smaller leaves the larger one standing in
/// [`SigningKey::signs_from`] for as long as copies of before may be kept.
pub const JWKS_MAX_AGE: Span = Span::minutes(5);

/// What an answer may take on its way, and what clocks may differ by.
const ON_THE_WAY: Span = Span::seconds(60);

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
    /// When every live node had it in its JWKS; of a key that was made to sign at once, never.
    pub confirmed_at: Option<Instant>,
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

    /// From when it may sign: a copy of the JWKS that was fetched before every node had this key may
    /// not be kept any more by then. None as long as some node may be without it. A whole second, so
    /// that it is what is said.
    pub fn signs_from(&self) -> Option<Instant> {
        self.confirmed_at.map(|confirmed| {
            let from = confirmed + JWKS_MAX_AGE + ON_THE_WAY;
            Instant::from_seconds((from + Span::millis(999)).seconds())
        })
    }

    /// Whether an active key is old enough to be followed by the next one.
    pub fn is_due(&self, now: Instant, lifetime: Span) -> bool {
        self.state == KeyState::Active && now.since(self.since) >= lifetime
    }
}
