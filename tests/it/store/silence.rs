//! A PostgreSQL that says nothing and closes nothing: what waits for it is given up, and others are
//! tried, up to a bound.

use std::time::Duration;

use foundation::database_url::DatabaseUrl;
use foundation::fault::Fault;
use store::{MAX_ABANDONED, Store, StoreSettings};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use super::database::{Database, clock};
use super::gate::{Gate, Way};

const CONNECTIONS: u32 = 8;

/// A store behind a gate, which waits for a fifth of a second at most.
struct Behind {
    gate: Gate,
    store: Store,
    runtime: Runtime,
    _database: Database,
}

impl Behind {
    fn new() -> Option<Self> {
        let database = Database::postgres()?;
        database.open();
        let gate = Gate::before(&database.url);
        let settings = StoreSettings {
            url: DatabaseUrl::parse(&gate.url(&database.url)).expect("a URL"),
            readers: CONNECTIONS,
            timeout: Duration::from_millis(200),
            ..database.settings()
        };
        let store = Store::open(settings, clock()).expect("it opens");
        Some(Self {
            gate,
            store,
            runtime: Runtime::new().expect("a runtime"),
            _database: database,
        })
    }

    /// As many ask at once as there are connections.
    fn all_ask(&self) -> Vec<Result<(), Fault>> {
        let asks = (0..CONNECTIONS).map(|_| {
            let store = self.store.clone();
            let ask = async move { store.read(store::events::end).await.map(drop) };
            self.runtime.spawn(ask)
        });
        self.answers(asks.collect())
    }

    fn answers(&self, asks: Vec<JoinHandle<Result<(), Fault>>>) -> Vec<Result<(), Fault>> {
        let answers = asks.into_iter().map(|ask| self.runtime.block_on(ask));
        answers.map(|answer| answer.expect("no panic")).collect()
    }

    fn all_are_answered(&self) -> bool {
        self.all_ask().iter().all(Result::is_ok)
    }

    /// Soon: when connections are made anew, which takes a busy machine a moment.
    fn is_answered_soon(&self) -> bool {
        let since = clock().uptime();
        loop {
            if self.all_are_answered() {
                return true;
            }
            if clock().uptime().as_millis() - since.as_millis() > 5_000 {
                return false;
            }
        }
    }
}

#[test]
fn connections_that_went_silent_are_given_up_and_others_made() {
    let Some(behind) = Behind::new() else {
        return;
    };
    assert!(behind.is_answered_soon());
    behind.gate.forgets_all();
    // Nothing will ever be heard over those again.
    assert!(!behind.all_are_answered());
    assert!(behind.store.pool().abandoned > 0);
    assert!(behind.is_answered_soon());
}

#[test]
fn whoever_waits_in_a_queue_gives_nothing_up() {
    let Some(behind) = Behind::new() else {
        return;
    };
    assert!(behind.is_answered_soon());
    let store = behind.store.clone();
    let slow = (0..8 * CONNECTIONS).map(|_| {
        let store = store.clone();
        behind.runtime.spawn(async move {
            let pause = |_: &mut store::Connection| {
                std::thread::sleep(Duration::from_millis(100));
                Ok(())
            };
            store.read(pause).await
        })
    });
    let answers = behind.answers(slow.collect());
    assert!(answers.iter().any(Result::is_err), "some waited too long");
    assert_eq!(behind.store.pool().abandoned, 0);
}

#[test]
fn no_more_than_so_many_are_given_up() {
    let Some(behind) = Behind::new() else {
        return;
    };
    let most = u32::try_from(MAX_ABANDONED).expect("small");
    let is_near = || behind.store.pool().abandoned > most - CONNECTIONS;
    // A lot may be given up when a part of it is silent, so nobody knows how many it takes; and a few
    // more than it takes.
    for more in 0..=2 * most {
        if is_near() && more > most {
            break;
        }
        if is_near() || behind.is_answered_soon() {
            behind.gate.forgets_all();
        }
        behind.all_ask();
        assert!(behind.store.pool().abandoned <= most);
    }
    assert!(is_near());
    // What ends makes room.
    behind.gate.is_now(Way::Closed);
    behind.gate.is_now(Way::Open);
    assert!(behind.is_answered_soon());
}
