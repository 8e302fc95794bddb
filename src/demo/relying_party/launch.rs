//! Launching by token exchange (RFC 8693): what a host asks for, and what a program offers for it.
//! The host's page and the program's page carry both across the bridge; neither sees a token.

use foundation::entropy::Entropy;
use foundation::secret::SecretText;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use openidconnect::{
    AccessToken, AsyncHttpClient as _, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge,
    PkceCodeVerifier, Scope,
};
use serde::{Deserialize, Serialize};

use super::trouble::{Trouble, chain};
use super::{CallbackQuery, PendingAuthorization, RelyingParty, Tokens, random};

const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// The scope of a client that hears of all its persons.
pub(crate) const EVENTS: &str = "portico:events";
const LAUNCH_CODE: &str = "urn:portico:params:oauth:token-type:launch-code";

/// What a program's page hands to its host: worth nothing without the verifier, which stays here.
#[derive(Serialize)]
pub(crate) struct Offer {
    state: String,
    nonce: String,
    code_challenge: String,
    /// What the program would like to know.
    scope: String,
}

/// What a host asks for a program.
pub(crate) struct LaunchWish<'a> {
    /// The program's client id.
    pub(crate) audience: &'a str,
    /// Nothing asks for what stands.
    pub(crate) scope: Option<&'a str>,
    pub(crate) kind: LaunchKind<'a>,
    /// Whether what the person put off is asked again, because they tapped for it.
    pub(crate) again: bool,
    /// The language of the sheet.
    pub(crate) locale: &'a str,
}

/// With what a program is launched.
#[derive(Clone, Copy)]
pub(crate) enum LaunchKind<'a> {
    /// A code, for its backend.
    Code {
        nonce: &'a str,
        code_challenge: &'a str,
    },
    /// A token, for its page; bound to a key of the page where it has one.
    Token { dpop_jkt: Option<&'a str> },
}

/// What came of it (RFC 8693 §2.2.1).
#[derive(Debug, Deserialize)]
pub(crate) struct Launched {
    /// The token; a code stands there, too.
    pub(crate) access_token: String,
    pub(crate) token_type: String,
    pub(crate) expires_in: u64,
    #[serde(default)]
    pub(crate) scope: String,
    pub(crate) sid: String,
}

/// Portico's refusal, as the host's page hears it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct LaunchRefusal {
    pub(crate) error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_description: Option<String>,
    /// Where the person decides; for the host's page and nobody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    interaction_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interaction: Option<String>,
    /// What is wrong with the host's own token.
    #[serde(skip_serializing)]
    subject_token_state: Option<String>,
}

impl LaunchRefusal {
    /// A refusal of the host itself.
    pub(crate) fn of(error: &str) -> Self {
        Self {
            error: error.to_owned(),
            error_description: None,
            interaction_uri: None,
            interaction: None,
            subject_token_state: None,
        }
    }
}

/// Why nothing was launched.
pub(crate) enum NotLaunched {
    /// The host's session is over.
    Ended,
    /// Portico says no, or that the person must decide.
    Refused(Box<LaunchRefusal>),
    /// Something else went wrong.
    Trouble(Trouble),
}

impl From<Trouble> for NotLaunched {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl CallbackQuery {
    /// What a host brought back over the bridge.
    pub(crate) fn brought(code: String, state: String, iss: String) -> Self {
        Self {
            code: Some(code),
            state: Some(state),
            iss: Some(iss),
            error: None,
        }
    }
}

impl RelyingParty {
    /// What this program's page takes to its host, and what to remember until a code comes back.
    pub(crate) fn offer(
        &self,
        aside: Option<String>,
        entropy: &dyn Entropy,
    ) -> (Offer, PendingAuthorization) {
        let [state, nonce, verifier] = [random(entropy), random(entropy), random(entropy)];
        let pkce_verifier = PkceCodeVerifier::new(verifier);
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&pkce_verifier);
        let scopes = ["openid"].into_iter();
        let scopes = scopes.chain(self.registration.scopes.iter().copied());
        let offer = Offer {
            state: state.clone(),
            nonce: nonce.clone(),
            code_challenge: challenge.as_str().to_owned(),
            scope: scopes.collect::<Vec<_>>().join(" "),
        };
        let pending = PendingAuthorization {
            state: SecretText::new(state),
            nonce: Nonce::new(nonce),
            pkce_verifier,
            aside,
        };
        (offer, pending)
    }

