//! How often one key may do something: so many times at once, and one comes back after a while.
//!
//! Per node, in memory, and bounded: it holds against one who floods, whoever else floods beside. What
//! must count on every node is rows (`flow::throttle`).

use std::collections::HashMap;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};

use foundation::clock::{SharedClock, Span};
use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::{Quota, RateLimiter};

/// Keys that are remembered: a few MiB.
const MAX_REMEMBERED: usize = 65_536;

/// What is left to each key.
pub struct Limits<K: Hash + Eq + Clone>(RateLimiter<K, Spent<K>, Uptime, NoOpMiddleware<Nanos>>);

impl<K: Hash + Eq + Clone> Limits<K> {
    /// So many at once; one comes back each time that `every` has passed. Of the clock, the uptime
    /// counts: it does not go back.
    pub fn new(clock: SharedClock, at_once: NonZeroU32, every: Span) -> Self {
        let quota = Quota::with_period(every.as_std()).map_or_else(
            || Quota::per_second(NonZeroU32::MAX),
            |quota| quota.allow_burst(at_once),
        );
        Self(RateLimiter::new(quota, Spent::default(), Uptime(clock)))
    }

    /// Takes one.
    ///
    /// # Errors
    /// There is none left: the error says how long to wait.
    pub fn take(&self, key: &K) -> Result<(), Span> {
        self.0.check_key(key).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.0.clock().now());
            Span::millis(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX))
        })
    }
}

/// Our clock, as the limiter reads one.
struct Uptime(SharedClock);

impl governor::clock::Clock for Uptime {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.uptime().as_std().into()
    }
}

/// By key, the moment from which on all is there again: the more was taken, the later. A flood of
/// strangers pushes out whom there is least to remember about, and so not the one who has used up
/// what there was.
struct Spent<K>(Mutex<HashMap<K, Nanos>>);

impl<K> Default for Spent<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Hash + Eq + Clone> StateStore for Spent<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (taken, until) = measure(spent.get(key).copied())?;
        if spent.len() >= MAX_REMEMBERED && !spent.contains_key(key) {
            forget_lighter_half(&mut spent);
        }
        spent.insert(key.clone(), until);
        Ok(taken)
    }
}

fn forget_lighter_half<K: Hash + Eq>(spent: &mut HashMap<K, Nanos>) {
    let mut moments: Vec<Nanos> = spent.values().copied().collect();
    let middle = moments.len() / 2;
    let (_, median, _) = moments.select_nth_unstable(middle);
    spent.retain(|_, until| *until > *median);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use foundation::clock::{Instant, ManualClock};

    use super::*;

    const TEN: NonZeroU32 = NonZeroU32::new(10).expect("not zero");

    fn limits() -> (Limits<u32>, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(Instant::from_seconds(1_800_000_000)));
        (Limits::new(clock.clone(), TEN, Span::seconds(2)), clock)
    }

    fn taken(limits: &Limits<u32>, key: u32, times: usize) -> usize {
        (0..times).filter(|_| limits.take(&key).is_ok()).count()
    }

    #[test]
    fn so_many_at_once_then_one_each_time_and_others_are_not_slowed() {
        let (limits, clock) = limits();
        assert_eq!(taken(&limits, 1, 20), 10);
        assert_eq!(limits.take(&1), Err(Span::seconds(2)));
        assert_eq!(limits.take(&2), Ok(()));
        clock.advance(Span::seconds(4));
        assert_eq!(taken(&limits, 1, 20), 2);
    }

    #[test]
    fn a_flood_of_keys_resets_nobodys_count_and_memory_is_bounded() {
        let (limits, clock) = limits();
        assert_eq!(taken(&limits, 0, 10), 10);
        for key in 1..200_000 {
            assert_eq!(limits.take(&key), Ok(()));
            if key % 10_000 == 0 {
                assert!(limits.take(&0).is_err(), "after {key}");
                clock.advance(Span::millis(50));
            }
        }
        assert!(limits.take(&0).is_err());
        let spent = limits.0.into_state_store();
        assert!(spent.0.into_inner().expect("no panic").len() <= MAX_REMEMBERED);
    }

    #[test]
    fn a_clock_that_is_set_back_an_hour_locks_nobody_out() {
        let (limits, clock) = limits();
        assert_eq!(taken(&limits, 1, 10), 10);
        clock.set_ahead(Span::hours(-1));
        assert_eq!(limits.take(&1), Err(Span::seconds(2)));
        clock.advance(Span::seconds(20));
        assert_eq!(taken(&limits, 1, 20), 10);
    }
}
