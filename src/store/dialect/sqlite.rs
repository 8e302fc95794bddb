//! SQLite: a file that only its owner reads, in WAL mode, with commits that survive a power cut.

use std::path::Path;
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

/// Makes the file, readable by its owner only, and puts it into WAL mode, which stays with it.
/// SQLite gives the files beside it the same mode. The folder must be there.
pub(super) fn prepare(path: &Path, timeout: Duration) -> Result<(), Fault> {
    create(path).map_err(|error| {
        let path = path.display();
        Fault::unavailable(STORE, format!("{path} cannot be made or read: {error}"))
    })?;
    let mut conn = connect(path, Role::Writer, timeout)?;
    conn.batch_execute("PRAGMA journal_mode = WAL")
        .map_err(at("events"))
}

fn create(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

pub(super) fn connect(
    path: &Path,
    role: Role,
    timeout: Duration,
) -> Result<SqliteConnection, Fault> {
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