    /// Launches a program for the holder of `tokens`. The second value is new tokens to keep, where the
    /// access token had run out.
    pub(crate) async fn launch(
        &self,
        tokens: &Tokens,
        wish: &LaunchWish<'_>,
    ) -> Result<(Launched, Option<Tokens>), NotLaunched> {
        match self.exchange(tokens, wish).await {
            Err(NotLaunched::Refused(refusal)) => match refusal.subject_token_state.as_deref() {
                Some("expired") => {
                    let renewed = self.renewed(tokens).await?.ok_or(NotLaunched::Ended)?;
                    let launched = self.exchange(&renewed, wish).await?;
                    Ok((launched, Some(renewed)))
                }
                Some("ended") => Err(NotLaunched::Ended),
                _ => Err(NotLaunched::Refused(refusal)),
            },
            other => other.map(|launched| (launched, None)),
        }
    }

    async fn exchange(
        &self,
        tokens: &Tokens,
        wish: &LaunchWish<'_>,
    ) -> Result<Launched, NotLaunched> {
        let portico = self.portico().await?;
        let endpoint = portico
            .client
            .token_uri()
            .ok_or_else(|| Trouble::untrustworthy("discovery has no token endpoint"))?;
        let request = http::Request::post(endpoint.as_str())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .body(self.form(tokens, wish).into_bytes())
            .map_err(|e| Trouble::untrustworthy(e.to_string()))?;
        let answer = self
            .transport
            .call(request)
            .await
            .map_err(Trouble::from)
            .map_err(NotLaunched::Trouble)?;
        let unreadable = |_| NotLaunched::Trouble(Trouble::untrustworthy("the exchange's answer"));
        if answer.status().is_success() {
            return serde_json::from_slice(answer.body()).map_err(unreadable);
        }
        if answer.status().is_server_error() {
            let status = answer.status();
            return Err(Trouble::Unreachable(format!("the exchange answered {status}")).into());
        }
        let refusal = serde_json::from_slice(answer.body()).map_err(unreadable)?;
        Err(NotLaunched::Refused(Box::new(refusal)))
    }

    /// Listens to what becomes of that which a token stands for: a session, or all persons of this client.
    pub(crate) async fn listen(
        &self,
        token: &AccessToken,
        last_event_id: Option<&str>,
    ) -> Result<reqwest::Response, Trouble> {
        let configuration = self.configuration().await?;
        let endpoint = configuration
            .map(|members| members.session_events_endpoint)
            .ok_or_else(|| Trouble::untrustworthy("there are no session events"))?;
        let bearer = format!("Bearer {}", token.secret());
        let mut request = http::Request::get(endpoint.as_str())
            .header(ACCEPT, "text/event-stream")
            .header(AUTHORIZATION, bearer);
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let request = request
            .body(Vec::new())
            .map_err(|e| Trouble::untrustworthy(e.to_string()))?;
        Ok(self.transport.stream(request).await?)
    }

    /// A token of this client itself, with which it hears of all its persons.
    pub(crate) async fn token_for_events(&self) -> Result<AccessToken, Trouble> {
        let portico = self.portico().await?;
        let request = portico
            .client
            .exchange_client_credentials()
            .map_err(|e| Trouble::untrustworthy(chain(&e)))?
            .add_scope(Scope::new(EVENTS.to_owned()));
        let answer = request.request_async(&self.transport).await?;
        Ok(answer.access_token().clone())
    }

    /// What the exchange is asked with. The credentials go along: "the authorization server MAY support
    /// including the client credentials in the request-body" (RFC 6749 §2.3.1), and Portico does.
    fn form(&self, tokens: &Tokens, wish: &LaunchWish<'_>) -> String {
        let registration = &self.registration;
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("client_id", &registration.client_id)
            .append_pair("client_secret", registration.client_secret.secret())
            .append_pair("grant_type", TOKEN_EXCHANGE)
            .append_pair("subject_token", tokens.access_token.secret())
            .append_pair("subject_token_type", ACCESS_TOKEN)
            .append_pair("audience", wish.audience);
        match wish.kind {
            LaunchKind::Code {
                nonce,
                code_challenge,
            } => {
                form.append_pair("requested_token_type", LAUNCH_CODE)
                    .append_pair("nonce", nonce)
                    .append_pair("code_challenge", code_challenge)
                    .append_pair("code_challenge_method", "S256");
            }
            LaunchKind::Token { dpop_jkt } => {
                form.append_pair("requested_token_type", ACCESS_TOKEN);
                if let Some(thumbprint) = dpop_jkt {
                    form.append_pair("dpop_jkt", thumbprint);
                }
            }
        }
        if let Some(scope) = wish.scope {
            form.append_pair("scope", scope)
                .append_pair("interaction_mode", "web_message")
                .append_pair("ui_locales", wish.locale);
        }
        if wish.again {
            form.append_pair("prompt", "consent");
        }
        form.finish()
    }
}
