//! Client authentication (RFC 6749 §2.3, RFC 7523 §2.2): the only way from what was presented to an
//! [`AuthenticatedClient`].
//!
//! Says who is calling and nothing about what they may do: a suspended client is authenticated too,
//! so that it can still revoke; [`AuthenticatedClient::in_service`] is for everything else.

use std::sync::Arc;

use domain::client::Client;
use foundation::clock::{SharedClock, Span};
use foundation::digest::TokenDigest;
use foundation::fault::Fault;
use foundation::id::ClientId;
use foundation::secret::SecretText;
use keys::client_assertion::{ALGORITHMS, verify_assertion};
use outbound::jwks::ClientKeys;
use protocol::client_credential::{
    AssertionAudience, AssertionClaims, AssertionExpectation, PresentedCredential,
    unverified_client_id,
};
use protocol::client_metadata::TokenEndpointAuthMethod;
use protocol::discovery::Endpoints;
use protocol::oauth_error::{OAuthError, invalid_client, unauthorized_client};
use store::Store;

use crate::answer::Answer;
use crate::find_client::ClientLookup;
use crate::memory::Memory;
use crate::parts::Parts;
use crate::protected_call::{ClientCall, ProtectedEndpoint};

/// How long a `jti` is remembered beyond its assertion's end, so that two nodes whose clocks differ
/// a little cannot both take it.
const REPLAY_MARGIN: Span = Span::minutes(1);

/// A client that has proved who it is, by the method that it registered; a public client has
/// nothing to prove and is who it says.
#[derive(Clone, Debug)]
pub struct AuthenticatedClient(Arc<Client>);

impl AuthenticatedClient {
    /// The client.
    pub fn client(&self) -> &Arc<Client> {
        &self.0
    }

    /// The client, if it may get and ask for anything at all.
    ///
    /// # Errors
    /// `unauthorized_client` for a suspended one. Not `invalid_client`: its credentials are right,
    /// and "The authenticated client is not authorized to use this authorization grant type"
    /// (RFC 6749 §5.2) is what its developer needs to read.
    pub fn in_service(&self) -> Result<&Arc<Client>, OAuthError> {
        match self.0.is_suspended() {
            true => Err(unauthorized_client("the client is suspended")),
            false => Ok(&self.0),
        }
    }
}

/// Authenticates clients.
#[derive(Clone)]
pub(crate) struct ClientAuthentication {
    store: Store,
    memory: Memory,
    clients: ClientLookup,
    client_keys: Arc<ClientKeys>,
    clock: SharedClock,
    issuer: Arc<str>,
}

impl ClientAuthentication {
    pub(crate) fn new(
        parts: &Parts,
        memory: &Memory,
        clients: &ClientLookup,
        client_keys: Arc<ClientKeys>,
    ) -> Self {
        Self {
            store: parts.store.clone(),
            memory: memory.clone(),
            clients: clients.clone(),
            client_keys,
            clock: Arc::clone(&parts.clock),
            issuer: Arc::clone(&parts.policy.issuer),
        }
    }

    /// Authenticates the client of a call. With a secret, or as a public client, memory is enough while this
    /// node is fresh; an assertion is remembered in the store, so that it works once.
    ///
    /// # Errors
    /// The answer is refused with `invalid_client`; which rule was broken is in its cause
    /// only. A store that does not answer is a fault.
    pub(crate) async fn authenticate(
        &self,
        call: &ClientCall,
    ) -> Result<Answer<AuthenticatedClient>, Fault> {
        match &call.credential {
            PresentedCredential::Nothing => Ok(failed("nothing was presented")),
            PresentedCredential::None { client_id } => {
                let answer = self.by_name(client_id).await;
                about(answer, client_id)
            }
            PresentedCredential::SecretBasic { client_id, secret } => {
                let answer = self.by_secret(client_id, secret).await;
                about(answer, client_id)
                    .map(|answer| answer.map_refusal(OAuthError::answering_header))
            }
            PresentedCredential::SecretPost { client_id, secret } => {
                let answer = self.by_secret(client_id, secret).await;
                about(answer, client_id)
            }
            PresentedCredential::Assertion {
                client_id: named,
                assertion,
            } => {
                let Some(client_id) = unverified_client_id(assertion) else {
                    return Ok(failed("the assertion is no JWT of a client"));
                };
                // "If present, the value of the client_id parameter MUST identify the same client
                // as is identified by the client assertion" (RFC 7521 §4.2)
                if named.as_ref().is_some_and(|named| *named != client_id) {
                    return Ok(failed("client_id is not the client of the assertion"));
                }
                // Its future is large, and the others should not carry it around.
                let answer =
                    Box::pin(self.by_assertion(&call.endpoint, &client_id, assertion)).await;
                about(answer, &client_id)
            }
        }
    }

    /// A public client. "The authorization server MUST NOT rely on public client authentication for
    /// the purpose of identifying the client" (RFC 6749 §2.3): what it gets hangs on PKCE.
    async fn by_name(&self, client_id: &ClientId) -> Result<Answer<AuthenticatedClient>, Fault> {
        let Some(client) = self.clients.find(client_id).await? else {
            return Ok(failed("there is no such client"));
        };
        // A confidential client that forgot its secret is not let through (attack 28).
        match uses(&client, TokenEndpointAuthMethod::None) {
            true => Ok(Answer::Given(AuthenticatedClient(client))),
            false => Ok(failed("a confidential client sent no credential")),
        }
    }

