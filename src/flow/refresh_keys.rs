//! Reading keys and secrets again: what `job/tail` does when the log says that they changed, and a
//! request when it meets one that this node does not know.
//!
//! Everything else in `live` is written by `job/tail` alone.

use std::sync::Arc;

use domain::lifetimes::Lifetimes;
use domain::shared_secret::SharedSecret;
use domain::signing_key::SigningKey;
use foundation::clock::{Instant, SharedClock};
use foundation::digest::sha256_of_parts;
use foundation::fault::Fault;
use keys::key_ring::{KeyRing, Keys};
use store::Store;

use crate::key_source::{KeySource, Loaded, Looked, is_lately, say_what_was_set_aside};
use crate::memory::Memory;
use crate::parts::Parts;

/// What came of rows that were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    /// A ring of them is in place now.
    New,
    /// It was in place before.
    Known,
    /// Another ring was put in place meanwhile; nobody knows which of the two was read later.
    Overtaken,
}

/// The rows of a key ring.
type Rows = (Vec<SigningKey>, Vec<SharedSecret>);

/// Reads keys and secrets again.
#[derive(Clone)]
pub struct KeyRefresh {
    store: Store,
    memory: Memory,
    keys: Arc<Keys>,
    source: Arc<KeySource>,
    clock: SharedClock,
    lifetimes: Lifetimes,
}

impl KeyRefresh {
    pub(crate) fn new(parts: &Parts, memory: &Memory) -> Self {
        Self {
            store: parts.store.clone(),
            memory: memory.clone(),
            keys: Arc::clone(&parts.keys),
            source: Arc::clone(&parts.key_source),
            clock: Arc::clone(&parts.clock),
            lifetimes: parts.policy.lifetimes,
        }
    }

    /// Reads keys and secrets again, if they changed: for a request that met an unknown one. True
    /// if there may be something new to look with.
    ///
    /// After a look that brought nothing, a fresh node looks again a second later only, and says
    /// no until then: what changes meanwhile comes by the log, in a moment.
    ///
    /// # Errors
    /// The store does not answer, or has just not answered.
    pub async fn refresh(&self) -> Result<bool, Fault> {
        let source = &self.source;
        let known = source.generation();
        let mut looked = source.looked.lock().await;
        // Whoever looked while this one waited has brought what both were looking for.
        if source.generation() != known {
            return Ok(true);
        }
        let now = self.clock.uptime();
        if let Some(last) = looked.filter(|last| is_lately(last.at, now)) {
            if !last.answered {
                let cause = "it did not give the keys a moment ago";
                return Err(Fault::unavailable("the store", cause));
            }
            // A node that is not fresh does not hear of changes by the log.
            if self.memory.is_fresh() {
                return Ok(source.changed_lately(now));
            }
        }
        // Noted before, so that a request that is given up does not open the door for the next.
        *looked = Some(Looked {
            at: now,
            answered: false,
        });
        let since = oldest_retired(&self.lifetimes, self.clock.now());
        let rows = self.store.read(move |db| read_rows(db, since)).await?;
        let news = self.take(rows, known)? != Taken::Known;
        *looked = (!news).then_some(Looked {
            at: now,
            answered: true,
        });
        Ok(news || source.changed_lately(now))
    }

    /// The same for a thread that may block: the one that follows the log, which does not look
    /// without a reason.
    ///
    /// # Errors
    /// The store does not answer, or a key cannot be opened.
    pub fn refresh_blocking(&self) -> Result<bool, Fault> {
        loop {
            let known = self.source.generation();
            let since = oldest_retired(&self.lifetimes, self.clock.now());
            let rows = self.store.read_blocking(move |db| read_rows(db, since))?;
            // What came first may have been read before the change that this is about.
            match self.take(rows, known)? {
                Taken::Overtaken => {}
                taken => return Ok(taken == Taken::New),
            }
        }
    }

    /// Puts a ring of these rows in place, unless it is there already or another came first.
    fn take(&self, (keys, secrets): Rows, known: u64) -> Result<Taken, Fault> {
        let source = &self.source;
        let rows = digest(&keys, &secrets);
        let mut loaded = source.loaded();
        if loaded.generation != known {
            return Ok(Taken::Overtaken);
        }
        if loaded.rows == rows {
            return Ok(Taken::Known);
        }
        let ring = KeyRing::open(keys, secrets, source.master())?;
        say_what_was_set_aside(&ring);
        self.keys.replace(ring);
        *loaded = Loaded {
            generation: known + 1,
            rows,
            at: Some(self.clock.uptime()),
        };
        Ok(Taken::New)
    }
}

/// Keys that retired before then have no session left that they signed an id_token of.
pub(crate) fn oldest_retired(lifetimes: &Lifetimes, now: Instant) -> Instant {
    now - lifetimes.session
}

fn read_rows(db: &mut store::Connection, retired_since: Instant) -> Result<Rows, Fault> {
    Ok((
        store::signing_keys::verifying(db, retired_since)?,
        store::shared_secrets::all(db)?,
    ))
}

fn digest(keys: &[SigningKey], secrets: &[SharedSecret]) -> [u8; 32] {
    let keys = keys
        .iter()
        .flat_map(|k| [k.id.as_str().as_bytes(), k.state.word().as_bytes()]);
    let secrets = secrets.iter().map(|s| s.id.as_bytes().as_slice());
    let mut parts: Vec<&[u8]> = keys.chain(secrets).collect();
    parts.sort_unstable();
    sha256_of_parts(&parts)
}
