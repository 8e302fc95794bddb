//! A write happens whole or not at all, wherever it fails.

use domain::log_history::LogCursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use domain::event::Event;
use domain::session::EndReason;
use foundation::fault::Fault;
use foundation::id::{Position, SessionId, UserId};
use store::faultpoint::{self, Faultpoints};
use store::{Store, Transaction};

use super::database::Database;
use super::fixture::{self, Household, NOW, logged, read, write};

/// Ends a session as the flows do: a row and an event.
fn end(tx: &mut Transaction<'_>, session_id: SessionId, user_id: UserId) -> Result<bool, Fault> {
    let reason = EndReason::Logout;
    let ended = store::sessions::end(tx, session_id, NOW, reason)?;
    if ended {
        tx.append(Event::SessionEnded {
            session_id,
            user_id,
            reason,
        });
    }
    Ok(ended)
}

/// Whether the session has ended, and how many events say so: both or neither.
fn state(store: &Store, id: SessionId) -> (bool, usize) {
    let session = read(store, |db| store::sessions::find(db, id)).expect("it is there");
    let events = logged(store, Position(0));
    (session.ended.is_some(), events.len())
}

/// Fails once at a point, when armed.
fn armed(at: &'static str) -> (Faultpoints, Arc<AtomicBool>) {
    let armed = Arc::new(AtomicBool::new(false));
    let trigger = Arc::clone(&armed);
    let faultpoints =
        Faultpoints::new(move |point| point == at && trigger.swap(false, Ordering::SeqCst));
    (faultpoints, armed)
}

