//! What a client says about itself: RFC 7591 §2, OpenID Connect Registration §2, and Portico's own
//! members, as one type that is consistent once it is read.
//!
//! Owns names, defaults and consistency. Who may register what (a host, another's resource, a
//! sensitive scope) is decided by `domain` and `flow`; nothing is fetched here.

mod consistency;
mod key_set;
mod kind;
mod manifest;
mod reader;
mod registration;
mod scopes;
mod unknown_member;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub use kind::{
    AccessTokenFormat, LaunchType, MiniProgramStateName, ResponseType, SecurityProfile,
    SignatureAlgorithm, SubjectType, TokenEndpointAuthMethod,
};
pub use manifest::{MiniProgramManifest, parse_manifest};
pub use registration::{parse_metadata, refuse_operator_members};
pub use unknown_member::UnknownMember;

use crate::grant_type::{self, GrantType};
use crate::oauth_error::{ErrorCode, OAuthError};
pub use crate::redirect_uri::ApplicationType;
use crate::redirect_uri::RedirectUri;
use crate::scope::{ScopeName, ScopeSet};
use crate::scope_catalog::{self, ScopeRow, Standard};
use crate::web_uri;

/// Registered metadata, with the defaults filled in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClientMetadata {
    /// Where responses may go.
    pub redirect_uris: Vec<RedirectUri>,
    /// Where the browser may go after signing out.
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// The name that people see; at most 100 characters. Always there for a mini-program.
    pub client_name: Option<String>,
    /// A picture of the client.
    pub logo_uri: Option<String>,
    /// A page about the client.
    pub client_uri: Option<String>,
    /// How it uses personal data.
    pub policy_uri: Option<String>,
    /// Its terms.
    pub tos_uri: Option<String>,
    /// Whom to ask about it.
    pub contacts: Vec<String>,
    /// Which grants it may use.
    pub grant_types: Vec<GrantType>,
    /// Which response types it may use; empty without the code grant.
    pub response_types: Vec<ResponseType>,
    /// How it says who it is.
    pub token_endpoint_auth_method: TokenEndpointAuthMethod,
    /// The only algorithm of its assertions, if it named one.
    pub token_endpoint_auth_signing_alg: Option<SignatureAlgorithm>,
    /// What it may ask for; `None` means the standard scopes, see [`ClientMetadata::allowed_scope`].
    pub scope: Option<ScopeSet>,
    /// Its public keys by value.
    pub jwks: Option<Value>,
    /// Its public keys by reference.
    pub jwks_uri: Option<String>,
    /// RS256 unless it asked for another.
    pub id_token_signed_response_alg: SignatureAlgorithm,
    /// ES256 unless it asked for another (a member of Portico's own).
    pub access_token_signed_response_alg: SignatureAlgorithm,
    /// What its access tokens are; a JWT unless it asked for another.
    #[serde(default)]
    pub access_token_format: AccessTokenFormat,
    /// Used when a request has no `max_age`; seconds.
    pub default_max_age: Option<u32>,
    /// Whether its id_tokens always have `auth_time`.
    pub require_auth_time: bool,
    /// Always pairwise.
    pub subject_type: SubjectType,
    /// The list of redirect URIs whose clients share a sector (OpenID Connect Core §8.1). Nobody has
    /// read it: it vouches for no host but the one that the redirect URIs have.
    pub sector_identifier_uri: Option<String>,
    /// Where it runs.
    pub application_type: ApplicationType,
    /// Where a third party may begin a sign-in (OpenID Connect Core §4).
    pub initiate_login_uri: Option<String>,
    /// Where it is told that a session has ended (OpenID Connect Back-Channel Logout §2.2).
    pub backchannel_logout_uri: Option<String>,
    /// Whether the logout token must have a `sid`.
    pub backchannel_logout_session_required: bool,
    /// Whether it always uses DPoP for token requests (RFC 9449 §5.2).
    #[serde(default)]
    pub dpop_bound_access_tokens: bool,
    /// `portico:profile`.
    pub profile: SecurityProfile,
    /// `portico:host`: the super app's own client.
    pub host: bool,
    /// Where a consent that a host asked for ends.
    pub interaction_return_uri: Option<String>,
    /// Origins of a host's pages besides those of its redirect URIs.
    #[serde(default)]
    pub origins: Vec<String>,
    /// `portico:rotate_refresh_tokens`; `None` means: public clients do.
    pub rotate_refresh_tokens: Option<bool>,
    /// `portico:resource`: the resource server that this client is, so that it may introspect
    /// tokens with this audience.
    pub resource: Option<String>,
    /// What makes it a mini-program.
    pub mini_program: Option<MiniProgramManifest>,
}

