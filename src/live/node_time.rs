//! What time it is for this node: an offset and the boot clock, nothing else.
//!
//! Each look of `job/tail` reads the time of the database (on SQLite the wall clock) between two looks
//! at the boot clock, so the offset lies in an interval, however slow the look was. Between looks *now*
//! is the offset and the boot clock: what a wall clock does meanwhile is nobody's business.
//!
//! ```text
//!   looks agree ──► the offset stays
//!   a second apart at most ──► it moves to the nearer end
//!   more ──► a step: it holds at once; memory is loaded anew; for ten minutes nothing ends by time
//!            └─ backwards ──► behind: no answers, until it has caught up or two minutes have passed
//! ```

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use foundation::clock::{Clock, Instant, Reading, SharedClock, Span};

/// Intervals that lie further apart prove a step.
const STEP: Span = Span::seconds(1);
/// How long after a step nothing ends because of time, and after a start nothing is purged.
const UNSETTLED: Span = Span::minutes(10);
/// How long a node that is behind waits: a machine without a battery clock has the network's time by
/// then.
const WAIT: Span = Span::minutes(2);

/// The time as this node tells it. Written by the tail alone.
pub struct NodeTime {
    machine: SharedClock,
    /// When this node began, on the boot clock.
    began: Span,
    /// What looks have shown. Whoever needs the time and what may be done by it reads both at once.
    seen: Mutex<Seen>,
    /// The offset again, for requests: those ask for nothing but the time.
    offset: AtomicI64,
    /// Set while time has to catch up with what was said before.
    is_behind: AtomicBool,
}

/// What looks have shown: the time, and what may be done by it.
#[derive(Clone, Copy, Debug)]
struct Seen {
    /// Milliseconds from the boot clock to now.
    offset: i64,
    /// Where the offset lies.
    accepted: Interval,
    /// When the last step was seen, on the boot clock.
    stepped: Option<Span>,
    behind: Option<Behind>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Interval {
    low: i64,
    high: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Behind {
    /// What has to be reached.
    reaches: Instant,
    /// When the waiting ends, on the boot clock.
    until: Span,
}

/// Time made a step: nobody knows which of the two was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// How far; negative backwards.
    pub by: Span,
}

/// How the waiting of a node that is behind stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatchingUp {
    /// It is not behind.
    Not,
    /// It has caught up this moment.
    Done,
    /// It waits.
    Waiting,
    /// It has waited long enough: what was given out before must be cut off.
    Over,
}

impl Interval {
    fn of(reading: &Reading) -> Self {
        let time = reading.time.millis();
        Self {
            low: time.saturating_sub(reading.after.as_millis()),
            high: time.saturating_sub(reading.before.as_millis()),
        }
    }

    /// How far another interval lies from this one; zero where they touch.
    fn distance(self, other: Self) -> i64 {
        if other.low > self.high {
            other.low.saturating_sub(self.high)
        } else if other.high < self.low {
            other.high.saturating_sub(self.low)
        } else {
            0
        }
    }

    /// What a later look leaves of this one: where both agree, or the later one.
    fn then(self, later: Self) -> Self {
        if self.distance(later) != 0 {
            return later;
        }
        Self {
            low: self.low.max(later.low),
            high: self.high.min(later.high),
        }
    }
}

impl Seen {
    fn now(&self, uptime: Span) -> Instant {
        Instant::from_millis(self.offset.saturating_add(uptime.as_millis()))
    }

    fn must_reach(&mut self, moment: Instant, uptime: Span) {
        // Who waits already waits no longer for that.
        self.behind = Some(match self.behind {
            Some(known) => Behind {
                reaches: known.reaches.max(moment),
                until: known.until,
            },
            None => Behind {
                reaches: moment,
                until: uptime + WAIT,
            },
        });
    }

    fn may_end_things(&self, uptime: Span) -> bool {
        let is_settled = |stepped: Span| uptime - stepped >= UNSETTLED;
        self.behind.is_none() && self.stepped.is_none_or(is_settled)
    }
}

