//! Whether this node can serve: what its readiness and its figures say.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use store::Store;

use crate::memory::Memory;
use crate::parts::Parts;

/// Looks at this node.
#[derive(Clone)]
pub struct Health {
    store: Store,
    memory: Memory,
    writable: Arc<AtomicBool>,
    missing: Arc<Mutex<BTreeSet<&'static str>>>,
}

impl Health {
    pub(crate) fn new(parts: &Parts, memory: &Memory) -> Self {
        Self {
            store: parts.store.clone(),
            memory: memory.clone(),
            writable: Arc::clone(&parts.writable),
            missing: Arc::default(),
        }
    }

    /// Whether this node may trust its memory: its last confirming query began at most a second
    /// ago.
    pub fn is_fresh(&self) -> bool {
        self.memory.is_fresh()
    }

    /// Whether the database answers a question now.
    pub async fn store_answers(&self) -> bool {
        self.store.read(store::events::end).await.is_ok()
    }

    /// Whether the database could be written at this node's last heartbeat: one that answers may
    /// still be full, or read-only.
    pub fn is_writable(&self) -> bool {
        self.writable.load(Ordering::Relaxed)
    }

    /// A part of this process (a job, the thread that follows the log) has ended by itself.
    pub fn misses(&self, part: &'static str) {
        self.parts_missing().insert(part);
    }

    /// Another has taken the place of a part that was missing.
    pub fn finds(&self, part: &'static str) {
        self.parts_missing().remove(part);
    }

    /// The parts that have ended by themselves.
    pub fn missing(&self) -> Vec<&'static str> {
        self.parts_missing().iter().copied().collect()
    }

    fn parts_missing(&self) -> MutexGuard<'_, BTreeSet<&'static str>> {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the clock went back and has not caught up: nothing may be answered meanwhile.
    pub fn clock_is_behind(&self) -> bool {
        self.memory.live.time.is_behind()
    }

    /// Whether this program can obey every event of the log. While the database does not answer,
    /// nothing is known against it.
    pub async fn is_up_to_date(&self) -> bool {
        !matches!(self.store.read(store::events::too_new).await, Ok(Some(_)))
    }
}
