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
/// "Never", on the boot clock.
const NEVER: i64 = i64::MIN;

/// The time as this node tells it. Written by the tail alone.
pub struct NodeTime {
    machine: SharedClock,
    /// Milliseconds from the boot clock to now.
    offset: AtomicI64,
    /// Where the offset lies, as far as looks have shown.
    accepted: Mutex<Interval>,
    /// When this node began, on the boot clock.
    began: Span,
    /// When the last step was seen, on the boot clock.
    stepped: AtomicI64,
    /// Set while time has to catch up with what was said before.
    is_behind: AtomicBool,
    behind: Mutex<Option<Behind>>,
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

impl NodeTime {
    /// Begins with a first look.
    pub fn new(machine: SharedClock, first: Reading) -> Self {
        let accepted = Interval::of(&first);
        let middle = accepted.low + (accepted.high - accepted.low) / 2;
        Self {
            offset: AtomicI64::new(middle),
            accepted: Mutex::new(accepted),
            began: machine.uptime(),
            stepped: AtomicI64::new(NEVER),
            is_behind: AtomicBool::new(false),
            behind: Mutex::new(None),
            machine,
        }
    }

    /// Takes in a look. After a step the new time holds at once.
    pub fn look(&self, reading: &Reading) -> Option<Step> {
        let interval = Interval::of(reading);
        let mut accepted = lock(&self.accepted);
        let distance = accepted.distance(interval);
        *accepted = accepted.then(interval);
        let before = self.offset.load(Ordering::Acquire);
        let offset = before.clamp(accepted.low, accepted.high);
        if distance.saturating_abs() <= STEP.as_millis() {
            self.offset.store(offset, Ordering::Release);
            return None;
        }
        // What it forbids comes first: whoever reads the new time finds that it has stepped.
        self.stepped
            .store(reading.after.as_millis(), Ordering::Release);
        if distance < 0 {
            let said = Instant::from_millis(before.saturating_add(reading.after.as_millis()));
            self.must_reach(said);
        }
        self.offset.store(offset, Ordering::Release);
        Some(Step {
            by: Span::millis(offset.saturating_sub(before)),
        })
    }

    /// Something was stamped at this moment: a node whose time is more than a second before it is
    /// behind.
    pub fn must_follow(&self, stamp: Instant) {
        if stamp.since(self.now()) > STEP {
            self.must_reach(stamp);
        }
    }

    fn must_reach(&self, moment: Instant) {
        let mut behind = lock(&self.behind);
        let until = self.uptime() + WAIT;
        // Who waits already waits no longer for that.
        *behind = Some(match *behind {
            Some(known) => Behind {
                reaches: known.reaches.max(moment),
                until: known.until,
            },
            None => Behind {
                reaches: moment,
                until,
            },
        });
        self.is_behind.store(true, Ordering::Release);
    }

    /// Looks whether a node that is behind has caught up.
    pub fn catches_up(&self) -> CatchingUp {
        let Some(behind) = *lock(&self.behind) else {
            return CatchingUp::Not;
        };
        if self.now() >= behind.reaches {
            self.go_on();
            CatchingUp::Done
        } else if self.uptime() >= behind.until {
            CatchingUp::Over
        } else {
            CatchingUp::Waiting
        }
    }

    /// What was given out before is cut off: this time is as good as any.
    pub fn go_on(&self) {
        *lock(&self.behind) = None;
        self.is_behind.store(false, Ordering::Release);
    }

    /// Whether this node must not answer, because time went back and has not caught up.
    pub fn is_behind(&self) -> bool {
        self.is_behind.load(Ordering::Acquire)
    }

    /// The time by which things end because of it; none for ten minutes after a step. What has run out
    /// is refused all the same.
    pub fn now_to_end_things(&self) -> Option<Instant> {
        let now = self.now();
        self.may_end_things().then_some(now)
    }

    /// The time by which rows are removed and keys retired because of their age; none for ten minutes
    /// after a step or a start.
    pub fn now_to_forget_things(&self) -> Option<Instant> {
        let now = self.now();
        self.may_forget_things().then_some(now)
    }

    /// Asked after the time was read, and never before it: a step in between would be missed.
    fn may_end_things(&self) -> bool {
        let stepped = self.stepped.load(Ordering::Acquire);
        let now = self.uptime().as_millis();
        !self.is_behind()
            && (stepped == NEVER || now.saturating_sub(stepped) >= UNSETTLED.as_millis())
    }

