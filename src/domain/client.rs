//! A client: its registration with its secrets and its publisher, and what follows from them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use foundation::clock::Instant;
use foundation::digest::{TokenDigest, sha256_of_parts};
use foundation::id::{ClientId, CredentialId};
use foundation::secret::SecretText;
use protocol::client_metadata::{
    ApplicationType, ClientMetadata, LaunchType, MiniProgramManifest, SecurityProfile, SubjectType,
    TokenEndpointAuthMethod,
};
use protocol::code_grant::{BoundAuthorization, PkceRule};
use protocol::grant_type;
use protocol::redirect_uri::{RedirectProblem, RedirectUri};
use protocol::scope::{self, ScopeName, ScopeSet};
use protocol::web_uri::origin_of;

use crate::grant::PurposeVersion;
use crate::mini_program::MiniProgramState;
use crate::publisher::Publisher;
use crate::subject::Sector;

mod entry;

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

impl Client {
    /// Whether it is the super app's own client.
    pub fn is_host(&self) -> bool {
        self.metadata.host
    }

    /// Its manifest, if it is a mini-program.
    pub fn mini_program(&self) -> Option<&MiniProgramManifest> {
        self.metadata.mini_program.as_ref()
    }

    /// Whether a host may launch it with this: what its manifest says; if that says nothing, a program
    /// with a backend gets a code, and one without a token.
    pub fn is_launched_with(&self, launch_type: LaunchType) -> bool {
        let Some(manifest) = self.mini_program() else {
            return false;
        };
        self.launch_types(manifest).contains(&launch_type)
    }

