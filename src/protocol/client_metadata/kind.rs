//! The enumerated values of client metadata, each with the name that is sent and stored.

use serde::{Deserialize, Serialize};

macro_rules! named_values {
    ($($(#[$doc:meta])* $kind:ident { $($(#[$value_doc:meta])* $value:ident $name:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $kind {$(
            $(#[$value_doc])*
            #[serde(rename = $name)]
            $value,
        )*}

        impl $kind {
            /// All values.
            pub const ALL: &[Self] = &[$(Self::$value,)*];

            /// Reads the name; `None` for one that is not offered.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == name)
            }

            /// The name as it is sent and stored.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$value => $name,)* }
            }
        }
    )*};
}

named_values! {
    /// A response type of the authorization endpoint. There is one (OAuth 2.1 §10.1).
    ResponseType {
        /// An authorization code.
        Code "code",
    }

    /// How a client proves who it is (RFC 7591 §2, OpenID Connect Core §9).
    TokenEndpointAuthMethod {
        /// It does not: a public client.
        None "none",
        /// A secret in the Authorization header.
        ClientSecretBasic "client_secret_basic",
        /// A secret in the form.
        ClientSecretPost "client_secret_post",
        /// A signed assertion (RFC 7523).
        PrivateKeyJwt "private_key_jwt",
    }

    /// A signature algorithm of RFC 7518 §3.1, RFC 8037 §3.1 and RFC 9864 §2.2.
    SignatureAlgorithm {
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        RS256 "RS256",
        /// RSASSA-PSS with SHA-256.
        PS256 "PS256",
        /// ECDSA on P-256 with SHA-256.
        ES256 "ES256",
        /// EdDSA, with Ed25519 alone; for what clients sign.
        EdDSA "EdDSA",
        /// The same by its newer name, which says the curve.
        Ed25519 "Ed25519",
    }

    /// What an access token looks like to whoever holds it (a member of Portico's own).
    AccessTokenFormat {
        /// A signed JWT (RFC 9068).
        Jwt "jwt",
        /// Sealed: only introspection says what is in it.
        Opaque "opaque",
    }

    /// OpenID Connect Core §8. `public` is known so that it can be refused by name.
    SubjectType {
        /// Another `sub` for each sector.
        Pairwise "pairwise",
        /// One `sub` for everyone; never given.
        Public "public",
    }

    /// The per-client security profile.
    SecurityProfile {
        /// PKCE is required.
        Standard "standard",
        /// A confidential client may leave PKCE out.
        OidcCompat "oidc_compat",
    }

    /// What a host may ask for when it launches a mini-program.
    LaunchType {
        /// A code that the program's backend redeems.
        Code "code",
        /// A token that the program's page uses.
        Token "token",
        /// A ticket that signs the person in where the program knows nothing but redirects.
        Ticket "ticket",
    }

    /// The states of a mini-program, by name; what they mean is in `domain`.
    MiniProgramStateName {
        /// For its testers only.
        Draft "draft",
        /// Waiting for the operator.
        InReview "in_review",
        /// For everyone.
        Released "released",
        /// For no one.
        Suspended "suspended",
    }
}

impl TokenEndpointAuthMethod {
    /// Whether the client has a secret to send.
    pub const fn uses_secret(self) -> bool {
        matches!(self, Self::ClientSecretBasic | Self::ClientSecretPost)
    }
}

impl Default for AccessTokenFormat {
    /// What clients have that say nothing, and had before there was a choice.
    fn default() -> Self {
        Self::Jwt
    }
}

impl SignatureAlgorithm {
    /// What Portico signs with.
    pub const OURS: &[Self] = &[Self::RS256, Self::ES256, Self::PS256];

    /// Whether both are names of one algorithm. "EdDSA" without a curve is deprecated in favour of
    /// "Ed25519" (RFC 9864 §2.2), and libraries change over on their own day: a key that says one
    /// name signs under the other, and so does a client that registered one.
    pub fn is_same_as(self, other: Self) -> bool {
        self == other || (self.is_ed25519() && other.is_ed25519())
    }

    const fn is_ed25519(self) -> bool {
        matches!(self, Self::EdDSA | Self::Ed25519)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_algorithm_is_itself_and_ed25519_has_two_names() {
        for one in SignatureAlgorithm::ALL.iter().copied() {
            for other in SignatureAlgorithm::ALL.iter().copied() {
                let names = [one.as_str(), other.as_str()];
                let two_names = names == ["EdDSA", "Ed25519"] || names == ["Ed25519", "EdDSA"];
                assert_eq!(
                    one.is_same_as(other),
                    one == other || two_names,
                    "{names:?}"
                );
            }
        }
    }
}
