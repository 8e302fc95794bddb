//! The token endpoint (RFC 6749 §3.2): one pipeline for all grants.
//!
//! A grant declares who may use it and says what it entitles to; it cannot skip a phase, because
//! the phases are here: authenticate the client, is it in service, did it register the grant, read
//! the request, redeem, cut the scope to the registration, issue, commit. What differs stands in
//! `answer_token_request/`, one file per grant.

use std::sync::Arc;

use domain::audit::Actor;
use domain::client::Client;
use domain::consent::usable_scope;
use domain::session::EndReason;
use domain::token_family::TokenFamily;
use foundation::fault::Fault;
use protocol::client_credential::PresentedCredential;
use protocol::client_metadata::GrantType;
use protocol::oauth_error::{OAuthError, invalid_grant, unauthorized_client};
use protocol::parameters::Parameters;
use protocol::token_request::TokenRequest;
use protocol::token_response::TokenResponse;

use crate::Flows;
use crate::answer::Answer;
use crate::authenticate_client::{AuthenticatedClient, ClientEndpoint};
use crate::issue::{Entitled, IssuanceContext};

mod authorization_code;
mod client_credentials;
pub(crate) mod parents;
mod refresh_token;

use authorization_code::AuthorizationCode;
use client_credentials::ClientCredentials;
use refresh_token::{RefreshToken, Rotation};

/// A grant: what it declares, and its own part of the work.
trait GrantHandler {
    /// Whether only a client that has proved who it is may use it.
    const CONFIDENTIAL_ONLY: bool;

    /// Judges what was presented, and uses it up where it works once. A refusal is a value, so that
    /// what it writes is kept.
    async fn redeem(
        self,
        flows: &Flows,
        issuance: &IssuanceContext,
    ) -> Result<Answer<Redeemed>, Fault>;
}

/// What came of redeeming a grant.
enum Redeemed {
    /// Tokens are to be issued.
    Entitled(Entitled),
    /// Tokens are to be issued, and count only once the rotation is written.
    Rotating(Entitled, Box<Rotation>),
    /// The answer was given before: an honest retry gets it again.
    Again(TokenResponse),
}

impl Flows {
    /// Answers a token request.
    ///
    /// # Errors
    /// The answer is refused in the shape of RFC 6749 §5.2. A store or key that fails is a fault.
    pub async fn answer_token_request(
        &self,
        presented: PresentedCredential,
        parameters: &Parameters,
    ) -> Result<Answer<TokenResponse>, Fault> {
        // Noted before anything is read: whatever ends after this kills the tokens that come of it,
        // whether the reads below saw it or not.
        let position = self.live().freshness.position();
        let authenticated = self.authenticate_client(ClientEndpoint::Token, presented);
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
            position,
            now: self.now(),
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
        Ok(answer)
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
        let (entitled, rotation) = match grant.redeem(self, issuance).await? {
            Answer::Refused(error) => return Ok(Answer::Refused(error)),
            Answer::Given(Redeemed::Again(response)) => return Ok(Answer::Given(response)),
            Answer::Given(Redeemed::Entitled(entitled)) => (entitled, None),
            Answer::Given(Redeemed::Rotating(entitled, rotation)) => (entitled, Some(rotation)),
        };
        // What the operator took out of the registration since is left out, whatever was granted.
        let scope = usable_scope(&issuance.client, &entitled.scope);
        let response = self.issue(issuance, Entitled { scope, ..entitled }).await?;
        match rotation {
            Some(rotation) => Box::pin(rotation.commit(self, response)).await,
            None => Ok(Answer::Given(response)),
        }
    }

    /// Ends a family because something of it was used a second time or by a stranger, and returns
    /// when this node no longer accepts its tokens.
    async fn burn(&self, family: TokenFamily) -> Result<(), Fault> {
        let end = self.family_end(EndReason::ReuseDetected, Actor::System);
        let written = self.store().write(move |tx| end.write(tx, &family)).await?;
        self.settled(written.position).await;
        Ok(())
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

/// "The provided authorization grant … or refresh token is invalid, expired, revoked, does not
/// match the redirection URI used in the authorization request, or was issued to another client"
/// (RFC 6749 §5.2): one answer for all of them; the cause is for the log.
fn not_valid(cause: &str) -> OAuthError {
    invalid_grant("the code or refresh token is not valid").because(cause)
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
