//! The server of a world from within: what it answers with and stands on, ended and started again, and a
//! command typed beside it.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use domain::log_history::LogCursor;
use domain::open_streams::StreamCounts;
use flow::Services;
use foundation::clock::Span;
use foundation::entropy::SystemEntropy;
use foundation::id::Position;
use portico::app::{App, TestHooks};
use store::Store;

use super::World;

/// More than anybody has open to one server.
const MAX_CONNECTIONS: usize = 100;

/// What happens at a point of the store; `true` makes it fail there.
pub(super) type AtPoints = Box<dyn FnMut(&'static str) -> bool + Send>;

impl World {
    /// Ends the server and starts it again, at the same address.
    pub(crate) fn restart(&self) {
        self.restart_after(|| {});
    }

    /// The same; something happens in between.
    pub(crate) fn restart_after(&self, between: impl FnOnce()) {
        let running = self.running().take().expect("it runs");
        running.stop().expect("a clean end");
        between();
        self.start();
        self.forgets_the_server_before();
    }

    /// Connections to the server that has ended are still kept for another request, which fails then.
    fn forgets_the_server_before(&self) {
        let answers = || {
            self.wait(async { self.http("GET", "/healthz").send().await })
                .is_ok()
        };
        assert!(
            (0..MAX_CONNECTIONS).any(|_| answers()),
            "it does not answer"
        );
    }

    /// Looks again until it is so, for ten seconds at most.
    pub(crate) fn soon(&self, what: &str, mut so: impl FnMut() -> bool) {
        for _ in 0..1000 {
            if so() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it did not come true that {what}");
    }

    /// What a command beside the server acts with, typed at a machine whose wall clock is so far ahead
    /// of the one that everybody goes by.
    pub(crate) fn command(&self, ahead: Span) -> Services {
        self.command_app(ahead).services().clone()
    }

    /// The same with what the command stands on.
    pub(crate) fn command_app(&self, ahead: Span) -> App {
        let place = &self.0.place;
        let clock = place.clock.of_another_machine(ahead, Span::hours(9));
        let hooks = TestHooks {
            database_clock: Some(place.clock.clone()),
            ..TestHooks::default()
        };
        let entropy = Arc::new(SystemEntropy);
        let app = App::open_for_test(&self.0.config, Arc::new(clock), entropy, hooks);
        app.unwrap_or_else(|fault| panic!("{}", fault.chain()))
    }

    /// From now on the store fails wherever it passes this point.
    pub(crate) fn store_fails(&self, point: &'static str) {
        self.set_at_points(Some(Box::new(move |passed| passed == point)));
    }

    /// The first time that the store passes this point, something happens before it goes on.
    pub(crate) fn once_at(&self, point: &'static str, act: impl FnOnce() + Send + 'static) {
        let mut act = Some(act);
        self.set_at_points(Some(Box::new(move |passed| {
            if let Some(act) = (passed == point).then(|| act.take()).flatten() {
                act();
            }
            false
        })));
    }

    /// From now on the store does not fail any more.
    pub(crate) fn store_works(&self) {
        self.set_at_points(None);
    }

    fn set_at_points(&self, acts: Option<AtPoints>) {
        let at_points = &self.0.place.at_points;
        *at_points.lock().unwrap_or_else(PoisonError::into_inner) = acts;
    }

    /// What the server answers with, for the acts of the operator.
    pub(crate) fn services(&self) -> Services {
        self.running().as_ref().expect("it runs").services().clone()
    }

    /// What the server stands on, for a look beneath.
    pub(crate) fn store(&self) -> Store {
        self.running().as_ref().expect("it runs").store().clone()
    }

    /// How far the server's memory has read the log.
    pub(crate) fn cursor(&self) -> LogCursor {
        let running = self.running();
        running.as_ref().expect("it runs").live().freshness.cursor()
    }

    /// How many tokens the server's memory has verified.
    pub(crate) fn verified_tokens(&self) -> usize {
        let running = self.running();
        running
            .as_ref()
            .expect("it runs")
            .live()
            .verified_tokens
            .len()
    }

    /// How many streams of session events are open here.
    pub(crate) fn streams(&self) -> StreamCounts {
        let running = self.running();
        running.as_ref().expect("it runs").live().watches.counts()
    }

    /// The last event that the server's memory has.
    pub(crate) fn position(&self) -> Position {
        self.cursor().number
    }
}
