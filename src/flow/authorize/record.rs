//! What an authorization leaves behind, in one transaction: the consent with its receipt, the
//! grant, the subject, and the token family with its code.

use std::sync::Arc;

use domain::client::Client;
use domain::consent::{Decision, silent_scope};
use domain::grant::Grant;
use domain::interaction::{InteractionEnd, resulting_scope};
use domain::left_out::left_out;
use domain::lifetimes::Lifetimes;
use domain::one_time_credential::{OneTimeCredential, OneTimeKind, OneTimeParent};
use domain::token_family::{Authorized, CodeOrigin, Origin, TokenFamily};
use foundation::clock::{Instant, SharedClock};
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use foundation::id::{FamilyId, InteractionId};
use foundation::secret::{SecretKind, SecretText};
use keys::key_ring::Keys;
use protocol::authorization_error::AuthorizationRefusal;
use protocol::authorization_request::AuthorizationRequest;
use protocol::mismatch::Mismatch;
use protocol::scope::{self, ScopeSet};
use protocol::scope_catalog::ScopeCatalog;
use store::Store;

use super::basis::Basis;
use crate::browser::{SignedIn, touch};
use crate::memory::Memory;
use crate::parts::Parts;
use crate::pending_authorization::{KnownPerson, PendingAuthorization};
use crate::record_decision::{DecisionIds, NewDecision};
use crate::subject::subject_in;

/// What came of recording an authorization.
pub(crate) enum Recorded {
    /// The code to send, and what the answer leaves out.
    Code(SecretText, Vec<Mismatch>),
    /// The request was refused at the same moment, and that stands.
    Refused(AuthorizationRefusal),
    /// The request was answered before, for somebody else or too long ago.
    Over,
    /// What was decided rests on something that is not so any more: the session has ended, or the grant is
    /// another one. Nothing is written, and it is to be decided again.
    Changed(Box<PendingAuthorization>),
}

/// Whose answer it is.
enum AnswerTurn {
    /// The first one: what was decided is recorded with it.
    First,
    /// The same one again, from a button that was pressed twice: it gets a code of its own, and nothing
    /// is decided anew.
    Again,
    /// No answer is to be given any more but this.
    Stands(Recorded),
}

/// Records authorizations.
#[derive(Clone)]
pub(super) struct Record {
    store: Store,
    catalog: Arc<ScopeCatalog>,
    memory: Memory,
    keys: Arc<Keys>,
    clock: SharedClock,
    entropy: SharedEntropy,
    lifetimes: Lifetimes,
}

impl Record {
    pub(super) fn new(parts: &Parts, memory: &Memory) -> Self {
        Self {
            store: parts.store.clone(),
            catalog: Arc::clone(&parts.policy.catalog),
            memory: memory.clone(),
            keys: Arc::clone(&parts.keys),
            clock: Arc::clone(&parts.clock),
            entropy: Arc::clone(&parts.entropy),
            lifetimes: parts.policy.lifetimes,
        }
    }

    /// Writes all that an authorization leaves behind.
    pub(super) async fn authorization(
        &self,
        pending: PendingAuthorization,
        signed_in: SignedIn,
        known: KnownPerson,
    ) -> Result<Recorded, Fault> {
        let now = self.clock.now();
        let (code, digest) = SecretKind::AuthorizationCode.issue(self.entropy.as_ref());
        let ids = DecisionIds::new(now, self.entropy.as_ref());
        let family_id = FamilyId::new(now, self.entropy.as_ref());
        let (keys, lifetimes) = (self.keys.current(), self.lifetimes);
        let silent = silent_scope(&pending.client, &pending.request.scope, &self.catalog);
        let written = self.store.write(move |tx| {
            let client = &pending.client;
            let decision = decision_of(&pending, &signed_in);
            let allow = |before: Option<&Grant>| decision.apply(before, client, &silent, now);
            let Some(basis) = Basis::find(tx, &pending, &signed_in, &known, allow, now)? else {
                return Ok(Recorded::Changed(Box::new(pending)));
            };
            let begins = basis.begins;
            let grant = match take_turn(tx, &pending, &signed_in, now)? {
                AnswerTurn::First => {
                    let refusals = match decision.refused.is_empty() {
                        true => Vec::new(),
                        false => store::refusals::of(tx, signed_in.user.id, &client.id)?,
                    };
                    let decided = NewDecision {
                        who: &signed_in,
                        client,
                        decision: &decision,
                        refusals: &refusals,
                    };
                    decided.write(tx, basis.change, &ids, now)?
                }
                // Whoever took it back since is not answered as if they had not.
                AnswerTurn::Again => match basis.change.before {
                    Some(grant) => grant,
                    None => return Ok(Recorded::Over),
                },
                AnswerTurn::Stands(recorded) => return Ok(recorded),
            };
            subject_in(tx, &keys, &client.sector(), signed_in.user.id)?;
            touch(tx, &signed_in.session, &lifetimes, now)?;
            if grant.last_used_at < now.floor_to_minute() {
                store::grants::touch(tx, grant.id, now.floor_to_minute())?;
            }
            let family = family(&pending, &signed_in, &grant, family_id, &lifetimes, now);
            let missing = left_out(client, &pending.request.scope, &family.authorized.scope);
            store::token_families::insert(tx, &family, begins)?;
            let credential = OneTimeCredential {
                digest,
                kind: OneTimeKind::AuthorizationCode,
                parent: OneTimeParent::Family(family.id),
                expires_at: now + lifetimes.code,
                used_at: None,
            };
            store::one_time_credentials::insert(tx, &credential)?;
            Ok(Recorded::Code(code, missing))
        });
        let written = written.await?;
        // A decision can take something back, and then it is gone with the answer.
        self.memory.settled(written.position).await;
        Ok(written.value)
    }

