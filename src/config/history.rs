//! `[history]`: what becomes of sessions when the log of events went back.

use domain::log_history::OnLoss;
use serde::Deserialize;

use super::ConfigError;

/// What becomes of sessions when the log of events went back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistorySettings {
    /// What ends.
    pub on_loss: OnLoss,
}

/// As it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Section {
    on_loss: Option<String>,
}

impl Section {
    pub(super) fn check(self) -> Result<HistorySettings, ConfigError> {
        let on_loss = match self.on_loss.as_deref() {
            None | Some("everything") => OnLoss::Everything,
            Some("tokens") => OnLoss::Tokens,
            Some(_) => {
                let problem = "must be everything or tokens";
                return Err(ConfigError::new("history.on_loss", problem));
            }
        };
        Ok(HistorySettings { on_loss })
    }
}
