//! What the clock alone decides: sessions that end, rows that have served their time, and the heartbeat
//! of a node. Called by jobs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::audit::{ActedBy, AuditEntry};
use domain::consent_sheet::ConsentSheet;
use domain::event::Event;
use domain::lifetimes::Lifetimes;
use domain::session::EndReason;
use domain::web_session::WebSession;
use foundation::clock::{Instant, SharedClock, Span};
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use foundation::id::{AuditId, NodeId, Position};
use live::Live;
use store::Store;

use crate::last_used::LastUsed;
use crate::parts::Parts;
use crate::sessions::{end_in, ended_entry};

/// Sessions that one transaction ends.
const BATCH: i64 = 200;

type Sweep = fn(&mut store::Connection, &Lifetimes, Instant) -> Result<usize, Fault>;

/// What goes with time, as `docs/architecture.md` has it. What is not here goes with its parent.
const SWEEPS: &[Sweep] = &[
    |db, _, now| store::used_jti::purge(db, now),
    |db, _, now| store::interactions::sweep(db, now),
    |db, _, now| store::consent_sheets::sweep(db, now - ConsentSheet::REMEMBERED),
    |db, _, now| store::web_sessions::sweep(db, now - WebSession::UNOPENED),
    |db, _, now| store::sign_in_throttles::purge(db, now - Span::days(1)),
    |db, _, now| store::known_browsers::purge(db, now - Span::days(365)),
    |db, lifetimes, now| store::refusals::purge(db, now - lifetimes.refusal),
    |db, _, now| store::client_secrets::purge(db, now - Span::days(30)),
    |db, _, now| store::refresh_tokens::purge(db, now),
    // A code or refresh token used again must still be recognised.
    |db, _, now| store::token_families::purge(db, now - Span::days(1)),
    |db, _, now| store::grants::purge(db, now - Span::days(30)),
    // Whoever took part in a session can be named until then.
    |db, _, now| store::sessions::purge(db, now - Span::days(30)),
    |db, lifetimes, now| store::signing_keys::purge(db, now - lifetimes.session),
    |db, _, now| {
        let oldest_family = store::token_families::oldest_position(db)?;
        store::events::purge(db, now - Span::days(30), oldest_family)
    },
    |db, _, now| store::deliveries::purge(db, now - Span::days(30)),
    |db, _, now| store::destinations::purge(db, now - Span::days(1)),
    |db, _, now| store::audit::purge(db, now - Span::days(2 * 365)),
    |db, _, now| store::nodes::remove(db, now - Lifetimes::NODE_SILENCE - Lifetimes::NODE_SILENCE),
];

/// Does what the clock demands.
#[derive(Clone)]
pub struct Upkeep {
    store: Store,
    live: Arc<Live>,
    clock: SharedClock,
    entropy: SharedEntropy,
    lifetimes: Lifetimes,
    last_used: Arc<LastUsed>,
    writable: Arc<AtomicBool>,
}

impl Upkeep {
    pub(crate) fn new(parts: &Parts) -> Self {
        Self {
            store: parts.store.clone(),
            live: Arc::clone(&parts.live),
            clock: Arc::clone(&parts.clock),
            entropy: Arc::clone(&parts.entropy),
            lifetimes: parts.policy.lifetimes,
            last_used: Arc::clone(&parts.last_used),
            writable: Arc::clone(&parts.writable),
        }
    }

