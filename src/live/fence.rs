//! Who may write a node's memory: the thread that follows the log, and of several the latest. One that
//! was given up while it waited may come back at any time, with what it read long ago.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The fence around the memory.
#[derive(Debug, Default)]
pub struct Fence(Mutex<u64>);

/// The turn of one writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriterTurn(u64);

/// A writer who is inside. Whoever takes over waits until this is dropped.
#[must_use]
pub struct Inside<'a>(#[expect(dead_code, reason = "held")] MutexGuard<'a, u64>);

impl Fence {
    /// Begins the turn of a new writer; that of the one before is over.
    pub fn take_over(&self) -> WriterTurn {
        let mut latest = self.latest();
        *latest += 1;
        WriterTurn(*latest)
    }

    /// Lets a writer in, whose turn it is for as long as it is inside; `None` when that is over.
    pub fn enter(&self, turn: WriterTurn) -> Option<Inside<'_>> {
        let latest = self.latest();
        (*latest == turn.0).then_some(Inside(latest))
    }

    fn latest(&self) -> MutexGuard<'_, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_was_given_up_comes_in_no_more() {
        let fence = Fence::default();
        let first = fence.take_over();
        assert!(fence.enter(first).is_some());
        let second = fence.take_over();
        assert!(fence.enter(first).is_none());
        assert!(fence.enter(second).is_some());
    }
}
