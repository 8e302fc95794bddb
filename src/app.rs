//! The composition root: the only place that sees everything. It opens the store and the keys, puts
//! the services together, in this order, and starts the server.
//!
//! Owns no decision: what can be decided is in `config`, what happens is in `flow`.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use flow::answer_token_request::{BUILT_IN, GrantTable};
use flow::key_source::KeySource;
use flow::last_used::LastUsed;
use flow::{Parts, Policy, Services};
use foundation::clock::{Clock as _, SharedClock};
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use foundation::regular_file;
use keys::key_ring::Keys;
use keys::password::PasswordPolicy;
use live::Live;
use live::node_time::NodeTime;
use live::session_watches::WatchLimits;
use outbound::allowed_hosts::AllowedHosts;
use outbound::fetch::{FetchSettings, GuardedFetch, SharedFetch};
use store::faultpoint::Faultpoints;
use store::{SchemaState, Store, StoreSettings};
use tokio::sync::Notify;

use crate::config::Config;
use crate::job::witness::Witness;

mod backup;
mod connection;
mod doctor;
mod entrance;
mod folders;
mod history;
mod master_key;
mod running;
mod served;
mod server;
mod tls;

pub use backup::{BackedUp, Restored};
pub use doctor::Diagnosis;
pub use running::{Running, Signals};
pub use server::Mount;

/// The most bytes of a file of authorities: longer than all that a system trusts.
const MAX_CA: u64 = 4 * 1024 * 1024;

/// What an opening makes where it is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Make {
    /// Everything: the data folder, the database with its schema, the keys. For who serves.
    Everything,
    /// The keys of a database that was migrated and never served. For commands that put the first
    /// people and programs into it.
    Keys,
    /// Nothing: who looks in the wrong place leaves nothing behind there.
    Nothing,
}

/// Where a test takes hold.
#[derive(Clone, Default)]
pub struct TestHooks {
    /// Where the store fails.
    pub faultpoints: Faultpoints,
    /// In place of PostgreSQL's clock.
    pub database_clock: Option<SharedClock>,
    /// The grants that there are.
    pub grants: GrantTable,
}

/// Everything that is open, before it serves: what a command works with.
pub struct App {
    config: Config,
    store: Store,
    live: Arc<Live>,
    services: Services,
    /// Rung when the certificate is to be looked at now.
    look_again: Arc<Notify>,
}

impl App {
    /// Opens everything: the database (migrated under a lock), the master key, signing keys and
    /// shared secrets (made if there are none), and the services.
    ///
    /// # Errors
    /// A part cannot be opened; the fault says which and why.
    pub fn open(
        config: &Config,
        clock: SharedClock,
        entropy: SharedEntropy,
    ) -> Result<Self, Fault> {
        Self::open_making(config, clock, entropy, Make::Everything)
    }

    /// The same, and makes no more than it is told to. A database that is not there, or whose schema
    /// is another program's, stays as it is then.
    ///
    /// # Errors
    /// As [`App::open`]; or something is missing, and the fault says what makes it.
    pub fn open_making(
        config: &Config,
        clock: SharedClock,
        entropy: SharedEntropy,
        make: Make,
    ) -> Result<Self, Fault> {
        let fetch = open_fetch(config)?;
        let store = match make {
            Make::Everything => make_store(config, TestHooks::default(), &clock)?,
            Make::Keys | Make::Nothing => find_store(config, &clock)?,
        };
        Self::on(store, fetch, config, clock, entropy, make, BUILT_IN)
    }

    /// As [`App::open`], with a store that a test makes fail, and whose clock it moves.
    ///
    /// # Errors
    /// As [`App::open`].
    pub fn open_for_test(
        config: &Config,
        clock: SharedClock,
        entropy: SharedEntropy,
        hooks: TestHooks,
    ) -> Result<Self, Fault> {
        let fetch = open_fetch(config)?;
        let grants = hooks.grants;
        let store = make_store(config, hooks, &clock)?;
        let make = Make::Everything;
        Self::on(store, fetch, config, clock, entropy, make, grants)
    }

    fn on(
        store: Store,
        fetch: SharedFetch,
        config: &Config,
        clock: SharedClock,
        entropy: SharedEntropy,
        make: Make,
        grants: GrantTable,
    ) -> Result<Self, Fault> {
        let clock = Arc::new(NodeTime::new(clock, store.time()?));
        history::settle(
            config,
            &store,
            Arc::clone(&clock) as SharedClock,
            Arc::clone(&entropy),
        )?;
        if make == Make::Everything {
            doctor::try_writing(&store, clock.now(), entropy.as_ref())?;
        }
        let master = master_key::open(config, &store, entropy.as_ref(), make)?;
        if make == Make::Everything {
            history::take(config, &store)?;
        }
        store.keep_to_this_installation()?;
        let ring = master_key::open_keys(&store, &master, clock.now(), entropy.as_ref(), make)?;
        if make == Make::Everything {
            flow::participant::store_derived_sids(&store, &ring)?;
        }
        let passwords = password_policy(config);
        passwords.check()?;
        let watches = WatchLimits::beside(config.server.connections);
        let live = Arc::new(Live::new(Arc::clone(&clock)).with_watches(watches));
        let parts = Parts {
            store: store.clone(),
            live: Arc::clone(&live),
            keys: Arc::new(Keys::new(ring)),
            key_source: Arc::new(KeySource::new(master)),
            last_used: Arc::new(LastUsed::default()),
            writable: Arc::new(AtomicBool::new(true)),
            clock,
            entropy,
            fetch,
            policy: Policy {
                issuer: config.server.issuer.as_str().into(),
                brand: config.server.brand.as_str().into(),
                lifetimes: config.lifetimes(),
                on_loss: config.history.on_loss,
                catalog: Arc::new(config.scopes.clone()),
                resources: config.token.resources.as_slice().into(),
                passwords,
                rate_limits: config.server.rate_limits,
            },
        };
        let services = Services::new(&parts, grants);
        Ok(Self {
            config: config.clone(),
            store,
            live,
            services,
            look_again: Arc::default(),
        })
    }

