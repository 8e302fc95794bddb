//! Whether this node can serve: what its readiness and its figures say.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use store::Store;

use crate::memory::Memory;
use crate::parts::Parts;

/// Looks at this node.
#[derive(Clone)]
pub struct Health {
    store: Store,
    memory: Memory,
    writable: Arc<AtomicBool>,
}

impl Health {
    pub(crate) fn new(parts: &Parts, memory: &Memory) -> Self {
        Self {
            store: parts.store.clone(),
            memory: memory.clone(),
            writable: Arc::clone(&parts.writable),
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
