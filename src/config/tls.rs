//! `[tls]`: certificate and key, where the binary itself speaks TLS.

use std::path::PathBuf;

use serde::Deserialize;

use super::ConfigError;

/// A certificate chain and its key, both PEM files. They are read again when they change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSettings {
    /// The certificate, then those that lead to its authority.
    pub cert: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// As it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Section {
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
}

impl Section {
    pub(super) fn check(self) -> Result<Option<TlsSettings>, ConfigError> {
        match (self.cert, self.key) {
            (Some(cert), Some(key)) => Ok(Some(TlsSettings { cert, key })),
            (None, None) => Ok(None),
            (Some(_), None) => Err(ConfigError::new(
                "tls.key",
                "is missing, though tls.cert is set",
            )),
            (None, Some(_)) => Err(ConfigError::new(
                "tls.cert",
                "is missing, though tls.key is set",
            )),
        }
    }
}
