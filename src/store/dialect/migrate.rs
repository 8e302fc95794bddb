//! Brings a database up to date: one process at a time, without timeouts, never backwards; and says
//! without changing anything how far it is.

use std::collections::BTreeSet;

use diesel::backend::Backend;
use diesel::connection::SimpleConnection as _;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use foundation::fault::Fault;

use super::postgres::MIGRATION_LOCK;
use crate::connection::Connection;
use crate::fault::{STORE, at};

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// How a database's schema stands to this program's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// There is none: the database is empty.
    Missing,
    /// Migrations of this program are missing in it.
    Older,
    /// It is this program's.
    Current,
    /// A later program has migrated it.
    Newer {
        /// The migration that this program does not know.
        migration: String,
    },
}

impl SchemaState {
    /// Of what was applied, by what this program knows.
    fn of(applied: &BTreeSet<String>, known: &BTreeSet<String>) -> Self {
        if let Some(newer) = applied.difference(known).next() {
            let migration = newer.clone();
            Self::Newer { migration }
        } else if applied.is_empty() {
            Self::Missing
        } else if applied.len() < known.len() {
            Self::Older
        } else {
            Self::Current
        }
    }

    /// Refuses a database that a later program has migrated: nobody goes backwards.
    ///
    /// # Errors
    /// It is newer.
    pub fn not_newer(&self) -> Result<(), Fault> {
        let Self::Newer { migration } = self else {
            return Ok(());
        };
        let cause = format!("the schema is newer than this program (it has migration {migration})");
        Err(Fault::unusable("the database", cause))
    }
}

const TABLE: &str = "__diesel_schema_migrations";

#[derive(QueryableByName)]
struct Is {
    #[diesel(sql_type = Bool)]
    there: bool,
}

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = Text)]
    version: String,
}

/// How far a database is. Diesel's own question would make the table that it asks.
pub(super) fn state(conn: &mut Connection) -> Result<SchemaState, Fault> {
    let (is_there, known) = match conn {
        Connection::Sqlite(_) => (
            format!("SELECT count(*) > 0 AS there FROM sqlite_schema WHERE name = '{TABLE}'"),
            versions::<Sqlite>(&SQLITE)?,
        ),
        Connection::Postgres(_) => (
            format!("SELECT to_regclass('{TABLE}') IS NOT NULL AS there"),
            versions::<Pg>(&POSTGRES)?,
        ),
    };
    let is: Is = diesel::sql_query(is_there)
        .get_result(conn)
        .map_err(at(TABLE))?;
    if !is.there {
        return Ok(SchemaState::Missing);
    }
    let applied: Vec<Applied> = diesel::sql_query(format!("SELECT version FROM {TABLE}"))
        .load(conn)
        .map_err(at(TABLE))?;
    let applied = applied.into_iter().map(|row| row.version).collect();
    Ok(SchemaState::of(&applied, &known))
}

/// The versions of this program's migrations.
fn versions<DB: Backend>(migrations: &EmbeddedMigrations) -> Result<BTreeSet<String>, Fault> {
    let embedded: Vec<Box<dyn Migration<DB>>> = migrations.migrations().map_err(failed)?;
    let versions = embedded.iter().map(|m| m.name().version().to_string());
    Ok(versions.collect())
}

fn failed(error: Box<dyn std::error::Error + Send + Sync>) -> Fault {
    Fault::unavailable(STORE, error)
}

/// The whole of it in one exclusive transaction: other processes wait, and a failure leaves the file
/// as it was.
pub(super) fn sqlite(conn: &mut SqliteConnection) -> Result<(), Fault> {
    conn.exclusive_transaction(|conn| bring_up(conn, SQLITE).map_err(Stopped::ByFault))
        .map_err(Fault::from)
}

/// The lock belongs to the connection, which is closed afterwards.
pub(super) fn postgres(conn: &mut PgConnection) -> Result<(), Fault> {
    conn.batch_execute(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})"))
        .map_err(at(TABLE))?;
    bring_up(conn, POSTGRES)
}

fn bring_up<DB: Backend>(
    conn: &mut impl MigrationHarness<DB>,
    migrations: EmbeddedMigrations,
) -> Result<(), Fault> {
    let applied = conn.applied_migrations().map_err(failed)?;
    let applied = applied.iter().map(ToString::to_string).collect();
    SchemaState::of(&applied, &versions::<DB>(&migrations)?).not_newer()?;
    for version in conn.run_pending_migrations(migrations).map_err(failed)? {
        tracing::info!(migration = %version, "the database was migrated");
    }
    Ok(())
}

/// Why the transaction of a migration stopped.
enum Stopped {
    ByFault(Fault),
    ByDatabase(diesel::result::Error),
}

impl From<diesel::result::Error> for Stopped {
    fn from(error: diesel::result::Error) -> Self {
        Self::ByDatabase(error)
    }
}

impl From<Stopped> for Fault {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::ByFault(fault) => fault,
            Stopped::ByDatabase(error) => at(TABLE)(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_older_while_a_migration_is_missing_and_newer_by_one_that_is_unknown() {
        let of = |applied: &[&str]| {
            let set = |versions: &[&str]| versions.iter().map(ToString::to_string).collect();
            SchemaState::of(&set(applied), &set(&["1", "2"]))
        };
        let newer = || SchemaState::Newer {
            migration: "3".to_owned(),
        };
        assert_eq!(of(&[]), SchemaState::Missing);
        assert_eq!(of(&["1"]), SchemaState::Older);
        assert_eq!(of(&["1", "2"]), SchemaState::Current);
        assert_eq!(of(&["1", "2", "3"]), newer());
        assert_eq!(of(&["1", "3"]), newer());
    }
}