    /// Makes the server look at its certificate at once, from any thread.
    pub fn certificate_look(&self) -> impl Fn() + Send + 'static {
        let look_again = Arc::clone(&self.look_again);
        move || look_again.notify_one()
    }

    /// Where the database is, for people to read.
    ///
    /// # Errors
    /// It does not answer.
    pub fn database_place(&self) -> Result<String, Fault> {
        self.store.place()
    }

    /// What happens when someone asks.
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// The database: a test looks into it.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// How far the log was read when this data folder was last served from.
    fn witness(&self) -> Witness {
        Witness::of(&self.config.server.data_dir)
    }

    /// Serves on a listener that is bound already, with the jobs beside it. `mount` adds further
    /// sites on the same port, told apart by their hosts.
    ///
    /// # Errors
    /// The log cannot be read, the certificate cannot be used, or a thread cannot be started.
    pub fn serve(self, listener: TcpListener, mount: Option<Mount>) -> Result<Running, Fault> {
        Running::start(self, listener, mount)
    }

    /// Binds the address of the settings.
    ///
    /// # Errors
    /// It is in use, or not an address of this machine; the fault says what to do.
    pub fn listen(config: &Config) -> Result<TcpListener, Fault> {
        let address = config.server.listen;
        TcpListener::bind(address).map_err(|e| {
            let hint = "stop what listens there, or set PORTICO_LISTEN to another address";
            Fault::unavailable(
                "the address to listen on",
                format!("{address}: {e}; {hint}"),
            )
        })
    }

    /// Brings the database to this binary's schema, without opening anything else; gives where it is.
    ///
    /// # Errors
    /// It cannot be opened, or is newer than this binary.
    pub fn migrate(config: &Config, clock: SharedClock) -> Result<String, Fault> {
        make_store(config, TestHooks::default(), &clock)?.place()
    }
}

fn store_settings(config: &Config) -> StoreSettings {
    let database = &config.database;
    StoreSettings {
        readers: database.connections,
        timeout: database.timeout,
        ..StoreSettings::new(database.url.clone())
    }
}

/// The database, made and brought to this program's schema.
fn make_store(config: &Config, hooks: TestHooks, clock: &SharedClock) -> Result<Store, Fault> {
    if let Some(file) = config.database.url.sqlite_file() {
        folders::make_for(config, file)?;
    }
    let settings = StoreSettings {
        faultpoints: hooks.faultpoints,
        database_clock: hooks.database_clock,
        ..store_settings(config)
    };
    let store = Store::open(settings, Arc::clone(clock))?;
    store.migrate()?;
    Ok(store)
}

/// The database, if it is there and this program's. A running server may be of another version: only
/// who serves or migrates changes the schema under it.
fn find_store(config: &Config, clock: &SharedClock) -> Result<Store, Fault> {
    let unusable = |cause: String| Err(Fault::unusable("the database", cause));
    let missing = |place: String| {
        unusable(format!(
            "there is no Portico database at {place}; `portico migrate` makes one"
        ))
    };
    let Some(store) = open_store(config, clock)? else {
        return missing(config.database.url.to_string());
    };
    match store.schema()? {
        SchemaState::Current => Ok(store),
        SchemaState::Missing => missing(store.place()?),
        SchemaState::Older => {
            unusable("the schema is older than this program; run `portico migrate`".into())
        }
        newer @ SchemaState::Newer { .. } => newer.not_newer().map(|()| store),
    }
}

/// The database as it is; `None` where there is no file.
fn open_store(config: &Config, clock: &SharedClock) -> Result<Option<Store>, Fault> {
    let file = config.database.url.sqlite_file();
    if file.is_some_and(|path| !path.exists()) {
        return Ok(None);
    }
    Store::open(store_settings(config), Arc::clone(clock)).map(Some)
}

/// The one way out, with what the operator allows and trusts.
fn open_fetch(config: &Config) -> Result<SharedFetch, Fault> {
    let outbound = &config.outbound;
    let extra_ca = match &outbound.trusted_ca {
        Some(path) => {
            let what = || format!("the file {} (outbound.trusted_ca)", path.display());
            let read = regular_file::read(path, MAX_CA);
            Some(read.map_err(|e| Fault::unusable(what(), e))?)
        }
        None => None,
    };
    let allowed = AllowedHosts::parse(outbound.allow.iter().map(String::as_str))?;
    Ok(Arc::new(GuardedFetch::new(FetchSettings {
        allowed,
        extra_ca,
    })?))
}

fn password_policy(config: &Config) -> PasswordPolicy {
    if config.for_tests {
        return PasswordPolicy {
            memory_kib: 64,
            passes: 1,
            lanes: 1,
        };
    }
    PasswordPolicy::default()
}

#[cfg(test)]
mod tests;
