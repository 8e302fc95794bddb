//! Deliveries: clients are told that a session of theirs is over (OpenID Connect Back-Channel Logout 1.0).
//!
//! What is to be told stands in the outbox, which is written with the event. Any node takes a client for
//! itself, for longer than a request may last, tells it one thing after the other, and writes down what
//! came of it; who dies in between loses nothing, and what was told and not written down is told again.
//! So nobody waits for a client but what waits for the same one. Called by jobs.

use std::sync::Arc;

use domain::client::Client;
use domain::delivery::{Attempt, Delivery, REFUSALS_IN_A_ROW, pause};
use domain::lifetimes::Lifetimes;
use foundation::base64url;
use foundation::clock::{Instant, SharedClock, Span};
use foundation::entropy::{self, SharedEntropy};
use foundation::fault::Fault;
use foundation::id::{ClientId, NodeId};
use keys::key_ring::Keys;
use outbound::fetch::SharedFetch;
use outbound::logout_post::post_logout_token;
use protocol::logout_token::{LOGOUT_TOKEN_TYPE, LogoutTokenClaims};
use store::Store;
use store::announcements::AnnouncedPage;
use store::deliveries::DeliveryFigures;
use store::destinations::{Claim, Destination};

use crate::find_client::ClientLookup;
use crate::parts::Parts;
use crate::subject::PairwiseSubjects;

/// So long a node has a client for itself: longer than it sends and one request more, which is given up
/// after five seconds.
const CLAIM: Span = Span::seconds(15);
/// After so long it writes down what came of it before it goes on.
const SENDING: Span = Span::seconds(4);
/// The most that it tells before that.
const PAGE: i64 = 64;
/// Participants that one transaction goes through.
const CROWD_PAGE: i64 = 500;
/// What is too old goes so many at a time.
const GIVEN_UP_AT_ONCE: i64 = 500;
/// A logout token is good for so long: the specification recommends two minutes at most (§2.4).
const LOGOUT_TOKEN: Span = Span::minutes(2);

/// Tells clients what is in the outbox.
#[derive(Clone)]
pub struct Deliveries {
    store: Store,
    clients: ClientLookup,
    subjects: PairwiseSubjects,
    keys: Arc<Keys>,
    fetch: SharedFetch,
    clock: SharedClock,
    entropy: SharedEntropy,
    lifetimes: Lifetimes,
    issuer: Arc<str>,
}

/// A client that this node has for itself, and what it is to be told next.
#[derive(Debug)]
pub struct ClaimedDestination {
    claim: Claim,
    rows: Vec<Delivery>,
}

impl ClaimedDestination {
    /// Whether its receiver failed the last time.
    pub fn is_failing(&self) -> bool {
        self.claim.failures > 0
    }
}

/// What came of a page.
#[derive(Default)]
struct Sent {
    /// Nobody need be told of these again.
    done: Vec<i64>,
    in_vain: Vec<InVain>,
    /// Why the receiver is to be left alone.
    failed: Option<String>,
}

/// A delivery that was tried in vain.
struct InVain {
    id: i64,
    problem: String,
    due_at: Instant,
    dead_at: Option<Instant>,
}

impl Deliveries {
    pub(crate) fn new(parts: &Parts, clients: &ClientLookup, subjects: &PairwiseSubjects) -> Self {
        Self {
            store: parts.store.clone(),
            clients: clients.clone(),
            subjects: subjects.clone(),
            keys: Arc::clone(&parts.keys),
            fetch: Arc::clone(&parts.fetch),
            clock: Arc::clone(&parts.clock),
            entropy: Arc::clone(&parts.entropy),
            lifetimes: parts.policy.lifetimes,
            issuer: Arc::clone(&parts.policy.issuer),
        }
    }

