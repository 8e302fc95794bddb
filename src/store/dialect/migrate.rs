//! Brings a database up to date: one process at a time, without timeouts, never backwards, and not
//! under a node of the first release; and says without changing anything how far it is.
//!
//! All that is pending is one transaction. On SQLite it runs with foreign keys off (tables are
//! rebuilt there, and dropping the old one would delete every row that hangs on it), and every
//! reference is checked before the commit.

use std::collections::BTreeSet;

use diesel::Connection as _;
use diesel::backend::Backend;
use diesel::connection::SimpleConnection as _;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::SqlQuery;
use diesel::query_dsl::methods::LoadQuery;
use diesel::sql_types::{Bool, Text};
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use domain::lifetimes::Lifetimes;
use foundation::clock::Instant;
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

/// The one migration of the first release. Later ones change tables that its nodes write; from the
/// second release on, migrations only add, and nodes of two releases may serve side by side.
const FIRST_RELEASE: &str = "20261120000000";

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

/// How far a database is.
pub(super) fn state(conn: &mut Connection) -> Result<SchemaState, Fault> {
    let known = known_to(conn)?;
    Ok(SchemaState::of(&applied_to(conn)?, &known))
}

/// Whether [`bring_up`] would be refused, without changing anything.
pub(super) fn may_bring_up(conn: &mut Connection, now: Instant) -> Result<(), Fault> {
    let (applied, known) = (applied_to(conn)?, known_to(conn)?);
    check_before(conn, &applied, &known, now)
}

fn known_to(conn: &Connection) -> Result<BTreeSet<String>, Fault> {
    match conn {
        Connection::Sqlite(_) => versions::<Sqlite>(&SQLITE),
        Connection::Postgres(_) => versions::<Pg>(&POSTGRES),
    }
}

/// The migrations that a database has had. Diesel's own question would make the table that it asks.
fn applied_to(conn: &mut Connection) -> Result<BTreeSet<String>, Fault> {
    let is_there = match conn {
        Connection::Sqlite(_) => {
            format!("SELECT count(*) > 0 AS there FROM sqlite_schema WHERE name = '{TABLE}'")
        }
        Connection::Postgres(_) => format!("SELECT to_regclass('{TABLE}') IS NOT NULL AS there"),
    };
    let is: Is = diesel::sql_query(is_there)
        .get_result(conn)
        .map_err(at(TABLE))?;
    if !is.there {
        return Ok(BTreeSet::new());
    }
    let applied: Vec<Applied> = diesel::sql_query(format!("SELECT version FROM {TABLE}"))
        .load(conn)
        .map_err(at(TABLE))?;
    Ok(applied.into_iter().map(|row| row.version).collect())
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

/// Brings the schema up to date. Other processes wait, and a failure leaves it as it was.
pub(super) fn bring_up(conn: &mut Connection, now: Instant) -> Result<(), Fault> {
    let done = match conn {
        Connection::Sqlite(conn) => {
            conn.exclusive_transaction(|conn| match run_pending(conn, SQLITE, now)? {
                0 => Ok(()),
                _ => check_references(conn),
            })
        }
        Connection::Postgres(conn) => {
            // The lock belongs to the connection, which is closed afterwards.
            conn.batch_execute(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})"))
                .map_err(at(TABLE))?;
            conn.transaction(|conn| run_pending(conn, POSTGRES, now).map(drop))
        }
    };
    done.map_err(|Stopped(fault)| fault)
}

/// Runs what is pending; gives how many migrations that were.
fn run_pending<C, DB>(
    conn: &mut C,
    migrations: EmbeddedMigrations,
    now: Instant,
) -> Result<usize, Stopped>
where
    C: MigrationHarness<DB>,
    DB: Backend,
    for<'q> SqlQuery: LoadQuery<'q, C, Is>,
{
    let applied = conn.applied_migrations().map_err(failed)?;
    let applied = applied.iter().map(ToString::to_string).collect();
    check_before(conn, &applied, &versions::<DB>(&migrations)?, now)?;
    let run = conn.run_pending_migrations(migrations).map_err(failed)?;
    for version in &run {
        tracing::info!(migration = %version, "the database was migrated");
    }
    Ok(run.len())
}

/// What a database must be like for this program to bring it up to date.
fn check_before<C>(
    conn: &mut C,
    applied: &BTreeSet<String>,
    known: &BTreeSet<String>,
    now: Instant,
) -> Result<(), Fault>
where
    for<'q> SqlQuery: LoadQuery<'q, C, Is>,
{
    let state = SchemaState::of(applied, known);
    state.not_newer()?;
    if state != SchemaState::Older || !applied.iter().eq([FIRST_RELEASE]) {
        return Ok(());
    }
    let since = (now - Lifetimes::NODE_SILENCE).millis();
    let live = format!("SELECT count(*) > 0 AS there FROM nodes WHERE seen_at >= {since}");
    let node: Is = diesel::sql_query(live)
        .get_result(conn)
        .map_err(at("nodes"))?;
    if node.there {
        return Err(first_release_serves());
    }
    Ok(())
}

fn first_release_serves() -> Fault {
    let cause = format!(
        "a server of the first release is running on it, and cannot go on beside this one; stop all \
         of them and try again (one that was killed counts as gone {} seconds later)",
        Lifetimes::NODE_SILENCE.as_millis() / 1000
    );
    Fault::unusable("the database", cause)
}

/// A reference that leads nowhere (`PRAGMA foreign_key_check`).
#[derive(QueryableByName)]
struct Dangling {
    #[diesel(sql_type = Text)]
    child: String,
    #[diesel(sql_type = Text)]
    parent: String,
}

fn check_references(conn: &mut SqliteConnection) -> Result<(), Stopped> {
    let check = "SELECT \"table\" AS child, parent FROM pragma_foreign_key_check LIMIT 1";
    let dangling: Option<Dangling> = diesel::sql_query(check)
        .get_result(conn)
        .optional()
        .map_err(at(TABLE))?;
    let Some(Dangling { child, parent }) = dangling else {
        return Ok(());
    };
    let cause = format!("a row of {child} refers to one of {parent} that is not there");
    Err(Stopped(Fault::unusable("the database", cause)))
}

/// Why the transaction of a migration stopped.
struct Stopped(Fault);

impl From<Fault> for Stopped {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

impl From<diesel::result::Error> for Stopped {
    fn from(error: diesel::result::Error) -> Self {
        Self(at(TABLE)(error))
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
