//! A presented refresh token, looked at: what it is worth at this moment. Changes nothing.

use domain::refresh_retry::{self, Presented, judge};
use domain::token_family::TokenFamily;
use foundation::clock::Span;
use foundation::digest::TokenDigest;
use foundation::fault::Fault;
use protocol::code_grant::{GrantRefusal, judge_refresh};
use protocol::oauth_error::OAuthError;
use protocol::scope::ScopeSet;
use store::token_families::KnownParticipant;

use super::judgement::{not_valid, proves, within_authorized};
use crate::parents::{Parents, parents};
use crate::token_authorization::{IssuanceContext, ResourceOwner, TokenAuthorization};

/// A look at a presented token: the same before the tokens are signed and in the transaction.
#[derive(Clone)]
pub(super) struct PresentedRefreshToken {
    pub(super) context: IssuanceContext,
    pub(super) token: TokenDigest,
    pub(super) scope: Option<ScopeSet>,
    pub(super) resource: Vec<String>,
    pub(super) window: Span,
}

/// What a look finds.
pub(super) enum RefreshLookup {
    /// The family's current token, and what it entitles to.
    Current(Box<Current>),
    /// An honest retry: the answer that was given before, sealed.
    Retry(Vec<u8>),
    /// Used before, or by a stranger: the family ends.
    Burn(Box<TokenFamily>, &'static str),
    /// Nothing to be had.
    Refused(OAuthError),
}

/// A token that is the current one of its family, and what it entitles to.
pub(super) struct Current {
    pub(super) token: refresh_retry::RefreshToken,
    pub(super) family: TokenFamily,
    pub(super) authorization: TokenAuthorization,
    pub(super) participant: Option<KnownParticipant>,
}

impl PresentedRefreshToken {
    /// Looks at the token as it is now. Whose it is comes first, so that a stranger learns nothing
    /// else about it.
    pub(super) fn at(&self, db: &mut store::Connection) -> Result<RefreshLookup, Fault> {
        let refused = |cause| Ok(RefreshLookup::Refused(not_valid(cause)));
        let (client, now) = (&self.context.requester, self.context.now);
        let Some(token) = store::refresh_tokens::find(db, self.token)? else {
            return refused("there is no such token");
        };
        let Some(family) = store::token_families::find(db, token.family_id)? else {
            return refused("its family is gone");
        };
        let judged = match self.judge(&family) {
            Ok(scope) => Ok(scope),
            Err(GrantRefusal::Unfit(error)) => Err(error),
            // A token that turns up at another client has leaked (attack 39).
            Err(GrantRefusal::IssuedToAnother) => {
                return Ok(RefreshLookup::Burn(
                    Box::new(family),
                    "it was issued to another client",
                ));
            }
        };
        let Some(parents) = parents(db, client, &family, now)? else {
            return refused("what it rests on has ended");
        };
        let binding = self.context.binding;
        let proved = |scope| proves(binding, token.proof_key).map(|()| scope);
        let successor_used = match &token.superseded {
            Some(superseded) => store::refresh_tokens::is_used(db, superseded.successor)?,
            None => false,
        };
        match judge(
            &token,
            self.request_of(&family),
            successor_used,
            self.window,
            now,
        ) {
            Presented::Expired => refused("it has expired"),
            Presented::Reuse => Ok(RefreshLookup::Burn(Box::new(family), "it was used before")),
            Presented::Retry { sealed_answer } => Ok(RefreshLookup::Retry(sealed_answer)),
            Presented::Current => Ok(match judged.and_then(proved) {
                Ok(scope) => RefreshLookup::Current(Box::new(Current {
                    authorization: self.authorization(&family, &parents, &scope),
                    participant: parents.participant,
                    token,
                    family,
                })),
                Err(error) => RefreshLookup::Refused(error),
            }),
        }
    }

    /// What is asked for: what is left out is all that was authorized.
    pub(super) fn request_of(&self, family: &TokenFamily) -> TokenDigest {
        let authorized = &family.authorized;
        let scope = self.scope.as_ref().unwrap_or(&authorized.scope);
        let resource = match self.resource.as_slice() {
            [] => authorized.resource.as_slice(),
            asked => asked,
        };
        refresh_retry::request_digest(scope, resource, self.context.binding.key())
    }

    /// What is requested, within the family: to ask for more than was authorized is an error.
    fn judge(&self, family: &TokenFamily) -> Result<ScopeSet, GrantRefusal> {
        let authorized = &family.authorized;
        let requested = self.scope.as_ref();
        let scope = judge_refresh(
            &self.context.requester.id,
            &family.client_id,
            requested,
            &authorized.scope,
        )?;
        within_authorized(&self.resource, &authorized.resource)?;
        Ok(scope)
    }

    /// What the current token of a family entitles to with this scope, without a refresh token.
    fn authorization(
        &self,
        family: &TokenFamily,
        parents: &Parents,
        scope: &ScopeSet,
    ) -> TokenAuthorization {
        // What the person took back since is only missing.
        let scope = scope.intersection(&parents.grant_scope);
        let audience = match self.resource.as_slice() {
            [] => &family.authorized.resource,
            _ => &self.resource,
        };
        TokenAuthorization {
            resource_owner: Some(ResourceOwner::of(family, parents)),
            actor: family.origin.actor().cloned(),
            until: parents.ends_at,
            ..TokenAuthorization::of_requester(&self.context, scope, audience.clone())
        }
    }
}
