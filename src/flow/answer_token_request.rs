//! The token endpoint (RFC 6749 §3.2): one pipeline for all grants.
//!
//! A grant declares who may use it and says what it entitles to; it cannot skip a phase, because
//! the phases are here: authenticate the client, is it in service, did it register the grant, read
//! the request, redeem, cut the scope to the registration, issue, commit. What differs stands in
//! `answer_token_request/`, one file per grant.

use std::sync::Arc;

use domain::client::Client;
use domain::consent::usable_scope;
use foundation::clock::SharedClock;
use foundation::fault::Fault;
use protocol::client_credential::PresentedCredential;
use protocol::client_metadata::GrantType;
use protocol::oauth_error::{OAuthError, unauthorized_client};
use protocol::parameters::Parameters;
use protocol::token_request::TokenRequest;
use protocol::token_response::TokenResponse;

use crate::answer::Answer;
use crate::authenticate_client::{AuthenticatedClient, ClientAuthentication, ClientEndpoint};
use crate::issue::{Entitled, Issuance, IssuanceContext};
use crate::memory::Memory;
use crate::parts::Parts;

mod authorization_code;
mod client_credentials;
mod grant_handler;
mod grant_parts;
mod judgement;
mod refresh_lookup;
mod refresh_token;
mod rotation;

use authorization_code::AuthorizationCode;
use client_credentials::ClientCredentials;
use grant_handler::{GrantHandler, Redeemed};
use grant_parts::GrantParts;
use refresh_token::RefreshToken;

/// Answers token requests.
#[derive(Clone)]
pub struct TokenEndpoint {
    authentication: ClientAuthentication,
    issuance: Issuance,
    grants: GrantParts,
    memory: Memory,
    clock: SharedClock,
}

impl TokenEndpoint {
    pub(crate) fn new(
        parts: &Parts,
        memory: &Memory,
        authentication: &ClientAuthentication,
        issuance: &Issuance,
    ) -> Self {
        Self {
            authentication: authentication.clone(),
            issuance: issuance.clone(),
            grants: GrantParts::new(parts, memory),
            memory: memory.clone(),
            clock: Arc::clone(&parts.clock),
        }
    }

    /// Answers a token request.
    ///
    /// # Errors
    /// The answer is refused in the shape of RFC 6749 §5.2. A store or key that fails is a fault.
    pub async fn answer(
        &self,
        presented: PresentedCredential,
        parameters: &Parameters,
    ) -> Result<Answer<TokenResponse>, Fault> {
        // Noted before anything is read: whatever ends after this kills the tokens that come of it,
        // whether the reads below saw it or not.
        let read = self.memory.live.freshness.cursor();
        let authenticated = self
            .authentication
            .authenticate(ClientEndpoint::Token, presented);
        let client = match authenticated.await? {
            Answer::Given(client) => client,
            Answer::Refused(error) => return Ok(Answer::Refused(error)),
        };
        let (client, request) = match admit(&client, parameters) {
            Ok(admitted) => admitted,
            Err(error) => return Ok(Answer::Refused(error)),
        };
        let issuance = IssuanceContext {
            client,
            read,
            now: self.clock.now(),
        };
        let grant_type = request.grant_type();
        // What waits for the store is large, and is kept out of the future of what does not.
        let answer = match request {
            TokenRequest::AuthorizationCode {
                code,
                redirect_uri,
                code_verifier,
                resource,
            } => {
                let grant = AuthorizationCode {
                    code,
                    redirect_uri,
                    code_verifier,
                    resource,
                };
                Box::pin(self.run(grant, &issuance)).await?
            }
            TokenRequest::RefreshToken {
                refresh_token,
                scope,
                resource,
            } => {
                let grant = RefreshToken {
                    refresh_token,
                    scope,
                    resource,
                };
                Box::pin(self.run(grant, &issuance)).await?
            }
            TokenRequest::ClientCredentials { scope, resource } => {
                self.run(ClientCredentials { scope, resource }, &issuance)
                    .await?
            }
        };
        count(grant_type, &answer);
        Ok(match answer {
            // The log says whose developer to call.
            Answer::Refused(error) => Answer::Refused(error.about(&issuance.client.id)),
            given => given,
        })
    }

    /// The phases that come after the request was read, the same for every grant.
    async fn run<G: GrantHandler>(
        &self,
        grant: G,
        issuance: &IssuanceContext,
    ) -> Result<Answer<TokenResponse>, Fault> {
        if G::CONFIDENTIAL_ONLY && !issuance.client.is_confidential() {
            return Ok(Answer::Refused(unauthorized_client(
                "a public client cannot use this grant",
            )));
        }
        let (entitled, rotation) = match grant.redeem(&self.grants, issuance).await? {
            Answer::Refused(error) => return Ok(Answer::Refused(error)),
            Answer::Given(Redeemed::Again(response)) => return Ok(Answer::Given(response)),
            Answer::Given(Redeemed::Entitled(entitled)) => (entitled, None),
            Answer::Given(Redeemed::Rotating(entitled, rotation)) => (entitled, Some(rotation)),
        };
        // What the operator took out of the registration since is left out, whatever was granted.
        let scope = usable_scope(&issuance.client, &entitled.scope);
        let response = self
            .issuance
            .issue(issuance, Entitled { scope, ..entitled })
            .await?;
        match rotation {
            Some(rotation) => Box::pin(rotation.commit(&self.grants, response)).await,
            None => Ok(Answer::Given(response)),
        }
    }
}

/// The phases before a grant: is the client in service, is the request well-formed, may the client
/// use this grant?
fn admit(
    client: &AuthenticatedClient,
    parameters: &Parameters,
) -> Result<(Arc<Client>, TokenRequest), OAuthError> {
    let client = client.in_service()?;
    let request = TokenRequest::parse(parameters)?;
    if !client.allows_grant(request.grant_type()) {
        return Err(unauthorized_client(
            "the client did not register this grant type",
        ));
    }
    Ok((Arc::clone(client), request))
}

fn count(grant_type: GrantType, answer: &Answer<TokenResponse>) {
    let result = match answer {
        Answer::Given(_) => "given",
        Answer::Refused(error) => error.code().as_str(),
    };
    let grant = grant_type.as_str();
    metrics::counter!("portico_token_requests_total", "grant" => grant, "result" => result)
        .increment(1);
}
