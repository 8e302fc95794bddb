//! A SQLite file that is deleted, moved or replaced under those who have it open: nothing is written
//! where nobody would find it.

use std::fs;
use std::path::PathBuf;

use domain::log_history::LogCursor;
use foundation::fault::Fault;
use store::Store;

use super::database::Database;
use super::fixture;

struct Home {
    file: PathBuf,
    store: Store,
    _database: Database,
}

impl Home {
    fn new() -> Self {
        let database = Database::sqlite();
        let store = database.open();
        let file = database.folder().expect("a file").join("portico.db");
        let home = Self {
            file,
            store,
            _database: database,
        };
        home.write().expect("it is there");
        home
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.file.with_file_name(name)
    }

    fn write(&self) -> Result<(), Fault> {
        let user = fixture::user();
        let write = move |tx: &mut store::Transaction<'_>| store::users::insert(tx, &user);
        self.store.write_blocking(write).map(drop)
    }

    fn people(store: &Store) -> Result<usize, Fault> {
        let filter = store::users::UserFilter::default();
        let people = store.read_blocking(|db| store::users::list(db, &filter, 100));
        people.map(|people| people.len())
    }

    /// Neither written, nor read, nor followed, and the reason is said.
    fn is_away(&self, why: &str) {
        let faults = [
            self.write().err(),
            Self::people(&self.store).err(),
            self.store.tail().err(),
        ];
        for fault in faults {
            let fault = fault.expect("it is not where it was");
            assert!(fault.is_unavailable(), "{}", fault.chain());
            assert!(fault.chain().contains(why), "{}", fault.chain());
        }
    }
}

#[test]
fn a_file_that_was_moved_away_is_an_outage_until_it_is_put_back() {
    let home = Home::new();
    let mut log = home.store.tail().expect("it is followed");
    log.poll(&LogCursor::default(), 1).expect("it is there");
    let moved = home.beside("moved.db");
    fs::rename(&home.file, &moved).expect("moved");
    for _ in 0..3 {
        home.is_away("it was deleted, or moved");
        assert!(log.poll(&LogCursor::default(), 1).is_err());
    }
    assert!(!home.file.exists(), "none is made in its place");
    fs::rename(&moved, &home.file).expect("put back");
    assert_eq!(Home::people(&home.store).expect("it is there"), 1);
    home.write().expect("it is there");
    log.poll(&LogCursor::default(), 1).expect("it is there");
    assert_eq!(Home::people(&home.store).expect("it is there"), 2);
}

#[test]
fn a_file_that_another_was_put_in_the_place_of_is_written_no_more() {
    let home = Home::new();
    let copy = Database::sqlite();
    drop(copy.open());
    let theirs = copy.folder().expect("a file").join("portico.db");
    fs::rename(&theirs, &home.file).expect("replaced");
    let before = fs::read(&home.file).expect("readable");
    for _ in 0..3 {
        home.is_away("it was replaced");
    }
    assert_eq!(fs::read(&home.file).expect("readable"), before);
}
