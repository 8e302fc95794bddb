//! A client: its registration with its secrets and its publisher, and what follows from them.

use foundation::clock::Instant;
use foundation::digest::{TokenDigest, sha256_of_parts};
use foundation::id::{ClientId, CredentialId};
use foundation::secret::SecretText;
use protocol::client_metadata::{
    ApplicationType, ClientMetadata, GrantType, MiniProgramManifest, SecurityProfile, SubjectType,
    TokenEndpointAuthMethod,
};
use protocol::redirect_uri::RedirectUri;
use protocol::scope::{self, ScopeName, ScopeSet};

use crate::grant::PurposeVersion;
use crate::mini_program::MiniProgramState;
use crate::publisher::Publisher;
use crate::subject::Sector;

/// A client as everybody below `web` sees it: read whole, cached whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Client {
    /// Its `client_id`.
    pub id: ClientId,
    /// What it registered.
    pub metadata: ClientMetadata,
    /// Where it stands. Ordinary clients know only `released` and `suspended`.
    pub state: MiniProgramState,
    /// Who owns it; every mini-program has one.
    pub publisher: Option<Publisher>,
    /// Its live secrets; more than one while a new one is rolled out.
    pub secrets: Vec<ClientSecret>,
    /// When it was registered.
    pub created_at: Instant,
    /// When its registration last changed.
    pub updated_at: Instant,
}

/// A secret of a client, as stored: 256 random bits, so its SHA-256 is enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSecret {
    /// Its id, by which an operator retires it.
    pub id: CredentialId,
    /// Its digest.
    pub digest: TokenDigest,
    /// When it was given out.
    pub created_at: Instant,
}

/// A redirect URI that this client registered: the only thing that an authorization response is
/// ever sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidatedRedirect {
    uri: String,
    given: bool,
}

impl ValidatedRedirect {
    /// The URI as requested, or as registered when the request named none.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Whether the request named it.
    pub fn given(&self) -> bool {
        self.given
    }
}

/// Why a redirect URI cannot be used; shown on a page, never redirected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectProblem {
    /// None was requested and not exactly one is registered.
    Missing,
    /// The requested one is not registered.
    NotRegistered,
}

impl Client {
    /// Whether it is the super app's own client.
    pub fn is_host(&self) -> bool {
        self.metadata.host
    }

    /// Its manifest, if it is a mini-program.
    pub fn mini_program(&self) -> Option<&MiniProgramManifest> {
        self.metadata.mini_program.as_ref()
    }

    /// What people see.
    pub fn name(&self) -> &str {
        self.metadata
            .client_name
            .as_deref()
            .unwrap_or(self.id.as_str())
    }

    /// Whether it can keep a secret (RFC 6749 §2.1).
    pub fn is_confidential(&self) -> bool {
        self.metadata.token_endpoint_auth_method != TokenEndpointAuthMethod::None
    }

    /// Whether it may be used at all.
    pub fn is_suspended(&self) -> bool {
        self.state == MiniProgramState::Suspended
    }

    /// Whether it may be used by this person: drafts serve their testers only.
    pub fn serves(&self, username: &str) -> bool {
        let testers = self.mini_program().map_or(&[][..], |m| &m.testers);
        self.state.serves(username, testers)
    }

    /// Whether the presented secret is one of its live ones, in constant time for each.
    pub fn has_secret(&self, presented: &SecretText) -> bool {
        let digest = presented.digest();
        self.secrets.iter().fold(false, |found, secret| {
            secret.digest.matches(&digest) | found
        })
    }

    /// Chooses the redirect URI of a response.
    ///
    /// "The authorization server MUST compare the two URIs using simple string comparison"
    /// (OAuth 2.1 §4.1.3); loopback ports are the only exception.
    pub fn redirect(&self, requested: Option<&str>) -> Result<ValidatedRedirect, RedirectProblem> {
        match (requested, self.metadata.redirect_uris.as_slice()) {
            (Some(uri), registered) => {
                let known = registered.iter().any(|r| r.matches(uri));
                known
                    .then(|| ValidatedRedirect {
                        uri: uri.to_owned(),
                        given: true,
                    })
                    .ok_or(RedirectProblem::NotRegistered)
            }
            (None, [only]) => Ok(ValidatedRedirect {
                uri: only.as_str().to_owned(),
                given: false,
            }),
            (None, _) => Err(RedirectProblem::Missing),
        }
    }

    /// Whether a logout may end at this URI (OIDC RP-Initiated Logout §3: it MUST have been
    /// registered; compared exactly).
    pub fn has_post_logout_redirect(&self, uri: &str) -> bool {
        self.metadata
            .post_logout_redirect_uris
            .iter()
            .any(|r| r.as_str() == uri)
    }

    /// Whether PKCE must be used: always, but for confidential clients of profile `oidc_compat`.
    pub fn requires_pkce(&self) -> bool {
        !(self.metadata.profile == SecurityProfile::OidcCompat && self.is_confidential())
    }

