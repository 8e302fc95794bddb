//! `client_credentials` (RFC 6749 §4.4): a client acts for itself. No person, no refresh token, no
//! database.

use std::sync::Arc;

use protocol::code_grant::judge_client_credentials;
use protocol::oauth_error::OAuthError;
use protocol::scope_catalog::ScopeCatalog;

use super::grant_handler::{GrantCall, GrantHandler, Redeemed, Redeeming};
use super::makings::GrantMakings;
use crate::answer::Answer;
use crate::token_authorization::TokenAuthorization;

/// The grant.
pub(super) struct ClientCredentialsGrant {
    catalog: Arc<ScopeCatalog>,
}

impl ClientCredentialsGrant {
    pub(super) fn make(makings: &GrantMakings<'_>) -> Box<dyn GrantHandler> {
        let catalog = Arc::clone(&makings.parts.policy.catalog);
        Box::new(Self { catalog })
    }

    fn judge(&self, call: &GrantCall<'_>) -> Result<TokenAuthorization, OAuthError> {
        let client = &call.context.requester;
        let asked = call.request.scope()?;
        let allowed = client.allowed_scope();
        let scope = judge_client_credentials(&client.id, asked.as_ref(), &allowed, &self.catalog)?;
        // "A refresh token SHOULD NOT be included" (RFC 6749 §4.4.3)
        Ok(TokenAuthorization::of_requester(
            &call.context,
            scope,
            call.request.resource.clone(),
        ))
    }
}

impl GrantHandler for ClientCredentialsGrant {
    fn redeem<'a>(&'a self, call: &'a GrantCall<'a>) -> Redeeming<'a> {
        Box::pin(async { Ok(Answer::from(self.judge(call)).map(Redeemed::Authorized)) })
    }
}
