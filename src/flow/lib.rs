//! What happens when someone asks: one module per verb, async, each owning its transactions.
//!
//! [`Flows`] is what `web`, `job` and `cli` hold. A flow takes parsed values and gives an
//! [`answer::Answer`]; it knows neither HTTP nor HTML. The order inside a flow is always the same:
//! note the confirmed log position, read, decide (in `domain`), write, answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::lifetimes::Lifetimes;
use foundation::clock::{Instant, SharedClock};
use foundation::entropy::SharedEntropy;
use keys::key_ring::{KeyRing, Keys};
use live::Live;
use outbound::fetch::SharedFetch;
use outbound::jwks::ClientKeys;
use protocol::scope_catalog::ScopeCatalog;
use store::Store;

pub mod account;
pub mod administer;
pub mod answer;
pub mod answer_token_request;
pub mod answer_userinfo;
pub mod authenticate_client;
pub mod authorize;
pub mod browser;
pub mod choose_account;
pub mod decide_consent;
pub mod end_session;
pub mod find_client;
pub mod introspect;
pub mod issue;
pub mod last_used;
mod password_work;
pub mod refresh_live;
pub mod revoke;
pub mod shared_data;
pub mod sign_in;
pub mod step;
pub mod subject;
pub mod sweep;
mod verify_access_token;

/// What every flow stands on. Cheap to clone.
#[derive(Clone)]
pub struct Flows(Arc<Parts>, Arc<ClientKeys>);

/// The parts, as `app` puts them together.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// What this node knows without asking.
    pub live: Arc<Live>,
    /// Signing keys and shared secrets.
    pub keys: Arc<Keys>,
    /// What they are made with when they are read again.
    pub key_source: refresh_live::KeySource,
    /// When grants were last used, on its way to the database.
    pub last_used: last_used::LastUsed,
    /// Whether the last heartbeat of this node could be written; true until one could not.
    pub writable: AtomicBool,
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
    pub issuer: String,
    /// What people see as the name of this super app.
    pub brand: String,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// The scopes there are.
    pub catalog: ScopeCatalog,
    /// The cost of a password hash.
    pub passwords: keys::password::PasswordPolicy,
    /// Whether failed sign-ins are slowed down. Off for conformance runs only.
    pub rate_limits: bool,
}

impl Flows {
    /// From its parts.
    pub fn new(parts: Parts) -> Self {
        let client_keys = ClientKeys::new(Arc::clone(&parts.fetch), Arc::clone(&parts.clock));
        Self(Arc::new(parts), Arc::new(client_keys))
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// What this node knows without asking.
    pub fn live(&self) -> &Live {
        &self.0.live
    }

    /// The keys as of now.
    pub fn keys(&self) -> Arc<KeyRing> {
        self.0.keys.current()
    }

    pub(crate) fn key_source(&self) -> &refresh_live::KeySource {
        &self.0.key_source
    }

    /// What the operator decided.
    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }

    /// Now.
    pub fn now(&self) -> Instant {
        self.0.clock.now()
    }

    /// Whether the clock went back and has not caught up: nothing may be answered meanwhile.
    pub fn clock_is_behind(&self) -> bool {
        self.live().time.is_behind()
    }

    /// Whether this node may trust its memory: its last confirming query began at most a second
    /// ago.
    pub fn is_fresh(&self) -> bool {
        self.0.live.freshness.is_fresh(self.0.clock.uptime())
    }

    /// The keys that clients publish.
    fn client_keys(&self) -> &ClientKeys {
        &self.1
    }

    /// Whether the database answers a question now.
    pub async fn store_answers(&self) -> bool {
        self.store().read(store::events::end).await.is_ok()
    }

    /// Whether this program can obey every event of the log. While the database does not answer,
    /// nothing is known against it.
    pub async fn is_up_to_date(&self) -> bool {
        !matches!(self.store().read(store::events::too_new).await, Ok(Some(_)))
    }

    /// Whether the database could be written when this node last heartbeat: one that answers may still
    /// be full, or read-only.
    pub fn is_writable(&self) -> bool {
        self.0.writable.load(Ordering::Relaxed)
    }

    fn entropy(&self) -> &dyn foundation::entropy::Entropy {
        self.0.entropy.as_ref()
    }
}
