//! The composition root: the only place that sees everything. It opens the store, the keys and the
//! flows, in this order, and starts the server.
//!
//! Owns no decision: what can be decided is in `config`, what happens is in `flow`.

use std::net::TcpListener;
use std::sync::Arc;

use flow::last_used::LastUsed;
use flow::refresh_live::KeySource;
use flow::{Flows, Parts, Policy};
use foundation::clock::SharedClock;
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use keys::key_ring::Keys;
use keys::master_key::MasterKey;
use keys::password::PasswordPolicy;
use live::Live;
use outbound::allowed_hosts::AllowedHosts;
use outbound::fetch::{FetchSettings, GuardedFetch, SharedFetch};
use store::faultpoint::Faultpoints;
use store::{Store, StoreSettings};

use crate::config::{Config, Tls};

mod master_key;
mod running;
mod server;
mod tls;

pub use running::{Running, Signals};
pub use server::Mount;

/// Everything that is open, before it serves: what a command works with.
pub struct App {
    config: Config,
    clock: SharedClock,
    flows: Flows,
}

impl App {
    /// Opens everything: the database (migrated under a lock), the master key, signing keys and
    /// shared secrets (made if there are none), and the flows.
    ///
    /// # Errors
    /// A part cannot be opened; the fault says which and why.
    pub fn open(
        config: &Config,
        clock: SharedClock,
        entropy: SharedEntropy,
    ) -> Result<Self, Fault> {
        Self::open_with_faultpoints(config, clock, entropy, Faultpoints::default())
    }

    /// The same, with a store that a test makes fail.
    ///
    /// # Errors
    /// As [`App::open`].
    pub fn open_with_faultpoints(
        config: &Config,
        clock: SharedClock,
        entropy: SharedEntropy,
        faultpoints: Faultpoints,
    ) -> Result<Self, Fault> {
        make_data_dir(config)?;
        let store = Store::open(
            StoreSettings {
                faultpoints,
                ..store_settings(config)
            },
            Arc::clone(&clock),
        )?;
        store.migrate()?;
        let master = master_key::open(config, &store, entropy.as_ref())?;
        let ring = master_key::open_keys(&store, &master, clock.now(), entropy.as_ref())?;
        let passwords = password_policy(config);
        passwords.check()?;
        let flows = Flows::new(Parts {
            store,
            live: Arc::new(Live::default()),
            keys: Arc::new(Keys::new(ring)),
            key_source: KeySource::new(master),
            last_used: LastUsed::default(),
            clock: Arc::clone(&clock),
            entropy,
            fetch: open_fetch(config)?,
            policy: Policy {
                issuer: config.server.issuer.clone(),
                brand: config.server.brand.clone(),
                lifetimes: config.lifetimes(),
                catalog: config.scopes.clone(),
                passwords,
                rate_limits: config.server.rate_limits,
            },
        });
        Ok(Self {
            config: config.clone(),
            clock,
            flows,
        })
    }

    /// What happens when someone asks.
    pub fn flows(&self) -> &Flows {
        &self.flows
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

    /// Brings the database to this binary's schema, without opening anything else.
    ///
    /// # Errors
    /// It cannot be opened, or is newer than this binary.
    pub fn migrate(config: &Config, clock: SharedClock) -> Result<(), Fault> {
        make_data_dir(config)?;
        Store::open(store_settings(config), clock)?.migrate()
    }

    /// Looks at the database without changing it.
    ///
    /// # Errors
    /// It cannot be reached.
    pub fn look_at_database(config: &Config, clock: SharedClock) -> Result<String, Fault> {
        let shown = config.database.shown_url();
        if let Some(path) = config.database.url.strip_prefix("sqlite://")
            && !std::path::Path::new(path).exists()
        {
            return Ok(format!("{shown} will be made by the first start"));
        }
        let store = Store::open(store_settings(config), clock)?;
        match store.read_blocking(store::events::end) {
            Ok(end) => Ok(format!("{shown} answers; its log ends at {end}")),
            Err(fault) if fault.is_unavailable() => Err(fault),
            Err(fault) => Err(Fault::broken_by(
                "the schema (a new database gets it from `portico migrate`)",
                fault,
            )),
        }
    }

    /// Looks at the master key's file without changing it.
    ///
    /// # Errors
    /// It is there and cannot be used.
    pub fn look_at_master_key(config: &Config) -> Result<String, Fault> {
        if let Some(text) = &config.server.master_key {
            return MasterKey::parse(text.expose())
                .map(|_| "PORTICO_MASTER_KEY can be used".to_owned());
        }
        let path = config.server.master_key_file.display();
        Ok(match MasterKey::load(&config.server.master_key_file)? {
            Some(_) => format!("{path} can be used; keep a copy, nothing opens without it"),
            None => {
                format!("{path} will be made by the first start, unless the database has another")
            }
        })
    }

    /// Looks whether a certificate can be used.
    ///
    /// # Errors
    /// It cannot; the fault says why.
    pub fn look_at_certificate(tls: &Tls) -> Result<(), Fault> {
        tls::Reloading::open(tls).map(drop)
    }
}

fn store_settings(config: &Config) -> StoreSettings {
    let database = &config.database;
    StoreSettings {
        url: database.url.clone(),
        readers: database.connections,
        timeout: database.timeout,
        ..StoreSettings::default()
    }
}

/// The folder of the database and the master key: nobody else's business.
fn make_data_dir(config: &Config) -> Result<(), Fault> {
    use std::os::unix::fs::DirBuilderExt as _;
    let folder = &config.server.data_dir;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|e| Fault::broken_by(format!("the data folder {}", folder.display()), e))
}

/// The one way out, with what the operator allows and trusts.
fn open_fetch(config: &Config) -> Result<SharedFetch, Fault> {
    let outbound = &config.outbound;
    let extra_ca = match &outbound.trusted_ca {
        Some(path) => {
            let what = || format!("the file {} (outbound.trusted_ca)", path.display());
            Some(std::fs::read(path).map_err(|e| Fault::broken_by(what(), e))?)
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
