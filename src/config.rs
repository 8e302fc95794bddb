//! The settings: `portico.toml` and the environment, read once, checked, and turned into one typed
//! [`Config`]. One file per section below `config/`.
//!
//! Knows nothing of what the settings are used for: `app` hands the layers below small values.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use domain::lifetimes::Lifetimes;
use protocol::scope_catalog::ScopeCatalog;
use serde::Deserialize;

mod database;
mod history;
mod outbound;
mod scopes;
mod server;
mod session;
mod source;
mod telemetry;
mod tls;
mod token;
mod value;

pub use database::DatabaseSettings;
pub use history::HistorySettings;
pub use outbound::OutboundSettings;
pub use server::ServerSettings;
pub use session::SessionSettings;
pub use telemetry::{LogFormat, TelemetrySettings};
pub use tls::TlsSettings;
pub use token::TokenSettings;

/// Everything that an operator decided. What is in it was checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// `[server]`
    pub server: ServerSettings,
    /// `[database]`
    pub database: DatabaseSettings,
    /// `[tls]`: certificate and key, if the binary itself speaks TLS.
    pub tls: Option<TlsSettings>,
    /// `[session]`
    pub session: SessionSettings,
    /// `[token]`
    pub token: TokenSettings,
    /// `[outbound]`
    pub outbound: OutboundSettings,
    /// `[scopes]`: the operator's own scopes beside the built-in ones.
    pub scopes: ScopeCatalog,
    /// `[history]`
    pub history: HistorySettings,
    /// `[telemetry]`
    pub telemetry: TelemetrySettings,
    /// Cheap password hashes, for tests; no file and no variable can say it.
    pub for_tests: bool,
}

/// Where settings come from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file, if there is one.
    pub file: Option<PathBuf>,
    /// The environment's variables.
    pub environment: Vec<(String, String)>,
}

/// A setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// Which, as it is written in the file: `session.lifetime`.
    pub key: String,
    /// What is wrong with it, and what would be right.
    pub problem: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match source::variable_of(&self.key) {
            Some(variable) => write!(f, "{} ({variable}): {}", self.key, self.problem),
            None => write!(f, "{}: {}", self.key, self.problem),
        }
    }
}

impl ConfigError {
    fn new(key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            problem: problem.into(),
        }
    }
}

/// The file as it is written, section by section; every section and key is optional.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenSettings {
    server: server::Section,
    database: database::Section,
    tls: tls::Section,
    session: session::Section,
    token: token::Section,
    outbound: outbound::Section,
    scopes: BTreeMap<String, scopes::Section>,
    history: history::Section,
    telemetry: telemetry::Section,
}

impl Sources {
    /// The name of the file that is read when none is named.
    pub const FILE: &str = "portico.toml";

    /// The process's own environment, with the named file, else `portico.toml` where it exists.
    pub fn of_process(file: Option<&Path>) -> Self {
        let default = || Some(PathBuf::from(Self::FILE)).filter(|path| path.exists());
        Self {
            file: file.map(Path::to_owned).or_else(default),
            // What is not UTF-8 is none of ours.
            environment: std::env::vars_os()
                .filter_map(|(name, value)| {
                    Some((name.into_string().ok()?, value.into_string().ok()?))
                })
                .collect(),
        }
    }

    /// Variables that set something.
    pub fn variables_that_set(&self) -> Vec<&str> {
        let sets = |(name, value): &&(String, String)| source::key_set_by(name, value).is_some();
        let setting = self.environment.iter().filter(sets);
        setting.map(|(name, _)| name.as_str()).collect()
    }

    /// Variables that begin with `PORTICO_` and mean nothing to us, and what is known about each:
    /// misspelt ones, most likely.
    pub fn unknown_variables(&self) -> Vec<(&str, &'static str)> {
        let names = self.environment.iter().map(|(name, _)| name.as_str());
        names
            .filter(|name| source::is_unknown(name))
            .map(|name| {
                (
                    name,
                    source::gone(name).unwrap_or("is no setting of Portico's"),
                )
            })
            .collect()
    }
}

impl Config {
    /// Reads and checks everything.
    ///
    /// # Errors
    /// The first setting that cannot be read or used, by name.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        Self::check(source::read(sources)?)
    }

    /// The settings of a test: everything in `folder`, at the address that the test listens on.
    ///
    /// # Errors
    /// The folder or the address cannot be used.
    pub fn for_testing(folder: &Path, listen: SocketAddr) -> Result<Self, ConfigError> {
        let written = WrittenSettings {
            server: server::Section::for_testing(folder, listen),
            ..WrittenSettings::default()
        };
        let mut config = Self::check(written)?;
        config.for_tests = true;
        Ok(config)
    }

    fn check(written: WrittenSettings) -> Result<Self, ConfigError> {
        let tls = written.tls.check()?;
        let server = written.server.check(tls.is_some())?;
        Ok(Self {
            database: written.database.check(&server.data_dir)?,
            session: written.session.check()?,
            token: written.token.check()?,
            outbound: written.outbound.check()?,
            scopes: scopes::check(written.scopes)?,
            history: written.history.check()?,
            telemetry: written.telemetry.check()?,
            for_tests: false,
            server,
            tls,
        })
    }

    /// How long things live.
    pub fn lifetimes(&self) -> Lifetimes {
        let (session, token) = (&self.session, &self.token);
        Lifetimes {
            session: session.lifetime,
            session_idle: session.idle,
            access: token.access_lifetime,
            id_token: token.id_token_lifetime,
            code: token.code_lifetime,
            refresh_idle: token.refresh_idle,
            refresh: token.refresh_lifetime,
            refresh_retry_window: token.refresh_retry_window,
            signing_key: token.signing_key_lifetime,
            signing_key_announced: token.signing_key_announced,
            delivery: self.outbound.delivery_lifetime,
            ..Lifetimes::default()
        }
    }
}

#[cfg(test)]
mod tests;
