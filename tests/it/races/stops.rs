//! Stops beside the statements of what a node answers: they halt until they are let go on. The node is
//! known by a part of the URL of its database.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

/// Nobody waits longer: a test that failed lets everything go on.
const LONGEST: Duration = Duration::from_secs(5);
/// The threads on which requests read, and on PostgreSQL write.
const REQUESTS: &str = "store";

static STOPS: Mutex<BTreeMap<String, Arc<Stop>>> = Mutex::new(BTreeMap::new());
static WATCHED: Once = Once::new();

/// Where an act can halt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In front of each statement (PostgreSQL). In front of a BEGIN nothing is otherwise than in front of
    /// what follows it.
    BeforeStatements,
    /// After each statement that reads outside of a transaction (SQLite, where the one that writes is
    /// alone): between calls of the store.
    AfterReads,
}

/// Where the statements of a node halt.
pub(super) struct Stop {
    place: Place,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// How many statements still pass; none is stopped where it is not set.
    passing: Option<usize>,
    stopped: bool,
}

impl Stop {
    /// For the connections that are made from now on to a database whose URL has this in it.
    pub(super) fn of(part: &str, place: Place) -> Arc<Self> {
        WATCHED.call_once(|| {
            let watched = set_default_instrumentation(|| Some(Box::new(Watched::default())));
            watched.expect("nobody else watches");
        });
        let stop = Arc::new(Self {
            place,
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let mut stops = STOPS.lock().unwrap_or_else(PoisonError::into_inner);
        stops.insert(part.to_owned(), Arc::clone(&stop));
        stop
    }

    /// After how many statements the first stop is: in front of its first one an act has seen nothing yet.
    pub(super) fn first(&self) -> usize {
        match self.place {
            Place::BeforeStatements => 1,
            Place::AfterReads => 0,
        }
    }

    /// Stops at the statement after so many.
    pub(super) fn after(&self, statements: usize) {
        *self.state() = State {
            passing: Some(statements),
            stopped: false,
        };
    }

    /// Whether somebody halts there.
    pub(super) fn is_reached(&self) -> bool {
        self.state().stopped
    }

    /// Lets everybody go on.
    pub(super) fn goes_on(&self) {
        *self.state() = State::default();
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn passes(&self) {
        let mut state = self.state();
        match &mut state.passing {
            None => return,
            Some(0) => {}
            Some(more) => {
                *more -= 1;
                return;
            }
        }
        state.passing = None;
        state.stopped = true;
        let halts = |state: &mut State| state.stopped;
        let waited = self.changed.wait_timeout_while(state, LONGEST, halts);
        drop(waited);
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.goes_on();
    }
}

/// A connection that looks where it belongs when it is made.
#[derive(Default)]
struct Watched(Option<Arc<Stop>>);

impl Instrumentation for Watched {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartEstablishConnection { url, .. } = event {
            let stops = STOPS.lock().unwrap_or_else(PoisonError::into_inner);
            let mut parts = stops.keys();
            let part = parts.find(|part| url.contains(part.as_str()));
            self.0 = part.map(|part| Arc::clone(&stops[part]));
            return;
        }
        let Some(stop) = &self.0 else { return };
        let is_there = match (stop.place, event) {
            (Place::BeforeStatements, InstrumentationEvent::StartQuery { query, .. }) => {
                query.to_string() != "BEGIN"
            }
            (Place::AfterReads, InstrumentationEvent::FinishQuery { .. }) => true,
            _ => false,
        };
        if is_there && std::thread::current().name() == Some(REQUESTS) {
            stop.passes();
        }
    }
}
