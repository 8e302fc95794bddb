//! `[telemetry]`: what is logged, how, and whether metrics are served.

use serde::Deserialize;

use super::ConfigError;
use super::value::Switch;

/// What is logged, how, and whether metrics are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telemetry {
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

/// As it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    format: Option<String>,
    log: Option<String>,
    metrics: Option<Switch>,
}

impl Written {
    pub(super) fn check(self) -> Result<Telemetry, ConfigError> {
        let format = match self.format.as_deref() {
            None | Some("human") => LogFormat::Human,
            Some("json") => LogFormat::Json,
            Some(other) => {
                let problem = format!("must be human or json, not {other:?}");
                return Err(ConfigError::new("telemetry.format", problem));
            }
        };
        let log = self
            .log
            .unwrap_or_else(|| "info,actix_server=warn".to_owned());
        if let Err(error) = log.parse::<tracing_subscriber::EnvFilter>() {
            return Err(ConfigError::new("telemetry.log", error.to_string()));
        }
        Ok(Telemetry {
            format,
            log,
            metrics: Switch::read(self.metrics, "telemetry.metrics", true)?,
        })
    }
}
