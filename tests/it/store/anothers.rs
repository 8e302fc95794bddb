//! Another installation that took the place of the one that is served: it is neither read nor
//! written.

use domain::log_history::LogCursor;
use foundation::fault::Fault;
use foundation::id::Position;
use store::Store;

use super::database::Database;
use super::fixture::{user, write};

const OURS: &str = "https://ours.example";
const THEIRS: &str = "https://theirs.example";
const SEALED_WITH: [u8; 32] = [7; 32];

/// An installation of ours, and a store that serves it.
fn served(database: &Database) -> Store {
    let store = database.open();
    write(&store, |tx| {
        store::installation::set_master_key_fingerprint(tx, &SEALED_WITH)?;
        store::installation::set_issuer(tx, OURS)
    });
    store.keep_to_this_installation().expect("it is found");
    store
}

fn write_somebody(store: &Store) -> Result<(), Fault> {
    let somebody = user();
    let insert = move |tx: &mut store::Transaction<'_>| store::users::insert(tx, &somebody);
    store.write_blocking(insert).map(drop)
}

/// Everything that may be done by whoever serves.
fn all_that_is_done(store: &Store) -> [Result<(), Fault>; 4] {
    let renew = |tx: &mut store::Transaction<'_>| store::histories::current(tx).map(drop);
    [
        write_somebody(store),
        store.read_blocking(store::events::end).map(drop),
        store.look_blocking(Position::BEFORE_THE_FIRST).map(drop),
        store.renew_blocking(renew).map(drop),
    ]
}

on_both_databases! {
    fn anothers_installation_is_neither_read_nor_written(database: &Database) {
        let store = served(database);
        let mut log = store.tail().expect("it is followed");
        for done in all_that_is_done(&store) {
            done.expect("it is ours");
        }
        let page = log.poll(&LogCursor::default(), 1).expect("it is ours");
        store.has_followed(domain::log_history::Followed { read: page.read, over: Vec::new() });
        for done in all_that_is_done(&store) {
            done.expect("it is ours");
        }

        let mut beside = database.beside();
        beside.run(&format!("UPDATE installation SET issuer = '{THEIRS}'"));
        let fault = log.poll(&page.read, 1).expect_err("it is theirs");
        assert!(fault.chain().contains(THEIRS), "{}", fault.chain());
        for done in all_that_is_done(&store) {
            let fault = done.expect_err("it is theirs");
            assert!(fault.is_unavailable(), "{}", fault.chain());
            assert!(fault.chain().contains(THEIRS), "{}", fault.chain());
        }
        assert!(log.poll(&page.read, 1).is_err(), "it is theirs still");

        beside.run(&format!("UPDATE installation SET issuer = '{OURS}'"));
        log.poll(&page.read, 1).expect("it is ours again");
        for done in all_that_is_done(&store) {
            done.expect("it is ours again");
        }
    }

    /// The same issuer, the same master key: a log that began elsewhere tells.
    fn a_log_that_began_elsewhere_is_anothers(database: &Database) {
        let store = served(database);
        write_somebody(&store).expect("it is ours");
        let mut log = store.tail().expect("it is followed");
        database.beside().run("UPDATE histories SET id = id + 1");
        let fault = log.poll(&LogCursor::default(), 1).expect_err("it is theirs");
        assert!(fault.is_unavailable(), "{}", fault.chain());
        assert!(write_somebody(&store).is_err());
    }
}
