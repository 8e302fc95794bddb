//! `refresh_token` (RFC 6749 §6): new tokens for an authorization that stands.
//!
//! Confidential clients keep their token unless they registered to rotate; public clients rotate.
//! A rotation signs first and writes afterwards, because nothing is signed inside a transaction:
//! read and judge, sign, then in one transaction judge again what is there now and supersede the
//! token by a conditional update. Of any number of equal requests at once one wins; the others find
//! its answer, sealed under the token that they all hold, and give the same one.

use std::sync::Arc;

use domain::audit::Actor;
use domain::client::Client;
use domain::refresh_retry::{self, Presented, Superseded, judge};
use domain::session::EndReason;
use domain::token_family::TokenFamily;
use foundation::clock::{Instant, Span};
use foundation::digest::TokenDigest;
use foundation::fault::Fault;
use foundation::secret::{SecretKind, SecretText};
use keys::retry_seal::{open_under_token, seal_under_token};
use protocol::code_grant::judge_refresh;
use protocol::oauth_error::OAuthError;
use protocol::scope::ScopeSet;
use protocol::token_response::TokenResponse;

use super::authorization_code::within_authorized;
use super::parents::parents;
use super::{GrantHandler, Redeemed, not_valid};
use crate::Flows;
use crate::answer::Answer;
use crate::issue::{Entitled, IssuanceContext, Person};
use crate::revoke::FamilyEnd;

/// A token that is not rotated lives on while it is used; its end is moved at most this often.
const TOUCH: Span = Span::minutes(1);

/// What the request said.
pub(super) struct RefreshToken {
    pub(super) refresh_token: SecretText,
    pub(super) scope: Option<ScopeSet>,
    pub(super) resource: Vec<String>,
}

/// A look at a presented token: the same before the tokens are signed and in the transaction.
#[derive(Clone)]
struct PresentedRefreshToken {
    client: Arc<Client>,
    token: TokenDigest,
    scope: Option<ScopeSet>,
    resource: Vec<String>,
    window: Span,
    now: Instant,
}

/// What a look finds.
enum RefreshLookup {
    /// The family's current token, and what it entitles to.
    Current(Box<Current>),
    /// An honest retry: the answer that was given before, sealed.
    Retry(Vec<u8>),
    /// Used before, or by a stranger: the family ends.
    Burn(Box<TokenFamily>, &'static str),
    /// Nothing to be had.
    Refused(OAuthError),
}

struct Current {
    token: refresh_retry::RefreshToken,
    family: TokenFamily,
    scope: ScopeSet,
    person: Person,
}

impl GrantHandler for RefreshToken {
    /// A public client's token rotates, so that a stolen one is noticed.
    const CONFIDENTIAL_ONLY: bool = false;

    async fn redeem(
        self,
        flows: &Flows,
        issuance: &IssuanceContext,
    ) -> Result<Answer<Redeemed>, Fault> {
        let Some(token) = SecretKind::RefreshToken.digest_of(self.refresh_token.expose()) else {
            return Ok(Answer::Refused(not_valid(
                "it has not the shape of a refresh token",
            )));
        };
        let registered = &issuance.client.metadata;
        let catalog = &flows.policy().catalog;
        let look = PresentedRefreshToken {
            client: Arc::clone(&issuance.client),
            token,
            scope: self
                .scope
                .map(|scope| catalog.as_registered(registered, &scope)),
            resource: self.resource,
            window: flows.policy().lifetimes.refresh_retry_window,
            now: issuance.now,
        };
        let first = look.clone();
        match flows.store().read(move |db| first.at(db)).await? {
            RefreshLookup::Refused(error) => Ok(Answer::Refused(error)),
            RefreshLookup::Retry(sealed) => {
                again(&self.refresh_token, &sealed).map(|r| Answer::Given(Redeemed::Again(r)))
            }
            RefreshLookup::Burn(family, cause) => {
                flows.burn(*family).await?;
                Ok(Answer::Refused(not_valid(cause)))
            }
            RefreshLookup::Current(current) if issuance.client.rotates_refresh_tokens() => Ok(
                Answer::Given(rotate(flows, look, self.refresh_token, *current)),
            ),
            RefreshLookup::Current(current) => {
                keep_alive(flows, &look, &current).await?;
                Ok(Answer::Given(Redeemed::Entitled(entitled(
                    &look, *current, None,
                ))))
            }
        }
    }
}

impl PresentedRefreshToken {
    /// Looks at the token as it is now. Whose it is comes first, so that a stranger learns nothing
    /// else about it.
    fn at(&self, db: &mut store::Connection) -> Result<RefreshLookup, Fault> {
        let refused = |cause| Ok(RefreshLookup::Refused(not_valid(cause)));
        let Some(token) = store::refresh_tokens::find(db, self.token)? else {
            return refused("there is no such token");
        };
        let Some(family) = store::token_families::find(db, token.family_id)? else {
            return refused("its family is gone");
        };
        // A token that turns up at another client has leaked (attack 39).
        if family.client_id != self.client.id {
            return Ok(RefreshLookup::Burn(
                Box::new(family),
                "it was issued to another client",
            ));
        }
        let Some(parents) = parents(db, &self.client, &family, self.now)? else {
            return refused("what it rests on has ended");
        };
        let successor_used = match &token.superseded {
            Some(superseded) => store::refresh_tokens::is_used(db, superseded.successor)?,
            None => false,
        };
        match judge(
            &token,
            self.request_of(&family),
            successor_used,
            self.window,
            self.now,
        ) {
            Presented::Expired => refused("it has expired"),
            Presented::Reuse => Ok(RefreshLookup::Burn(Box::new(family), "it was used before")),
            Presented::Retry { sealed_answer } => Ok(RefreshLookup::Retry(sealed_answer)),
            Presented::Current => Ok(match self.scope_of(&family, &parents.grant_scope) {
                Ok(scope) => {
                    let person = Person::of(&family, parents.ends_at, parents.grant_scope);
                    RefreshLookup::Current(Box::new(Current {
                        token,
                        family,
                        scope,
                        person,
                    }))
                }
                Err(error) => RefreshLookup::Refused(error),
            }),
        }
    }

