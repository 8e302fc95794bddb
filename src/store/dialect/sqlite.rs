//! SQLite: a file that only its owner reads, in WAL mode, with commits that survive a power cut.

use std::fs::Metadata;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use foundation::fault::Fault;

use super::Role;
use crate::fault::{STORE, at};

/// How long a migration waits for other processes to let go of the file.
const MIGRATION_TIMEOUT: Duration = Duration::from_secs(60);

/// The most KiB of pages that the writer keeps, and each of the others. A small database does not
/// fill them; in a large one the upper pages of its indexes stay.
const WRITER_CACHE: u32 = 16 * 1024;
const READER_CACHE: u32 = 8 * 1024;

/// The file of a database. Whoever has it open goes on writing into it when it is deleted, or another
/// is put in its place, and nobody would find what was written.
#[derive(Clone, Debug)]
pub(crate) struct DatabaseFile {
    path: PathBuf,
    /// The one that was opened first: its device and its inode.
    opened: Arc<OnceLock<(u64, u64)>>,
}

impl DatabaseFile {
    pub(super) fn new(path: PathBuf) -> Self {
        let opened = Arc::default();
        Self { path, opened }
    }

    /// Makes the file, readable by its owner only, and puts it into WAL mode, which stays with it.
    /// SQLite gives the files beside it the same mode. The folder must be there.
    pub(super) fn prepare(&self, timeout: Duration) -> Result<(), Fault> {
        let made = create(&self.path).map_err(|error| {
            let path = self.path.display();
            Fault::unavailable(STORE, format!("{path} cannot be made or read: {error}"))
        })?;
        self.opened.get_or_init(|| identity(&made));
        let mut conn = self.connect(Role::Writer, timeout)?;
        conn.batch_execute("PRAGMA journal_mode = WAL")
            .map_err(at("events"))
    }

    /// Opens a connection. SQLite would make a file that is not there.
    pub(super) fn connect(&self, role: Role, timeout: Duration) -> Result<SqliteConnection, Fault> {
        self.check_place()?;
        let conn = connect(&self.path, role, timeout)?;
        self.check_place()?;
        Ok(conn)
    }

    /// Whether the file that was opened is still where it was: one `stat`.
    pub(super) fn check_place(&self) -> Result<(), Fault> {
        let found = std::fs::metadata(&self.path);
        let happened = match (found, self.opened.get()) {
            (Ok(found), Some(opened)) if identity(&found) == *opened => return Ok(()),
            (Ok(_), None) => return Ok(()),
            (Ok(_), Some(_)) => {
                "is another file than the one that was opened: it was replaced".into()
            }
            (Err(error), _) if error.kind() == ErrorKind::NotFound => {
                "is not there any more: it was deleted, or moved".into()
            }
            (Err(error), _) => format!("cannot be looked at: {error}"),
        };
        let path = self.path.display();
        let cause = format!(
            "{path} {happened}; nothing is written until the file is put back or the server is started again"
        );
        Err(Fault::unavailable(STORE, cause))
    }
}

fn create(path: &Path) -> std::io::Result<Metadata> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.mode(0o600).open(path)?.metadata()
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

fn connect(path: &Path, role: Role, timeout: Duration) -> Result<SqliteConnection, Fault> {
    let text = path
        .to_str()
        .ok_or_else(|| Fault::unusable("the path of the database", "it is not UTF-8"))?;
    let mut conn =
        SqliteConnection::establish(text).map_err(|error| Fault::unavailable(STORE, error))?;
    let patience = if role == Role::Migrator {
        MIGRATION_TIMEOUT
    } else {
        timeout
    };
    // Within a transaction this cannot be changed.
    let foreign_keys = role != Role::Migrator;
    let query_only = matches!(role, Role::Pooled | Role::Tail);
    let cache = match role {
        Role::Writer => WRITER_CACHE,
        _ => READER_CACHE,
    };
    conn.batch_execute(&format!(
        "PRAGMA busy_timeout = {};
         PRAGMA foreign_keys = {foreign_keys};
         PRAGMA synchronous = FULL;
         PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF;
         PRAGMA journal_size_limit = 67108864;
         PRAGMA cache_size = -{cache};
         PRAGMA query_only = {query_only};",
        patience.as_millis(),
    ))
    .map_err(|error| Fault::unavailable(STORE, error))?;
    Ok(conn)
}

pub(crate) fn last_insert_rowid(conn: &mut SqliteConnection) -> QueryResult<i64> {
    diesel::select(diesel::dsl::sql::<BigInt>("last_insert_rowid()")).get_result(conn)
}

#[derive(QueryableByName)]
struct DataVersion {
    #[diesel(sql_type = BigInt)]
    data_version: i64,
}

/// A number that changes when another connection commits (`PRAGMA data_version`).
pub(super) fn data_version(conn: &mut SqliteConnection) -> QueryResult<i64> {
    let row: DataVersion = diesel::sql_query("PRAGMA data_version").get_result(conn)?;
    Ok(row.data_version)
}
