//! `[outbound]`: what our own calls to others may reach, and whom they trust.

use std::path::PathBuf;

use domain::lifetimes::Lifetimes;
use foundation::clock::Span;
use serde::Deserialize;

use super::ConfigError;
use super::value::{Words, seconds};

/// What our own calls to others may reach, and whom they trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundSettings {
    /// A PEM file of further certificate authorities.
    pub trusted_ca: Option<PathBuf>,
    /// Hosts, in lower case, that are exempt from the guard against private addresses and may
    /// speak plain http.
    pub allow: Vec<String>,
    /// How long it is tried to tell a client what it must hear.
    pub delivery_lifetime: Span,
}

/// As it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Section {
    trusted_ca: Option<PathBuf>,
    allow: Words,
    delivery_lifetime: Option<i64>,
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
            delivery_lifetime: seconds(
                self.delivery_lifetime,
                "outbound.delivery_lifetime",
                Lifetimes::default().delivery,
                Span::minutes(1),
                Span::days(30),
            )?,
        })
    }
}