    /// Whether it registered this grant type.
    pub fn allows_grant(&self, grant: GrantType) -> bool {
        self.metadata.grant_types.contains(&grant)
    }

    /// Whether an authorization gives it a refresh token.
    pub fn gets_refresh_tokens(&self) -> bool {
        self.allows_grant(GrantType::RefreshToken)
    }

    /// Whether its refresh tokens rotate: public clients always, confidential ones if registered
    /// so.
    pub fn rotates_refresh_tokens(&self) -> bool {
        !self.is_confidential() || self.metadata.rotate_refresh_tokens == Some(true)
    }

    /// All that it may ever ask for.
    pub fn allowed_scope(&self) -> ScopeSet {
        match &self.metadata.scope {
            Some(scope) => scope.clone(),
            None => scope::STANDARD_SCOPES
                .iter()
                .filter_map(|s| ScopeName::parse(s).ok())
                .collect(),
        }
    }

    /// Whether `offline_access` may be asked of a person for it: mini-programs need
    /// `background_access`, others the grant type and the scope.
    pub fn may_stay_offline(&self) -> bool {
        match self.mini_program() {
            Some(manifest) => manifest.background_access && self.gets_refresh_tokens(),
            None => {
                self.gets_refresh_tokens() && self.allowed_scope().contains(scope::OFFLINE_ACCESS)
            }
        }
    }

    /// Whether what was allowed once may be used again without a page: "the authorization server
    /// SHOULD NOT process repeat authorization requests automatically … unless the identity of the
    /// client can be assured" (RFC 8252 §8.6).
    pub fn may_be_remembered(&self) -> bool {
        let https_only =
            |uris: &[RedirectUri]| !uris.is_empty() && uris.iter().all(RedirectUri::is_https);
        self.is_confidential() || https_only(&self.metadata.redirect_uris)
    }

    /// The publisher's words for why it wants a scope, in the best of the given languages.
    pub fn purpose(&self, scope: &ScopeName, languages: &[&str]) -> Option<&str> {
        let texts = self.mini_program()?.scope_purposes.get(scope)?;
        let wanted = languages.iter().find_map(|language| {
            let primary = language.split('-').next().unwrap_or(language);
            texts.get(*language).or_else(|| texts.get(primary))
        });
        wanted
            .or_else(|| texts.get("en"))
            .or_else(|| texts.values().next())
            .map(String::as_str)
    }

    /// The version of those words: a new text asks again.
    pub fn purpose_version(&self, scope: &ScopeName) -> PurposeVersion {
        let texts = self
            .mini_program()
            .and_then(|m| m.scope_purposes.get(scope));
        let Some(texts) = texts.filter(|t| !t.is_empty()) else {
            return PurposeVersion(String::new());
        };
        let parts: Vec<&[u8]> = texts
            .iter()
            .flat_map(|(l, t)| [l.as_bytes(), t.as_bytes()])
            .collect();
        PurposeVersion(foundation::base64url::encode(
            &sha256_of_parts(&parts)[..12],
        ))
    }

    /// The circle within which its `sub` stays the same: for a mini-program its own id, always.
    /// Others follow OIDC Core §8.1: "the Sector Identifier used for pairwise identifier
    /// calculation is the host component of the registered redirect_uri". Hosts that anybody can
    /// use (loopback, private schemes) and several hosts at once fall back to the client itself,
    /// so that strangers never share a circle.
    pub fn sector(&self) -> Sector {
        let own = || Sector::Client(self.id.clone());
        if self.mini_program().is_some() || self.is_host() {
            return own();
        }
        let registered = self
            .metadata
            .sector_identifier_uri
            .as_deref()
            .and_then(https_host);
        if let Some(host) = registered {
            return Sector::Host(host);
        }
        if self.metadata.application_type == ApplicationType::Native
            || self.metadata.subject_type != SubjectType::Pairwise
        {
            return own();
        }
        let hosts: Vec<_> = self
            .metadata
            .redirect_uris
            .iter()
            .map(|r| https_host(r.as_str()))
            .collect();
        match hosts.split_first() {
            Some((Some(first), rest)) if rest.iter().all(|h| h.as_ref() == Some(first)) => {
                Sector::Host(first.clone())
            }
            _ => own(),
        }
    }

    /// The audience of its access tokens when the request names no resource (RFC 9068 §3 wants a
    /// default): the client itself; the issuer for a host that launches.
    pub fn default_audience(&self, scope: &ScopeSet, issuer: &str) -> String {
        if self.is_host() && scope.contains(scope::PORTICO_LAUNCH) {
            issuer.to_owned()
        } else {
            self.id.to_string()
        }
    }
}

fn https_host(uri: &str) -> Option<String> {
    let url = url::Url::parse(uri).ok()?;
    let host = url.host_str()?;
    let anybodys = host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<std::net::IpAddr>().is_ok();
    (url.scheme() == "https" && !anybodys && !host.starts_with('[')).then(|| host.to_owned())
}