/// Why metadata was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {description}")]
pub struct MetadataError {
    /// [`ErrorCode::InvalidRedirectUri`] or [`ErrorCode::InvalidClientMetadata`].
    pub code: ErrorCode,
    /// The member, with its index in a list: `redirect_uris[0]`.
    pub field: String,
    /// What is wrong with it.
    pub description: String,
}

impl MetadataError {
    pub(crate) fn new(field: impl Into<String>, description: impl Into<String>) -> Self {
        let code = ErrorCode::InvalidClientMetadata;
        Self {
            code,
            field: field.into(),
            description: description.into(),
        }
    }

    pub(crate) fn redirect_uri(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            code: ErrorCode::InvalidRedirectUri,
            ..Self::new(field, description)
        }
    }
}

impl From<MetadataError> for OAuthError {
    fn from(error: MetadataError) -> Self {
        OAuthError::new(error.code, error.to_string())
    }
}

/// What is told of a client besides its metadata: when it is registered (RFC 7591 §3.2.1), and when it is
/// shown.
const ANSWERED: [&str; 8] = [
    "client_id",
    "client_id_issued_at",
    "client_secret",
    "client_secret_expires_at",
    "publisher_name",
    "publisher_verified",
    "secrets",
    "state",
];

impl ClientMetadata {
    /// Whether it can keep a secret, and so proves who it is (RFC 6749 §2.1).
    pub fn is_confidential(&self) -> bool {
        self.token_endpoint_auth_method != TokenEndpointAuthMethod::None
    }

    /// Whether it registered a grant.
    pub fn may_use(&self, grant_type: &str) -> bool {
        self.grant_types
            .iter()
            .any(|registered| registered.as_str() == grant_type)
    }

    /// The host that all redirect URIs have in common and somebody owns. None for several hosts, for
    /// loopback, and without redirect URIs.
    pub fn redirect_host(&self) -> Option<String> {
        let (first, others) = self.redirect_uris.split_first()?;
        let host = first.owned_host()?;
        let shared = |uri: &RedirectUri| uri.owned_host().as_ref() == Some(&host);
        others.iter().all(shared).then_some(host)
    }

    /// Whether `sector_identifier_uri` names the host that the redirect URIs have.
    pub fn has_own_sector_uri(&self) -> bool {
        let named = self.sector_identifier_uri.as_deref();
        let named = named.and_then(web_uri::owned_host);
        named.is_some() && named == self.redirect_host()
    }

