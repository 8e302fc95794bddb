//! `client_credentials` (RFC 6749 §4.4): a client acts for itself. No person, no refresh token, no
//! database.

use foundation::fault::Fault;
use protocol::code_grant::judge_client_credentials;
use protocol::oauth_error::invalid_target;
use protocol::scope::ScopeSet;

use super::grant_handler::{GrantHandler, Redeemed};
use super::grant_parts::GrantParts;
use crate::answer::Answer;
use crate::issue::{Entitled, IssuanceContext};

/// What the request said.
pub(super) struct ClientCredentials {
    pub(super) scope: Option<ScopeSet>,
    pub(super) resource: Vec<String>,
}

impl GrantHandler for ClientCredentials {
    /// "The client credentials grant type MUST only be used by confidential clients" (RFC 6749
    /// §4.4).
    const CONFIDENTIAL_ONLY: bool = true;

    async fn redeem(
        self,
        parts: &GrantParts,
        issuance: &IssuanceContext,
    ) -> Result<Answer<Redeemed>, Fault> {
        let client = &issuance.client;
        let issuer = &parts.issuer;
        if !self
            .resource
            .iter()
            .all(|resource| client.may_name_resource(resource, issuer))
        {
            let error = invalid_target("the resource is another client");
            return Ok(Answer::Refused(error));
        }
        let (asked, allowed) = (self.scope.as_ref(), client.allowed_scope());
        let catalog = &parts.catalog;
        let judged = judge_client_credentials(&client.id, asked, &allowed, catalog);
        Ok(Answer::from(judged).map(|scope| {
            Redeemed::Entitled(Entitled {
                scope,
                resource: self.resource,
                person: None,
                // "A refresh token SHOULD NOT be included" (RFC 6749 §4.4.3)
                refresh_token: None,
            })
        }))
    }
}
