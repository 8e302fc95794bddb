//! The master key, and the keys under it, at start-up: read, compared with what the database
//! remembers, and made only where nothing is sealed yet and the caller means to begin.

use std::path::Path;

use domain::shared_secret::{SecretPurpose, SharedSecret};
use domain::signing_key::{KeyKind, KeyState, SigningKey};
use foundation::clock::Instant;
use foundation::entropy::Entropy;
use foundation::fault::Fault;
use keys::key_ring::KeyRing;
use keys::master_key::MasterKey;
use store::Store;

use super::{Make, folders};
use crate::config::Config;

/// The master key beside what the database remembers.
pub(super) enum MasterKeyState {
    /// The one that everything is sealed with.
    Sealing(MasterKey),
    /// One that nothing is sealed with yet.
    Unused(MasterKey),
    /// None, and nothing is sealed yet.
    None,
}

/// Looks for the master key, and compares it with the fingerprint that the database remembers.
/// Changes nothing.
pub(super) fn find(config: &Config, expected: Option<&[u8]>) -> Result<MasterKeyState, Fault> {
    let path = &config.server.master_key_file;
    match (expected, read(config)?) {
        (Some(expected), Some(key)) if expected == key.fingerprint() => {
            Ok(MasterKeyState::Sealing(key))
        }
        (Some(_), Some(_)) => Err(another_key(path)),
        (Some(_), None) => Err(unfit(format!(
            "the database is sealed with one, and there is none in {}; restore that file, or set \
             PORTICO_MASTER_KEY",
            path.display()
        ))),
        (None, Some(key)) => Ok(MasterKeyState::Unused(key)),
        (None, None) => Ok(MasterKeyState::None),
    }
}

/// The master key of the settings or of its file, by itself.
pub(super) fn read(config: &Config) -> Result<Option<MasterKey>, Fault> {
    match &config.server.master_key {
        Some(text) => MasterKey::parse(text.expose()).map(Some),
        None => MasterKey::load(&config.server.master_key_file),
    }
}

/// Opens the master key that the database was sealed with. "`serve` refuses another one, and
/// generates one only when nothing is sealed yet."
pub(super) fn open(
    config: &Config,
    store: &Store,
    entropy: &dyn Entropy,
    make: Make,
) -> Result<MasterKey, Fault> {
    let path = &config.server.master_key_file;
    let expected = store.read_blocking(store::installation::master_key_fingerprint)?;
    match find(config, expected.as_deref())? {
        MasterKeyState::Sealing(key) => Ok(key),
        _ if make == Make::Nothing => Err(no_keys()),
        MasterKeyState::Unused(key) => settle(store, path, key),
        MasterKeyState::None => {
            folders::make_for(config, path)?;
            let made = create(path, entropy)?;
            settle(store, path, made).inspect_err(|_| {
                // Another node was quicker with a key of its own; ours sealed nothing.
                let _ = std::fs::remove_file(path);
            })
        }
    }
}

/// Writes the fingerprint down, unless another node did so a moment ago.
fn settle(store: &Store, path: &Path, key: MasterKey) -> Result<MasterKey, Fault> {
    let fingerprint = key.fingerprint();
    let settled = store.write_blocking(move |tx| {
        if store::installation::set_master_key_fingerprint(tx, &fingerprint)? {
            return Ok(true);
        }
        Ok(store::installation::master_key_fingerprint(tx)?.is_some_and(|f| f == fingerprint))
    })?;
    if settled.value {
        Ok(key)
    } else {
        Err(another_key(path))
    }
}

fn another_key(path: &Path) -> Fault {
    unfit(format!(
        "the database was sealed with another one than that of {} or PORTICO_MASTER_KEY; all nodes of one \
         database share one key",
        path.display()
    ))
}

fn unfit(cause: String) -> Fault {
    Fault::unusable("the master key", cause)
}

fn no_keys() -> Fault {
    let cause = "keys are missing in it; `portico serve` makes them when it starts";
    Fault::unusable("the database", cause)
}

fn create(path: &Path, entropy: &dyn Entropy) -> Result<MasterKey, Fault> {
    match MasterKey::create(path, entropy) {
        Ok(key) => Ok(key),
        // Another process of this machine made it between our look and now.
        Err(fault) => MasterKey::load(path)?.ok_or(fault),
    }
}

/// Reads signing keys and shared secrets; what is missing is made, in one transaction, by whoever
/// comes first.
pub(super) fn open_keys(
    store: &Store,
    master: &MasterKey,
    now: Instant,
    entropy: &dyn Entropy,
    make: Make,
) -> Result<KeyRing, Fault> {
    let (keys, secrets) = store.read_blocking(|db| {
        Ok((
            store::signing_keys::all(db)?,
            store::shared_secrets::all(db)?,
        ))
    })?;
    let has_active = |kind| {
        keys.iter()
            .any(|k| k.kind == kind && k.state == KeyState::Active)
    };
    let has_secret = |purpose| secrets.iter().any(|s| s.purpose == purpose);
    if KeyKind::ALL.into_iter().all(has_active) && SecretPurpose::ALL.into_iter().all(has_secret) {
        return open_ring(keys, secrets, master);
    }
    if make == Make::Nothing {
        return Err(no_keys());
    }
    let mut new_keys = Vec::new();
    for kind in KeyKind::ALL.into_iter().filter(|kind| !has_active(*kind)) {
        let key = keys::signing_key::generate(kind, master, now, entropy)?;
        new_keys.push(SigningKey {
            state: KeyState::Active,
            ..key
        });
    }
    let new_secrets: Vec<_> = SecretPurpose::ALL
        .into_iter()
        .filter(|purpose| !has_secret(*purpose))
        .map(|purpose| keys::shared_secret::generate(purpose, master, now, entropy))
        .collect();
    let fingerprint = master.fingerprint();
    let made = store.write_blocking(move |tx| {
        let keys = store::signing_keys::all(tx)?;
        for key in &new_keys {
            if !keys
                .iter()
                .any(|k| k.kind == key.kind && k.state == KeyState::Active)
            {
                store::signing_keys::insert(tx, key, &fingerprint)?;
            }
        }
        let secrets = store::shared_secrets::all(tx)?;
        for secret in &new_secrets {
            if !secrets.iter().any(|s| s.purpose == secret.purpose) {
                store::shared_secrets::insert(tx, secret, &fingerprint)?;
            }
        }
        tx.append(domain::event::Event::KeysChanged { revoked: None });
        Ok((
            store::signing_keys::all(tx)?,
            store::shared_secrets::all(tx)?,
        ))
    })?;
    let (keys, secrets) = made.value;
    open_ring(keys, secrets, master)
}

fn open_ring(
    keys: Vec<SigningKey>,
    secrets: Vec<SharedSecret>,
    master: &MasterKey,
) -> Result<KeyRing, Fault> {
    KeyRing::open(keys, secrets, master).inspect(flow::key_source::say_what_was_set_aside)
}
