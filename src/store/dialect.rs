//! Where SQLite and PostgreSQL differ: the one place that asks which of them a connection is.
//!
//! How each is opened stands in `dialect/sqlite.rs` and `dialect/postgres.rs`; here are the few
//! statements that diesel does not offer for both at once.

use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use foundation::clock::Instant;
use foundation::database_url::DatabaseUrl;
use foundation::fault::Fault;

use crate::connection::Connection;
use crate::fault::at;

mod migrate;
mod postgres;
mod sqlite;

use sqlite::DatabaseFile;

pub use migrate::SchemaState;

/// Where the database is.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// A file.
    Sqlite(DatabaseFile),
    /// A server, by its URL.
    Postgres(DatabaseUrl),
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Reads (SQLite); reads and writes (PostgreSQL).
    Pooled,
    /// The one writer of SQLite.
    Writer,
    /// Follows the log.
    Tail,
    /// Changes the schema: no timeouts, and on SQLite no foreign keys.
    Migrator,
}

impl Target {
    pub(crate) fn new(url: DatabaseUrl) -> Result<Self, Fault> {
        let Some(path) = url.sqlite_file() else {
            return Ok(Self::Postgres(url));
        };
        // An absolute path: SQLite reads one that begins with `file:` as a URI.
        std::path::absolute(path)
            .map(|path| Self::Sqlite(DatabaseFile::new(path)))
            .map_err(|error| Fault::unusable("the path of the database", error))
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    /// Makes the database ready to be connected to, and checks that it is one we can use.
    pub(crate) fn prepare(&self, timeout: Duration) -> Result<(), Fault> {
        match self {
            Self::Sqlite(file) => file.prepare(timeout),
            Self::Postgres(url) => postgres::prepare(url, timeout),
        }
    }

    /// Opens a connection for a purpose.
    pub(crate) fn connect(&self, role: Role, timeout: Duration) -> Result<Connection, Fault> {
        match self {
            Self::Sqlite(file) => file.connect(role, timeout).map(Connection::Sqlite),
            Self::Postgres(url) => postgres::connect(url, role, timeout).map(Connection::Postgres),
        }
    }

    /// Whether what connections are open to is still what is found there by others. A server's is.
    pub(crate) fn check_place(&self) -> Result<(), Fault> {
        match self {
            Self::Sqlite(file) => file.check_place(),
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Judges as [`Target::migrate`] does; then makes a table, and takes it back.
    pub(crate) fn try_to_migrate(&self, timeout: Duration, now: Instant) -> Result<(), Fault> {
        let mut conn = self.connect(Role::Migrator, timeout)?;
        migrate::may_bring_up(&mut conn, now)?;
        conn.batch_execute("BEGIN; CREATE TABLE portico_looks (n INTEGER); ROLLBACK")
            .map_err(at("portico_looks"))
    }

    /// Brings the schema up to date, one process at a time.
    pub(crate) fn migrate(&self, timeout: Duration, now: Instant) -> Result<(), Fault> {
        migrate::bring_up(&mut self.connect(Role::Migrator, timeout)?, now)
    }
}

/// How the schema stands to this program's, without changing it.
pub(crate) fn schema(conn: &mut Connection) -> Result<SchemaState, Fault> {
    migrate::state(conn)
}

/// Where a server's database is, as the server says; `None` for a file.
pub(crate) fn server_place(conn: &mut Connection) -> Result<Option<String>, Fault> {
    match conn {
        Connection::Sqlite(_) => Ok(None),
        Connection::Postgres(conn) => postgres::place(conn).map(Some).map_err(at("events")),
    }
}

/// Inserts a row unless one with the same key is there; gives how many rows were inserted. Unlike a
/// caught violation it leaves a PostgreSQL transaction usable.
macro_rules! insert_unless_there {
    ($conn:expr, $table:expr, $row:expr) => {
        match $conn {
            $crate::Connection::Sqlite(conn) => diesel::insert_into($table)
                .values($row)
                .on_conflict_do_nothing()
                .execute(conn),
            $crate::Connection::Postgres(conn) => diesel::insert_into($table)
                .values($row)
                .on_conflict_do_nothing()
                .execute(conn),
        }
    };
}

/// Inserts a row, or replaces what the row with the same key says.
macro_rules! insert_or_replace {
    ($conn:expr, $table:expr, $key:expr, $row:expr) => {
        match $conn {
            $crate::Connection::Sqlite(conn) => diesel::insert_into($table)
                .values($row)
                .on_conflict($key)
                .do_update()
                .set($row)
                .execute(conn),
            $crate::Connection::Postgres(conn) => diesel::insert_into($table)
                .values($row)
                .on_conflict($key)
                .do_update()
                .set($row)
                .execute(conn),
        }
    };
}

/// Inserts a row that the database numbers, and gives its number.
macro_rules! insert_numbered {
    ($conn:expr, $table:expr, $number:expr, $row:expr) => {{
        let insert = diesel::insert_into($table).values($row);
        match $conn {
            $crate::Connection::Sqlite(conn) => insert
                .execute(conn)
                .and_then(|_| $crate::dialect::last_insert_rowid(conn)),
            $crate::Connection::Postgres(conn) => insert.returning($number).get_result(conn),
        }
    }};
}

/// Runs a statement that diesel has no words for; gives how many rows it touched. Parameters are `$1`,
/// `$2` and so on, in the order in which they are first mentioned: SQLite numbers them so.
macro_rules! execute_sql {
    ($conn:expr, $sql:expr, [$($kind:ty: $value:expr),* $(,)?]) => {
        match $conn {
            $crate::Connection::Sqlite(conn) => diesel::sql_query($sql)
                $(.bind::<$kind, _>($value))*
                .execute(conn),
            $crate::Connection::Postgres(conn) => diesel::sql_query($sql)
                $(.bind::<$kind, _>($value))*
                .execute(conn),
        }
    };
}

/// The same for a question; gives rows that are read by the names of their columns.
macro_rules! load_sql {
    ($conn:expr, $sql:expr, [$($kind:ty: $value:expr),* $(,)?]) => {
        match $conn {
            $crate::Connection::Sqlite(conn) => diesel::sql_query($sql)
                $(.bind::<$kind, _>($value))*
                .load(conn),
            $crate::Connection::Postgres(conn) => diesel::sql_query($sql)
                $(.bind::<$kind, _>($value))*
                .load(conn),
        }
    };
}

pub(crate) use sqlite::last_insert_rowid;
pub(crate) use {execute_sql, insert_numbered, insert_or_replace, insert_unless_there, load_sql};

/// What ends a question whose rows nobody else may change until this transaction ends. SQLite's writer
/// is alone anyway.
pub(crate) fn for_update(conn: &Connection) -> &'static str {
    match conn {
        Connection::Sqlite(_) => "",
        Connection::Postgres(_) => "FOR UPDATE",
    }
}

/// The same for rows that nobody else has taken at this moment; the others are left out.
pub(crate) fn for_update_of_free_rows(conn: &Connection) -> &'static str {
    match conn {
        Connection::Sqlite(_) => "",
        Connection::Postgres(_) => "FOR UPDATE SKIP LOCKED",
    }
}

/// Opens a transaction. On SQLite it is the writing one at once: a reader that becomes a writer
/// later can find that somebody else was faster, and cannot wait then.
pub(crate) fn begin(conn: &mut Connection) -> QueryResult<()> {
    match conn {
        Connection::Sqlite(conn) => conn.batch_execute("BEGIN IMMEDIATE"),
        Connection::Postgres(conn) => conn.batch_execute("BEGIN"),
    }
}

/// Commits a transaction. PostgreSQL answers a COMMIT of a failed transaction with a silent
/// rollback; the statement before it fails instead.
pub(crate) fn commit(conn: &mut Connection) -> QueryResult<()> {
    match conn {
        Connection::Sqlite(conn) => conn.batch_execute("COMMIT"),
        Connection::Postgres(conn) => conn.batch_execute("SELECT 1; COMMIT"),
    }
}

/// Takes the log for the rest of the transaction and announces what will be in it; gives the time at
/// which it was taken. SQLite's writer has the whole database to itself already, and SQLite has no
/// time.
pub(crate) fn lock_log(conn: &mut Connection) -> Result<Option<Instant>, Fault> {
    match conn {
        Connection::Sqlite(_) => Ok(None),
        Connection::Postgres(conn) => postgres::lock_log(conn).map(Some).map_err(at("events")),
    }
}

/// Takes a lock that one transaction of all nodes can hold, until this one ends.
pub(crate) fn lock_installation(conn: &mut Connection) -> Result<(), Fault> {
    match conn {
        Connection::Sqlite(_) => Ok(()),
        Connection::Postgres(conn) => postgres::lock_installation(conn).map_err(at("installation")),
    }
}

/// The database's own time; none of SQLite.
pub(crate) fn now(conn: &mut Connection) -> Result<Option<Instant>, Fault> {
    match conn {
        Connection::Sqlite(_) => Ok(None),
        Connection::Postgres(conn) => postgres::now(conn).map(Some).map_err(at("events")),
    }
}

/// Whether another connection has changed something, or may have, since the last call. `seen` is
/// where the answer of the last call is kept.
pub(crate) fn has_news(conn: &mut Connection, seen: &mut i64) -> Result<bool, Fault> {
    match conn {
        Connection::Sqlite(conn) => {
            let version = sqlite::data_version(conn).map_err(at("events"))?;
            Ok(std::mem::replace(seen, version) != version)
        }
        Connection::Postgres(conn) => postgres::was_notified(conn).map_err(at("events")),
    }
}

/// How often [`has_news`] is worth asking: 6 µs each on SQLite, one `recv` on PostgreSQL.
pub(crate) fn news_interval(conn: &Connection) -> Duration {
    match conn {
        Connection::Sqlite(_) => Duration::from_millis(25),
        Connection::Postgres(_) => Duration::from_millis(10),
    }
}
