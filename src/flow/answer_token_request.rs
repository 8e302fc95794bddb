//! The token endpoint (RFC 6749 §3.2): one pipeline for all grants.
//!
//! A grant says what it entitles to; it cannot skip a phase, because the phases are here: authenticate
//! the client, is it in service, which grant is it, did it register that, is its proof of possession right,
//! redeem, is the proof new, may the recipient have this, issue, commit. What differs stands in `answer_token_request/`: a file and a row of
//! `grant_table` for each grant.

use std::sync::Arc;

use domain::client::Client;
use domain::consent::usable_scope;
use foundation::clock::SharedClock;
use foundation::fault::Fault;
use protocol::dpop::proof_is_missing;
use protocol::oauth_error::{
    OAuthError, invalid_target, unauthorized_client, unsupported_grant_type,
};
use protocol::token_request::TokenRequest;
use protocol::token_response::TokenResponse;

use crate::answer::Answer;
use crate::authenticate_client::{AuthenticatedClient, ClientAuthentication};
use crate::find_client::ClientLookup;
use crate::host_token::HostTokens;
use crate::issue::Issuance;
use crate::memory::Memory;
use crate::parts::Parts;
use crate::protected_call::ClientCall;
use crate::resources::Resources;
use crate::token_authorization::{Binding, IssuanceContext, TokenAuthorization};
use crate::verify_proof::{CheckedProof, ProofVerifier};

mod authorization_code;
mod client_credentials;
mod grant_handler;
mod grant_table;
mod host_use;
mod judgement;
mod makings;
mod refresh_lookup;
mod refresh_token;
mod reuse;
mod rotation;
mod token_exchange;

pub use grant_handler::{GrantCall, GrantHandler, Redeemed, Redeeming};
pub use grant_table::{BUILT_IN, GrantCallers, GrantTable, GrantTypeRow};
pub use makings::GrantMakings;

/// Answers token requests.
#[derive(Clone)]
pub struct TokenEndpoint {
    authentication: ClientAuthentication,
    issuance: Issuance,
    grants: Arc<[OfferedGrant]>,
    resources: Resources,
    proofs: ProofVerifier,
    memory: Memory,
    clock: SharedClock,
}

/// A row of the table, made.
struct OfferedGrant {
    row: GrantTypeRow,
    handler: Box<dyn GrantHandler>,
}

impl TokenEndpoint {
    pub(crate) fn new(
        parts: &Parts,
        memory: &Memory,
        (authentication, proofs): (&ClientAuthentication, &ProofVerifier),
        (issuance, resources): (&Issuance, &Resources),
        (grants, hosts): (GrantTable, &HostTokens),
        clients: &ClientLookup,
    ) -> Self {
        let makings = GrantMakings {
            parts,
            memory,
            hosts,
            clients,
        };
        let grants = grants.0.iter().map(|row| OfferedGrant {
            row: *row,
            handler: (row.make)(&makings),
        });
        Self {
            authentication: authentication.clone(),
            issuance: issuance.clone(),
            grants: grants.collect(),
            resources: resources.clone(),
            proofs: proofs.clone(),
            memory: memory.clone(),
            clock: Arc::clone(&parts.clock),
        }
    }

