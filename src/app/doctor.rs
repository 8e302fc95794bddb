//! What a start needs, looked at without starting: for `portico doctor`, for `portico config check`,
//! and for `portico serve` before it touches the database.
//!
//! Leaves everything as it was. Where a start would make something, that is no problem; where it
//! would be refused, the look says what the start would say.

use foundation::clock::SharedClock;
use foundation::entropy::Entropy;
use foundation::fault::Fault;
use foundation::id::{NodeId, Position};
use store::{SchemaState, Store};

use super::{App, master_key, open_fetch, open_store, tls};
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
        let shown = config.database.shown_url();
        let (database, store) = match open_store(config, clock) {
            Ok(Some(store)) => {
                let node = NodeId::new(clock.now(), entropy);
                (look_at_database(&shown, &store, clock, node), Some(store))
            }
            Ok(None) => (Ok(format!("{shown} will be made by the first start")), None),
            Err(fault) => (Err(fault), None),
        };
        let mut findings = vec![
            Diagnosis {
                what: "database",
                state: database,
            },
            Diagnosis {
                what: "master key",
                state: look_at_master_key(config, store.as_ref()),
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
}

fn look_at_database(
    shown: &str,
    store: &Store,
    clock: &SharedClock,
    node: NodeId,
) -> Result<String, Fault> {
    let schema = store.schema()?;
    schema.not_newer()?;
    if schema == SchemaState::Missing {
        return Ok(format!("{shown} is empty; the first start fills it"));
    }
    try_writing(store, clock, node)?;
    if schema == SchemaState::Older {
        return Ok(format!(
            "{shown} can be written; the next `portico serve` or `portico migrate` brings its \
             schema to this version"
        ));
    }
    let end = store.read_blocking(store::events::end)?;
    Ok(format!("{shown} can be written; its log ends at {end}"))
}

/// Commits a row that comes and goes in one transaction. Nothing less finds a full disk: SQLite
/// first writes when it commits.
fn try_writing(store: &Store, clock: &SharedClock, node: NodeId) -> Result<(), Fault> {
    let now = clock.now();
    let written = store.write_blocking(move |tx| {
        store::nodes::heartbeat(tx, node, now, Position(0), Position(0))?;
        store::nodes::leave(tx, node)
    });
    written.map(drop)
}

fn look_at_master_key(config: &Config, store: Option<&Store>) -> Result<String, Fault> {
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
        master_key::MasterKeyState::None => format!("{shown} will be made by the first start"),
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
