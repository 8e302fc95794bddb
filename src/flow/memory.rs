//! What this node knows without asking, and whether it may trust that.

use std::sync::Arc;

use foundation::clock::SharedClock;
use foundation::fault::Fault;
use foundation::id::Position;
use live::Live;
use live::freshness::Sighting;

use crate::parts::Parts;

/// How often it is looked again when what was seen has grown old. A store that is slower than that is
/// no use.
const LOOKS: u32 = 3;

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

    /// A look at memory, if it may be trusted.
    pub(crate) fn look(&self) -> Option<Sighting> {
        self.live.freshness.look_at_memory(self.clock.uptime())
    }

    /// Whether what a look showed may still be answered.
    pub(crate) fn still_holds(&self, look: &Sighting) -> bool {
        self.live.freshness.still_holds(look, self.clock.uptime())
    }

    /// What the store says, looked at once more where this node stood still meanwhile or memory was
    /// emptied: what is answered was true a second ago at most.
    ///
    /// # Errors
    /// What the look gave, or each one took too long.
    pub(crate) async fn seen_lately<T, F>(&self, see: impl Fn() -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        for _ in 0..LOOKS {
            let look = self.live.freshness.look_at_store(self.clock.uptime());
            let seen = see().await?;
            if self.still_holds(&look) {
                return Ok(seen);
            }
        }
        Err(Fault::unavailable("the store", "its answers come too late"))
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
