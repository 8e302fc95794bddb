//! What a start needs, looked at without starting: for `portico doctor`, for `portico config check`,
//! and for `portico serve` before it touches the database.
//!
//! Leaves everything as it was. Where a start would make something, that is no problem; where it
//! would be refused, the look says what the start would say.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;

use domain::log_history::LogCursor;
use foundation::clock::{Instant, SharedClock};
use foundation::entropy::Entropy;
use foundation::fault::Fault;
use foundation::id::{NodeId, Position};
use store::{SchemaState, Store};

use super::{App, folders, master_key, open_fetch, open_store, tls};
use crate::config::Config;

/// One thing that a start needs, and how it is.
pub struct Diagnosis {
    /// Which.
    pub what: &'static str,
    /// What is to be said about it; or what is wrong with it.
    pub state: Result<String, Fault>,
}

impl App {
    /// Looks at everything that a start needs: the database, the master key, the files.
    pub fn diagnose(config: &Config, clock: &SharedClock, entropy: &dyn Entropy) -> Vec<Diagnosis> {
        let (database, store) = match open_store(config, clock) {
            Ok(Some(store)) => (look_at_database(&store, entropy), Some(store)),
            Ok(None) => (look_for_room(config, entropy), None),
            Err(fault) => (Err(fault), None),
        };
        let mut findings = vec![
            Diagnosis {
                what: "address",
                state: look_at_address(config),
            },
            Diagnosis {
                what: "data folder",
                state: look_at_data_dir(config),
            },
            Diagnosis {
                what: "database",
                state: database,
            },
            Diagnosis {
                what: "master key",
                state: look_at_master_key(config, store.as_ref(), entropy),
            },
            Diagnosis {
                what: "outbound",
                state: look_at_outbound(config),
            },
        ];
        if let Some(tls) = &config.tls {
            let shown = tls.cert.display();
            findings.push(Diagnosis {
                what: "certificate",
                state: tls::Reloading::open(tls).map(|_| format!("{shown} can be used")),
            });
        }
        findings
    }

    /// Opens the files that the settings name, as a start does, and reads the master key.
    ///
    /// # Errors
    /// One of them is not there or cannot be used.
    pub fn look_at_files(config: &Config) -> Result<(), Fault> {
        if let Some(tls) = &config.tls {
            tls::Reloading::open(tls)?;
        }
        open_fetch(config)?;
        master_key::read(config).map(drop)
    }

    /// Looks before a start makes or changes anything whether it could make what is missing, and
    /// whether the master key is the one. A database that does not answer now is the start's to wait
    /// for or to refuse.
    ///
    /// # Errors
    /// What `diagnose` finds wrong about them.
    pub fn look_before_the_start(
        config: &Config,
        clock: &SharedClock,
        entropy: &dyn Entropy,
    ) -> Result<(), Fault> {
        Self::look_at_files(config)?;
        let store = match open_store(config, clock) {
            Ok(None) => {
                look_for_room(config, entropy)?;
                None
            }
            opened => opened.or_else(later)?,
        };
        look_at_master_key(config, store.as_ref(), entropy)
            .map(Some)
            .or_else(later)
            .map(drop)
    }
}

/// An outage is no reason to refuse before the start has tried.
fn later<T>(fault: Fault) -> Result<Option<T>, Fault> {
    if fault.is_unavailable() {
        Ok(None)
    } else {
        Err(fault)
    }
}

/// What listens there already is a running Portico, most likely.
fn look_at_address(config: &Config) -> Result<String, Fault> {
    let address = config.server.listen;
    match TcpListener::bind(address) {
        Ok(_) => Ok(format!("{address} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            Ok(format!("something listens at {address} already"))
        }
        Err(_) => App::listen(config).map(|_| format!("{address} is free")),
    }
}

/// The folder needs to be there only where something is put into it; what is in it is for its owner
/// alone, whatever the mode of the folder.
fn look_at_data_dir(config: &Config) -> Result<String, Fault> {
    let folder = &config.server.data_dir;
    let shown = folder.display();
    match std::fs::metadata(folder) {
        Ok(found) if !found.is_dir() => {
            Ok(format!("{shown} is no folder; nothing can be put into it"))
        }
        Ok(found) if found.mode() & 0o007 != 0 => Ok(format!(
            "{shown}; others can look into it: `chmod 700 {shown}` keeps them out"
        )),
        Ok(_) => Ok(shown.to_string()),
        Err(_) => Ok(format!(
            "{shown} is not there; it is made where it is needed"
        )),
    }
}

/// A database that is a file which is not there yet.
fn look_for_room(config: &Config, entropy: &dyn Entropy) -> Result<String, Fault> {
    if let Some(file) = config.database.url.sqlite_file() {
        folders::try_for(config, file, entropy)?;
    }
    Ok(format!(
        "{} will be made by the first start",
        config.database.url
    ))
}

fn look_at_database(store: &Store, entropy: &dyn Entropy) -> Result<String, Fault> {
    let (schema, shown) = (store.schema()?, store.place()?);
    schema.not_newer()?;
    if schema != SchemaState::Current {
        store.try_to_migrate()?;
    }
    Ok(match schema {
        SchemaState::Missing => format!("{shown} is empty; the first start fills it"),
        SchemaState::Older => format!(
            "{shown}: the next `portico serve` or `portico migrate` brings its schema to this version"
        ),
        SchemaState::Current | SchemaState::Newer { .. } => {
            try_writing(store, store.time()?.time, entropy)?;
            let end = store.read_blocking(store::events::end)?;
            format!("{shown} can be written; its log ends at {end}")
        }
    })
}

/// Commits a row that comes and goes in one transaction. Nothing less finds a full disk: SQLite
/// first writes when it commits.
pub(super) fn try_writing(store: &Store, now: Instant, entropy: &dyn Entropy) -> Result<(), Fault> {
    let node = NodeId::new(now, entropy);
    let written = store.write_blocking(move |tx| {
        store::nodes::heartbeat(tx, node, now, LogCursor::default(), Position(0))?;
        store::nodes::leave(tx, node)
    });
    written.map(drop)
}

fn look_at_master_key(
    config: &Config,
    store: Option<&Store>,
    entropy: &dyn Entropy,
) -> Result<String, Fault> {
    let expected = store.map(sealed_by).transpose()?.flatten();
    let path = config.server.master_key_file.display();
    let shown = match config.server.master_key {
        Some(_) => "PORTICO_MASTER_KEY".to_owned(),
        None => path.to_string(),
    };
    Ok(match master_key::find(config, expected.as_deref())? {
        master_key::MasterKeyState::Sealing(_) => {
            format!("{shown} is the database's; keep a copy, nothing opens without it")
        }
        master_key::MasterKeyState::Unused(_) => format!("{shown} can be used; keep a copy"),
        master_key::MasterKeyState::None => {
            folders::try_for(config, &config.server.master_key_file, entropy)?;
            format!("{shown} will be made by the first start")
        }
    })
}

/// The fingerprint of the master key that a database is sealed with.
fn sealed_by(store: &Store) -> Result<Option<Vec<u8>>, Fault> {
    match store.schema()? {
        SchemaState::Missing => Ok(None),
        _ => store.read_blocking(store::installation::master_key_fingerprint),
    }
}

fn look_at_outbound(config: &Config) -> Result<String, Fault> {
    open_fetch(config)?;
    Ok(match &config.outbound.trusted_ca {
        Some(path) => format!("{} is trusted as well", path.display()),
        None => "the system's authorities are trusted".to_owned(),
    })
}
