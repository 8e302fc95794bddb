//! Portico as it is measured: the release binary, one worker, default settings otherwise, on a
//! database with a population.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;
use crate::child::{self, Server, Start};
use crate::load::Load;
use crate::population::Population;
use crate::seed;

/// A database, and Portico's settings for it.
pub(crate) struct Portico {
    binary: PathBuf,
    data_dir: PathBuf,
    database: String,
    core: u32,
    address: SocketAddr,
    issuer: String,
    /// Where the master key is.
    key: PathBuf,
    /// Settings that are not the default ones.
    settings: Vec<(&'static str, String)>,
    pub(crate) population: Population,
}

impl Portico {
    /// Makes a filled database in a folder, or at a PostgreSQL URL.
    pub(crate) fn prepare(
        binary: &Path,
        core: u32,
        data_dir: PathBuf,
        database: Option<String>,
        population: Population,
    ) -> Outcome<Self> {
        let in_folder = || format!("sqlite://{}", data_dir.join("portico.db").display());
        let address = child::free_address()?;
        let portico = Self {
            binary: binary.to_owned(),
            database: database.unwrap_or_else(in_folder),
            key: data_dir.join("master.key"),
            data_dir,
            core,
            address,
            issuer: format!("http://{address}"),
            settings: Vec::new(),
            population,
        };
        let migrated = portico.command("migrate").output()?;
        if !migrated.status.success() {
            return Err(String::from_utf8_lossy(&migrated.stderr).into());
        }
        seed::fill(&portico.database, population)?;
        Ok(portico)
    }

    /// The same with a setting that is not the default one.
    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.settings.push((name, value.to_string()));
        self
    }

    /// Another node of the same installation.
    pub(crate) fn beside(&self, name: &str) -> Outcome<Self> {
        Ok(Self {
            binary: self.binary.clone(),
            database: self.database.clone(),
            key: self.key.clone(),
            data_dir: self.data_dir.with_file_name(name),
            core: self.core,
            address: child::free_address()?,
            issuer: self.issuer.clone(),
            settings: self.settings.clone(),
            population: self.population,
        })
    }

    /// The URL of its database.
    pub(crate) fn database(&self) -> &str {
        &self.database
    }

    /// Starts the server, at the same address each time.
    pub(crate) fn start(&self, load: &Load) -> Outcome<Server> {
        self.start_as(Start::plainly(load, self.core))
    }

    /// The same, in another way.
    pub(crate) fn start_as(&self, how: Start<'_>) -> Outcome<Server> {
        Server::start(how, &self.command("serve"), self.address, "/readyz")
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .arg(verb)
            .current_dir(self.data_dir.parent().unwrap_or(Path::new("/")))
            .env("PORTICO_LISTEN", self.address.to_string())
            .env("PORTICO_ISSUER", &self.issuer)
            .env("PORTICO_DATA_DIR", &self.data_dir)
            .env("PORTICO_SERVER__MASTER_KEY_FILE", &self.key)
            .env("PORTICO_DATABASE_URL", &self.database)
            .env("PORTICO_SERVER__WORKERS", "1")
            .env("PORTICO_OUTBOUND_ALLOW", "127.0.0.1")
            .env("PORTICO_TELEMETRY__LOG", "warn")
            .envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }
}
