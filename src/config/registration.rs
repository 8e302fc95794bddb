//! `[registration]`: whether clients may register themselves (RFC 7591).

use serde::Deserialize;

use super::ConfigError;

/// Whether clients may register themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Who may.
    pub mode: RegistrationMode,
}

/// Who may register a client over the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RegistrationMode {
    /// Nobody: clients are added by command.
    #[default]
    Closed,
    /// Whoever has an initial access token (RFC 7591 §1.2).
    Token,
    /// Everybody.
    Open,
}

/// As it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    mode: Option<String>,
}

impl Written {
    pub(super) fn check(self) -> Result<Registration, ConfigError> {
        let mode = match self.mode.as_deref() {
            None | Some("closed") => RegistrationMode::Closed,
            Some("token") => RegistrationMode::Token,
            Some("open") => RegistrationMode::Open,
            Some(other) => {
                let problem = format!("must be closed, token or open, not {other:?}");
                return Err(ConfigError::new("registration.mode", problem));
            }
        };
        Ok(Registration { mode })
    }
}