    /// Ends the sessions whose time has come; gives the moment at which the next one ends. After a step
    /// of the clock nothing ends because of it for a while.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn expire_sessions(&self) -> Result<Option<Instant>, Fault> {
        loop {
            let Some(now) = self.live.time.now_to_end_things() else {
                return Ok(None);
            };
            let due = self
                .store
                .read(move |db| store::sessions::expiring(db, now, BATCH))
                .await?;
            let last = (due.len() as i64) < BATCH;
            if due.is_empty() {
                return self.store.read(store::sessions::next_expiry).await;
            }
            let ids: Vec<AuditId> = due
                .iter()
                .map(|_| AuditId::new(now, self.entropy.as_ref()))
                .collect();
            let ended = self.store.write(move |tx| {
                for (session, id) in due.iter().zip(ids) {
                    // Another node, or a use a moment ago, may have been quicker.
                    let still = store::sessions::find(tx, session.id)?;
                    if still.is_some_and(|s| s.ended.is_none() && s.expires_at <= now)
                        && end_in(tx, session.id, session.user_id, now, EndReason::Expired)?
                    {
                        let (by, reason) = (ActedBy::SYSTEM, EndReason::Expired);
                        let entry = ended_entry(by, session.user_id, reason, now);
                        store::audit::insert(tx, &entry, id)?;
                    }
                }
                Ok(())
            });
            ended.await?;
            if last {
                return self.store.read(store::sessions::next_expiry).await;
            }
        }
    }

    /// Erases the answers that were kept for honest retries of a refresh, after their window.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn forget_retry_answers(&self) -> Result<(), Fault> {
        let Some(now) = self.live.time.now_to_forget_things() else {
            return Ok(());
        };
        let before = now - self.lifetimes.refresh_retry_window;
        self.store
            .write(move |tx| store::refresh_tokens::forget_answers(tx, before))
            .await
            .map(drop)
    }

    /// Removes authorizations that nobody began to use, once their code has run out: a minute later, for
    /// a node whose clock is behind.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn forget_unused_codes(&self) -> Result<(), Fault> {
        let Some(now) = self.live.time.now_to_forget_things() else {
            return Ok(());
        };
        let before = now - Span::minutes(1);
        self.store
            .write(move |tx| store::token_families::purge_unused(tx, before))
            .await
            .map(drop)
    }

    /// Removes rows that have served their time, each table in a transaction of its own; not soon after
    /// a start or a step of the clock, which may not be the right one.
    ///
    /// # Errors
    /// The store does not answer; what was removed before stays removed.
    pub async fn sweep(&self) -> Result<(), Fault> {
        let Some(now) = self.live.time.now_to_forget_things() else {
            return Ok(());
        };
        let lifetimes = self.lifetimes;
        for sweep in SWEEPS {
            self.store
                .write(move |tx| sweep(tx, &lifetimes, now))
                .await?;
        }
        Ok(())
    }

    /// Cuts off every access token, because the clock went back and did not catch up: some may live
    /// longer than any should. Unless another node did so after `known`, the last event that this one
    /// knows. Blocks; `job/tail` calls it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn clock_was_set_back(&self, known: Position) -> Result<(), Fault> {
        let (now, id) = (
            self.clock.now(),
            AuditId::new(self.clock.now(), self.entropy.as_ref()),
        );
        let written = self.store.write_blocking(move |tx| {
            if store::events::access_tokens_were_cut_off(tx, known)? {
                return Ok(());
            }
            tx.append(Event::ClockSetBack);
            let entry = AuditEntry::new(now, ActedBy::SYSTEM, "clock.set_back");
            store::audit::insert(tx, &entry, id)
        });
        written.map(drop)
    }

    /// Writes when grants were last used, as noted since the last time; says how many grants.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn flush_last_used(&self) -> Result<usize, Fault> {
        self.last_used.flush(&self.store, self.clock.now()).await
    }

    /// Now, for who waits until something is due.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// An id for a server that starts.
    pub fn new_node_id(&self) -> NodeId {
        NodeId::new(self.clock.now(), self.entropy.as_ref())
    }

    /// Says that a node has ended.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn retire_node(&self, node: NodeId) -> Result<(), Fault> {
        self.store
            .write(move |tx| store::nodes::leave(tx, node))
            .await
            .map(drop)
    }

    /// Says that a node lives, how far it has followed the log, and who listens to it. What comes of it says whether
    /// the database can be written.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn heartbeat(&self, node: NodeId, keys_seen: Position) -> Result<(), Fault> {
        let (now, confirmed) = (self.clock.now(), self.live.freshness.cursor());
        let streams = self.live.watches.counts_of_clients();
        let written = self.store.write(move |tx| {
            store::nodes::heartbeat(tx, node, now, confirmed, keys_seen)?;
            store::node_streams::note(tx, node, &streams)
        });
        let written = written.await;
        self.writable.store(written.is_ok(), Ordering::Relaxed);
        written.map(drop)
    }
}
