//! A relying party of Portico, built on the `openidconnect` crate: discovery, the authorization
//! code flow with PKCE, introspection, userinfo, refresh and the logout link.
//!
//! It keeps no browser session and renders nothing. Every answer that cannot be trusted or does
//! not arrive is a [`Trouble`].

mod discovery;
mod event_stream;
mod launch;
mod logout_token;
mod programs;
mod redemption;
#[cfg(test)]
pub(crate) mod samples;
mod standing;
mod trouble;

use std::sync::{Arc, Mutex};

use foundation::base64url;
use foundation::clock::Instant;
use foundation::entropy::{self, Entropy};
use foundation::secret::SecretText;
use openidconnect::core::{CoreAuthPrompt, CoreIdToken, CoreResponseType};
use openidconnect::{
    AccessToken, AuthenticationFlow, ClientId, ClientSecret, CsrfToken, LogoutRequest, Nonce,
    PkceCodeChallenge, PkceCodeVerifier, PostLogoutRedirectUrl, RedirectUrl, RefreshToken, Scope,
};
use tokio::sync::RwLock;
use url::Url;

use crate::transport::Transport;
use discovery::Portico;
pub(crate) use discovery::PorticoConfiguration;
pub(crate) use event_stream::{EventLines, EventStream};
pub(crate) use launch::{EVENTS, LaunchKind, LaunchRefusal, LaunchWish, Launched, NotLaunched};
pub(crate) use logout_token::EndedStay;
pub(crate) use programs::ListedProgram;
pub(crate) use redemption::CallbackQuery;
pub(crate) use standing::{AccessStatus, Shared};
pub(crate) use trouble::Trouble;

/// What Portico registered, and where it sends the browser back to.
#[derive(Clone, Debug)]
pub(crate) struct Registration {
    pub(crate) client_id: ClientId,
    pub(crate) client_secret: ClientSecret,
    pub(crate) redirect_uri: RedirectUrl,
    pub(crate) post_logout_redirect_uri: PostLogoutRedirectUrl,
    /// Besides `openid`.
    pub(crate) scopes: Vec<&'static str>,
}

/// One relying party.
#[derive(Debug)]
pub(crate) struct RelyingParty {
    registration: Registration,
    /// The issuer exactly as discovery spells it.
    issuer: String,
    transport: Transport,
    /// What discovery said; asked for when first needed, and again when a key is unknown.
    portico: RwLock<Option<Arc<Portico>>>,
    /// When a stranger's logout token last made us ask for the keys.
    keys_sought_at: Mutex<Option<Instant>>,
}

/// What must be remembered between the authorization request and its answer, per browser.
pub(crate) struct PendingAuthorization {
    pub(crate) state: SecretText,
    nonce: Nonce,
    pkce_verifier: PkceCodeVerifier,
    aside: Option<String>,
}

/// How to ask for an authorization.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ask {
    /// Ask the person again (`prompt=consent`, OpenID Connect Core §3.1.2.1).
    pub(crate) consent_again: bool,
    /// A word that the site wants back when the authorization is finished.
    pub(crate) aside: Option<String>,
}

/// A finished authorization.
pub(crate) struct Redeemed {
    pub(crate) tokens: Tokens,
    /// The scopes that Portico granted (RFC 6749 §5.1), for the first page. Later pages ask.
    pub(crate) scopes: Vec<String>,
    /// [`Ask::aside`].
    pub(crate) aside: Option<String>,
}

/// What a finished authorization leaves in a program's keeping.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    /// The person's pairwise identifier here.
    pub(crate) subject: String,
    /// Which stay of the person it is (OpenID Connect Back-Channel Logout §2.1).
    pub(crate) sid: Option<String>,
    pub(crate) access_token: AccessToken,
    pub(crate) refresh_token: Option<RefreshToken>,
    /// For `id_token_hint` at logout.
    pub(crate) id_token: CoreIdToken,
}

impl RelyingParty {
    /// A relying party of `issuer`. Nothing is asked of Portico yet.
    pub(crate) fn new(registration: Registration, issuer: &Url, transport: Transport) -> Self {
        // Url spells an empty path as "/", discovery does not.
        let issuer = match issuer.path() {
            "/" => issuer.as_str().trim_end_matches('/').to_owned(),
            _ => issuer.as_str().to_owned(),
        };
        Self {
            registration,
            issuer,
            transport,
            portico: RwLock::new(None),
            keys_sought_at: Mutex::default(),
        }
    }

    /// The address of an authorization request (OpenID Connect Core §3.1.2.1), and what to
    /// remember until it is answered.
    pub(crate) async fn authorize(
        &self,
        ask: Ask,
        entropy: &dyn Entropy,
    ) -> Result<(Url, PendingAuthorization), Trouble> {
        let portico = self.portico().await?;
        let [state, nonce, verifier] = [random(entropy), random(entropy), random(entropy)];
        let nonce = Nonce::new(nonce);
        // "code-verifier = 43*128unreserved" (RFC 7636 §4.1): 32 random bytes make 43 characters
        let pkce_verifier = PkceCodeVerifier::new(verifier);
        let (state_of_request, nonce_of_request) = (CsrfToken::new(state.clone()), nonce.clone());
        let mut request = portico
            .client
            .authorize_url(
                AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
                move || state_of_request,
                move || nonce_of_request,
            )
            .add_scopes(
                self.registration
                    .scopes
                    .iter()
                    .map(|s| Scope::new((*s).to_owned())),
            )
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&pkce_verifier));
        if ask.consent_again {
            request = request.add_prompt(CoreAuthPrompt::Consent);
        }
        let (url, _, _) = request.url();
        let state = SecretText::new(state);
        Ok((
            url,
            PendingAuthorization {
                state,
                nonce,
                pkce_verifier,
                aside: ask.aside,
            },
        ))
    }

    /// The address that signs the person out at Portico (OpenID Connect RP-Initiated Logout §2).
    pub(crate) async fn sign_out_link(&self, tokens: &Tokens) -> Result<Url, Trouble> {
        let portico = self.portico().await?;
        Ok(LogoutRequest::from(portico.end_session_endpoint.clone())
            .set_id_token_hint(&tokens.id_token)
            .set_post_logout_redirect_uri(self.registration.post_logout_redirect_uri.clone())
            .http_get_url())
    }

    /// Where a person sees and changes what they share, if Portico says.
    pub(crate) async fn account_link(&self) -> Result<Option<Url>, Trouble> {
        let configuration = self.configuration().await?;
        Ok(configuration.map(|members| members.account_uri))
    }

    /// What Portico says beside the standards, if it does.
    pub(crate) async fn configuration(&self) -> Result<Option<PorticoConfiguration>, Trouble> {
        Ok(self.portico().await?.configuration.clone())
    }

    /// The same, as far as it was asked for already.
    pub(crate) fn known_configuration(&self) -> Option<PorticoConfiguration> {
        self.portico
            .try_read()
            .ok()?
            .as_ref()?
            .configuration
            .clone()
    }

    /// How this client is known to Portico.
    pub(crate) fn client_id(&self) -> &str {
        &self.registration.client_id
    }

    /// With what it speaks to Portico, which also notes what Portico says by itself.
    pub(crate) fn transport(&self) -> &Transport {
        &self.transport
    }

    /// Portico's issuer, as discovery spells it.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }
}

/// 256 random bits as text.
fn random(entropy: &dyn Entropy) -> String {
    base64url::encode(&entropy::bytes::<32>(entropy))
}