    /// A client with a secret. What fails is looked at once more in the store: a secret that was
    /// added a moment ago works on every node at once. How long it takes may tell that there is no
    /// such client: ids of clients are no secret, they stand in every address that leads here.
    async fn by_secret(
        &self,
        client_id: &ClientId,
        secret: &SecretText,
    ) -> Result<Answer<AuthenticatedClient>, Fault> {
        if self.memory.is_fresh()
            && let Some(client) = self.memory.live.clients.get(client_id)
            && client.has_secret(secret)
        {
            return Ok(by_its_method(client));
        }
        match Box::pin(self.clients.read(client_id)).await? {
            Some(client) if client.has_secret(secret) => Ok(by_its_method(client)),
            Some(_) => Ok(failed("the secret is wrong")),
            None => Ok(failed("there is no such client")),
        }
    }

    /// A client that signs. The order matters: only after the signature holds is the `jti`
    /// remembered, or a stranger could use up a client's assertions.
    async fn by_assertion(
        &self,
        called: &ProtectedEndpoint,
        client_id: &ClientId,
        assertion: &str,
    ) -> Result<Answer<AuthenticatedClient>, Fault> {
        let Some(client) = self.clients.find(client_id).await? else {
            return Ok(failed("there is no such client"));
        };
        if !uses(&client, TokenEndpointAuthMethod::PrivateKeyJwt) {
            return Ok(failed("the client registered another method"));
        }
        let Some(claims) = self.signed_claims(&client, assertion).await? else {
            return Ok(failed("the signature is not the client's"));
        };
        let endpoints = Endpoints::of(&self.issuer);
        let expected = AssertionExpectation {
            client_id: &client.id,
            issuer: &endpoints.issuer,
            token_endpoint: &endpoints.token,
            called_endpoint: &called.address(&endpoints),
            audience: AssertionAudience::IssuerOrEndpoint,
        };
        if let Err(error) = claims.check(&expected, self.clock.now()) {
            return Ok(Answer::Refused(error));
        }
        match self.is_first_use(&client.id, &claims).await? {
            true => Ok(Answer::Given(AuthenticatedClient(client))),
            false => Ok(failed("the assertion was used before")),
        }
    }

    /// The claims of an assertion that one of the client's own keys signed.
    async fn signed_claims(
        &self,
        client: &Client,
        assertion: &str,
    ) -> Result<Option<AssertionClaims>, Fault> {
        let registered = client.metadata.token_endpoint_auth_signing_alg;
        let allowed = registered.map_or_else(|| ALGORITHMS.to_vec(), |only| vec![only]);
        let verify = |jwks: &serde_json::Value| verify_assertion(assertion, jwks, &allowed).ok();
        let claims = match (&client.metadata.jwks, &client.metadata.jwks_uri) {
            (Some(jwks), _) => verify(jwks),
            (None, Some(uri)) => self.client_keys.with(uri, assertion, verify).await,
            (None, None) => None,
        };
        Ok(claims.and_then(|claims| serde_json::from_value(claims).ok()))
    }

    /// Whether this assertion was never used: one insert, shared by all nodes.
    async fn is_first_use(
        &self,
        client_id: &ClientId,
        claims: &AssertionClaims,
    ) -> Result<bool, Fault> {
        // An id has no space, so no two pairs of client and `jti` read the same.
        let digest = TokenDigest::of(&format!("client assertion {client_id} {}", claims.jti));
        let forget_at = claims.expires_at() + REPLAY_MARGIN;
        let written = self
            .store
            .write(move |tx| store::used_jti::insert(tx, digest, forget_at));
        Ok(written.await?.value)
    }
}

/// Whether the client registered this method.
fn uses(client: &Client, method: TokenEndpointAuthMethod) -> bool {
    client.metadata.token_endpoint_auth_method == method
}

/// A client that showed one of its secrets. Header and body are both good for it: Basic is the way that
/// the server "MUST support" (RFC 6749 §2.3.1), half of the client libraries use the body unless told
/// otherwise, and some use the one for codes and the other for refreshing. One that registered a key or
/// nothing has no way in by a secret that it still has from before.
fn by_its_method(client: Arc<Client>) -> Answer<AuthenticatedClient> {
    use TokenEndpointAuthMethod::{ClientSecretBasic, ClientSecretPost};
    match uses(&client, ClientSecretBasic) || uses(&client, ClientSecretPost) {
        true => Answer::Given(AuthenticatedClient(client)),
        false => failed("the client registered another method"),
    }
}

/// A failure with the client that somebody presented themselves as, for the log.
fn about(
    answer: Result<Answer<AuthenticatedClient>, Fault>,
    client_id: &ClientId,
) -> Result<Answer<AuthenticatedClient>, Fault> {
    answer.map(|answer| answer.map_refusal(|error| error.about(client_id)))
}

/// One answer for every failure.
fn failed(cause: &str) -> Answer<AuthenticatedClient> {
    Answer::Refused(invalid_client("client authentication failed").because(cause))
}
