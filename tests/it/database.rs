//! A fresh database for one test, gone with it.

use std::io::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Once};
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection, SqliteConnection};
use foundation::clock::{SharedClock, SystemClock};
use foundation::database_url::DatabaseUrl;
use store::faultpoint::Faultpoints;
use store::{Store, StoreSettings};
use tempfile::TempDir;

static NUMBER: AtomicU32 = AtomicU32::new(0);
static SKIPPED: Once = Once::new();

/// A fresh, empty database.
pub(crate) struct Database {
    pub(crate) url: String,
    place: Place,
}

enum Place {
    Folder(TempDir),
    Server {
        administration: String,
        name: String,
    },
}

/// A connection beside the store, for what only a test does.
pub(crate) enum Beside {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Database {
    pub(crate) fn sqlite() -> Self {
        let folder = TempDir::new().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("portico.db").display());
        Self {
            url,
            place: Place::Folder(folder),
        }
    }

    pub(crate) fn postgres() -> Option<Self> {
        let Ok(administration) = std::env::var("PORTICO_TEST_POSTGRES") else {
            SKIPPED.call_once(|| {
                // Not `eprintln`, which the test runner keeps to itself.
                let said = "SKIPPED: PORTICO_TEST_POSTGRES is not set, PostgreSQL is not tested\n";
                let _ = std::io::stderr().write_all(said.as_bytes());
            });
            return None;
        };
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let name = format!("portico_test_{}_{number}", std::process::id());
        let mut server = PgConnection::establish(&administration).expect("the server answers");
        server
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .expect("the user may create databases");
        let mut url = url::Url::parse(&administration).expect("a URL");
        url.set_path(&name);
        Some(Self {
            url: url.to_string(),
            place: Place::Server {
                administration,
                name,
            },
        })
    }

    /// The folder of a SQLite database.
    pub(crate) fn folder(&self) -> Option<&std::path::Path> {
        match &self.place {
            Place::Folder(folder) => Some(folder.path()),
            Place::Server { .. } => None,
        }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.folder().is_some()
    }

    pub(crate) fn settings(&self) -> StoreSettings {
        StoreSettings {
            url: DatabaseUrl::parse(&self.url).expect("a URL"),
            readers: 8,
            timeout: Duration::from_secs(1),
            faultpoints: Faultpoints::default(),
            database_clock: None,
            entropy: Arc::new(foundation::entropy::SystemEntropy),
        }
    }

    /// Opens the database without touching its schema.
    pub(crate) fn open_as_it_is(&self) -> Store {
        Store::open(self.settings(), clock()).expect("the database opens")
    }

    /// Opens the database, up to date.
    pub(crate) fn open(&self) -> Store {
        let store = self.open_as_it_is();
        store.migrate().expect("it is migrated");
        store
    }

    /// Opens the database, up to date, with a store that fails where it is told to.
    pub(crate) fn open_failing(&self, faultpoints: Faultpoints) -> Store {
        let settings = StoreSettings {
            faultpoints,
            ..self.settings()
        };
        let store = Store::open(settings, clock()).expect("the database opens");
        store.migrate().expect("it is migrated");
        store
    }

    /// A connection to the server that the database is on, of the user who made it.
    pub(crate) fn administration(&self) -> Beside {
        match &self.place {
            Place::Folder(_) => panic!("a file has no server"),
            Place::Server { administration, .. } => {
                let server = PgConnection::establish(administration);
                Beside::Postgres(server.expect("the server answers"))
            }
        }
    }

    /// Bytes as they are written in a statement.
    pub(crate) fn literal(&self, bytes: &[u8]) -> String {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        match self.is_sqlite() {
            true => format!("x'{digits}'"),
            false => format!("'\\x{digits}'::bytea"),
        }
    }

    pub(crate) fn beside(&self) -> Beside {
        let path = self.url.strip_prefix("sqlite://");
        match path {
            Some(path) => {
                let mut conn = SqliteConnection::establish(path).expect("it opens");
                conn.batch_execute("PRAGMA busy_timeout = 5000")
                    .expect("it is set");
                Beside::Sqlite(conn)
            }
            None => Beside::Postgres(PgConnection::establish(&self.url).expect("it opens")),
        }
    }
}

impl Beside {
    pub(crate) fn run(&mut self, sql: &str) {
        let done = match self {
            Self::Sqlite(conn) => conn.batch_execute(sql),
            Self::Postgres(conn) => conn.batch_execute(sql),
        };
        done.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Place::Server {
            administration,
            name,
        } = &self.place
            && let Ok(mut server) = PgConnection::establish(administration)
        {
            // What cannot be dropped goes with the throw-away server.
            let _ = server.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

pub(crate) fn clock() -> SharedClock {
    Arc::new(SystemClock)
}
