//! A copy of the whole installation, and how one is put back.
//!
//! What was ended after a copy was made is not in it. So a copy that is put back begins a new history:
//! nobody is signed in any more, and no token of before is worth anything. What the copy takes the
//! place of is kept beside it, and what fails leaves everything as it was.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::audit::{ActedBy, AuditEntry};
use flow::renew_history::HistoryRenewal;
use foundation::clock::{Clock as _, SharedClock};
use foundation::database_url::DatabaseUrl;
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use foundation::id::{AuditId, Position};
use live::node_time::NodeTime;
use serde_json::json;
use store::{SchemaState, Store};

use super::served::wait_until_nobody_serves;
use super::{App, Make, find_store, folders, master_key, open_store, store_settings};
use crate::config::Config;

/// A copy that was made.
pub struct BackedUp {
    /// How long the file is, in bytes.
    pub bytes: u64,
    /// Where the log ended when it had been made, or a little later.
    pub end: Position,
}

/// A copy that was put back.
pub struct Restored {
    /// Where the database is.
    pub place: String,
    /// Where that is kept which was there before.
    pub replaced: Option<String>,
    /// Whose installation the copy is of, if it is not this issuer's.
    pub of_another: Option<String>,
}

impl App {
    /// Copies the installation as it is at one moment into a file that is not there yet, readable by
    /// its owner only. Servers go on meanwhile.
    ///
    /// # Errors
    /// There is no such database, the file is there, or it cannot be written.
    pub fn back_up(
        config: &Config,
        clock: &SharedClock,
        entropy: &SharedEntropy,
        (by, file): (&ActedBy, &Path),
    ) -> Result<BackedUp, Fault> {
        let store = find_store(config, clock)?;
        let unwritable = |error: io::Error| Fault::unusable(file.display().to_string(), error);
        let partial = named(file, ".partial");
        // Nobody's copy is lost by a name that is typed again.
        if file.exists() {
            let cause = "it is there already, and nothing is overwritten";
            return Err(Fault::unusable(file.display().to_string(), cause));
        }
        new_file(&partial).map_err(|e| Fault::unusable(partial.display().to_string(), e))?;
        let copied = store.copy_to(&partial).and_then(|()| {
            sync(&partial)
                .and_then(|()| std::fs::hard_link(&partial, file))
                .and_then(|()| sync(&folder_of(file)))
                .map_err(unwritable)
        });
        let _ = std::fs::remove_file(&partial);
        copied?;
        let bytes = std::fs::metadata(file).map_err(unwritable)?.len();
        let now = store.time()?.time;
        let detail = json!({ "file": file.display().to_string(), "bytes": bytes });
        let entry = AuditEntry::new(now, by.clone(), "installation.backed_up").with(detail);
        let id = AuditId::new(now, entropy.as_ref());
        store.write_blocking(move |tx| store::audit::insert(tx, &entry, id))?;
        let end = store.read_blocking(store::events::end)?;
        Ok(BackedUp { bytes, end })
    }

    /// Whether something is in the place where a copy would be put.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn would_replace(config: &Config, clock: &SharedClock) -> Result<bool, Fault> {
        if let Some(file) = config.database.url.sqlite_file() {
            return Ok(file.exists());
        }
        match open_store(config, clock)? {
            Some(store) => Ok(store.schema()? != SchemaState::Missing),
            None => Ok(false),
        }
    }

    /// Puts a copy back, in the place of whatever is there, and begins a new history. Waits where a node
    /// may have been killed a moment ago.
    ///
    /// # Errors
    /// A server is running on the database, the file is no copy of one, is newer than this program,
    /// or was sealed with another master key. Everything is as it was then.
    pub fn restore(
        config: &Config,
        clock: &SharedClock,
        entropy: &SharedEntropy,
        (by, file): (&ActedBy, &Path),
    ) -> Result<Restored, Fault> {
        let restoring = Restoring {
            config,
            clock,
            entropy,
            by,
        };
        File::open(file).map_err(|e| Fault::unusable(file.display().to_string(), e))?;
        match config.database.url.sqlite_file() {
            Some(database) => restoring.file(file, database),
            None => restoring.server(file),
        }
    }
}

/// What putting a copy back goes by.
struct Restoring<'a> {
    config: &'a Config,
    clock: &'a SharedClock,
    entropy: &'a SharedEntropy,
    by: &'a ActedBy,
}

