//! The rotation of a refresh token: signed first and written afterwards, because nothing is signed
//! inside a transaction. The token is superseded by a conditional update; of any number of equal
//! requests at once one wins, and the others give its answer, sealed under the token that they hold.

use std::sync::Arc;

use domain::lifetimes::Lifetimes;
use domain::refresh_retry::{RefreshToken, Superseded};
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use foundation::id::UserId;
use foundation::secret::{SecretKind, SecretText};
use keys::retry_seal::{open_under_token, seal_under_token};
use protocol::oauth_error::OAuthError;
use protocol::token_response::TokenResponse;
use store::Store;

use super::host_use::uses_session;
use super::judgement::not_valid;
use super::makings::GrantMakings;
use super::refresh_lookup::{Current, PresentedRefreshToken, RefreshLookup};
use super::reuse::Reuse;
use crate::answer::Answer;
use crate::family_end::FamilyEnd;
use crate::memory::Memory;
use crate::participant::takes_part_still;
use crate::token_authorization::TokenAuthorization;

/// What rotations are made of.
#[derive(Clone)]
pub(super) struct RotationMakings {
    store: Store,
    memory: Memory,
    reuse: Reuse,
    entropy: SharedEntropy,
    lifetimes: Lifetimes,
}

/// A rotation that is prepared: its tokens are being signed, nothing is written yet.
pub struct Rotation {
    makings: RotationMakings,
    look: PresentedRefreshToken,
    presented: SecretText,
    successor: RefreshToken,
    user: UserId,
    burn: FamilyEnd,
}

/// What the transaction of a rotation came to.
enum Committed {
    /// This request's answer counts.
    Mine,
    /// Another request was faster; its answer counts.
    Theirs(Vec<u8>),
    /// It ended meanwhile.
    Refused(OAuthError),
}

impl RotationMakings {
    pub(super) fn new(makings: &GrantMakings<'_>, reuse: &Reuse) -> Self {
        Self {
            store: makings.parts.store.clone(),
            memory: makings.memory.clone(),
            reuse: reuse.clone(),
            entropy: Arc::clone(&makings.parts.entropy),
            lifetimes: makings.parts.policy.lifetimes,
        }
    }

    /// Prepares a rotation: a successor, and what it entitles to.
    pub(super) fn prepared(
        &self,
        look: PresentedRefreshToken,
        presented: SecretText,
        current: Current,
    ) -> (TokenAuthorization, Rotation) {
        let (token, digest) = SecretKind::RefreshToken.issue(self.entropy.as_ref());
        let now = look.context.now;
        let idle = now + self.lifetimes.refresh_idle;
        let successor = RefreshToken {
            digest,
            family_id: current.family.id,
            number: current.token.number.saturating_add(1),
            issued_at: now,
            expires_at: idle.min(current.family.expires_at),
            superseded: None,
            proof_key: look.context.refresh_key(),
        };
        let authorization = TokenAuthorization {
            refresh_token: Some(token),
            ..current.authorization
        };
        let rotation = Rotation {
            burn: self.reuse.end(now),
            makings: self.clone(),
            look,
            presented,
            successor,
            user: current.family.user_id,
        };
        (authorization, rotation)
    }
}

impl Rotation {
    /// Writes the rotation with its signed answer; if another request was faster, gives that one's.
    pub(super) async fn commit(
        self,
        response: TokenResponse,
    ) -> Result<Answer<TokenResponse>, Fault> {
        let plain = serde_json::to_vec(&response)
            .map_err(|error| Fault::broken_by("a token response", error))?;
        let makings = self.makings.clone();
        let sealed = seal_under_token(&self.presented, &plain, makings.entropy.as_ref());
        let presented = self.presented.clone();
        let written = makings
            .store
            .write(move |tx| self.write(tx, sealed))
            .await?;
        makings.memory.settled(written.position).await;
        Ok(match written.value {
            Committed::Mine => Answer::Given(response),
            Committed::Theirs(sealed) => Answer::Given(again(&presented, &sealed)?),
            Committed::Refused(error) => Answer::Refused(error),
        })
    }

    fn write(self, tx: &mut store::Transaction<'_>, sealed: Vec<u8>) -> Result<Committed, Fault> {
        let now = self.look.context.now;
        if !store::users::keep(tx, self.user)? {
            return Ok(Committed::Refused(not_valid("its person is gone")));
        }
        let found = match self.look.at(tx)? {
            RefreshLookup::Current(current) => {
                let superseded = Superseded {
                    at: now,
                    request: self.look.request_of(&current.family),
                    sealed_answer: Some(sealed),
                    successor: self.successor.digest,
                };
                if store::refresh_tokens::supersede(tx, self.look.token, &superseded)? {
                    store::refresh_tokens::insert(tx, &self.successor)?;
                    let participant = current.participant.as_ref();
                    takes_part_still(tx, &current.family, participant, now)?;
                    let (client, lifetimes) =
                        (&self.look.context.requester, &self.makings.lifetimes);
                    uses_session(tx, client, &current.family, lifetimes, now)?;
                    return Ok(Committed::Mine);
                }
                // Another transaction superseded it after the look above; now its answer is there.
                self.look.at(tx)?
            }
            found => found,
        };
        match found {
            RefreshLookup::Retry(sealed) => Ok(Committed::Theirs(sealed)),
            RefreshLookup::Refused(error) => Ok(Committed::Refused(error)),
            RefreshLookup::Burn(family, cause) => {
                self.burn.write(tx, &family)?;
                Ok(Committed::Refused(not_valid(cause)))
            }
            RefreshLookup::Current(_) => Err(Fault::broken(
                "a refresh token that is current and superseded",
            )),
        }
    }
}

/// The answer that was given before.
pub(super) fn again(presented: &SecretText, sealed: &[u8]) -> Result<TokenResponse, Fault> {
    let opened = open_under_token(presented, sealed)
        .ok_or_else(|| Fault::broken("refresh_tokens.sealed_answer: it does not open"))?;
    serde_json::from_slice(opened.expose())
        .map_err(|error| Fault::broken_by("refresh_tokens.sealed_answer", error))
}
