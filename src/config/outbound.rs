//! `[outbound]`: what our own calls to others may reach, and whom they trust.

use std::path::PathBuf;

use serde::Deserialize;

use super::ConfigError;
use super::value::Words;

/// What our own calls to others may reach, and whom they trust.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboundSettings {
    /// A PEM file of further certificate authorities.
    pub trusted_ca: Option<PathBuf>,
    /// Hosts, in lower case, that are exempt from the guard against private addresses and may
    /// speak plain http.
    pub allow: Vec<String>,
}

/// As it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Section {
    trusted_ca: Option<PathBuf>,
    allow: Words,
}

impl Section {
    pub(super) fn check(self) -> Result<OutboundSettings, ConfigError> {
        let allow: Vec<String> = self
            .allow
            .into_vec()
            .iter()
            .map(|h| h.to_ascii_lowercase())
            .collect();
        let is_host = |host: &String| {
            host.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b))
        };
        if let Some(wrong) = allow.iter().find(|host| !is_host(host)) {
            let problem =
                format!("{wrong:?} is not a host name; name hosts only, without scheme and path");
            return Err(ConfigError::new("outbound.allow", problem));
        }
        Ok(OutboundSettings {
            trusted_ca: self.trusted_ca,
            allow,
        })
    }
}