    /// What it may ask for. A client that registered no `scope` may ask for the standard ones of the
    /// table.
    pub fn allowed_scope(&self) -> Cow<'_, ScopeSet> {
        if let Some(scope) = &self.scope {
            return Cow::Borrowed(scope);
        }
        let means = |row: &&ScopeRow| match row.standard {
            Standard::No => false,
            Standard::Yes => true,
            Standard::WithRefreshTokens => self.may_use(grant_type::REFRESH_TOKEN),
        };
        let standard = scope_catalog::BUILT_IN.iter().filter(means);
        Cow::Owned(
            standard
                .filter_map(|row| ScopeName::parse(row.name).ok())
                .collect(),
        )
    }

    /// The members of this metadata's text that mean nothing here, in their order: "The authorization
    /// server MUST ignore any client metadata sent by the client that it does not understand"
    /// (RFC 7591 §2), so a misspelt one would be missed by nobody. What begins with `//` is a comment,
    /// and what only answers have is not misspelt: whoever edits one and sends it back is understood.
    pub fn not_understood(&self, json: &Value) -> Vec<UnknownMember> {
        let manifest = self.mini_program.iter().flat_map(|m| m.members());
        let understood: Vec<&str> = self
            .standard_members()
            .into_iter()
            .chain(self.own_members())
            .chain(manifest)
            .map(|(name, _)| name)
            .collect();
        let names = json.as_object().into_iter().flat_map(Map::keys);
        names
            .filter(|name| !name.starts_with("//") && !ANSWERED.contains(&name.as_str()))
            .filter(|name| !understood.contains(&name.as_str()))
            .map(|name| UnknownMember::among(name, &understood))
            .collect()
    }

    /// The members of an RFC 7591 §3.2.1 response, without `client_id` and secret: everything that
    /// is registered, so that a client sees what was understood. It reads back as the same.
    pub fn to_json(&self) -> Value {
        let manifest = self.mini_program.iter().flat_map(|m| m.members());
        self.standard_members()
            .into_iter()
            .chain(self.own_members())
            .chain(manifest)
            .filter(|(_, value)| !value.is_null() && value != &json!([]))
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    /// The members of RFC 7591 and OpenID Connect Registration; null for what is not there.
    #[rustfmt::skip]
    fn standard_members(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("redirect_uris", json!(self.redirect_uris)),
            ("post_logout_redirect_uris", json!(self.post_logout_redirect_uris)),
            ("client_name", json!(self.client_name)),
            ("logo_uri", json!(self.logo_uri)),
            ("client_uri", json!(self.client_uri)),
            ("policy_uri", json!(self.policy_uri)),
            ("tos_uri", json!(self.tos_uri)),
            ("contacts", json!(self.contacts)),
            ("grant_types", json!(self.grant_types)),
            ("response_types", json!(self.response_types)),
            ("token_endpoint_auth_method", json!(self.token_endpoint_auth_method)),
            ("token_endpoint_auth_signing_alg", json!(self.token_endpoint_auth_signing_alg)),
            ("scope", json!(self.scope)),
            ("jwks", json!(self.jwks)),
            ("jwks_uri", json!(self.jwks_uri)),
            ("id_token_signed_response_alg", json!(self.id_token_signed_response_alg)),
            ("default_max_age", json!(self.default_max_age)),
            ("require_auth_time", json!(self.require_auth_time.then_some(true))),
            ("subject_type", json!(self.subject_type)),
            ("sector_identifier_uri", json!(self.sector_identifier_uri)),
            ("application_type", json!(self.application_type)),
            ("initiate_login_uri", json!(self.initiate_login_uri)),
            ("backchannel_logout_uri", json!(self.backchannel_logout_uri)),
            (
                "backchannel_logout_session_required",
                json!(self.backchannel_logout_session_required.then_some(true)),
            ),
            ("dpop_bound_access_tokens", json!(self.dpop_bound_access_tokens.then_some(true))),
        ]
    }

    /// Portico's own members; null for what is not there.
    #[rustfmt::skip]
    fn own_members(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("access_token_signed_response_alg", json!(self.access_token_signed_response_alg)),
            ("access_token_format", json!(self.access_token_format)),
            ("portico:profile", json!(self.profile)),
            ("portico:host", json!(self.host.then_some(true))),
            ("interaction_return_uri", json!(self.interaction_return_uri)),
            ("origins", json!(self.origins)),
            ("portico:rotate_refresh_tokens", json!(self.rotate_refresh_tokens)),
            ("portico:resource", json!(self.resource)),
        ]
    }
}