    /// What a host may launch it with.
    pub fn launch_types<'a>(&self, manifest: &'a MiniProgramManifest) -> &'a [LaunchType] {
        match (manifest.launch_types.as_slice(), self.is_confidential()) {
            ([], true) => &[LaunchType::Code],
            ([], false) => &[LaunchType::Token],
            (registered, _) => registered,
        }
    }

    /// The origins of a host's own pages: those that it registered, those of its redirect URIs, and that
    /// of its return URI.
    pub fn origins_of_host(&self) -> BTreeSet<String> {
        let metadata = &self.metadata;
        let redirects = metadata
            .redirect_uris
            .iter()
            .filter_map(RedirectUri::origin);
        let back = metadata
            .interaction_return_uri
            .as_deref()
            .and_then(origin_of);
        let registered = metadata.origins.iter().cloned();
        registered.chain(redirects).chain(back).collect()
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

    /// Whether only its testers can use it: what its makers should know may stand on its pages.
    pub fn is_for_testers(&self) -> bool {
        matches!(
            self.state,
            MiniProgramState::Draft | MiniProgramState::InReview
        )
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

    /// Binds a request of this client to the redirect URI of its response.
    ///
    /// # Errors
    /// The requested URI is not registered, or none was requested and not exactly one is.
    pub fn redirect(&self, requested: Option<&str>) -> Result<BoundAuthorization, RedirectProblem> {
        let registered = &self.metadata.redirect_uris;
        BoundAuthorization::bind(
            &self.id,
            requested,
            registered,
            self.metadata.application_type,
        )
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
    pub fn pkce_rule(&self) -> PkceRule {
        match self.metadata.profile {
            SecurityProfile::OidcCompat if self.is_confidential() => PkceRule::Optional,
            _ => PkceRule::Required,
        }
    }

    /// Whether it registered this grant type.
    pub fn allows_grant(&self, grant_type: &str) -> bool {
        self.metadata.may_use(grant_type)
    }

    /// Whether an authorization gives it a refresh token.
    pub fn gets_refresh_tokens(&self) -> bool {
        self.allows_grant(grant_type::REFRESH_TOKEN)
    }

    /// Whether its refresh tokens rotate, where they are not bound to a key: public clients always,
    /// confidential ones if registered so.
    pub fn rotates_refresh_tokens(&self) -> bool {
        !self.is_confidential() || self.metadata.rotate_refresh_tokens == Some(true)
    }

    /// All that it may ever ask for.
    pub fn allowed_scope(&self) -> Cow<'_, ScopeSet> {
        self.metadata.allowed_scope()
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

    /// The publisher's words for why it wants a scope, by language; none where it gave none.
    pub fn purposes(&self, scope: &ScopeName) -> Option<&BTreeMap<String, String>> {
        let texts = self.mini_program()?.scope_purposes.get(scope)?;
        Some(texts).filter(|texts| !texts.is_empty())
    }

    /// The version of those words: a new text asks again.
    pub fn purpose_version(&self, scope: &ScopeName) -> PurposeVersion {
        let Some(texts) = self.purposes(scope) else {
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
    /// so that strangers never share a circle. Nor does a `sector_identifier_uri` of another host
    /// open one: nobody has looked whether it names this client.
    pub fn sector(&self) -> Sector {
        let own = || Sector::Client(self.id.clone());
        if self.mini_program().is_some() || self.is_host() {
            return own();
        }
        let is_native = self.metadata.application_type == ApplicationType::Native;
        let is_pairwise = self.metadata.subject_type == SubjectType::Pairwise;
        if (is_native || !is_pairwise) && !self.metadata.has_own_sector_uri() {
            return own();
        }
        self.metadata.redirect_host().map_or_else(own, Sector::Host)
    }

    /// The audience of its access tokens when the request names no resource (RFC 9068 §3 wants a
    /// default resource indicator): the client itself; the issuer for a host that launches.
    pub fn default_audience(&self, scope: &ScopeSet, issuer: &str) -> String {
        if self.is_host() && scope.contains(scope::PORTICO_LAUNCH) {
            issuer.to_owned()
        } else {
            self.own_audience(issuer)
        }
    }

    /// The audience that means the client itself: a URI of its own, behind the issuer. It is not the
    /// `client_id`, which is what an id_token has there: half of the client libraries would take an
    /// access token for one.
    pub fn own_audience(&self, issuer: &str) -> String {
        own_audience(&self.id, issuer)
    }

    /// Whether an audience means the client itself. The bare `client_id` did in tokens of the first
    /// release, the last of which were issued just before it was replaced.
    pub fn is_itself(&self, audience: &str, issuer: &str) -> bool {
        audience == self.id.as_str() || client_meant(audience, issuer) == Some(self.id.as_str())
    }

    /// Whether a token for this audience is meant for this client: as itself, or as the resource
    /// server that it registered as. Nobody becomes another client by registering its audience.
    pub fn is_meant_by(&self, audience: &str, issuer: &str) -> bool {
        let registered = self.metadata.resource.as_deref();
        self.is_itself(audience, issuer)
            || (registered == Some(audience) && client_meant(audience, issuer).is_none())
    }

    /// Whether it may ask for tokens with this audience: any but another client's own.
    pub fn may_name_resource(&self, resource: &str, issuer: &str) -> bool {
        client_meant(resource, issuer).is_none_or(|id| id == self.id.as_str())
    }
}

/// Where clients' own audiences stand behind the issuer.
const CLIENTS: &str = "/clients/";

/// The client whose own audience this is.
fn client_meant<'a>(audience: &'a str, issuer: &str) -> Option<&'a str> {
    audience
        .strip_prefix(without_slash(issuer))?
        .strip_prefix(CLIENTS)
}

/// [`Client::own_audience`] of a client of which only the id is at hand.
pub fn own_audience(client_id: &ClientId, issuer: &str) -> String {
    format!("{}{CLIENTS}{client_id}", without_slash(issuer))
}

fn without_slash(issuer: &str) -> &str {
    issuer.trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::client_metadata::parse_metadata;
    use serde_json::{Value, json};

    pub(super) fn client(metadata: &Value) -> Client {
        let at = Instant::from_seconds(0);
        Client {
            id: ClientId::parse("shop").expect("an id"),
            metadata: parse_metadata(metadata).expect("metadata"),
            state: MiniProgramState::Released,
            publisher: None,
            secrets: Vec::new(),
            created_at: at,
            updated_at: at,
        }
    }

    fn sector_of(redirect_uris: &[&str], more: &Value) -> Sector {
        let mut metadata = json!({ "redirect_uris": redirect_uris });
        for (name, value) in more.as_object().expect("an object") {
            metadata[name] = value.clone();
        }
        client(&metadata).sector()
    }

    const ISSUER: &str = "https://id.example";

    #[test]
    fn a_client_is_meant_by_its_own_uri_whatever_the_issuer_ends_with() {
        let shop = client(&json!({ "redirect_uris": ["https://rp.example/cb"] }));
        assert_eq!(shop.own_audience(ISSUER), "https://id.example/clients/shop");
        assert_eq!(
            shop.own_audience("https://id.example/"),
            shop.own_audience(ISSUER)
        );
        let itself = |audience: &str| shop.is_itself(audience, ISSUER);
        assert!(itself("https://id.example/clients/shop"));
        assert!(itself("shop"), "as tokens of the first release say it");
        for other in [
            "https://id.example/clients/shop/",
            "https://id.example/clients/shops",
            "https://id.example/clients/",
            "https://id.example",
            "https://id.example.evil/clients/shop",
            "Shop",
        ] {
            assert!(!itself(other), "{other}");
        }
    }

    #[test]
    fn attack_53_nobody_registers_or_asks_for_anothers_own_audience() {
        let bank = "https://id.example/clients/bank";
        let shop = client(&json!({
            "redirect_uris": ["https://rp.example/cb"], "portico:resource": bank,
        }));
        assert!(!shop.is_meant_by(bank, ISSUER));
        assert!(!shop.may_name_resource(bank, ISSUER));
        assert!(shop.may_name_resource("https://id.example/clients/shop", ISSUER));
        assert!(shop.may_name_resource("https://orders.example/clients/bank", ISSUER));
        assert!(shop.may_name_resource(ISSUER, ISSUER));
        let orders = client(&json!({
            "redirect_uris": ["https://rp.example/cb"], "portico:resource": "https://orders.example",
        }));
        assert!(orders.is_meant_by("https://orders.example", ISSUER));
        assert!(!orders.is_meant_by("https://stock.example", ISSUER));
    }

    fn host(name: &str) -> Sector {
        Sector::Host(name.into())
    }

    fn own() -> Sector {
        Sector::Client(ClientId::parse("shop").expect("an id"))
    }

    #[test]
    fn one_owned_host_of_all_redirect_uris_is_the_sector() {
        let ordinary = json!({});
        let sector = |uris: &[&str]| sector_of(uris, &ordinary);
        assert_eq!(sector(&["https://rp.example/cb"]), host("rp.example"));
        let two = ["https://rp.example/a", "https://rp.example:8443/b"];
        assert_eq!(sector(&two), host("rp.example"));
        for uris in [
            ["https://rp.example/cb", "https://other.example/cb"],
            ["https://rp.example/cb", "http://localhost:3000/cb"],
            ["http://127.0.0.1/cb", "http://[::1]/cb"],
        ] {
            assert_eq!(sector(&uris), own(), "{uris:?}");
        }
        let native = json!({ "application_type": "native" });
        assert_eq!(sector_of(&["https://rp.example/cb"], &native), own());
    }

    #[test]
    fn a_sector_uri_of_the_same_host_changes_nobodys_id() {
        let named = json!({ "sector_identifier_uri": "https://rp.example/sector.json" });
        let native = json!({ "application_type": "native",
            "sector_identifier_uri": "https://rp.example/sector.json" });
        for more in [named, native] {
            let sector = sector_of(&["https://rp.example/cb"], &more);
            assert_eq!(sector, host("rp.example"), "{more}");
        }
    }

    /// Registered before that was refused.
    #[test]
    fn a_stored_sector_uri_of_another_host_opens_no_sector() {
        let victims = Some("https://rp.example/never-fetched.json".to_owned());
        let stored = |redirect_uris: &[&str]| {
            let mut stored = client(&json!({ "redirect_uris": redirect_uris }));
            stored.metadata.sector_identifier_uri.clone_from(&victims);
            stored.sector()
        };
        let evils = stored(&["https://evil.example/cb"]);
        assert_eq!(evils, host("evil.example"));
        let several = ["https://evil.example/cb", "https://rp.example/cb"];
        assert_eq!(stored(&several), own());
        assert_eq!(stored(&["http://localhost/cb"]), own());
        let mut machine = client(&json!({ "grant_types": ["client_credentials"] }));
        machine.metadata.sector_identifier_uri.clone_from(&victims);
        assert_eq!(machine.sector(), own());
    }
}