    /// What is asked for: what is left out is all that was authorized.
    fn request_of(&self, family: &TokenFamily) -> TokenDigest {
        let authorized = &family.authorized;
        let scope = self.scope.as_ref().unwrap_or(&authorized.scope);
        let resource = match self.resource.as_slice() {
            [] => authorized.resource.as_slice(),
            asked => asked,
        };
        refresh_retry::request_digest(scope, resource, None)
    }

    /// "Scope = requested ∩ family ∩ grant as it is now": to ask for more than was authorized is an
    /// error; what the person took back since is only missing.
    fn scope_of(&self, family: &TokenFamily, grant: &ScopeSet) -> Result<ScopeSet, OAuthError> {
        let authorized = &family.authorized;
        within_authorized(&self.resource, &authorized.resource)?;
        let requested = self.scope.as_ref();
        let scope = judge_refresh(
            &self.client.id,
            &family.client_id,
            requested,
            &authorized.scope,
        )?;
        Ok(scope.intersection(grant))
    }
}

fn entitled(
    look: &PresentedRefreshToken,
    current: Current,
    refresh_token: Option<SecretText>,
) -> Entitled {
    let asked = &look.resource;
    let authorized = current.family.authorized.resource;
    Entitled {
        scope: current.scope,
        resource: if asked.is_empty() {
            authorized
        } else {
            asked.clone()
        },
        person: Some(current.person),
        refresh_token,
    }
}

/// Moves the end of a token that stays, while it is used.
async fn keep_alive(
    flows: &Flows,
    look: &PresentedRefreshToken,
    current: &Current,
) -> Result<(), Fault> {
    let idle = look.now + flows.policy().lifetimes.refresh_idle;
    let expires_at = idle.min(current.family.expires_at);
    if expires_at.since(current.token.expires_at) >= TOUCH {
        let token = look.token;
        flows
            .store()
            .write(move |tx| store::refresh_tokens::touch(tx, token, expires_at))
            .await?;
    }
    Ok(())
}

/// The answer that was given before.
fn again(presented: &SecretText, sealed: &[u8]) -> Result<TokenResponse, Fault> {
    let opened = open_under_token(presented, sealed)
        .ok_or_else(|| Fault::broken("refresh_tokens.sealed_answer: it does not open"))?;
    serde_json::from_slice(opened.expose())
        .map_err(|error| Fault::broken_by("refresh_tokens.sealed_answer", error))
}

/// A rotation that is prepared: its tokens are being signed, nothing is written yet.
pub(super) struct Rotation {
    look: PresentedRefreshToken,
    presented: SecretText,
    successor: refresh_retry::RefreshToken,
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

fn rotate(
    flows: &Flows,
    look: PresentedRefreshToken,
    presented: SecretText,
    current: Current,
) -> Redeemed {
    let (token, digest) = SecretKind::RefreshToken.issue(flows.entropy());
    let idle = look.now + flows.policy().lifetimes.refresh_idle;
    let successor = refresh_retry::RefreshToken {
        digest,
        family_id: current.family.id,
        number: current.token.number.saturating_add(1),
        issued_at: look.now,
        expires_at: idle.min(current.family.expires_at),
        superseded: None,
    };
    let entitled = entitled(&look, current, Some(token));
    let burn = flows.family_end(EndReason::ReuseDetected, Actor::System);
    let rotation = Rotation {
        look,
        presented,
        successor,
        burn,
    };
    Redeemed::Rotating(entitled, Box::new(rotation))
}

impl Rotation {
    /// Writes the rotation with its signed answer; if another request was faster, gives that one's.
    pub(super) async fn commit(
        self,
        flows: &Flows,
        response: TokenResponse,
    ) -> Result<Answer<TokenResponse>, Fault> {
        let plain = serde_json::to_vec(&response)
            .map_err(|error| Fault::broken_by("a token response", error))?;
        let sealed = seal_under_token(&self.presented, &plain, flows.entropy());
        let presented = self.presented.clone();
        let written = flows
            .store()
            .write(move |tx| self.write(tx, sealed))
            .await?;
        flows.settled(written.position).await;
        Ok(match written.value {
            Committed::Mine => Answer::Given(response),
            Committed::Theirs(sealed) => Answer::Given(again(&presented, &sealed)?),
            Committed::Refused(error) => Answer::Refused(error),
        })
    }

    fn write(self, tx: &mut store::Transaction<'_>, sealed: Vec<u8>) -> Result<Committed, Fault> {
        let found = match self.look.at(tx)? {
            RefreshLookup::Current(current) => {
                let superseded = Superseded {
                    at: self.look.now,
                    request: self.look.request_of(&current.family),
                    sealed_answer: Some(sealed),
                    successor: self.successor.digest,
                };
                if store::refresh_tokens::supersede(tx, self.look.token, &superseded)? {
                    store::refresh_tokens::insert(tx, &self.successor)?;
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
