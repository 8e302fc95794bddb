//! A presented refresh token, looked at: what it is worth at this moment. Changes nothing.

use std::sync::Arc;

use domain::client::Client;
use domain::refresh_retry::{self, Presented, judge};
use domain::token_family::TokenFamily;
use foundation::clock::{Instant, Span};
use foundation::digest::TokenDigest;
use foundation::fault::Fault;
use foundation::secret::SecretText;
use protocol::code_grant::{GrantRefusal, judge_refresh};
use protocol::oauth_error::OAuthError;
use protocol::scope::ScopeSet;
use store::token_families::KnownParticipant;

use super::judgement::{not_valid, within_authorized};
use crate::issue::{Entitled, Person};
use crate::parents::parents;

/// A look at a presented token: the same before the tokens are signed and in the transaction.
#[derive(Clone)]
pub(super) struct PresentedRefreshToken {
    pub(super) client: Arc<Client>,
    pub(super) token: TokenDigest,
    pub(super) scope: Option<ScopeSet>,
    pub(super) resource: Vec<String>,
    pub(super) window: Span,
    pub(super) now: Instant,
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
    pub(super) scope: ScopeSet,
    pub(super) person: Person,
    pub(super) participant: Option<KnownParticipant>,
}

impl PresentedRefreshToken {
    /// Looks at the token as it is now. Whose it is comes first, so that a stranger learns nothing
    /// else about it.
    pub(super) fn at(&self, db: &mut store::Connection) -> Result<RefreshLookup, Fault> {
        let refused = |cause| Ok(RefreshLookup::Refused(not_valid(cause)));
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
            Presented::Current => Ok(match judged {
                Ok(scope) => {
                    // What the person took back since is only missing.
                    let scope = scope.intersection(&parents.grant_scope);
                    let participant = parents.participant.clone();
                    let sid = participant.as_ref().map(|known| known.sid.clone());
                    let person = Person::of(&family, parents, sid);
                    RefreshLookup::Current(Box::new(Current {
                        token,
                        family,
                        scope,
                        person,
                        participant,
                    }))
                }
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
        refresh_retry::request_digest(scope, resource, None)
    }

    /// What is requested, within the family: to ask for more than was authorized is an error.
    fn judge(&self, family: &TokenFamily) -> Result<ScopeSet, GrantRefusal> {
        let authorized = &family.authorized;
        let requested = self.scope.as_ref();
        let scope = judge_refresh(
            &self.client.id,
            &family.client_id,
            requested,
            &authorized.scope,
        )?;
        within_authorized(&self.resource, &authorized.resource)?;
        Ok(scope)
    }
}

/// What the current token of a family entitles to.
pub(super) fn entitled(
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
