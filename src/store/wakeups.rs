//! Tells this process that the log has grown, as soon as a commit of its own is done. What other
//! processes append is noticed by [`crate::LogReader`] on its own connection.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// A counter of commits that appended events, for tasks (a `watch`) and for one thread.
pub(crate) struct Wakeups {
    commits: watch::Sender<u64>,
    count: Mutex<u64>,
    grown: Condvar,
}

impl Wakeups {
    pub(crate) fn new() -> Self {
        Self {
            commits: watch::Sender::new(0),
            count: Mutex::new(0),
            grown: Condvar::new(),
        }
    }

    /// To be called after each commit that appended.
    pub(crate) fn ring(&self) {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        *count += 1;
        self.commits.send_replace(*count);
        self.grown.notify_all();
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.commits.subscribe()
    }

    pub(crate) fn count(&self) -> u64 {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the count differs from `seen` or the time is over; gives the count.
    pub(crate) fn wait(&self, seen: u64, timeout: Duration) -> u64 {
        let count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .grown
            .wait_timeout_while(count, timeout, |count| *count == seen);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}
