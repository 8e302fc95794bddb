//! What works once: an authorization code, and whatever else is given out to be handed in one time.

use foundation::clock::Instant;
use foundation::digest::TokenDigest;
use foundation::id::{FamilyId, WebSessionId};

/// What a credential is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OneTimeKind {
    /// RFC 6749 §1.3.1.
    AuthorizationCode,
    /// A code that a host got for a program that it launches.
    LaunchCode,
    /// A ticket that signs a person in in a WebView or frame.
    WebTicket,
}

impl OneTimeKind {
    /// The stored word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::LaunchCode => "launch_code",
            Self::WebTicket => "web_ticket",
        }
    }
}

/// What a credential is bound to: it goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OneTimeParent {
    /// The family whose first tokens it gives.
    Family(FamilyId),
    /// The web session that it opens.
    WebSession(WebSessionId),
}

/// ```text
/// given out ──► used
///     └───────► expired
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OneTimeCredential {
    /// The digest of what is handed in.
    pub digest: TokenDigest,
    /// What it is.
    pub kind: OneTimeKind,
    /// What it is bound to.
    pub parent: OneTimeParent,
    /// When it can no longer be used.
    pub expires_at: Instant,
    /// When it was used.
    pub used_at: Option<Instant>,
}
