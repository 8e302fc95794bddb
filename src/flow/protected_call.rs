//! What reaches a protected endpoint: one value, whatever the endpoint.

use std::borrow::Cow;
use std::net::IpAddr;

use domain::token_handle::TokenHandle;
use foundation::secret::SecretText;
use protocol::client_credential::PresentedCredential;
use protocol::discovery::Endpoints;
use protocol::parameters::Parameters;

/// An endpoint that wants to know who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProtectedEndpoint {
    /// RFC 6749 §3.2.
    Token,
    /// RFC 7662 §2.
    Introspection,
    /// RFC 7009 §2.
    Revocation,
    /// OpenID Connect Core §5.3.
    Userinfo,
    /// Portico's own: what happens to sessions.
    SessionEvents,
    /// Portico's own: the programs that a host can launch.
    MiniPrograms,
    /// One of them, by what stands in its address.
    MiniProgram(String),
    /// Portico's own: a host lets a program go.
    Leave,
}

impl ProtectedEndpoint {
    /// Its address.
    pub(crate) fn address<'a>(&self, endpoints: &'a Endpoints) -> Cow<'a, str> {
        Cow::Borrowed(match self {
            Self::Token => &endpoints.token,
            Self::Introspection => &endpoints.introspection,
            Self::Revocation => &endpoints.revocation,
            Self::Userinfo => &endpoints.userinfo,
            Self::SessionEvents => &endpoints.session_events,
            Self::MiniPrograms => &endpoints.mini_programs,
            Self::MiniProgram(id) => {
                return Cow::Owned(format!("{}/{id}", endpoints.mini_programs));
            }
            Self::Leave => &endpoints.leave,
        })
    }

    /// Whether an access token of this kind opens it.
    pub(crate) fn is_opened_by(&self, token: &TokenHandle) -> bool {
        match self {
            // Whoever may ask who a person is may hear what becomes of them here.
            Self::Userinfo | Self::SessionEvents => token.opens_userinfo,
            // What a host's token opens is more than a kind: `host_token` looks at it.
            Self::MiniPrograms | Self::MiniProgram(_) | Self::Leave => false,
            Self::Token | Self::Introspection | Self::Revocation => false,
        }
    }
}

/// A call of a protected endpoint: by a client with its credential, or with an access token.
#[derive(Clone, Debug)]
pub struct ProtectedCall<Credential> {
    /// What was called.
    pub endpoint: ProtectedEndpoint,
    /// What was presented; nothing of it is believed.
    pub credential: Credential,
    /// What came with it.
    pub parameters: Parameters,
    /// From where, as far as it is known.
    pub address: Option<IpAddr>,
    /// What proves possession of a key, where something does.
    pub proof: Option<Box<PresentedProof>>,
}

/// A call by a client.
pub type ClientCall = ProtectedCall<PresentedCredential>;

/// A call with an access token.
pub type TokenCall = ProtectedCall<PresentedAccessToken>;

impl<Credential> ProtectedCall<Credential> {
    /// The same call with a proof of possession.
    #[must_use]
    pub fn with_proof(self, proof: Option<Box<PresentedProof>>) -> Self {
        Self { proof, ..self }
    }
}

/// A proof of possession as it was sent (RFC 9449 §4.1).
#[derive(Clone, Debug)]
pub struct PresentedProof {
    /// The value of the `DPoP` header.
    pub jwt: SecretText,
    /// The method of the request that it came with.
    pub method: String,
}

/// An access token as it was sent.
#[derive(Clone, Debug)]
pub struct PresentedAccessToken {
    /// The token.
    pub token: SecretText,
    /// As what.
    pub scheme: TokenScheme,
}

/// An authentication scheme for access tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenScheme {
    /// RFC 6750 §2, in the header or in a form.
    Bearer,
    /// RFC 9449 §7.1.
    DPoP,
}

impl TokenScheme {
    /// All schemes.
    pub const ALL: [Self; 2] = [Self::Bearer, Self::DPoP];

    /// Its name, which is compared without case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::DPoP => "DPoP",
        }
    }
}
