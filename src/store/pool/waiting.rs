//! Who waits for the database on a connection, and until when an answer is due.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foundation::clock::Span;

/// Those who wait.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<Waiters>);

#[derive(Debug, Default)]
struct Waiters {
    next: u64,
    /// When the answer of each is due, by the uptime clock.
    due: BTreeMap<u64, Span>,
}

/// Somebody waits, until this is dropped.
#[must_use]
pub(super) struct Wait {
    of: Arc<Waiting>,
    number: u64,
}

impl Waiting {
    /// Somebody waits for an answer that is due by a moment of the uptime clock.
    pub(super) fn begin(self: &Arc<Self>, due: Span) -> Wait {
        let mut waiters = self.waiters();
        let number = waiters.next;
        waiters.next += 1;
        waiters.due.insert(number, due);
        drop(waiters);
        let of = Arc::clone(self);
        Wait { of, number }
    }

    /// How many wait.
    pub(super) fn count(&self) -> usize {
        self.waiters().due.len()
    }

    /// Whether an answer is overdue.
    pub(super) fn is_overdue(&self, now: Span) -> bool {
        self.waiters().due.values().any(|due| *due <= now)
    }

    fn waiters(&self) -> MutexGuard<'_, Waiters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.of.waiters().due.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_overdue_until_it_came() {
        let waiting = Arc::new(Waiting::default());
        let first = waiting.begin(Span::seconds(5));
        let second = waiting.begin(Span::seconds(9));
        assert_eq!(waiting.count(), 2);
        assert!(!waiting.is_overdue(Span::millis(4999)));
        assert!(waiting.is_overdue(Span::seconds(5)));
        drop(first);
        assert!(!waiting.is_overdue(Span::seconds(5)));
        drop(second);
        assert_eq!(waiting.count(), 0);
        assert!(!waiting.is_overdue(Span::seconds(99)));
    }
}
