//! Listening to session events: who may, as what, from where on; and the two things that the node itself
//! does for those who listen.
//!
//! What is told of an event, and who hears it, is `domain::session_watch`'s. A stream begins to listen
//! before anything is judged or read, so nothing falls in between.

mod backend;
mod start;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use domain::client::Client;
use domain::event::LoggedEvent;
use domain::log_history::LogCursor;
use domain::session_watch::{WatchKind, Watcher};
use domain::token_handle::TokenHandle;
use foundation::clock::{SharedClock, Span};
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use keys::key_ring::Keys;
use live::session_watches::{Announced, Announcement, Watch, WatchRefusal, WatchedPerson};
use live::verified_tokens::VerifiedToken;
use protocol::oauth_error::{OAuthError, insufficient_scope, invalid_token};
use protocol::scope;
use store::Store;
use tokio::sync::Semaphore;

use crate::find_client::ClientLookup;
use crate::memory::Memory;
use crate::parts::Parts;
use crate::protected_call::TokenCall;
use crate::subject::PairwiseSubjects;
use crate::verify_access_token::{AccessTokenVerifier, TokenStatus};
use crate::verify_proof::ProofVerifier;

use backend::{Concerned, ConcernedPerson};
use start::{Heard, Missed, MissedEvent, StreamStart};
pub use stream::{SessionStream, StreamEvent};

/// How many streams begin at once: when all come back after a restart, others need the database, too.
const BEGINNING: usize = 3;
/// How long one waits for its turn.
const TURN: Duration = Duration::from_secs(10);
/// How long a stream outlives its token. A token of a session's last minutes runs out in the second in
/// which the session ends, and it is the end of the session that is to be heard.
const AFTER_TOKEN: Span = Span::seconds(2);

/// What comes of asking for a stream.
pub enum Listening {
    /// It begins.
    Begun(Box<SessionStream>),
    /// Not with this token.
    Refused(OAuthError),
    /// The client has as many streams here as it may.
    TooMany,
    /// There is no room on this node, or it is about to end.
    NoRoom,
}

/// Lets clients listen to what happens to sessions.
#[derive(Clone)]
pub struct SessionWatching {
    verifier: AccessTokenVerifier,
    proofs: ProofVerifier,
    clients: ClientLookup,
    subjects: PairwiseSubjects,
    store: Store,
    memory: Memory,
    keys: Arc<Keys>,
    clock: SharedClock,
    entropy: SharedEntropy,
    beginning: Arc<Semaphore>,
}

impl SessionWatching {
    pub(crate) fn new(
        parts: &Parts,
        memory: &Memory,
        (verifier, proofs): (&AccessTokenVerifier, &ProofVerifier),
        (clients, subjects): (&ClientLookup, &PairwiseSubjects),
    ) -> Self {
        Self {
            verifier: verifier.clone(),
            proofs: proofs.clone(),
            clients: clients.clone(),
            subjects: subjects.clone(),
            store: parts.store.clone(),
            memory: memory.clone(),
            keys: Arc::clone(&parts.keys),
            clock: Arc::clone(&parts.clock),
            entropy: Arc::clone(&parts.entropy),
            beginning: Arc::new(Semaphore::new(BEGINNING)),
        }
    }

    /// Begins a stream. `last_event_id` is where its reader was when an earlier one broke off. A token
    /// that is one, and of which something has ended, gets a stream that says so and is over.
    ///
    /// # Errors
    /// The store does not answer, or this node does not follow the log.
    pub async fn listen(
        &self,
        call: &TokenCall,
        last_event_id: Option<&str>,
    ) -> Result<Listening, Fault> {
        let presented = call.credential.token.expose();
        let Some(token) = self.verifier.verify(presented).await? else {
            return Ok(Listening::Refused(no_token()));
        };
        let proof = match self.proofs.of_token(call, token.claims.bound_to()) {
            Ok(proof) => proof,
            Err(error) => return Ok(Listening::Refused(error)),
        };
        let client = self.clients.find(&token.handle.client_id).await?;
        let kind = match kind_of(call, &token, client.as_deref()) {
            Ok(kind) => kind,
            Err(error) => return Ok(Listening::Refused(error)),
        };
        let turn = tokio::time::timeout(TURN, self.beginning.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            return Ok(refused(Listening::NoRoom));
        };
        if let Some(proof) = proof
            && let Err(error) = Box::pin(self.proofs.use_up(proof)).await?
        {
            return Ok(Listening::Refused(error));
        }
        let watcher = Watcher {
            kind,
            handle: token.handle.clone(),
            jti: token.jti,
        };
        // Before anything is judged: what comes later is in the judgement, or is heard.
        let known = self.memory.live.freshness.cursor();
        let watch = match self.watch(watcher.clone(), &token) {
            Ok(watch) => watch,
            Err(full) => return full,
        };
        let mut stream = self.stream(watcher);
        match self.verifier.status(&token).await? {
            TokenStatus::Alive(_) => {
                let heard = stream.heard(last_event_id);
                self.begin(&mut stream, (watch, known), client, heard)
                    .await?;
            }
            TokenStatus::Dead => self.close(&mut stream).await?,
        }
        Ok(Listening::Begun(Box::new(stream)))
    }

    /// Takes a place among those who listen.
    fn watch(
        &self,
        watcher: Watcher,
        token: &VerifiedToken,
    ) -> Result<Watch, Result<Listening, Fault>> {
        if !self.memory.is_fresh() {
            let cause = "it does not follow the log";
            return Err(Err(Fault::unavailable("this node", cause)));
        }
        let watches = &self.memory.live.watches;
        watches.watch(watcher, token.expires_at).map_err(|refusal| {
            Ok(refused(match refusal {
                WatchRefusal::TooMany => Listening::TooMany,
                WatchRefusal::Full | WatchRefusal::NotFollowing => Listening::NoRoom,
            }))
        })
    }

