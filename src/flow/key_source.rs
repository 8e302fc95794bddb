//! What key rings are made with, and what is known about the latest one: when it came, and of which
//! rows.

use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::signing_key::SigningKey;
use foundation::clock::Span;
use keys::key_ring::KeyRing;
use keys::master_key::MasterKey;
use tokio::sync::Mutex as AsyncMutex;

/// How long nobody asks again after a look that brought nothing new: anybody can name keys that do
/// not exist.
const PAUSE: Span = Span::seconds(1);

/// What key rings are made with, and what the latest one was made of.
#[derive(Debug)]
pub struct KeySource {
    master: MasterKey,
    loaded: Mutex<Loaded>,
    /// The last look of a request. Locked while it goes on, so that many at once look once.
    pub(crate) looked: AsyncMutex<Option<Looked>>,
}

#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// Counts the rings, so that a slow read never replaces what a later one brought.
    pub(crate) generation: u64,
    /// The digest of the rows that the latest ring was made of.
    pub(crate) rows: [u8; 32],
    /// When it was put in place, on the uptime clock.
    pub(crate) at: Option<Span>,
}

/// A look that brought nothing new.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Looked {
    /// When it began, on the uptime clock.
    pub(crate) at: Span,
    /// Whether the store answered.
    pub(crate) answered: bool,
}

impl KeySource {
    /// Under this master key.
    pub fn new(master: MasterKey) -> Self {
        Self {
            master,
            loaded: Mutex::default(),
            looked: AsyncMutex::default(),
        }
    }

    /// The master key.
    pub(crate) fn master(&self) -> &MasterKey {
        &self.master
    }

    /// What the database remembers of it.
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        self.master.fingerprint()
    }

    /// The keys that open under it: what was set aside takes nobody's place.
    pub(crate) fn usable(&self, mut keys: Vec<SigningKey>) -> Vec<SigningKey> {
        keys.retain(|key| keys::signing_key::opens(key, &self.master));
        keys
    }

    pub(crate) fn loaded(&self) -> MutexGuard<'_, Loaded> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn generation(&self) -> u64 {
        self.loaded().generation
    }

    /// Whether the latest ring is so new that a request may have looked with the one before.
    pub(crate) fn changed_lately(&self, now: Span) -> bool {
        self.loaded().at.is_some_and(|at| is_lately(at, now))
    }
}

/// Says which rows of keys and secrets could not be opened.
pub fn say_what_was_set_aside(ring: &KeyRing) {
    for fault in ring.set_aside() {
        tracing::error!(
            fault = fault.chain(),
            "a key in the database cannot be opened with this master key, and is set aside"
        );
    }
}

/// Whether a moment is so near that nobody need look again.
pub(crate) fn is_lately(at: Span, now: Span) -> bool {
    now.as_millis() - at.as_millis() < PAUSE.as_millis()
}
