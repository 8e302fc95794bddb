//! `[database]`: which database, and how long to wait for it.

use std::path::Path;
use std::time::Duration;

use foundation::database_url::DatabaseUrl;
use serde::Deserialize;

use super::ConfigError;

/// Which database, and how long to wait for it.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// Where it is; may hold a password, and is shown without it.
    pub url: DatabaseUrl,
    /// Connections that are open at once (SQLite: readers).
    pub connections: u32,
    /// The longest that anybody waits for a connection or a statement.
    pub timeout: Duration,
}

/// As it is written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Section {
    url: Option<String>,
    connections: Option<u32>,
    timeout_ms: Option<u64>,
}

impl std::fmt::Debug for Section {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Section { .. }")
    }
}

impl Section {
    pub(super) fn check(self, data_dir: &Path) -> Result<DatabaseSettings, ConfigError> {
        let url = self
            .url
            .unwrap_or_else(|| format!("sqlite://{}", data_dir.join("portico.db").display()));
        let url = DatabaseUrl::parse(&url)
            .map_err(|error| ConfigError::new("database.url", error.to_string()))?;
        let connections =
            self.connections
                .unwrap_or(if url.sqlite_file().is_some() { 4 } else { 10 });
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
        Ok(DatabaseSettings {
            url,
            connections,
            timeout: Duration::from_millis(timeout),
        })
    }
}
