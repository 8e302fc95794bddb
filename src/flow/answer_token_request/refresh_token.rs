//! `refresh_token` (RFC 6749 §6): new tokens for an authorization that stands.
//!
//! Confidential clients keep their token unless they registered to rotate; public clients rotate.

use std::sync::Arc;

use foundation::clock::Span;
use foundation::fault::Fault;
use foundation::secret::{SecretKind, SecretText};
use protocol::scope::ScopeSet;

use super::grant_handler::{GrantHandler, Redeemed};
use super::grant_parts::GrantParts;
use super::judgement::not_valid;
use super::refresh_lookup::{Current, PresentedRefreshToken, RefreshLookup, entitled};
use super::rotation::{again, prepared};
use crate::answer::Answer;
use crate::issue::IssuanceContext;
use crate::participant::{is_noted, takes_part_still};

/// A token that is not rotated lives on while it is used; its end is moved at most this often.
const TOUCH: Span = Span::minutes(1);

/// What the request said.
pub(super) struct RefreshToken {
    pub(super) refresh_token: SecretText,
    pub(super) scope: Option<ScopeSet>,
    pub(super) resource: Vec<String>,
}

impl GrantHandler for RefreshToken {
    /// A public client's token rotates, so that a stolen one is noticed.
    const CONFIDENTIAL_ONLY: bool = false;

    async fn redeem(
        self,
        parts: &GrantParts,
        issuance: &IssuanceContext,
    ) -> Result<Answer<Redeemed>, Fault> {
        let Some(token) = SecretKind::RefreshToken.digest_of(self.refresh_token.expose()) else {
            return Ok(Answer::Refused(not_valid(
                "it has not the shape of a refresh token",
            )));
        };
        let registered = &issuance.client.metadata;
        let catalog = &parts.catalog;
        let look = PresentedRefreshToken {
            client: Arc::clone(&issuance.client),
            token,
            scope: self
                .scope
                .map(|scope| catalog.as_registered(registered, &scope)),
            resource: self.resource,
            window: parts.lifetimes.refresh_retry_window,
            now: issuance.now,
        };
        let first = look.clone();
        match parts.store.read(move |db| first.at(db)).await? {
            RefreshLookup::Refused(error) => Ok(Answer::Refused(error)),
            RefreshLookup::Retry(sealed) => {
                again(&self.refresh_token, &sealed).map(|r| Answer::Given(Redeemed::Again(r)))
            }
            RefreshLookup::Burn(family, cause) => {
                parts.burn(*family, issuance.now).await?;
                Ok(Answer::Refused(not_valid(cause)))
            }
            RefreshLookup::Current(current) if issuance.client.rotates_refresh_tokens() => {
                let (entitled, rotation) = prepared(parts, look, self.refresh_token, *current);
                let rotating = Redeemed::Rotating(entitled, Box::new(rotation));
                Ok(Answer::Given(rotating))
            }
            RefreshLookup::Current(current) => {
                keep_alive(parts, &look, &current).await?;
                Ok(Answer::Given(Redeemed::Entitled(entitled(
                    &look, *current, None,
                ))))
            }
        }
    }
}

/// Moves the end of a token that stays, while it is used.
async fn keep_alive(
    parts: &GrantParts,
    look: &PresentedRefreshToken,
    current: &Current,
) -> Result<(), Fault> {
    let idle = look.now + parts.lifetimes.refresh_idle;
    let expires_at = idle.min(current.family.expires_at);
    let participant = current.participant.as_ref();
    if expires_at.since(current.token.expires_at) >= TOUCH
        || participant.is_some_and(|known| !is_noted(known, look.now))
    {
        let (token, now) = (look.token, look.now);
        let (family, participant) = (current.family.clone(), current.participant.clone());
        let written = parts.store.write(move |tx| {
            takes_part_still(tx, &family, participant.as_ref(), now)?;
            store::refresh_tokens::touch(tx, token, expires_at)
        });
        written.await?;
    }
    Ok(())
}
