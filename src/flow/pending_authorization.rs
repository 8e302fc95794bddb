//! A request on its way: what has happened on its pages, and what is known about the person in front of
//! the browser. Reading it back from a page's token is `pending_authorization/find.rs`.
//!
//! A passing stranger writes nothing: what is asked without a session travels inside the step token
//! of the sign-in page, and has a row once somebody signed in there.

use std::sync::Arc;

use domain::client::Client;
use domain::consent::ConsentRefusal;
use domain::grant::Grant;
use domain::interaction::{
    self, Expected, Interaction, InteractionContext, InteractionEnd, Next, Progress,
};
use domain::lifetimes::Lifetimes;
use foundation::clock::{Instant, SharedClock};
use foundation::digest::TokenDigest;
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use foundation::id::{ClientId, InteractionId, Subject};
use keys::key_ring::Keys;
use protocol::authorization_error::{AuthorizationErrorCode, AuthorizationRefusal};
use protocol::authorization_request::AuthorizationRequest;
use protocol::scope_catalog::ScopeCatalog;
use serde::{Deserialize, Serialize};
use store::Store;

use crate::browser::{Browser, SignedIn, signed_in};
use crate::browser_response::{Stale, StalePage};
use crate::find_client::ClientLookup;
use crate::id_token_hint::read_hint;
use crate::parts::Parts;

pub(crate) mod find;
mod silent;

/// A request on its way: who asks for what, and the pages it has been on.
pub(crate) struct PendingAuthorization {
    pub(crate) client: Arc<Client>,
    pub(crate) request: AuthorizationRequest,
    pub(crate) interaction: Option<Interaction>,
    /// The interaction that will be, once something happens on the sign-in page.
    pub(crate) unstored: Option<Interaction>,
}

/// A request that waits on the sign-in page and has no row. Its id is the one that its row will have,
/// so that it is answered once, however often the page is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct UnstoredAuthorization {
    id: InteractionId,
    request: AuthorizationRequest,
    at: Instant,
    until: Instant,
}

impl UnstoredAuthorization {
    /// The interaction that it becomes.
    pub(crate) fn interaction(self, browser: TokenDigest) -> Interaction {
        Interaction {
            id: self.id,
            browser,
            request: self.request,
            progress: Progress::default(),
            created_at: self.at,
            expires_at: self.until,
            consumed_at: None,
            session: None,
        }
    }
}

/// What a page leads back to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum PageTarget {
    /// An authorization request that has a row, and who asks.
    #[serde(rename = "i")]
    Interaction(InteractionId, ClientId),
    /// An authorization request that has none yet.
    #[serde(rename = "b")]
    Unstored(Box<UnstoredAuthorization>),
    /// The account pages.
    #[serde(rename = "a")]
    Account,
}

/// How often somebody who was not first reads again: each time somebody else was, so more would be a
/// storm of answers.
const ATTEMPTS: usize = 8;

impl PendingAuthorization {
    fn id(&self) -> Result<InteractionId, Fault> {
        let row = self.unstored.as_ref().or(self.interaction.as_ref());
        row.map(|row| row.id)
            .ok_or_else(|| Fault::broken("progress without an interaction"))
    }

    pub(crate) fn progress(&self) -> Progress {
        self.interaction
            .as_ref()
            .map(|i| i.progress.clone())
            .unwrap_or_default()
    }

    /// How it ended, a moment ago.
    pub(crate) fn end(&self) -> Option<&InteractionEnd> {
        self.interaction.as_ref()?.progress.end.as_ref()
    }
}

/// What is known about the person in front of the browser.
pub(crate) struct KnownPerson {
    pub(crate) signed_in: Option<SignedIn>,
    pub(crate) grant: Option<Grant>,
    pub(crate) refusals: Vec<ConsentRefusal>,
    pub(crate) expected: Expected,
}

/// Finds requests on their way, and what is known about the person in front of the browser.
#[derive(Clone)]
pub(crate) struct PendingAuthorizations {
    store: Store,
    clients: ClientLookup,
    keys: Arc<Keys>,
    clock: SharedClock,
    entropy: SharedEntropy,
    lifetimes: Lifetimes,
    catalog: Arc<ScopeCatalog>,
    issuer: Arc<str>,
}

impl PendingAuthorizations {
    pub(crate) fn new(parts: &Parts, clients: &ClientLookup) -> Self {
        Self {
            store: parts.store.clone(),
            clients: clients.clone(),
            keys: Arc::clone(&parts.keys),
            clock: Arc::clone(&parts.clock),
            entropy: Arc::clone(&parts.entropy),
            lifetimes: parts.policy.lifetimes,
            catalog: Arc::clone(&parts.policy.catalog),
            issuer: Arc::clone(&parts.policy.issuer),
        }
    }

    /// A request that begins now and has no row.
    pub(crate) fn unstored(&self, request: AuthorizationRequest) -> UnstoredAuthorization {
        let now = self.clock.now();
        UnstoredAuthorization {
            id: InteractionId::new(now, self.entropy.as_ref()),
            request,
            at: now,
            until: now + self.lifetimes.step,
        }
    }