    fn may_forget_things(&self) -> bool {
        self.uptime() - self.began >= UNSETTLED && self.may_end_things()
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use foundation::clock::ManualClock;

    use super::*;

    const NOON: Instant = Instant::from_seconds(1_800_000_000);

    /// A machine whose wall clock says something else, and the time that it is told.
    struct Setting {
        told: ManualClock,
        machine: Arc<ManualClock>,
        time: NodeTime,
    }

    impl Setting {
        fn new() -> Self {
            let told = ManualClock::at(NOON);
            let machine = Arc::new(told.of_another_machine(Span::hours(-2), Span::seconds(77)));
            let time = NodeTime::new(machine.clone(), reading(&told, machine.as_ref(), 0));
            Self {
                told,
                machine,
                time,
            }
        }

        /// A look that takes so long, and learns the time at its end.
        fn looks_slowly(&self, millis: i64) -> Option<Step> {
            self.time
                .look(&reading(&self.told, self.machine.as_ref(), millis))
        }

        fn looks(&self) -> Option<Step> {
            self.looks_slowly(0)
        }

        fn is_right(&self) -> bool {
            self.time.now() == self.told.now()
        }
    }

    fn reading(told: &ManualClock, machine: &ManualClock, millis: i64) -> Reading {
        let before = machine.uptime();
        told.advance(Span::millis(millis));
        Reading {
            before,
            time: told.now(),
            after: machine.uptime(),
        }
    }

    #[test]
    fn the_wall_clock_of_a_machine_makes_no_difference() {
        let setting = Setting::new();
        assert!(setting.is_right());
        setting.machine.set_ahead(Span::hours(4));
        setting.told.advance(Span::minutes(3));
        assert!(setting.is_right(), "between looks");
        assert_eq!(setting.looks(), None);
        assert!(setting.is_right());
    }

    #[test]
    fn a_slow_look_is_no_skew_and_forgets_nothing() {
        let setting = Setting::new();
        assert_eq!(setting.looks_slowly(30_000), None);
        assert!(setting.is_right(), "what was known before is more exact");
        setting.told.set_ahead(Span::millis(1001));
        let step = setting.looks();
        assert_eq!(
            step,
            Some(Step {
                by: Span::millis(1001)
            })
        );
    }

    #[test]
    fn small_moves_are_taken_over_and_larger_ones_are_steps() {
        for (millis, is_step) in [(1, false), (-1000, false), (1000, false), (1001, true)] {
            let setting = Setting::new();
            setting.told.set_ahead(Span::millis(millis));
            assert_eq!(setting.looks().is_some(), is_step, "{millis} ms");
            assert!(setting.is_right(), "{millis} ms");
            assert_eq!(setting.time.may_end_things(), !is_step);
            assert!(!setting.time.is_behind(), "{millis} ms");
        }
    }

    #[test]
    fn nothing_ends_by_time_for_ten_minutes_after_a_step() {
        let setting = Setting::new();
        assert!(setting.time.may_end_things(), "a start is no step");
        assert!(!setting.time.may_forget_things());
        setting.told.advance(Span::minutes(10));
        assert!(setting.time.may_forget_things());
        setting.told.set_ahead(Span::hours(2));
        assert!(setting.looks().is_some());
        for _ in 0..2 {
            assert!(!setting.time.may_end_things() && !setting.time.may_forget_things());
            setting.told.advance(Span::minutes(5));
        }
        assert!(setting.time.may_end_things() && setting.time.may_forget_things());
    }

    #[test]
    fn nobody_ends_things_by_a_time_that_stepped_this_moment() {
        for _ in 0..300 {
            let setting = Setting::new();
            setting.told.set_ahead(Span::hours(2));
            std::thread::scope(|scope| {
                scope.spawn(|| setting.looks());
                while let Some(now) = setting.time.now_to_end_things() {
                    assert!(now < NOON + Span::hours(1), "{now}");
                }
            });
        }
    }

    #[test]
    fn a_step_back_is_waited_for() {
        let setting = Setting::new();
        setting.told.set_ahead(Span::minutes(-30));
        assert!(
            setting
                .looks()
                .is_some_and(|step| step.by < Span::seconds(0))
        );
        assert!(setting.time.is_behind());
        assert_eq!(setting.time.catches_up(), CatchingUp::Waiting);
        setting.told.advance(Span::seconds(119));
        setting.told.set_ahead(Span::minutes(30));
        assert!(setting.looks().is_some(), "the network's time has come");
        assert_eq!(setting.time.catches_up(), CatchingUp::Done);
        assert!(!setting.time.is_behind());
    }

    #[test]
    fn a_step_back_is_waited_for_no_longer_than_two_minutes() {
        let setting = Setting::new();
        setting.told.set_ahead(Span::hours(-2));
        assert!(setting.looks().is_some());
        setting.told.advance(Span::minutes(1));
        setting.told.set_ahead(Span::seconds(-5));
        assert!(setting.looks().is_some(), "again");
        setting.told.advance(Span::millis(59_999));
        assert_eq!(setting.time.catches_up(), CatchingUp::Waiting);
        setting.told.advance(Span::millis(1));
        assert_eq!(setting.time.catches_up(), CatchingUp::Over);
        assert!(
            setting.time.is_behind(),
            "until what was given out is cut off"
        );
        setting.time.go_on();
        assert_eq!(setting.time.catches_up(), CatchingUp::Not);
    }

    #[test]
    fn who_starts_before_the_last_stamp_is_behind() {
        let setting = Setting::new();
        setting.time.must_follow(NOON + Span::seconds(1));
        assert!(!setting.time.is_behind());
        setting.time.must_follow(NOON + Span::millis(1001));
        assert!(setting.time.is_behind());
        setting.told.advance(Span::millis(1001));
        assert_eq!(setting.time.catches_up(), CatchingUp::Done);
    }
}
