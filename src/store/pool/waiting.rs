//! Who waits for the database on a connection, and until when an answer is due.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foundation::clock::Span;
use foundation::fault::Fault;

use crate::fault::unavailable;

/// Those who wait.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<Waiters>);

#[derive(Debug, Default)]
struct Waiters {
    next: u64,
    /// Whether nothing is expected any more: whoever waits goes on waiting, and nobody joins them.
    given_up: bool,
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
    ///
    /// # Errors
    /// It was given up.
    pub(super) fn begin(self: &Arc<Self>, due: Span) -> Result<Wait, Fault> {
        let mut waiters = self.waiters();
        if waiters.given_up {
            return Err(unavailable("its connections were given up"));
        }
        let number = waiters.next;
        waiters.next += 1;
        waiters.due.insert(number, due);
        drop(waiters);
        let of = Arc::clone(self);
        Ok(Wait { of, number })
    }

    /// Gives up whoever waits, if they are so many at most; from then on they only become fewer.
    /// Gives how many they are where they are more.
    pub(super) fn give_up(&self, most: usize) -> Result<(), usize> {
        let mut waiters = self.waiters();
        let count = waiters.due.len();
        waiters.given_up = count <= most;
        if waiters.given_up { Ok(()) } else { Err(count) }
    }

    /// Something is expected all the same.
    pub(super) fn go_on(&self) {
        self.waiters().given_up = false;
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
        let first = waiting.begin(Span::seconds(5)).expect("a wait");
        let second = waiting.begin(Span::seconds(9)).expect("a wait");
        assert_eq!(waiting.count(), 2);
        assert!(!waiting.is_overdue(Span::millis(4999)));
        assert!(waiting.is_overdue(Span::seconds(5)));
        drop(first);
        assert!(!waiting.is_overdue(Span::seconds(5)));
        drop(second);
        assert_eq!(waiting.count(), 0);
        assert!(!waiting.is_overdue(Span::seconds(99)));
    }

    #[test]
    fn nobody_joins_those_who_were_given_up() {
        let waiting = Arc::new(Waiting::default());
        let first = waiting.begin(Span::seconds(5)).expect("a wait");
        assert_eq!(waiting.give_up(0), Err(1));
        let second = waiting.begin(Span::seconds(5)).expect("a wait");
        assert_eq!(waiting.give_up(2), Ok(()));
        assert!(waiting.begin(Span::seconds(5)).is_err());
        drop((first, second));
        assert_eq!(waiting.count(), 0);
    }
}
