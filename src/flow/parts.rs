//! What the services are made of, as `app` puts it together. A service keeps those parts that its
//! verbs use and no others; nobody keeps them all.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use domain::lifetimes::Lifetimes;
use domain::log_history::OnLoss;
use foundation::clock::SharedClock;
use foundation::entropy::SharedEntropy;
use keys::key_ring::Keys;
use keys::password::PasswordPolicy;
use live::Live;
use outbound::fetch::SharedFetch;
use protocol::scope_catalog::ScopeCatalog;
use store::Store;

use crate::key_source::KeySource;
use crate::last_used::LastUsed;

/// The parts. Each is shared, or cheap to copy.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// What this node knows without asking.
    pub live: Arc<Live>,
    /// Signing keys and shared secrets.
    pub keys: Arc<Keys>,
    /// What they are made with when they are read again.
    pub key_source: Arc<KeySource>,
    /// When grants were last used, on its way to the database.
    pub last_used: Arc<LastUsed>,
    /// Whether the last heartbeat of this node could be written; true until one could not.
    pub writable: Arc<AtomicBool>,
    /// Time.
    pub clock: SharedClock,
    /// Randomness.
    pub entropy: SharedEntropy,
    /// The guarded way out.
    pub fetch: SharedFetch,
    /// What the operator decided.
    pub policy: Policy,
}

/// What the operator decided, as values.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The issuer identifier (RFC 8414 §2): an https URL without query, fragment or final slash.
    pub issuer: Arc<str>,
    /// What people see as the name of this super app.
    pub brand: Arc<str>,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// What ends when the log went back.
    pub on_loss: OnLoss,
    /// The scopes there are.
    pub catalog: Arc<ScopeCatalog>,
    /// Resources that clients may name though no client registered them.
    pub resources: Arc<[String]>,
    /// The cost of a password hash.
    pub passwords: PasswordPolicy,
    /// Whether failed sign-ins are slowed down. Off for conformance runs only.
    pub rate_limits: bool,
}