    /// Reads who is signed in and what they agreed to, in one go.
    pub(crate) async fn known(
        &self,
        pending: &PendingAuthorization,
        browser: &Browser,
    ) -> Result<Result<KnownPerson, AuthorizationRefusal>, Fault> {
        let (cookie, address) = (browser.session_digest(), browser.address);
        let now = self.clock.now();
        let client_id = pending.client.id.clone();
        let named = match self.named_subject(pending) {
            Ok(named) => named,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let sector = pending.client.sector().key();
        let web_sessions = silent::web_sessions(&pending.client, &pending.request, browser);
        let known = self.store.read(move |db| {
            let signed_in = signed_in(db, cookie, address, now)?;
            let Some(signed_in) = silent::or_by_ticket(db, signed_in, &web_sessions, address, now)?
            else {
                return Ok(Err(silent::two_people()));
            };
            let expected = match &named {
                Some(name) => expected(db, &sector, name)?,
                None => Expected::Anybody,
            };
            let (grant, refusals) = match &signed_in {
                Some(s) => (
                    store::grants::live(db, s.user.id, &client_id)?,
                    store::refusals::of(db, s.user.id, &client_id)?,
                ),
                None => (None, Vec::new()),
            };
            Ok(Ok(KnownPerson {
                signed_in,
                grant,
                refusals,
                expected,
            }))
        });
        known.await
    }

    /// The subject that a request is for. "Such a request can be made either using an id_token_hint
    /// parameter or by requesting a specific Claim Value" (OpenID Connect Core §3.1.2.2); all that name
    /// somebody must name the same.
    fn named_subject(
        &self,
        pending: &PendingAuthorization,
    ) -> Result<Option<String>, AuthorizationRefusal> {
        let hinted = self.hinted_subject(pending)?.map(String::from);
        let claimed = pending.request.claims.subjects().map(str::to_owned);
        let mut names = hinted.into_iter().chain(claimed);
        let Some(name) = names.next() else {
            return Ok(None);
        };
        match names.all(|other| other == name) {
            true => Ok(Some(name)),
            false => Err(AuthorizationRefusal::new(
                AuthorizationErrorCode::InvalidRequest,
                "id_token_hint and claims name different people",
            )),
        }
    }

    /// The subject that `id_token_hint` names. "the ID Token … is passed as a hint"; an expired
    /// one is accepted, one that we did not sign for this client is not.
    fn hinted_subject(
        &self,
        pending: &PendingAuthorization,
    ) -> Result<Option<Subject>, AuthorizationRefusal> {
        let Some(hint) = &pending.request.id_token_hint else {
            return Ok(None);
        };
        let claims = read_hint(&self.keys.current(), &self.issuer, hint).ok_or_else(bad_hint)?;
        if claims.client_id != pending.client.id {
            return Err(bad_hint());
        }
        Ok(Some(claims.subject))
    }

    /// The decision, by all that is known; `None` if the request is over for whoever is here.
    pub(crate) fn what_comes_next(
        &self,
        pending: &PendingAuthorization,
        known: &KnownPerson,
    ) -> Option<Next> {
        interaction::decide_again(&InteractionContext {
            request: &pending.request,
            client: &pending.client,
            session: known.signed_in.as_ref().map(|s| (&s.session, &s.user)),
            expected: known.expected,
            grant: known.grant.as_ref(),
            refusals: &known.refusals,
            progress: &pending.progress(),
            catalog: &self.catalog,
            refusal_memory: self.lifetimes.refusal,
            now: self.clock.now(),
        })
    }

    /// Notes what happened on a page, and gives the request as it stands then. Of two who note
    /// something at the same moment one is first; the other reads again, and notes it if it is still
    /// something new. At an answered request nothing is new but for who says what was said before, and a
    /// refusal stands whatever is said.
    pub(crate) async fn note(
        &self,
        mut pending: PendingAuthorization,
        browser: &Browser,
        noted: impl Fn(&Progress) -> Progress,
    ) -> Result<Result<PendingAuthorization, StalePage>, Fault> {
        for _ in 0..ATTEMPTS {
            let before = pending.progress();
            let after = noted(&before);
            let is_new = pending.unstored.is_some() || after != before;
            match &before.end {
                Some(InteractionEnd::Code(_)) if is_new => {
                    return Ok(Err(StalePage::of(Stale::Over, Some(pending.client))));
                }
                Some(_) => return Ok(Ok(pending)),
                None if !is_new => return Ok(Ok(pending)),
                None => {}
            }
            let id = pending.id()?;
            if self.save_progress(&mut pending, before, after).await? {
                return Ok(Ok(pending));
            }
            let found = self.interaction(id, &pending.client.id, browser);
            pending = match found.await? {
                Ok(pending) => pending,
                Err(stale) => return Ok(Err(stale)),
            };
        }
        Err(Fault::unavailable(
            "the request",
            "it changed each time that it was read",
        ))
    }

    /// Saves progress if nobody else did since it was read. The first that there is makes the row.
    async fn save_progress(
        &self,
        pending: &mut PendingAuthorization,
        before: Progress,
        after: Progress,
    ) -> Result<bool, Fault> {
        if let Some(unstored) = pending.unstored.take() {
            let interaction = pending.interaction.insert(Interaction {
                session: after.signed_in,
                progress: after,
                ..unstored
            });
            let first = interaction.clone();
            let written = self
                .store
                .write(move |db| store::interactions::insert_unless_there(db, &first));
            return Ok(written.await?.value);
        }
        let Some(interaction) = &mut pending.interaction else {
            return Err(Fault::broken("progress without an interaction"));
        };
        let (id, stored) = (interaction.id, after.clone());
        let saved = self
            .store
            .write(move |db| store::interactions::save_progress(db, id, &stored, &before));
        interaction.progress = after;
        Ok(saved.await?.value)
    }
}

/// The user whom a sector knows under a name.
fn expected(db: &mut store::Connection, sector: &str, name: &str) -> Result<Expected, Fault> {
    let Ok(subject) = Subject::parse(name) else {
        return Ok(Expected::Unknown);
    };
    let found = store::subjects::find_user(db, sector, &subject)?;
    Ok(found.map_or(Expected::Unknown, Expected::Only))
}

fn bad_hint() -> AuthorizationRefusal {
    AuthorizationRefusal::new(
        AuthorizationErrorCode::InvalidRequest,
        "id_token_hint is not ours for this client",
    )
}
