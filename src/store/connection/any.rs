//! The two kinds of connection, and diesel's backend for both. A file of its own, without the name
//! `Connection`: diesel's trait of that name is in scope in what the macro writes.

use diesel::{PgConnection, SqliteConnection};

/// A connection to either database.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    /// SQLite.
    Sqlite(SqliteConnection),
    /// PostgreSQL.
    Postgres(PgConnection),
}