impl Restoring<'_> {
    fn file(&self, copy: &Path, database: &Path) -> Result<Restored, Fault> {
        let unwritable = |error: io::Error| Fault::unusable(database.display().to_string(), error);
        let now = self.clock.now();
        folders::make_for(self.config, database)?;
        if database.exists() {
            self.is_not_served(database)?;
        }
        let prepared = named(database, ".restoring");
        remove(&prepared).map_err(unwritable)?;
        new_file(&prepared)
            .and_then(|_| std::fs::copy(copy, &prepared))
            .map_err(unwritable)?;
        let of_another = self
            .prepares(copy, &prepared)
            .inspect_err(|_| drop(remove(&prepared)))?;
        sync(&prepared).map_err(unwritable)?;
        let replaced = database
            .exists()
            .then(|| named(database, &format!(".replaced-{}", now.millis())));
        self.takes_the_place(&prepared, database, replaced.as_deref())
            .map_err(unwritable)?;
        Ok(Restored {
            place: self.config.database.url.to_string(),
            replaced: replaced.map(|path| path.display().to_string()),
            of_another,
        })
    }

    /// A file that is damaged is no reason not to put a copy in its place.
    fn is_not_served(&self, database: &Path) -> Result<(), Fault> {
        let Ok(Some(store)) = open_store(self.config, self.clock) else {
            return Ok(());
        };
        if store
            .schema()
            .is_ok_and(|schema| schema == SchemaState::Current)
        {
            wait_until_nobody_serves(&store, self.clock)?;
        }
        drop(store);
        // The log of writes beside it must not be read into the one that takes its place.
        let _ = store::backup::gather(database);
        Ok(())
    }

    /// Looks through a copy, and makes it what will be served: gives whose it is, if not ours.
    fn prepares(&self, copy: &Path, prepared: &Path) -> Result<Option<String>, Fault> {
        let mut config = self.config.clone();
        config.database.url = DatabaseUrl::parse(&format!("sqlite://{}", prepared.display()))
            .map_err(|error| Fault::unusable("the path of the database", error))?;
        let store = Store::open(store_settings(&config), Arc::clone(self.clock))
            .and_then(|store| store.check_that_it_is_whole().map(|()| store))
            .map_err(|fault| {
                let cause = format!("it is damaged, or no copy of a database: {}", fault.chain());
                Fault::unusable(copy.display().to_string(), cause)
            })?;
        let of_another = self.begins_anew(&store)?;
        drop(store);
        store::backup::gather(prepared)?;
        Ok(of_another)
    }

    /// At no moment is there no database, which a start would take for a new installation.
    fn takes_the_place(
        &self,
        prepared: &Path,
        database: &Path,
        replaced: Option<&Path>,
    ) -> io::Result<()> {
        if let Some(replaced) = replaced {
            std::fs::hard_link(database, replaced)?;
            for (from, to) in store::backup::beside(database)
                .iter()
                .zip(store::backup::beside(replaced))
            {
                if from.exists() {
                    std::fs::rename(from, to)?;
                }
            }
        }
        std::fs::rename(prepared, database)?;
        sync(&folder_of(database))
    }

    fn server(&self, copy: &Path) -> Result<Restored, Fault> {
        let Some(store) = open_store(self.config, self.clock)? else {
            return Err(Fault::broken("a server is no file"));
        };
        match store.schema()? {
            SchemaState::Missing => {}
            SchemaState::Current => drop(wait_until_nobody_serves(&store, self.clock)?),
            SchemaState::Older | SchemaState::Newer { .. } => {
                let cause = "its schema is of another version, so nobody can tell whether a server \
                             runs on it; restore with that version, or into an empty database";
                return Err(Fault::unusable("the database", cause));
            }
        }
        let aside = store.put_back(copy, store.time()?.time)?;
        let begun = open_store(self.config, self.clock)
            .and_then(|store| store.ok_or_else(|| Fault::broken("a server is no file")))
            .and_then(|store| Ok((self.begins_anew(&store)?, store.place()?)));
        let (of_another, place) = begun.or_else(|fault| {
            store.take_back(aside.as_deref())?;
            Err(fault)
        })?;
        let replaced = aside.map(|schema| format!("the schema {schema}"));
        Ok(Restored {
            place,
            replaced,
            of_another,
        })
    }

    /// Brings a copy to this program's schema, and begins a new history in it.
    fn begins_anew(&self, store: &Store) -> Result<Option<String>, Fault> {
        match store.schema()? {
            SchemaState::Missing => {
                return Err(Fault::unusable(
                    "the copy",
                    "it is none of a Portico database",
                ));
            }
            SchemaState::Current => {}
            schema => {
                schema.not_newer()?;
                store.write_blocking(|tx| store::nodes::remove_all(tx).map(drop))?;
                store.migrate()?;
            }
        }
        let time = Arc::new(NodeTime::new(Arc::clone(self.clock), store.time()?));
        let (now, entropy) = (time.now(), self.entropy.as_ref());
        let theirs = store.read_blocking(store::installation::issuer)?;
        if store
            .read_blocking(store::installation::master_key_fingerprint)?
            .is_some()
        {
            master_key::open(self.config, store, entropy, Make::Nothing)?;
        }
        let renewal = HistoryRenewal::of_restoring(self.by.clone(), now, entropy);
        store.renew_blocking(move |tx| {
            store::nodes::remove_all(tx)?;
            let seen = store::histories::current(tx)?;
            renewal.write(tx, seen)
        })?;
        Ok(theirs.filter(|theirs| *theirs != self.config.server.issuer))
    }
}

fn named(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// Removes what an attempt left that was cut off.
fn remove(file: &Path) -> io::Result<()> {
    let all = store::backup::beside(file)
        .into_iter()
        .chain([file.to_owned()]);
    for path in all {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}
