//! A store that is gone, locked or slow is said to be so, within a second, and found again.

use domain::log_history::LogCursor;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use foundation::database_url::DatabaseUrl;
use foundation::fault::Fault;
use foundation::id::Position;
use store::Store;

use super::database::{Database, clock};
use super::fixture::{self, Household, NOW, read, write};

/// Runs something; gives the answer and the milliseconds that it took.
fn timed<T>(f: impl FnOnce() -> T) -> (T, i64) {
    let clock = clock();
    let began = clock.uptime();
    let answer = f();
    (answer, clock.uptime().as_millis() - began.as_millis())
}

fn assert_unavailable<T>((answer, millis): (Result<T, Fault>, i64), most: i64) {
    let fault = answer.err().expect("the store is not there");
    assert!(fault.is_unavailable(), "{}", fault.chain());
    assert!(millis < most, "it took {millis} ms to say so");
}

on_both_databases! {
    /// Another process holds what we need: a command on SQLite, any transaction on PostgreSQL.
    fn a_lock_that_does_not_come_is_an_outage(database: &Database) {
        let store = database.open();
        let home = Household::new(&store);
        let id = home.grant.id;
        let narrow = || {
            let write = move |tx: &mut store::Transaction<'_>| {
                store::grants::set_scopes(tx, id, &fixture::granted("openid"), NOW)
            };
            store.write_blocking(write).map(|written| written.value)
        };
        let mut other = database.beside();
        let lock = if database.is_sqlite() {
            "BEGIN IMMEDIATE"
        } else {
            "BEGIN; LOCK TABLE grants"
        };
        other.run(lock);
        assert_unavailable(timed(narrow), 1_500);
        other.run("ROLLBACK");
        assert!(narrow().expect("the lock is free"));
    }

    fn a_slow_read_is_an_outage(database: &Database) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let store = database.open();
        let (go_on, wait) = mpsc::channel::<()>();
        let slow = store.read(move |_| {
            wait.recv()
                .map_err(|error| Fault::broken_by("the test", error))
        });
        assert_unavailable(timed(|| runtime.block_on(slow)), 1_500);
        go_on.send(()).expect("it still waits");
    }

    fn a_slow_write_is_an_outage(database: &Database) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let store = database.open();
        let (go_on, wait) = mpsc::channel::<()>();
        let slow = store.write(move |_| {
            wait.recv()
                .map_err(|error| Fault::broken_by("the test", error))
        });
        assert_unavailable(timed(|| runtime.block_on(slow)), 1_500);
        go_on.send(()).expect("it still waits");
        let user = fixture::user();
        let written = runtime.block_on(store.write(move |tx| store::users::insert(tx, &user)));
        assert!(written.expect("it goes on").value);
    }

    /// More than there are readers: they wait their turn.
    fn readers_are_bounded(database: &Database) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let store = database.open();
        let reads = (0..40).map(|_| {
            let store = store.clone();
            runtime.spawn(async move {
                let pause = |_: &mut store::Connection| {
                    thread::sleep(Duration::from_millis(20));
                    Ok(())
                };
                store.read(pause).await
            })
        });
        let reads: Vec<_> = reads.collect();
        let answers = reads
            .into_iter()
            .map(|read| runtime.block_on(read).expect("no panic"));
        assert!(
            answers
                .map(|answer| answer.is_ok())
                .fold(true, |all, one| all & one)
        );
    }
}

/// A restarted server costs one failed request, not one per connection.
#[test]
fn lost_connections_are_replaced_at_once() {
    let Some(database) = Database::postgres() else {
        return;
    };
    let store = database.open();
    let mut log = store.tail().expect("it opens");
    // Several connections are open before.
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                read(&store, |db| {
                    thread::sleep(Duration::from_millis(50));
                    store::users::list(db, &store::users::UserFilter::default(), 1)
                })
            });
        }
    });
    database.beside().run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    let fault = store
        .read_blocking(|db| store::users::list(db, &store::users::UserFilter::default(), 1))
        .expect_err("it was cut off");
    assert!(fault.is_unavailable(), "{}", fault.chain());
    for _ in 0..20 {
        assert_eq!(
            read(&store, |db| store::users::list(
                db,
                &store::users::UserFilter::default(),
                1
            )),
            []
        );
    }
    assert!(write(&store, |tx| store::users::insert(
        tx,
        &fixture::user()
    )));
    // The follower notices by itself: it is woken, fails once, and reads on.
    assert!(log.wait(Duration::from_secs(5)));
    let page = log
        .poll(&LogCursor::default(), 1)
        .or_else(|_| log.poll(&LogCursor::default(), 1));
    assert_eq!(page.expect("it reads on").view.end, Position(0));
}

#[test]
fn a_database_that_is_not_there_is_an_outage_whose_url_nobody_reads() {
    let open = |url: &str| {
        let url = DatabaseUrl::parse(url).expect("a URL");
        let store = Store::open(store::StoreSettings::new(url), clock());
        store.err().expect("it does not open")
    };
    let away = open("postgres://portico:hunter2@127.0.0.1:1/none");
    assert!(away.is_unavailable());
    assert_eq!(
        away.chain(),
        "the store is unavailable: the PostgreSQL server of PORTICO_DATABASE_URL: it refuses the \
         connection"
    );
    assert!(open("sqlite:///no/such/folder/portico.db").is_unavailable());
}