impl NodeTime {
    /// Begins with a first look.
    pub fn new(machine: SharedClock, first: Reading) -> Self {
        let accepted = Interval::of(&first);
        let middle = accepted.low + (accepted.high - accepted.low) / 2;
        Self {
            began: machine.uptime(),
            seen: Mutex::new(Seen {
                offset: middle,
                accepted,
                stepped: None,
                behind: None,
            }),
            offset: AtomicI64::new(middle),
            is_behind: AtomicBool::new(false),
            machine,
        }
    }

    /// Takes in a look. After a step the new time holds at once.
    pub fn look(&self, reading: &Reading) -> Option<Step> {
        let interval = Interval::of(reading);
        let mut seen = self.seen();
        let distance = seen.accepted.distance(interval);
        seen.accepted = seen.accepted.then(interval);
        let before = seen.offset;
        seen.offset = before.clamp(seen.accepted.low, seen.accepted.high);
        let step = (distance.saturating_abs() > STEP.as_millis()).then(|| Step {
            by: Span::millis(seen.offset.saturating_sub(before)),
        });
        if step.is_some() {
            seen.stepped = Some(reading.after);
            if distance < 0 {
                let said = before.saturating_add(reading.after.as_millis());
                seen.must_reach(Instant::from_millis(said), reading.after);
            }
        }
        self.tell(&seen);
        step
    }

    /// Requests hear that they must not answer before they hear of the time for which that is so.
    fn tell(&self, seen: &Seen) {
        self.is_behind
            .store(seen.behind.is_some(), Ordering::Release);
        self.offset.store(seen.offset, Ordering::Release);
    }

    /// Something was stamped at this moment: a node whose time is more than a second before it is
    /// behind.
    pub fn must_follow(&self, stamp: Instant) {
        let uptime = self.uptime();
        let mut seen = self.seen();
        if stamp.since(seen.now(uptime)) > STEP {
            seen.must_reach(stamp, uptime);
            self.tell(&seen);
        }
    }

    /// Looks whether a node that is behind has caught up.
    pub fn catches_up(&self) -> CatchingUp {
        let uptime = self.uptime();
        let mut seen = self.seen();
        let Some(behind) = seen.behind else {
            return CatchingUp::Not;
        };
        if seen.now(uptime) >= behind.reaches {
            seen.behind = None;
            self.tell(&seen);
            CatchingUp::Done
        } else if uptime >= behind.until {
            CatchingUp::Over
        } else {
            CatchingUp::Waiting
        }
    }

    /// What was given out before is cut off: this time is as good as any.
    pub fn go_on(&self) {
        let mut seen = self.seen();
        seen.behind = None;
        self.tell(&seen);
    }

    /// Whether this node must not answer, because time went back and has not caught up.
    pub fn is_behind(&self) -> bool {
        self.is_behind.load(Ordering::Acquire)
    }

    /// Now, if things may end because of time: not for ten minutes after a step. What has run out is
    /// refused all the same.
    pub fn now_to_end_things(&self) -> Option<Instant> {
        // The boot clock first: a look between the two is seen with its step.
        let uptime = self.uptime();
        let seen = *self.seen();
        seen.may_end_things(uptime).then(|| seen.now(uptime))
    }

    /// Now, if rows may be removed and keys retired because of their age: not for ten minutes after a
    /// step or a start.
    pub fn now_to_forget_things(&self) -> Option<Instant> {
        let uptime = self.uptime();
        let seen = *self.seen();
        let may_forget = uptime - self.began >= UNSETTLED && seen.may_end_things(uptime);
        may_forget.then(|| seen.now(uptime))
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for NodeTime {
    fn now(&self) -> Instant {
        let offset = self.offset.load(Ordering::Acquire);
        Instant::from_millis(offset.saturating_add(self.machine.uptime().as_millis()))
    }

    fn uptime(&self) -> Span {
        self.machine.uptime()
    }
}

impl std::fmt::Debug for NodeTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NodeTime({})", self.now())
    }
}

#[cfg(test)]
mod tests;
