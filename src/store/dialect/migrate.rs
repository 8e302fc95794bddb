//! Brings a database up to date: one process at a time, without timeouts, never backwards.

use std::collections::BTreeSet;

use diesel::backend::Backend;
use diesel::connection::SimpleConnection as _;
use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use foundation::fault::Fault;

use super::postgres::MIGRATION_LOCK;
use crate::fault::{STORE, at};

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// The whole of it in one exclusive transaction: other processes wait, and a failure leaves the file
/// as it was.
pub(super) fn sqlite(conn: &mut SqliteConnection) -> Result<(), Fault> {
    conn.exclusive_transaction(|conn| bring_up(conn, SQLITE).map_err(Stopped::ByFault))
        .map_err(Fault::from)
}

/// The lock belongs to the connection, which is closed afterwards.
pub(super) fn postgres(conn: &mut PgConnection) -> Result<(), Fault> {
    conn.batch_execute(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})"))
        .map_err(at("__diesel_schema_migrations"))?;
    bring_up(conn, POSTGRES)
}

fn bring_up<DB: Backend>(
    conn: &mut impl MigrationHarness<DB>,
    migrations: EmbeddedMigrations,
) -> Result<(), Fault> {
    let failed = |error| Fault::unavailable(STORE, error);
    let embedded: Vec<Box<dyn Migration<DB>>> = migrations.migrations().map_err(failed)?;
    let known: BTreeSet<MigrationVersion<'_>> = embedded
        .iter()
        .map(|migration| migration.name().version())
        .collect();
    let applied = conn.applied_migrations().map_err(failed)?;
    if let Some(newer) = applied.iter().find(|version| !known.contains(version)) {
        return Err(Fault::broken(format!(
            "the database is newer than this program (it has migration {newer}): the database"
        )));
    }
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
            Stopped::ByDatabase(error) => at("__diesel_schema_migrations")(error),
        }
    }
}
