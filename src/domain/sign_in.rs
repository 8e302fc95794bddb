//! Failed sign-ins: how long to wait before the next try. An account is never locked out for good.

use foundation::clock::{Instant, Span};

/// What is remembered about the tries under one counter. Each is taken for a failure until it succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// Failures since the last success.
    pub failures: i32,
    /// No try is looked at before this.
    pub blocked_until: Instant,
}

impl Throttle {
    /// Tries that cost nothing.
    pub const FREE: i32 = 5;
    /// The longest wait.
    pub const LONGEST: Span = Span::seconds(60);

    /// After one more failure at `now`: five free, then 1, 2, 4 … 60 seconds.
    pub fn after_failure(before: Option<Throttle>, now: Instant) -> Throttle {
        let failures = before.map_or(0, |t| t.failures).saturating_add(1);
        let over = failures - Self::FREE;
        let wait = match over {
            ..=0 => Span::millis(0),
            1..=6 => Span::seconds(1 << (over - 1)).min(Self::LONGEST),
            _ => Self::LONGEST,
        };
        Throttle {
            failures,
            blocked_until: now + wait,
        }
    }

    /// How long to wait at `now`; `None` when a try is welcome. A moment further away than the longest
    /// wait was written by a clock that has been set since, and is not believed: else who failed
    /// before that would be locked out for as long as the clock was wrong.
    pub fn wait(&self, now: Instant) -> Option<Span> {
        let wait = self.blocked_until.since(now);
        (Span::millis(0) < wait && wait <= Self::LONGEST).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_tries_are_free_and_the_wait_never_passes_a_minute() {
        let now = Instant::from_seconds(0);
        let mut throttle = None;
        let mut waits = Vec::new();
        for _ in 0..14 {
            throttle = Some(Throttle::after_failure(throttle, now));
            waits.push(
                throttle
                    .and_then(|t| t.wait(now))
                    .map_or(0, Span::as_seconds),
            );
        }
        assert_eq!(waits, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn a_moment_beyond_the_longest_wait_is_not_believed() {
        let now = Instant::from_seconds(10_000);
        let blocked = |until| Throttle {
            failures: 40,
            blocked_until: until,
        };
        assert_eq!(
            blocked(now + Throttle::LONGEST).wait(now),
            Some(Throttle::LONGEST)
        );
        for beyond in [Span::millis(60_001), Span::hours(1)] {
            assert_eq!(blocked(now + beyond).wait(now), None);
        }
    }
}