    fn stream(&self, watcher: Watcher) -> SessionStream {
        let parts = (&self.keys, &self.clock, &self.entropy);
        SessionStream::new(watcher, &self.memory, parts)
    }

    /// Reads what was missed; from there on the stream goes by what it hears.
    async fn begin(
        &self,
        stream: &mut SessionStream,
        (watch, known): (Watch, LogCursor),
        client: Option<Arc<Client>>,
        heard: Heard,
    ) -> Result<(), Fault> {
        let watcher = stream.watcher().clone();
        let read = self
            .store
            .read(move |db| StreamStart::read(db, &watcher, heard, known));
        let start = read.await?;
        let missed = match start.missed {
            Missed::Nothing => Some(Vec::new()),
            Missed::Events(events) => Some(events),
            Missed::OfPersons(events) => match client {
                Some(client) => self.known(&client, events).await?,
                None => None,
            },
            Missed::Lost => None,
        };
        stream.begin(watch, start.end, missed, start.session_expires_at);
        Ok(())
    }

    /// The persons of a backend's client, as it knows them.
    async fn known(
        &self,
        client: &Arc<Client>,
        events: Vec<(LoggedEvent, Vec<ConcernedPerson>)>,
    ) -> Result<Option<Vec<MissedEvent>>, Fault> {
        let mut known = Vec::with_capacity(events.len());
        for (logged, concerns) in events {
            for concern in concerns {
                let person = self.person(client, &concern).await?;
                known.push(MissedEvent {
                    logged: logged.clone(),
                    person,
                });
            }
        }
        Ok(Some(known))
    }

    async fn person(
        &self,
        client: &Client,
        concern: &ConcernedPerson,
    ) -> Result<Option<WatchedPerson>, Fault> {
        let Some(user_id) = concern.user_id else {
            return Ok(None);
        };
        let sub = self.subjects.of(client.sector(), user_id).await?;
        let sid = concern.sid.clone();
        Ok(Some(WatchedPerson { sub, sid }))
    }

    /// Something that the token rests on has ended: the stream says what, and is over.
    async fn close(&self, stream: &mut SessionStream) -> Result<(), Fault> {
        let watcher = stream.watcher();
        let (handle, jti): (TokenHandle, _) = (watcher.handle.clone(), watcher.jti);
        let killed = self
            .store
            .read(move |db| store::events::that_killed(db, &handle, jti))
            .await?;
        stream.close_with(&killed);
        Ok(())
    }

    /// Closes the streams whose token has run out.
    pub fn close_expired(&self) {
        let watches = &self.memory.live.watches;
        watches.expire(self.clock.now() - AFTER_TOKEN);
    }

    /// Waits for something to be told to backends, finds out which of their persons it concerns, and
    /// tells them.
    ///
    /// # Errors
    /// The store does not answer: it stays to be told.
    pub async fn announce_next(&self) -> Result<(), Fault> {
        let watches = &self.memory.live.watches;
        match watches.next_announcement().await {
            Announcement::Confirmed(cursor) => watches.announced_up_to(cursor),
            Announcement::Event(event) => {
                let listening = watches.backend_clients();
                let logged = event.logged.clone();
                let read = self
                    .store
                    .read(move |db| backend::concerned(db, &logged, &listening));
                let announced = match read.await? {
                    Concerned::Lost => Announced::Lost,
                    Concerned::By(concerns) => self.announced(&concerns).await?,
                };
                watches.announce(&event, &announced);
            }
        }
        Ok(())
    }

    async fn announced(&self, concerns: &[ConcernedPerson]) -> Result<Announced, Fault> {
        let mut to = Vec::with_capacity(concerns.len());
        for concern in concerns {
            let Some(client) = self.clients.find(&concern.client_id).await? else {
                continue;
            };
            let person = match self.person(&client, concern).await {
                Ok(person) => person.map(Arc::new),
                // Somebody who is deleted in this moment has no name any more.
                Err(fault) if !fault.is_unavailable() => return Ok(Announced::Lost),
                Err(fault) => return Err(fault),
            };
            to.push((client.id.clone(), person));
        }
        Ok(Announced::To(to))
    }
}

/// As what a token listens.
fn kind_of(
    call: &TokenCall,
    token: &VerifiedToken,
    client: Option<&Client>,
) -> Result<WatchKind, OAuthError> {
    let has = |name| {
        token
            .claims
            .scope
            .as_ref()
            .is_some_and(|s| s.contains(name))
    };
    match &token.handle.on_behalf_of {
        None if has(scope::PORTICO_EVENTS) => Ok(WatchKind::Backend),
        None => Err(insufficient_scope("the scope portico:events is needed")),
        Some(_) if !call.endpoint.is_opened_by(&token.handle) => {
            Err(no_token().because("it is for another audience"))
        }
        Some(_) if has(scope::PORTICO_LAUNCH) && client.is_some_and(Client::is_host) => {
            Ok(WatchKind::Host)
        }
        Some(_) => Ok(WatchKind::Program),
    }
}

fn no_token() -> OAuthError {
    invalid_token("the access token is not valid")
}

fn refused(why: Listening) -> Listening {
    let full = match &why {
        Listening::TooMany => "client",
        Listening::NoRoom | Listening::Begun(_) | Listening::Refused(_) => "all",
    };
    metrics::counter!("portico_streams_refused_total", "full" => full).increment(1);
    why
}
