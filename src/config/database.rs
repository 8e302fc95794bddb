//! `[database]`: which database, and how long to wait for it.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::ConfigError;

/// Which database, and how long to wait for it.
#[derive(Clone)]
pub struct Database {
    /// `sqlite://path` or `postgres://…`; may hold a password.
    pub url: String,
    /// Connections that are open at once (SQLite: readers).
    pub connections: u32,
    /// The longest that anybody waits for a connection or a statement.
    pub timeout: Duration,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database")
            .field("url", &self.shown_url())
            .finish_non_exhaustive()
    }
}

impl Database {
    /// The URL without user and password, for people to read.
    pub fn shown_url(&self) -> String {
        match url::Url::parse(&self.url) {
            Ok(url) if url.has_host() => {
                let port = url.port().map(|p| format!(":{p}")).unwrap_or_default();
                format!(
                    "{}://{}{port}{}",
                    url.scheme(),
                    url.host_str().unwrap_or_default(),
                    url.path()
                )
            }
            _ => self.url.split('?').next().unwrap_or_default().to_owned(),
        }
    }
}

/// As it is written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    url: Option<String>,
    connections: Option<u32>,
    timeout_ms: Option<u64>,
}

impl std::fmt::Debug for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Written { .. }")
    }
}

impl Written {
    pub(super) fn check(self, data_dir: &Path) -> Result<Database, ConfigError> {
        let url = self
            .url
            .unwrap_or_else(|| format!("sqlite://{}", data_dir.join("portico.db").display()));
        let known = ["sqlite://", "postgres://", "postgresql://"];
        if !known
            .iter()
            .any(|scheme| url.starts_with(scheme) && url.len() > scheme.len())
        {
            let problem =
                "must be sqlite://path/to/portico.db or postgres://user:password@host/name";
            return Err(ConfigError::new("database.url", problem));
        }
        let connections =
            self.connections
                .unwrap_or(if url.starts_with("sqlite:") { 4 } else { 10 });
        if !(1..=500).contains(&connections) {
            return Err(ConfigError::new("database.connections", "must be 1 to 500"));
        }
        // "Pool and statement timeouts ≤ 1 s": a node that waits longer could not say in time that
        // it does not know.
        let timeout = self.timeout_ms.unwrap_or(1000);
        if !(50..=1000).contains(&timeout) {
            return Err(ConfigError::new(
                "database.timeout_ms",
                "must be 50 to 1000 milliseconds",
            ));
        }
        Ok(Database {
            url,
            connections,
            timeout: Duration::from_millis(timeout),
        })
    }
}
