//! Looks, steps and waiting, by clocks that a test moves.

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

    fn may_end_things(&self) -> bool {
        self.time.now_to_end_things().is_some()
    }

    fn may_forget_things(&self) -> bool {
        self.time.now_to_forget_things().is_some()
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
        assert_eq!(setting.may_end_things(), !is_step);
        assert!(!setting.time.is_behind(), "{millis} ms");
    }
}

#[test]
fn nothing_ends_by_time_for_ten_minutes_after_a_step() {
    let setting = Setting::new();
    assert!(setting.may_end_things(), "a start is no step");
    assert!(!setting.may_forget_things());
    setting.told.advance(Span::minutes(10));
    assert!(setting.may_forget_things());
    setting.told.set_ahead(Span::hours(2));
    assert!(setting.looks().is_some());
    for _ in 0..2 {
        assert!(!setting.may_end_things() && !setting.may_forget_things());
        setting.told.advance(Span::minutes(5));
    }
    assert!(setting.may_end_things() && setting.may_forget_things());
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

/// A machine where something happens in the moment in which its boot clock is read.
struct Interrupted {
    machine: ManualClock,
    then: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Clock for Interrupted {
    fn now(&self) -> Instant {
        self.machine.now()
    }

    fn uptime(&self) -> Span {
        let uptime = self.machine.uptime();
        let then = self.then.lock().expect("nobody panicked").take();
        if let Some(then) = then {
            then();
        }
        uptime
    }
}

/// Whoever is told that things may end is told by which time, and never by one that a step brought
/// between the two.
#[test]
fn the_time_of_a_step_comes_with_no_permission_from_before_it() {
    let told = ManualClock::at(NOON);
    let machine = Arc::new(Interrupted {
        machine: told.of_another_machine(Span::hours(0), Span::hours(0)),
        then: Mutex::new(None),
    });
    let first = reading(&told, &machine.machine, 0);
    let time = Arc::new(NodeTime::new(machine.clone(), first));
    told.advance(UNSETTLED);
    let settled = Some(told.now());
    assert_eq!(time.now_to_end_things(), settled);
    assert_eq!(time.now_to_forget_things(), settled);
    for asks in [NodeTime::now_to_end_things, NodeTime::now_to_forget_things] {
        told.set_ahead(Span::days(100));
        let (looks, step) = (Arc::clone(&time), reading(&told, &machine.machine, 0));
        *machine.then.lock().expect("nobody panicked") = Some(Box::new(move || {
            assert!(looks.look(&step).is_some());
        }));
        assert_eq!(asks(&time), None);
        assert_eq!(time.now(), told.now(), "the new time holds at once");
        told.advance(UNSETTLED);
        assert_eq!(asks(&time), Some(told.now()));
    }
}
