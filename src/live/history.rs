//! Which history of the log this node's memory belongs to, and which ones it knows to be dead.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use domain::log_history::History;
use foundation::id::HistoryId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many may ask the database about a history at once.
const MAX_ASKING: usize = 32;
/// How many strange histories are remembered: each is one that this installation lost.
const MAX_STRANGE: usize = 1000;

/// What is known about the history that a token carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belonging {
    /// It is that of this memory.
    Ours,
    /// It is over, and what it gave out is dead.
    Dead,
    /// This node has not heard of it: it may be later than what is known here.
    Unknown,
}

/// The history of a node's memory. Written by the tail, and by who asked the database.
#[derive(Debug)]
pub struct KnownHistory {
    id: AtomicI64,
    /// Whether tokens from before there was a history belong to it.
    is_first: AtomicBool,
    others: RwLock<Others>,
    asking: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Others {
    /// Histories that another followed: a log that has one of them for its own went back.
    over: HashSet<HistoryId>,
    /// Histories that the database does not know.
    strange: HashSet<HistoryId>,
}

impl Default for KnownHistory {
    fn default() -> Self {
        Self {
            id: AtomicI64::new(HistoryId::BEFORE.0),
            is_first: AtomicBool::new(false),
            others: RwLock::default(),
            asking: Arc::new(Semaphore::new(MAX_ASKING)),
        }
    }
}

impl KnownHistory {
    /// From now on memory belongs to this one, which followed those. What is kept of the one before
    /// must have been cleared.
    pub fn set(&self, history: History, before: impl IntoIterator<Item = HistoryId>) {
        let mut others = self.others.write().unwrap_or_else(PoisonError::into_inner);
        others.over.extend(before);
        others.over.remove(&history.id);
        others.strange.remove(&history.id);
        self.is_first.store(history.number == 1, Ordering::Release);
        self.id.store(history.id.0, Ordering::Release);
    }

    /// The database does not know this one.
    pub fn note_strange(&self, id: HistoryId) {
        let mut others = self.others.write().unwrap_or_else(PoisonError::into_inner);
        if others.strange.len() >= MAX_STRANGE {
            others.strange.clear();
        }
        others.strange.insert(id);
    }

    /// What is known about the history of a token.
    pub fn belonging_of(&self, handle: HistoryId) -> Belonging {
        let is_ours = match handle {
            HistoryId::BEFORE => self.is_first.load(Ordering::Acquire),
            drawn => drawn.0 == self.id.load(Ordering::Acquire),
        };
        if is_ours {
            return Belonging::Ours;
        }
        let others = self.others.read().unwrap_or_else(PoisonError::into_inner);
        match others.over.contains(&handle) || others.strange.contains(&handle) {
            true => Belonging::Dead,
            false => Belonging::Unknown,
        }
    }

    /// A place among those who ask the database; none while too many do.
    pub fn may_ask(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.asking).try_acquire_owned().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(id: i64, number: i32) -> History {
        History {
            id: HistoryId(id),
            number,
        }
    }

    #[test]
    fn what_was_ours_is_dead_when_another_began() {
        let known = KnownHistory::default();
        known.set(history(7, 1), []);
        assert_eq!(known.belonging_of(HistoryId(7)), Belonging::Ours);
        assert_eq!(known.belonging_of(HistoryId::BEFORE), Belonging::Ours);
        assert_eq!(known.belonging_of(HistoryId(8)), Belonging::Unknown);
        known.set(history(8, 2), [HistoryId(7), HistoryId::BEFORE]);
        assert_eq!(known.belonging_of(HistoryId(7)), Belonging::Dead);
        assert_eq!(known.belonging_of(HistoryId(8)), Belonging::Ours);
        assert_eq!(known.belonging_of(HistoryId::BEFORE), Belonging::Dead);
        assert_eq!(known.belonging_of(HistoryId(7)), Belonging::Dead);
    }

    #[test]
    fn what_the_database_does_not_know_is_not_asked_for_again() {
        let known = KnownHistory::default();
        known.set(history(7, 1), []);
        known.note_strange(HistoryId(9));
        assert_eq!(known.belonging_of(HistoryId(9)), Belonging::Dead);
    }

    #[test]
    fn no_more_than_so_many_ask_at_once() {
        let known = KnownHistory::default();
        let mut asking: Vec<_> = (0..MAX_ASKING).filter_map(|_| known.may_ask()).collect();
        assert_eq!(asking.len(), MAX_ASKING);
        assert!(known.may_ask().is_none());
        asking.pop();
        assert!(known.may_ask().is_some());
    }
}
