//! A node that lives is told from one that was killed, by what is heard of it.

use domain::log_history::LogCursor;
use foundation::id::{NodeId, Position};

use super::super::served::wait_until_nobody_serves;
use super::*;

/// How long time passes at once, for who waits.
const STEP: Span = Span::seconds(1);

/// A database that a node was heard of in, so long ago; nothing is heard of it by itself.
struct Heard {
    world: World,
    store: Store,
    node: NodeId,
}

impl Heard {
    fn of_a_node(ago: Span) -> Self {
        let world = World::new();
        let store = world.open().store().clone();
        let node = NodeId::new(world.clock.now(), &SystemEntropy);
        let heard = Self { world, store, node };
        heard.again(heard.world.clock.now() - ago);
        heard
    }

    fn again(&self, at: Instant) {
        let (node, read) = (self.node, LogCursor::default());
        let heard = move |tx: &mut store::Transaction<'_>| {
            store::nodes::heartbeat(tx, node, at, read, Position(0))
        };
        self.store.write_blocking(heard).expect("it is written");
    }

    fn leaves(&self) {
        let node = self.node;
        let left = self
            .store
            .write_blocking(move |tx| store::nodes::leave(tx, node));
        left.expect("it is written");
    }

    /// Waits while time passes and other things happen, each time that a second has; gives what came of
    /// it, and how many seconds had passed by then.
    fn is_waited_for(&self, meanwhile: impl Fn()) -> (Result<(), String>, i64) {
        let clock: SharedClock = self.world.clock.clone();
        let waits = || wait_until_nobody_serves(&self.store, &clock).map(drop);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(waits);
            let mut seconds = 0;
            while !waiting.is_finished() {
                meanwhile();
                self.world.clock.advance(STEP);
                seconds += 1;
                std::thread::sleep(Duration::from_millis(10));
            }
            let done = waiting.join().expect("it does not panic");
            (done.map_err(|fault| fault.chain()), seconds)
        })
    }
}

/// More than a busy machine lets pass while somebody looks.
const AND_A_WHILE: i64 = 600;

#[test]
fn a_node_that_was_killed_is_waited_for_until_it_counts_as_gone() {
    let (done, seconds) = Heard::of_a_node(Span::seconds(4)).is_waited_for(|| {});
    assert_eq!(done, Ok(()));
    assert!((26..26 + AND_A_WHILE).contains(&seconds), "{seconds}");
}

#[test]
fn nobody_waits_for_a_node_that_was_silent_for_long() {
    let heard = Heard::of_a_node(Span::seconds(31));
    let clock: SharedClock = heard.world.clock.clone();
    // No time passes.
    assert!(wait_until_nobody_serves(&heard.store, &clock).is_ok());
}

#[test]
fn a_node_that_lives_is_heard_of_again() {
    let heard = Heard::of_a_node(Span::seconds(4));
    let (done, _) = heard.is_waited_for(|| heard.again(heard.world.clock.now()));
    let refused = done.expect_err("it runs");
    let names_it = refused.contains(&heard.node.to_string());
    assert!(
        names_it && refused.contains("stop all of them"),
        "{refused}"
    );
}

#[test]
fn a_node_that_ends_while_it_is_waited_for_is_gone_at_once() {
    let heard = Heard::of_a_node(Span::seconds(4));
    let waits = || {
        // Time stands still: it is not because of that.
        let clock: SharedClock = heard.world.clock.clone();
        wait_until_nobody_serves(&heard.store, &clock).map(drop)
    };
    std::thread::scope(|scope| {
        let waiting = scope.spawn(waits);
        heard.leaves();
        assert!(waiting.join().expect("it does not panic").is_ok());
    });
}

/// Its clock was two hours ahead, and somebody has set it right since.
#[test]
fn a_heartbeat_from_the_future_is_no_reason_to_wait_for_it() {
    let (done, seconds) = Heard::of_a_node(Span::hours(-2)).is_waited_for(|| {});
    assert_eq!(done, Ok(()));
    assert!((30..30 + AND_A_WHILE).contains(&seconds), "{seconds}");
}