    /// Claims clients for whom something is due, for a node: so many at most, and so many of those that
    /// failed the last time, for they may take all the time that they are given.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn claim(
        &self,
        by: NodeId,
        room: usize,
        room_for_failing: usize,
    ) -> Result<Vec<ClaimedDestination>, Fault> {
        let now = self.clock.now();
        let most = i64::try_from(room + room_for_failing).unwrap_or(i64::MAX);
        let due = self
            .store
            .read(move |db| store::destinations::due(db, now, most))
            .await?;
        let (failing, well): (Vec<_>, Vec<_>) = due.into_iter().partition(|d| d.failures > 0);
        let wanted: Vec<ClientId> = well
            .into_iter()
            .take(room)
            .chain(failing.into_iter().take(room_for_failing))
            .map(|Destination { client_id, .. }| client_id)
            .collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let written = self.store.write(move |tx| {
            let claims = store::destinations::claim(tx, &wanted, by, now, now + CLAIM)?;
            claims
                .into_iter()
                .map(|claim| {
                    let rows = store::deliveries::due_to(tx, &claim.client_id, now, PAGE)?;
                    Ok(ClaimedDestination { claim, rows })
                })
                .collect()
        });
        Ok(written.await?.value)
    }

    /// Tells a client everything that is due, until there is nothing left or its receiver fails.
    ///
    /// # Errors
    /// The store does not answer: what was not written down is told again.
    pub async fn deliver(&self, claimed: ClaimedDestination) -> Result<(), Fault> {
        let mut next = Some(claimed);
        while let Some(claimed) = next {
            let sent = self.send(&claimed).await?;
            next = self.settle(claimed.claim, sent).await?;
        }
        Ok(())
    }

    /// Sends a page.
    async fn send(&self, claimed: &ClaimedDestination) -> Result<Sent, Fault> {
        let mut sent = Sent::default();
        let client = self.clients.find(&claimed.claim.client_id).await?;
        let told = client.as_ref().and_then(|client| {
            let uri = client.metadata.backchannel_logout_uri.as_deref();
            uri.map(|uri| (client.as_ref(), uri))
        });
        let Some((client, uri)) = told else {
            // It wants to hear nothing any more.
            sent.done = claimed.rows.iter().map(|row| row.id).collect();
            return Ok(sent);
        };
        let began = self.clock.uptime();
        let mut refused = 0;
        for row in &claimed.rows {
            if self.clock.uptime() >= began + SENDING {
                break;
            }
            let token = self.logout_token(client, row).await?;
            let attempt = post_logout_token(self.fetch.as_ref(), uri, &token).await;
            let problem = match &attempt {
                Attempt::Taken => {
                    refused = 0;
                    sent.done.push(row.id);
                    count("delivered");
                    continue;
                }
                Attempt::Refused(problem) => {
                    refused += 1;
                    count("refused");
                    problem
                }
                Attempt::Failed(problem) => {
                    count("failed");
                    sent.failed = Some(problem.clone());
                    problem
                }
            };
            sent.in_vain.push(self.in_vain(row, &attempt, problem));
            if refused >= REFUSALS_IN_A_ROW {
                sent.failed = Some(problem.clone());
            }
            if sent.failed.is_some() {
                break;
            }
        }
        Ok(sent)
    }

    /// Signed anew for each attempt: it is good for two minutes, and `jti` tells a retry from a replay.
    async fn logout_token(&self, client: &Client, row: &Delivery) -> Result<String, Fault> {
        let sub = self.subjects.of_whoever_was(client.sector(), row.user_id);
        let now = self.clock.now();
        let claims = LogoutTokenClaims {
            iss: self.issuer.to_string(),
            sub: sub.await?,
            aud: client.id.clone(),
            iat: now.seconds(),
            exp: (now + LOGOUT_TOKEN).seconds(),
            jti: base64url::encode(&entropy::bytes::<16>(self.entropy.as_ref())),
            events: LogoutTokenClaims::logout(),
            sid: row.sid.clone(),
        };
        let algorithm = client.metadata.id_token_signed_response_alg;
        self.keys
            .current()
            .sign(algorithm, LOGOUT_TOKEN_TYPE, &claims)
    }

    fn in_vain(&self, row: &Delivery, attempt: &Attempt, problem: &str) -> InVain {
        let now = self.clock.now();
        let is_dead = row.is_given_up(attempt, now, self.lifetimes.delivery);
        let due_at = match attempt {
            Attempt::Refused(_) => now + self.pause(row.attempts + 1),
            // Its receiver rests, and with it everything that waits for it.
            _ => row.due_at,
        };
        InVain {
            id: row.id,
            problem: problem.to_owned(),
            due_at,
            dead_at: is_dead.then_some(now),
        }
    }

    fn pause(&self, failures: u32) -> Span {
        let jitter = u16::from_be_bytes(entropy::bytes(self.entropy.as_ref()));
        pause(failures, jitter)
    }

    /// Writes down what came of a page; gives the next one, if there is one and the client is still ours.
    async fn settle(&self, claim: Claim, sent: Sent) -> Result<Option<ClaimedDestination>, Fault> {
        let now = self.clock.now();
        let before = now - self.lifetimes.delivery;
        let rests_until = now + self.pause(claim.failures + 1);
        log(&claim, &sent);
        let mut dead = sent
            .in_vain
            .iter()
            .filter(|row| row.dead_at.is_some())
            .count();
        let client_id = claim.client_id.clone();
        let written = self.store.write(move |tx| {
            store::deliveries::done(tx, &sent.done)?;
            for row in &sent.in_vain {
                store::deliveries::note_attempt(tx, row.id, &row.problem, row.due_at, row.dead_at)?;
            }
            let client = &claim.client_id;
            if let Some(problem) = &sent.failed {
                let most = GIVEN_UP_AT_ONCE;
                let old = store::deliveries::give_up(tx, client, before, problem, now, most)?;
                store::destinations::put_off(tx, &claim, rests_until)?;
                return Ok((None, old));
            }
            let rows = store::deliveries::due_to(tx, client, now, PAGE)?;
            if rows.is_empty() {
                store::destinations::release(tx, &claim)?;
                return Ok((None, 0));
            }
            let until = now + CLAIM;
            let kept = store::destinations::keep(tx, &claim, until)?;
            let claim = Claim {
                until,
                failures: 0,
                ..claim
            };
            Ok((kept.then_some(ClaimedDestination { claim, rows }), 0))
        });
        let (next, old) = written.await?.value;
        dead += old;
        if dead > 0 {
            metrics::counter!("portico_deliveries_total", "result" => "dead")
                .increment(u64::try_from(dead).unwrap_or(u64::MAX));
            tracing::error!(
                %client_id, dead,
                "a client took too long to take logout tokens: they are not tried again \
                 (portico deliveries list --dead)"
            );
        }
        Ok(next)
    }

    /// Goes through what concerns a crowd, as far as it is due; says whether anybody is to be told, and
    /// when there is more to go through.
    ///
    /// # Errors
    /// The store does not answer: what was gone through stays so.
    pub async fn announce(&self) -> Result<(bool, Option<Instant>), Fault> {
        let mut any = false;
        loop {
            let now = self.clock.now();
            let next = self.store.read(store::announcements::next_due).await?;
            if next.is_none_or(|due| due > now) {
                return Ok((any, next));
            }
            let page = move |tx: &mut store::Transaction<'_>| {
                let page = store::announcements::tell_page(tx, now, CROWD_PAGE)?;
                if let AnnouncedPage::Through(id) = page {
                    store::announcements::remove(tx, id)?;
                }
                Ok(page)
            };
            match self.store.write(page).await?.value {
                // Another node goes through it.
                AnnouncedPage::Nothing => return Ok((any, None)),
                AnnouncedPage::Told => any = true,
                AnnouncedPage::Through(_) => {}
            }
        }
    }

    /// How many wait, and how many nobody tries any more.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn figures(&self) -> Result<DeliveryFigures, Fault> {
        self.store.read(store::deliveries::figures).await
    }

    /// Lets go of what a node has claimed, because it ends.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn release_all(&self, node: NodeId) -> Result<(), Fault> {
        let release =
            move |tx: &mut store::Transaction<'_>| store::destinations::release_all(tx, node);
        self.store.write(release).await.map(drop)
    }

    /// Now, for who waits until something is due.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }
}

fn count(result: &'static str) {
    metrics::counter!("portico_deliveries_total", "result" => result).increment(1);
}

/// A receiver that fails is named once, and once more when it is there again.
fn log(claim: &Claim, sent: &Sent) {
    let client_id = &claim.client_id;
    match &sent.failed {
        Some(problem) if claim.failures == 0 => {
            tracing::warn!(%client_id, %problem, "a client does not take logout tokens; they are tried again");
        }
        None if claim.failures > 0 && !sent.done.is_empty() => {
            tracing::info!(%client_id, failures = claim.failures, "a client takes logout tokens again");
        }
        _ => {}
    }
}
