//! Reading keys and secrets again: what `job/tail` does when the log says that they changed, and a
//! request when it meets one that this node does not know.
//!
//! Everything else in `live` is written by `job/tail` alone.

use std::sync::{Mutex, PoisonError};

use domain::shared_secret::SharedSecret;
use domain::signing_key::SigningKey;
use foundation::digest::sha256_of_parts;
use foundation::fault::Fault;
use keys::key_ring::KeyRing;
use keys::master_key::MasterKey;

use crate::Flows;

/// What key rings are made with, and what the latest one was made of.
#[derive(Debug)]
pub struct KeySource {
    master: MasterKey,
    loaded: Mutex<Loaded>,
}

#[derive(Debug, Default)]
struct Loaded {
    /// Counts the rings, so that a slow read never replaces what a later one brought.
    generation: u64,
    /// The digest of the rows that the latest ring was made of.
    rows: [u8; 32],
}

/// The rows of a key ring.
type Rows = (Vec<SigningKey>, Vec<SharedSecret>);

impl KeySource {
    /// Under this master key.
    pub fn new(master: MasterKey) -> Self {
        Self {
            master,
            loaded: Mutex::default(),
        }
    }

    /// The master key.
    pub(crate) fn master(&self) -> &MasterKey {
        &self.master
    }

    fn generation(&self) -> u64 {
        self.loaded
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .generation
    }
}

impl Flows {
    /// Reads keys and secrets again, if they changed: for a request that met an unknown one. True
    /// if there is something new to look with.
    pub async fn refresh_keys(&self) -> Result<bool, Fault> {
        let known = self.key_source().generation();
        let rows = self.store().read(read_rows).await?;
        self.take(rows, known)
    }

    /// The same for a thread that may block.
    pub fn refresh_keys_blocking(&self) -> Result<bool, Fault> {
        let known = self.key_source().generation();
        let rows = self.store().read_blocking(read_rows)?;
        self.take(rows, known)
    }

    /// Puts a ring of these rows in place, unless it is there already or another came first:
    /// that one was read later.
    fn take(&self, (keys, secrets): Rows, known: u64) -> Result<bool, Fault> {
        let source = self.key_source();
        let rows = digest(&keys, &secrets);
        let mut loaded = source.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if loaded.generation != known {
            return Ok(true);
        }
        if loaded.rows == rows {
            return Ok(false);
        }
        self.0
            .keys
            .replace(KeyRing::open(keys, secrets, &source.master)?);
        *loaded = Loaded {
            generation: known + 1,
            rows,
        };
        Ok(true)
    }
}

fn read_rows(db: &mut store::Connection) -> Result<Rows, Fault> {
    Ok((
        store::signing_keys::all(db)?,
        store::shared_secrets::all(db)?,
    ))
}

fn digest(keys: &[SigningKey], secrets: &[SharedSecret]) -> [u8; 32] {
    let keys = keys
        .iter()
        .flat_map(|k| [k.id.as_str().as_bytes(), k.state.word().as_bytes()]);
    let secrets = secrets.iter().map(|s| s.id.as_bytes().as_slice());
    let mut parts: Vec<&[u8]> = keys.chain(secrets).collect();
    parts.sort_unstable();
    sha256_of_parts(&parts)
}