on_both_databases! {
    fn every_fault_point_leaves_nothing_half_done(database: &Database) {
        for point in faultpoint::WRITE {
            let (faultpoints, arm) = armed(point);
            let store = database.open_failing(faultpoints);
            let home = Household::new(&store);
            let before = logged(&store, Position(0)).len();
            let (session, user) = (home.session.id, home.user.id);

            arm.store(true, Ordering::SeqCst);
            let fault = store
                .write_blocking(move |tx| end(tx, session, user))
                .expect_err("the point was hit");
            assert!(fault.is_unavailable(), "{point}: {}", fault.chain());
            assert!(!arm.load(Ordering::SeqCst), "{point} was passed");

            let committed = point == faultpoint::AFTER_COMMIT_BEFORE_ANSWER;
            let expected = (committed, before + usize::from(committed));
            assert_eq!(state(&store, session), expected, "after {point}");

            // Trying again ends well, once.
            let again = write(&store, move |tx| end(tx, session, user));
            assert_eq!(again, !committed, "{point}");
            assert_eq!(state(&store, session), (true, before + 1), "{point}");
        }
    }

    fn what_cannot_be_read_is_a_fault_and_not_nothing(database: &Database) {
        let (faultpoints, arm) = armed(faultpoint::READ);
        let store = database.open_failing(faultpoints);
        let home = Household::new(&store);
        let mut log = store.tail().expect("it opens");
        let session = home.session.id;
        arm.store(true, Ordering::SeqCst);
        let fault = store.read_blocking(|db| store::sessions::find(db, session));
        assert!(fault.expect_err("the point was hit").is_unavailable());
        arm.store(true, Ordering::SeqCst);
        assert!(log.poll(&LogCursor::default(), 1).expect_err("here too").is_unavailable());
        assert!(read(&store, |db| store::sessions::find(db, session)).is_some());
        assert!(log.poll(&LogCursor::default(), 1).is_ok());
    }

    fn an_error_rolls_back_and_a_refusal_commits(database: &Database) {
        let store = database.open();
        let home = Household::new(&store);
        let (session, user) = (home.session.id, home.user.id);
        let fault = store.write_blocking(move |tx| {
            end(tx, session, user)?;
            Err::<(), _>(Fault::broken("on purpose"))
        });
        assert_eq!(
            fault.expect_err("it is a fault").to_string(),
            "on purpose is broken"
        );
        assert_eq!(state(&store, session), (false, 0));
        let refusal: Result<(), &str> = write(&store, move |tx| {
            end(tx, session, user)?;
            Ok(Err("invalid_grant"))
        });
        assert_eq!(refusal, Err("invalid_grant"));
        assert_eq!(state(&store, session), (true, 1));
    }

    /// On SQLite the five form one group: the first holds the writer until all others wait.
    fn a_fault_or_a_panic_leaves_the_others_of_its_group(database: &Database) {
        let store = database.open();
        let homes: Vec<Household> = (0..5).map(|_| Household::new(&store)).collect();
        let (held, hold) = mpsc::channel();
        let (let_go, wait) = mpsc::channel::<()>();
        let write = |index: usize, f: fn() -> Result<(), Fault>| {
            let (store, home) = (store.clone(), &homes[index]);
            let (session, user) = (home.session.id, home.user.id);
            thread::spawn(move || {
                store.write_blocking(move |tx| {
                    end(tx, session, user)?;
                    f()
                })
            })
        };
        let first = {
            let (store, session, user) = (store.clone(), homes[0].session.id, homes[0].user.id);
            thread::spawn(move || {
                store.write_blocking(move |tx| {
                    held.send(()).expect("the test listens");
                    wait.recv().expect("the test says when");
                    end(tx, session, user)
                })
            })
        };
        hold.recv().expect("the first has begun");
        let others = [
            write(1, || Err(Fault::broken("on purpose"))),
            write(2, || Ok(())),
            write(3, || panic!("on purpose")),
            write(4, || Ok(())),
        ];
        thread::sleep(Duration::from_millis(100));
        let_go.send(()).expect("the first waits");
        assert!(first.join().expect("it answers").is_ok());
        // On PostgreSQL a panic belongs to the thread that asked.
        let answers: Vec<bool> = others
            .into_iter()
            .map(|t| t.join().is_ok_and(|answer| answer.is_ok()))
            .collect();
        assert_eq!(answers, [false, true, false, true]);
        let ended: Vec<bool> = homes
            .iter()
            .map(|home| read(&store, |db| store::sessions::find(db, home.session.id)))
            .map(|session| session.expect("it is there").ended.is_some())
            .collect();
        assert_eq!(ended, [true, false, true, false, true]);
        let events = logged(&store, Position(0));
        assert_eq!(events.len(), 3);
    }

    /// As SQLite does by itself when a disk is full or broken.
    fn a_transaction_that_was_ended_under_us_is_a_fault(database: &Database) {
        let store = database.open();
        let home = Household::new(&store);
        let (session, user) = (home.session.id, home.user.id);
        let lost = store.write_blocking(move |tx| {
            store::sessions::end(tx, session, NOW, EndReason::Logout)?;
            tx.batch_execute("ROLLBACK")
                .map_err(|error| Fault::broken_by("the test", error))?;
            tx.append(Event::UserTokensRevoked { user_id: user });
            Ok(())
        });
        if database.is_sqlite() {
            assert!(lost.expect_err("the savepoint is gone").is_unavailable());
            assert!(!state(&store, session).0);
        }
        // Whatever happened to that one, the next finds a store in order.
        assert!(write(&store, move |tx| end(tx, session, user)));
        assert!(state(&store, session).0);
    }

    /// PostgreSQL would answer the COMMIT of such a transaction with a silent rollback.
    fn a_swallowed_error_does_not_commit_as_if_nothing_was(database: &Database) {
        let store = database.open();
        let home = Household::new(&store);
        let session = home.session.id;
        let answer = store.write_blocking(move |tx| {
            store::sessions::end(tx, session, NOW, EndReason::Logout)?;
            let swallowed = tx.batch_execute("SELECT * FROM no_such_table");
            assert!(swallowed.is_err());
            Ok(())
        });
        let ended = state(&store, session).0;
        assert_eq!(answer.is_ok(), ended, "an answer and its rows agree");
    }

    fn a_panic_is_a_fault_and_the_store_goes_on(database: &Database) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let store = database.open();
        let home = Household::new(&store);
        let (session, user) = (home.session.id, home.user.id);
        runtime.block_on(async {
            let panicked = store.write(move |tx| -> Result<(), Fault> {
                end(tx, session, user)?;
                panic!("on purpose");
            });
            let fault = panicked.await.expect_err("it is a fault");
            assert!(!fault.is_unavailable(), "{}", fault.chain());
            let panicked = store.read(|_| -> Result<(), Fault> { panic!("on purpose") });
            assert!(panicked.await.is_err());
            assert_eq!(state(&store, session), (false, 0));
            let written = store
                .write(move |tx| end(tx, session, user))
                .await
                .expect("it goes on");
            assert!(written.value && written.position.is_some());
        });
    }

    fn what_is_queued_is_written_before_the_store_closes(database: &Database) {
        let store = database.open();
        let users: Vec<_> = (0..20).map(|_| fixture::user()).collect();
        let writers: Vec<_> = users
            .iter()
            .cloned()
            .map(|user| {
                let store = store.clone();
                thread::spawn(move || {
                    store.write_blocking(move |tx| store::users::insert(tx, &user))
                })
            })
            .collect();
        drop(store);
        assert!(
            writers
                .into_iter()
                .all(|w| w.join().is_ok_and(|written| written.is_ok()))
        );
        let store = database.open();
        assert_eq!(
            read(&store, |db| store::users::list(db, &store::users::UserFilter::default(), 100)).len(),
            users.len()
        );
    }
}