    /// Writes that a request ends with a refusal; gives the one that stands, or `None` if the request is
    /// over. Whoever refuses what was answered with a code a moment ago is obeyed: from then on no code is
    /// sent. A request that waits in an address has no row, and leaves none.
    pub(super) async fn refusal(
        &self,
        pending: &PendingAuthorization,
        refusal: AuthorizationRefusal,
    ) -> Result<Option<AuthorizationRefusal>, Fault> {
        let Some(interaction) = &pending.interaction else {
            return Ok(Some(refusal));
        };
        let (id, now) = (interaction.id, self.clock.now());
        let end = InteractionEnd::Refused(refusal.clone());
        let progress = pending.progress().ended(end);
        let stands = self.store.write(move |tx| {
            if store::interactions::consume(tx, id, &progress, now)? {
                return Ok(Some(refusal));
            }
            Ok(match end_of(tx, id, now)? {
                Some(InteractionEnd::Refused(before)) => Some(before),
                Some(InteractionEnd::Code(_)) => {
                    store::interactions::end_after_all(tx, id, &progress)?;
                    Some(refusal)
                }
                None => None,
            })
        });
        Ok(stands.await?.value)
    }
}

/// Consumes the request's row, if it has one, or finds out what came of it.
fn take_turn(
    tx: &mut store::Transaction<'_>,
    pending: &PendingAuthorization,
    signed_in: &SignedIn,
    now: Instant,
) -> Result<AnswerTurn, Fault> {
    let Some(interaction) = &pending.interaction else {
        return Ok(AnswerTurn::First);
    };
    let user = signed_in.user.id;
    let progress = pending.progress().ended(InteractionEnd::Code(user));
    if store::interactions::consume(tx, interaction.id, &progress, now)? {
        return Ok(AnswerTurn::First);
    }
    Ok(match end_of(tx, interaction.id, now)? {
        Some(InteractionEnd::Code(whose)) if whose == user => AnswerTurn::Again,
        Some(InteractionEnd::Refused(refusal)) => AnswerTurn::Stands(Recorded::Refused(refusal)),
        Some(InteractionEnd::Code(_)) | None => AnswerTurn::Stands(Recorded::Over),
    })
}

/// How a request ended, a moment ago.
fn end_of(
    tx: &mut store::Transaction<'_>,
    id: InteractionId,
    now: Instant,
) -> Result<Option<InteractionEnd>, Fault> {
    let found = store::interactions::find(tx, id)?;
    Ok(found
        .filter(|row| row.is_open(now))
        .and_then(|row| row.progress.end))
}

/// What everything that comes of the code belongs to.
fn family(
    pending: &PendingAuthorization,
    signed_in: &SignedIn,
    grant: &Grant,
    id: FamilyId,
    lifetimes: &Lifetimes,
    now: Instant,
) -> TokenFamily {
    let client = &pending.client;
    let authorized = authorized(&pending.request, client, signed_in, &grant.scopes.names());
    let offline = authorized.scope.contains(scope::OFFLINE_ACCESS);
    TokenFamily {
        id,
        grant_id: grant.id,
        user_id: signed_in.user.id,
        client_id: client.id.clone(),
        session_id: (!offline).then_some(signed_in.session.id),
        origin: origin(&pending.request),
        authorized,
        created_at: now,
        expires_at: TokenFamily::end_of_life(client.gets_refresh_tokens(), lifetimes, now),
        ended: None,
    }
}

fn decision_of(pending: &PendingAuthorization, signed_in: &SignedIn) -> Decision {
    let progress = pending.progress();
    if progress.decided_by == Some(signed_in.user.id) {
        progress.decision()
    } else {
        Decision::default()
    }
}

fn origin(request: &AuthorizationRequest) -> Origin {
    Origin::Code(CodeOrigin {
        redirect_uri: request.redirect_uri.clone(),
        redirect_uri_given: request.redirect_uri_given,
        code_challenge: request.code_challenge.clone(),
        nonce: request.nonce.clone(),
        dpop_jkt: request.dpop_jkt,
    })
}

fn authorized(
    request: &AuthorizationRequest,
    client: &Client,
    signed_in: &SignedIn,
    grant: &ScopeSet,
) -> Authorized {
    Authorized {
        scope: resulting_scope(client, &request.scope, grant),
        authentication: signed_in.session.authentication.clone(),
        session_id: signed_in.session.id,
        claims: request.claims.clone(),
        resource: request.resource.clone(),
    }
}
