//! Secret text: it can be exposed on purpose and cannot be printed by accident.

use secrecy::{ExposeSecret as _, SecretBox};

use crate::base64url;
use crate::digest::TokenDigest;
use crate::entropy::{self, Entropy};

/// Secret text (a password, a presented token, a client secret). `Debug` is silent, memory is
/// wiped on drop.
pub struct SecretText(SecretBox<str>);

impl SecretText {
    /// Takes ownership of secret text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretBox::from(text.into()))
    }

    /// The text, for the one place that needs it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The digest that is stored instead.
    pub fn digest(&self) -> TokenDigest {
        TokenDigest::of(self.expose())
    }
}

impl Clone for SecretText {
    fn clone(&self) -> Self {
        Self::new(self.expose())
    }
}

impl std::fmt::Debug for SecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretText(…)")
    }
}

/// What a random secret is for; its prefix makes a leaked one recognisable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    /// An authorization code.
    AuthorizationCode,
    /// A code that a host hands to the program that it launches.
    LaunchCode,
    /// What opens a consent sheet.
    ConsentSheet,
    /// A ticket that a WebView or frame hands in.
    WebTicket,
    /// The value of the cookie that a web ticket gave.
    WebSessionCookie,
    /// A refresh token.
    RefreshToken,
    /// The value of a session cookie.
    SessionCookie,
    /// The value of the cookie of a browser that has not signed in.
    PreSessionCookie,
    /// The value of the cookie of a browser that succeeded in signing in before.
    KnownBrowserCookie,
    /// A client secret.
    ClientSecret,
}

impl SecretKind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "pc_",
            Self::LaunchCode => "pl_",
            Self::ConsentSheet => "pi_",
            Self::WebTicket => "pt_",
            Self::WebSessionCookie => "pw_",
            Self::RefreshToken => "pr_",
            Self::SessionCookie => "ps_",
            Self::PreSessionCookie => "pp_",
            Self::KnownBrowserCookie => "pb_",
            Self::ClientSecret => "pk_",
        }
    }

    /// A new secret of 256 random bits with the digest to store.
    pub fn issue(self, entropy: &dyn Entropy) -> (SecretText, TokenDigest) {
        self.of_bits(entropy::bytes::<32>(entropy))
    }

    /// A secret of 256 bits that nobody but us can know, with the digest to store.
    pub fn of_bits(self, bits: [u8; 32]) -> (SecretText, TokenDigest) {
        let secret = SecretText::new(format!("{}{}", self.prefix(), base64url::encode(&bits)));
        let digest = secret.digest();
        (secret, digest)
    }

    /// The digest of presented text that has this kind's shape; `None` for anything else, so
    /// that a value of one kind is never looked up as another.
    pub fn digest_of(self, presented: &str) -> Option<TokenDigest> {
        let random = presented.strip_prefix(self.prefix())?;
        (random.len() == 43 && base64url::decode(random).is_some())
            .then(|| TokenDigest::of(presented))
    }
}

/// Key material: bytes that are wiped on drop and never printed.
pub struct KeyBytes(SecretBox<[u8]>);

impl KeyBytes {
    /// Takes ownership of key material.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(SecretBox::from(bytes))
    }

    /// 256 fresh bits.
    pub fn random(entropy: &dyn Entropy) -> Self {
        Self::new(entropy::bytes::<32>(entropy).to_vec())
    }

    /// The bytes, for the one place that needs them.
    pub fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

impl Clone for KeyBytes {
    fn clone(&self) -> Self {
        Self::new(self.expose().to_vec())
    }
}

impl std::fmt::Debug for KeyBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyBytes(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SeededEntropy;

    #[test]
    fn a_secret_of_one_kind_is_not_another() {
        let (code, digest) = SecretKind::AuthorizationCode.issue(&SeededEntropy::new(1));
        assert_eq!(
            SecretKind::AuthorizationCode.digest_of(code.expose()),
            Some(digest)
        );
        assert_eq!(SecretKind::RefreshToken.digest_of(code.expose()), None);
        assert_eq!(format!("{code:?}"), "SecretText(…)");
    }

    #[test]
    fn no_part_of_a_secret_is_one() {
        let (code, _) = SecretKind::AuthorizationCode.issue(&SeededEntropy::new(1));
        let text = code.expose();
        for cut in 0..text.len() {
            assert_eq!(SecretKind::AuthorizationCode.digest_of(&text[..cut]), None);
            assert_eq!(
                SecretKind::AuthorizationCode.digest_of(&text[cut + 1..]),
                None
            );
        }
    }
}
