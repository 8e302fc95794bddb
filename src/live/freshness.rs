//! How much this node's memory may be trusted: up to which event it is right, and when the query
//! that confirmed it *began*. What was confirmed more than a second ago is not trusted; the store
//! is asked instead.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use domain::log_history::LogCursor;
use foundation::clock::Span;
use foundation::id::Position;
use tokio::sync::watch;

/// How old the last confirmation may be.
const TRUSTED: Span = Span::seconds(1);
/// How long somebody waits for an event of his own to arrive.
const TIMEOUT: Duration = Duration::from_secs(1);
/// "Never", as a time on the uptime clock.
const NEVER: i64 = i64::MIN;

/// What is confirmed. Written by the tail alone.
#[derive(Debug)]
pub struct Freshness {
    /// Milliseconds on the uptime clock at which the last confirming query began.
    began: AtomicI64,
    /// How often nothing was confirmed any more.
    losses: AtomicU64,
    position: AtomicI64,
    /// Wakes those who wait for a position; what is in it belongs together.
    moved: watch::Sender<LogCursor>,
}

/// How old it is what somebody saw, and whether what is known was lost since.
#[derive(Clone, Copy, Debug)]
pub struct Sighting {
    began: Span,
    losses: u64,
}

impl Sighting {
    fn is_young(&self, now: Span) -> bool {
        now - self.began <= TRUSTED
    }
}

impl Default for Freshness {
    fn default() -> Self {
        Self {
            began: AtomicI64::new(NEVER),
            losses: AtomicU64::new(0),
            position: AtomicI64::new(0),
            moved: watch::Sender::new(LogCursor::default()),
        }
    }
}

impl Freshness {
    /// All events up to a place in the log are in memory, and a query that began at `began` on the
    /// uptime clock found no more. Call it after the events were applied.
    pub fn confirm(&self, read: LogCursor, began: Span) {
        // Position first: who sees the new time also sees the position that belongs to it.
        self.position.store(read.number.0, Ordering::Release);
        self.moved.send_if_modified(|known| {
            let moved = *known != read;
            *known = read;
            moved
        });
        self.began.store(began.as_millis(), Ordering::Release);
    }

    /// Nothing is confirmed any more, until the next [`Freshness::confirm`].
    pub fn lose(&self) {
        self.losses.fetch_add(1, Ordering::AcqRel);
        self.began.store(NEVER, Ordering::Release);
    }

    /// Whether memory may be trusted at this moment of the uptime clock, which counts while the
    /// machine sleeps.
    pub fn is_fresh(&self, now: Span) -> bool {
        self.look_at_memory(now).is_some()
    }

    /// A look at memory, if it may be trusted.
    pub fn look_at_memory(&self, now: Span) -> Option<Sighting> {
        // First: a loss after this is one during the look.
        let losses = self.losses.load(Ordering::Acquire);
        let began = self.began.load(Ordering::Acquire);
        let look = Sighting {
            began: Span::millis(began),
            losses,
        };
        (began != NEVER && look.is_young(now)).then_some(look)
    }

    /// A look at the store, which begins now.
    pub fn look_at_store(&self, now: Span) -> Sighting {
        Sighting {
            began: now,
            losses: self.losses.load(Ordering::Acquire),
        }
    }

    /// Whether what a look showed may be answered. A memory that was confirmed again meanwhile does not
    /// count: what was seen is as old as it was.
    pub fn still_holds(&self, look: &Sighting, now: Span) -> bool {
        look.is_young(now) && self.losses.load(Ordering::Acquire) == look.losses
    }

    /// The last confirmed position; before the first confirmation, the one before the first event.
    pub fn position(&self) -> Position {
        Position(self.position.load(Ordering::Acquire))
    }

    /// The same with its history and its mark: what a token that is issued now is given.
    pub fn cursor(&self) -> LogCursor {
        *self.moved.borrow()
    }

    /// Waits until memory has the event at `position`, for at most a second. Whoever ended
    /// something answers only then; if it takes longer, this node is not fresh and asks the store.
    pub async fn reached(&self, position: Position) -> bool {
        self.reached_within(position, TIMEOUT).await
    }

    async fn reached_within(&self, position: Position, patience: Duration) -> bool {
        let mut moved = self.moved.subscribe();
        let reached = moved.wait_for(|known| known.number >= position);
        // The sender lives in `self`, so waiting cannot fail in another way than by the clock.
        tokio::time::timeout(patience, reached)
            .await
            .is_ok_and(|found| found.is_ok())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn read_to(number: i64) -> LogCursor {
        LogCursor {
            number: Position(number),
            ..LogCursor::default()
        }
    }

    #[test]
    fn what_was_seen_grows_old_although_memory_is_confirmed_again() {
        let freshness = Freshness::default();
        assert!(freshness.look_at_memory(Span::millis(0)).is_none());
        freshness.confirm(read_to(3), Span::millis(5000));
        let now = Span::millis(5500);
        let memory = freshness.look_at_memory(now).expect("it is fresh");
        let store = freshness.look_at_store(now);
        freshness.confirm(read_to(4), Span::millis(6400));
        let holds = |look, at| freshness.still_holds(look, Span::millis(at));
        assert!(holds(&memory, 6000) && holds(&store, 6500));
        assert!(!holds(&memory, 6001) && !holds(&store, 6501));
        freshness.lose();
        freshness.confirm(read_to(4), Span::millis(5500));
        assert!(!holds(&memory, 5500) && !holds(&store, 5500), "it was lost");
    }

    #[test]
    fn memory_is_trusted_for_a_second_from_when_the_query_began() {
        let freshness = Freshness::default();
        for now in [0, 500, i64::MAX] {
            assert!(!freshness.is_fresh(Span::millis(now)), "never confirmed");
        }
        freshness.confirm(read_to(3), Span::millis(5000));
        assert_eq!(freshness.position(), Position(3));
        for (now, fresh) in [(5000, true), (6000, true), (6001, false), (90_000, false)] {
            assert_eq!(freshness.is_fresh(Span::millis(now)), fresh, "{now}");
        }
        // A request may have read the clock just before the tail did.
        assert!(freshness.is_fresh(Span::millis(4999)));
        freshness.lose();
        assert!(!freshness.is_fresh(Span::millis(5000)));
    }

    #[tokio::test]
    async fn who_waits_for_an_event_is_woken_by_it() {
        let freshness = Arc::new(Freshness::default());
        freshness.confirm(read_to(3), Span::millis(0));
        assert!(freshness.reached(Position(3)).await, "already there");
        let waiting = tokio::spawn({
            let freshness = Arc::clone(&freshness);
            async move { freshness.reached(Position(5)).await }
        });
        tokio::task::yield_now().await;
        freshness.confirm(read_to(4), Span::millis(1));
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        freshness.confirm(read_to(6), Span::millis(2));
        assert!(waiting.await.expect("no panic"));
    }

    #[tokio::test]
    async fn who_waits_too_long_is_told_so() {
        let freshness = Freshness::default();
        assert!(
            !freshness
                .reached_within(Position(1), Duration::from_millis(5))
                .await
        );
    }
}
