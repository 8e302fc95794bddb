//! `refresh_token` (RFC 6749 §6): new tokens for an authorization that stands.
//!
//! Confidential clients keep their token unless they registered to rotate; public clients rotate, unless
//! the token is bound to a key of theirs.

use std::sync::Arc;

use domain::lifetimes::Lifetimes;
use foundation::clock::Span;
use foundation::fault::Fault;
use foundation::secret::{SecretKind, SecretText};
use protocol::oauth_error::OAuthError;
use protocol::scope_catalog::ScopeCatalog;
use store::Store;

use super::grant_handler::{GrantCall, GrantHandler, Redeemed, Redeeming};
use super::host_use::uses_session;
use super::judgement::not_valid;
use super::makings::GrantMakings;
use super::refresh_lookup::{Current, PresentedRefreshToken, RefreshLookup};
use super::reuse::Reuse;
use super::rotation::{RotationMakings, again};
use crate::answer::Answer;
use crate::participant::{is_noted, takes_part_still};

/// A token that is not rotated lives on while it is used; its end is moved at most this often.
const TOUCH: Span = Span::minutes(1);

/// The grant.
pub(super) struct RefreshTokenGrant {
    store: Store,
    catalog: Arc<ScopeCatalog>,
    reuse: Reuse,
    rotation: RotationMakings,
    lifetimes: Lifetimes,
}

impl RefreshTokenGrant {
    pub(super) fn make(makings: &GrantMakings<'_>) -> Box<dyn GrantHandler> {
        let parts = makings.parts;
        let reuse = Reuse::new(makings);
        Box::new(Self {
            store: parts.store.clone(),
            catalog: Arc::clone(&parts.policy.catalog),
            rotation: RotationMakings::new(makings, &reuse),
            reuse,
            lifetimes: parts.policy.lifetimes,
        })
    }

    /// What the request said.
    fn read(
        &self,
        call: &GrantCall<'_>,
    ) -> Result<(SecretText, PresentedRefreshToken), OAuthError> {
        let presented = SecretText::new(call.request.required("refresh_token")?);
        let digest = SecretKind::RefreshToken.digest_of(presented.expose());
        let token = digest.ok_or_else(|| not_valid("it has not the shape of a refresh token"))?;
        let registered = &call.context.requester.metadata;
        let as_registered = |scope| self.catalog.as_registered(registered, &scope);
        let look = PresentedRefreshToken {
            context: call.context.clone(),
            token,
            scope: call.request.scope()?.map(as_registered),
            resource: call.request.resource.clone(),
            window: self.lifetimes.refresh_retry_window,
        };
        Ok((presented, look))
    }

    /// Moves the end of a token that stays, while it is used.
    async fn keep_alive(
        &self,
        look: &PresentedRefreshToken,
        current: &Current,
    ) -> Result<(), Fault> {
        let now = look.context.now;
        let idle = now + self.lifetimes.refresh_idle;
        let expires_at = idle.min(current.family.expires_at);
        let participant = current.participant.as_ref();
        if expires_at.since(current.token.expires_at) >= TOUCH
            || participant.is_some_and(|known| !is_noted(known, now))
        {
            let (token, lifetimes) = (look.token, self.lifetimes);
            let requester = Arc::clone(&look.context.requester);
            let (family, participant) = (current.family.clone(), current.participant.clone());
            let written = self.store.write(move |tx| {
                if !store::users::keep(tx, family.user_id)? {
                    return Ok(());
                }
                takes_part_still(tx, &family, participant.as_ref(), now)?;
                uses_session(tx, &requester, &family, &lifetimes, now)?;
                store::refresh_tokens::touch(tx, token, expires_at)
            });
            written.await?;
        }
        Ok(())
    }

    async fn answer(&self, call: &GrantCall<'_>) -> Result<Answer<Redeemed>, Fault> {
        let (presented, look) = match self.read(call) {
            Ok(read) => read,
            Err(error) => return Ok(Answer::Refused(error)),
        };
        let first = look.clone();
        match self.store.read(move |db| first.at(db)).await? {
            RefreshLookup::Refused(error) => Ok(Answer::Refused(error)),
            RefreshLookup::Retry(sealed) => {
                again(&presented, &sealed).map(|r| Answer::Given(Redeemed::Answered(r)))
            }
            RefreshLookup::Burn(family, cause) => {
                self.reuse.burn(*family, call.context.now).await?;
                Ok(Answer::Refused(not_valid(cause)))
            }
            RefreshLookup::Current(current)
                if call.context.requester.rotates_refresh_tokens()
                    && current.token.proof_key.is_none() =>
            {
                let (authorization, rotation) = self.rotation.prepared(look, presented, *current);
                let rotating = Redeemed::Rotating(authorization, Box::new(rotation));
                Ok(Answer::Given(rotating))
            }
            RefreshLookup::Current(current) => {
                self.keep_alive(&look, &current).await?;
                let authorization = current.authorization;
                Ok(Answer::Given(Redeemed::Authorized(authorization)))
            }
        }
    }
}

impl GrantHandler for RefreshTokenGrant {
    fn redeem<'a>(&'a self, call: &'a GrantCall<'a>) -> Redeeming<'a> {
        Box::pin(self.answer(call))
    }
}
