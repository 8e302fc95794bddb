//! How many lines of one kind the log gets: anybody can fail as often as they like, and must not be able
//! to fill a disk with it.

use std::sync::{Mutex, PoisonError};

use crate::clock::{Clock as _, Span, SystemClock};

/// Counts the lines of a second. What was left out is told by the next line.
pub struct LogPace {
    max_lines: u32,
    counted: Mutex<Counted>,
}

struct Counted {
    second: i64,
    lines: u32,
    left_out: u64,
}

impl LogPace {
    /// At most so many lines a second.
    pub const fn new(max_lines: u32) -> Self {
        Self {
            max_lines,
            counted: Mutex::new(Counted {
                second: i64::MIN,
                lines: 0,
                left_out: 0,
            }),
        }
    }

    /// Whether one more line may be written now, and if so, how many were left out since the last. How
    /// fast a log grows is a matter of the machine's time, not of the time that answers go by.
    pub fn admits(&self) -> Option<u64> {
        self.admits_at(SystemClock.uptime())
    }

    /// The same, at a moment.
    pub fn admits_at(&self, now: Span) -> Option<u64> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.second != now.as_seconds() {
            counted.second = now.as_seconds();
            counted.lines = 0;
        }
        if counted.lines == self.max_lines {
            counted.left_out += 1;
            return None;
        }
        counted.lines += 1;
        Some(std::mem::take(&mut counted.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_so_many_lines_and_the_next_says_what_was_left_out() {
        let pace = LogPace::new(2);
        let at = |millis| pace.admits_at(Span::millis(millis));
        assert_eq!(
            [at(1000), at(1500), at(1600), at(1999)],
            [Some(0), Some(0), None, None]
        );
        assert_eq!([at(2000), at(2001)], [Some(2), Some(0)]);
    }
}
