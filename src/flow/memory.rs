//! What this node knows without asking, and whether it may trust that.

use std::sync::Arc;

use foundation::clock::SharedClock;
use foundation::id::Position;
use live::Live;

use crate::parts::Parts;

/// This node's memory, with the clock that its age is measured by. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Memory {
    /// What is in it.
    pub(crate) live: Arc<Live>,
    clock: SharedClock,
}

impl Memory {
    pub(crate) fn new(parts: &Parts) -> Self {
        Self {
            live: Arc::clone(&parts.live),
            clock: Arc::clone(&parts.clock),
        }
    }

    /// Whether this node may trust its memory: its last confirming query began at most a second
    /// ago.
    pub(crate) fn is_fresh(&self) -> bool {
        self.live.freshness.is_fresh(self.clock.uptime())
    }

    /// Waits until this node's own memory has what it just wrote. A node that cannot confirm it in
    /// time is not fresh and asks the store, so the answer is right either way.
    pub(crate) async fn settled(&self, position: Option<Position>) {
        if let Some(position) = position
            && !self.live.freshness.reached(position).await
        {
            tracing::warn!(%position, "this node's memory is late");
        }
    }
}
