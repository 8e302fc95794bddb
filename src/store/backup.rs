//! Copies of a whole database, made while others read and write, and put back where nobody does.
//!
//! Of a file it is SQLite itself that copies; of a server PostgreSQL's own programs, which are the
//! only ones that know how. Whose copy it is, and what becomes of what was given out since, is not
//! judged here.

use std::path::{Path, PathBuf};
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use foundation::clock::Instant;
use foundation::fault::Fault;

use crate::Store;
use crate::dialect::{Role, Target};
use crate::fault::{STORE, at};

mod programs;

/// The schema that everything stands in on PostgreSQL.
const SCHEMA: &str = "public";
/// How often it is tried to have a file for oneself, and how long apart.
const GATHER_TRIES: u32 = 200;
const GATHER_PAUSE: Duration = Duration::from_millis(25);
/// How a database that a copy took the place of is called from then on.
const REPLACED: &str = "portico_replaced_";

impl Store {
    /// Copies the whole database, as it is at one moment, into an empty file.
    ///
    /// # Errors
    /// It cannot be read or written, or PostgreSQL's programs are not there.
    pub fn copy_to(&self, file: &Path) -> Result<(), Fault> {
        match &self.0.target {
            Target::Sqlite(_) => {
                let path = utf8(file)?;
                let mut conn = self.0.target.connect(Role::Migrator, self.0.timeout)?;
                diesel::sql_query("VACUUM INTO ?")
                    .bind::<Text, _>(path)
                    .execute(&mut conn)
                    .map(drop)
                    .map_err(at("events"))
            }
            Target::Postgres(url) => programs::dump(url, file),
        }
    }

    /// Looks whether a file of SQLite's is whole.
    ///
    /// # Errors
    /// It is not, or cannot be read.
    pub fn check_that_it_is_whole(&self) -> Result<(), Fault> {
        let mut conn = self.0.target.connect(Role::Migrator, self.0.timeout)?;
        let check = "integrity_check FROM pragma_integrity_check";
        let found: String = diesel::select(sql::<Text>(check))
            .get_result(&mut conn)
            .map_err(at("events"))?;
        match found.as_str() {
            "ok" => Ok(()),
            found => Err(Fault::unusable(
                "the copy",
                format!("it is damaged: {found}"),
            )),
        }
    }

    /// Sets what is in a PostgreSQL database aside, and puts a copy there. Gives the name of the
    /// schema in which that is kept. What fails leaves everything as it was.
    ///
    /// # Errors
    /// The copy is none, PostgreSQL's programs are not there, or the database is not this user's.
    pub fn put_back(&self, file: &Path, now: Instant) -> Result<Option<String>, Fault> {
        let Target::Postgres(url) = &self.0.target else {
            return Err(not_this_kind());
        };
        let is_empty = self.schema()? == crate::SchemaState::Missing;
        let aside = (!is_empty).then(|| format!("{REPLACED}{}", now.millis()));
        if let Some(aside) = &aside {
            self.run(&format!(
                "BEGIN; ALTER SCHEMA {SCHEMA} RENAME TO {aside}; CREATE SCHEMA {SCHEMA}; COMMIT"
            ))?;
        }
        programs::restore(url, file)
            .or_else(|fault| self.take_back(aside.as_deref()).and(Err(fault)))?;
        Ok(aside)
    }

    /// Undoes what [`Store::put_back`] did.
    ///
    /// # Errors
    /// The database does not answer: what was there is still in the schema of that name.
    pub fn take_back(&self, aside: Option<&str>) -> Result<(), Fault> {
        let and_put_back = match aside {
            Some(aside) => format!("ALTER SCHEMA {aside} RENAME TO {SCHEMA};"),
            None => format!("CREATE SCHEMA {SCHEMA};"),
        };
        self.run(&format!(
            "BEGIN; DROP SCHEMA {SCHEMA} CASCADE; {and_put_back} COMMIT"
        ))
    }

    fn run(&self, statements: &str) -> Result<(), Fault> {
        let mut conn = self.0.target.connect(Role::Migrator, self.0.timeout)?;
        conn.batch_execute(statements).map_err(at(SCHEMA))
    }
}

/// Empties the log of writes beside a SQLite file into it, so that the file alone is the database.
/// Where nobody is connected.
///
/// # Errors
/// It is no database, or somebody has it open.
pub fn gather(file: &Path) -> Result<(), Fault> {
    let path = utf8(file)?;
    let mut conn = SqliteConnection::establish(path).map_err(|e| Fault::unavailable(STORE, e))?;
    let mut tries = 0;
    // Not a WAL any more; the next opening makes it one again. Connections of a store that was dropped
    // a moment ago close by themselves, and SQLite does not wait for them here.
    while let Err(error) = conn.batch_execute("PRAGMA journal_mode = DELETE") {
        tries += 1;
        if tries == GATHER_TRIES || !error.to_string().contains("locked") {
            return Err(at("events")(error));
        }
        std::thread::sleep(GATHER_PAUSE);
    }
    Ok(())
}

/// The files that SQLite keeps beside a database.
pub fn beside(file: &Path) -> [PathBuf; 2] {
    ["-wal", "-shm"].map(|end| {
        let mut name = file.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    })
}

fn utf8(file: &Path) -> Result<&str, Fault> {
    let text = file.to_str();
    text.ok_or_else(|| Fault::unusable("the path of the copy", "it is not UTF-8"))
}

fn not_this_kind() -> Fault {
    Fault::broken("the copy: it belongs to another kind of database")
}
