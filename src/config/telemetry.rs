//! `[telemetry]`: what is logged, how, and whether metrics are served.

use serde::Deserialize;

use super::ConfigError;
use super::value::Switch;

/// What is logged, how, and whether metrics are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TelemetrySettings {
    /// How a line of the log looks.
    pub format: LogFormat,
    /// What is logged: a level, or a filter such as `info,store=debug`.
    pub log: String,
    /// Whether `/metrics` is served: numbers only, but everybody who reaches the server can read
    /// them unless they have a listener of their own (`server.metrics_listen`).
    pub metrics: bool,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// What is logged unless the settings say otherwise. What the HTTP library says of a connection is
/// at the stranger's end of it: a line for each malformed request would let anybody fill the log,
/// and at a level that wakes somebody up. Its words about the server itself (`h1::service`) stay.
const DEFAULT_LOG: &str =
    "info,actix_server=warn,actix_http::h1::dispatcher=off,actix_http::h1::decoder=off";

/// As it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Section {
    format: Option<String>,
    log: Option<String>,
    metrics: Option<Switch>,
}

impl Section {
    pub(super) fn check(self) -> Result<TelemetrySettings, ConfigError> {
        let format = match self.format.as_deref() {
            None | Some("human") => LogFormat::Human,
            Some("json") => LogFormat::Json,
            Some(other) => {
                let problem = format!("must be human or json, not {other:?}");
                return Err(ConfigError::new("telemetry.format", problem));
            }
        };
        let log = self.log.unwrap_or_else(|| DEFAULT_LOG.to_owned());
        if let Err(error) = log.parse::<tracing_subscriber::EnvFilter>() {
            return Err(ConfigError::new("telemetry.log", error.to_string()));
        }
        Ok(TelemetrySettings {
            format,
            log,
            metrics: Switch::read(self.metrics, "telemetry.metrics", true)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex, PoisonError};

    use tracing_subscriber::fmt::SubscriberBuilder;

    use super::*;

    /// What was logged.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            lines.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_stranger_writes_no_lines_and_we_write_ours() {
        let telemetry = Section::default().check().expect("the defaults");
        let lines = Lines::default();
        let written = lines.clone();
        let subscriber = SubscriberBuilder::default()
            .with_env_filter(telemetry.log)
            .with_writer(move || written.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            // As actix-http writes them for a request that is no HTTP.
            tracing::error!(target: "actix_http::h1::dispatcher", "stream error: a stranger");
            tracing::error!(target: "actix_http::h1::decoder", "too much of a stranger");
            tracing::error!(target: "actix_http::h1::service", "not ready");
            tracing::error!(target: "portico_web::error", "a request failed");
            tracing::info!(target: "portico", "ready");
        });
        let lines = lines
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let lines = String::from_utf8(lines).expect("text");
        for ours in ["not ready", "a request failed", "ready"] {
            assert!(lines.contains(ours), "{lines}");
        }
        assert!(!lines.contains("stranger"), "{lines}");
    }
}