    /// The grants that there are.
    pub fn grant_types(&self) -> Vec<&'static str> {
        let rows = self.grants.iter().map(|grant| grant.row);
        rows.map(|row| row.grant_type).collect()
    }

    /// Answers a token request.
    ///
    /// # Errors
    /// The answer is refused in the shape of RFC 6749 §5.2. A store or key that fails is a fault.
    pub async fn answer(&self, call: ClientCall) -> Result<Answer<TokenResponse>, Fault> {
        // Noted before anything is read: whatever ends after this kills the tokens that come of it,
        // whether the reads below saw it or not.
        let read = self.memory.live.freshness.cursor();
        let client = match self.authentication.authenticate(&call).await? {
            Answer::Given(client) => client,
            Answer::Refused(error) => return Ok(Answer::Refused(error)),
        };
        let admitted = TokenRequest::parse(&call.parameters).and_then(|request| {
            let (grant, requester) = self.admit(&client, &request)?;
            let proof = self.proof_of(&call, &requester)?;
            Ok((grant, requester, proof, request))
        });
        // The log says whose developer to call.
        let about = |error: OAuthError| error.about(&client.client().id);
        let (grant, requester, proof, request) = match admitted {
            Ok(admitted) => admitted,
            Err(error) => return Ok(Answer::Refused(about(error))),
        };
        let context = IssuanceContext {
            requester,
            address: call.address,
            binding: proof
                .as_ref()
                .map_or(Binding::Bearer, |p| Binding::DPoP(p.key)),
            read,
            now: self.clock.now(),
        };
        let call = GrantCall { context, request };
        let answer = self.run(grant, &call, proof).await?;
        count(grant.row.grant_type, &answer);
        Ok(answer.map_refusal(about))
    }

    /// The phases before a grant: is the client in service, is there such a grant, may the client use
    /// it?
    fn admit(
        &self,
        client: &AuthenticatedClient,
        request: &TokenRequest<'_>,
    ) -> Result<(&OfferedGrant, Arc<Client>), OAuthError> {
        let client = client.in_service()?;
        let mut grants = self.grants.iter();
        let grant = grants
            .find(|grant| grant.row.grant_type == request.grant_type)
            .ok_or_else(|| unsupported_grant_type("this grant_type is not supported"))?;
        if !client.allows_grant(grant.row.grant_type) {
            return Err(unauthorized_client(
                "the client did not register this grant type",
            ));
        }
        if grant.row.callers == GrantCallers::Confidential && !client.is_confidential() {
            return Err(unauthorized_client("a public client cannot use this grant"));
        }
        if grant.row.callers == GrantCallers::Hosts && !client.is_host() {
            return Err(unauthorized_client("only a host can use this grant"));
        }
        Ok((grant, Arc::clone(client)))
    }

    /// The phase of the proof of possession, but for its reuse.
    fn proof_of(
        &self,
        call: &ClientCall,
        client: &Client,
    ) -> Result<Option<CheckedProof>, OAuthError> {
        match &call.proof {
            Some(proof) => self.proofs.check(&call.endpoint, proof, None).map(Some),
            // "If the value is true, the authorization server MUST reject token requests from the client
            // that do not contain the DPoP header." (RFC 9449 §5.2)
            None if client.metadata.dpop_bound_access_tokens => Err(proof_is_missing()),
            None => Ok(None),
        }
    }

    /// The phases from the grant on, the same for each.
    async fn run(
        &self,
        grant: &OfferedGrant,
        call: &GrantCall<'_>,
        proof: Option<CheckedProof>,
    ) -> Result<Answer<TokenResponse>, Fault> {
        let redeemed = match grant.handler.redeem(call).await? {
            Answer::Refused(error) => return Ok(Answer::Refused(error)),
            Answer::Given(redeemed) => redeemed,
        };
        // Only what came with a code or a token that is good is remembered: anybody can name a public
        // client and sign proofs, and passing strangers write nothing.
        if let Some(proof) = proof
            && let Err(error) = Box::pin(self.proofs.use_up(proof)).await?
        {
            return Ok(Answer::Refused(error));
        }
        let (authorization, rotation) = match redeemed {
            Redeemed::Answered(response) => return Ok(Answer::Given(response)),
            Redeemed::Authorized(authorization) => (authorization, None),
            Redeemed::Rotating(authorization, rotation) => (authorization, Some(rotation)),
        };
        let authorization = match self.for_recipient(authorization).await? {
            Ok(authorization) => authorization,
            Err(error) => return Ok(Answer::Refused(error)),
        };
        let response = self.issuance.issue(authorization).await?;
        match rotation {
            Some(rotation) => Box::pin(rotation.commit(response)).await,
            None => Ok(Answer::Given(response)),
        }
    }

    /// What of an authorization its recipient may have. What the operator took out of the registration
    /// since is left out, whatever was granted.
    async fn for_recipient(
        &self,
        authorization: TokenAuthorization,
    ) -> Result<Result<TokenAuthorization, OAuthError>, Fault> {
        let recipient = &authorization.recipient;
        if recipient.is_suspended() {
            return Ok(Err(invalid_target("the client is not available")));
        }
        // Most name none, and their future stays small.
        if !authorization.audience.is_empty() {
            let known = self.resources.check(recipient, &authorization.audience);
            if let Err(error) = Box::pin(known).await? {
                return Ok(Err(error.into()));
            }
        }
        Ok(Ok(TokenAuthorization {
            scope: usable_scope(recipient, &authorization.scope),
            ..authorization
        }))
    }
}

fn count(grant_type: &'static str, answer: &Answer<TokenResponse>) {
    let result = match answer {
        Answer::Given(_) => "given",
        Answer::Refused(error) => error.code().as_str(),
    };
    metrics::counter!("portico_token_requests_total", "grant" => grant_type, "result" => result)
        .increment(1);
}
