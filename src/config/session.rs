//! `[session]`: how long a sign-in lasts.

use domain::lifetimes::Lifetimes;
use foundation::clock::Span;
use serde::Deserialize;

use super::ConfigError;
use super::value::seconds;

/// How long a sign-in lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionSettings {
    /// Its longest life.
    pub lifetime: Span,
    /// How long it may stay unused.
    pub idle: Span,
}

/// As it is written, in seconds.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Section {
    lifetime: Option<i64>,
    idle: Option<i64>,
}

impl Section {
    pub(super) fn check(self) -> Result<SessionSettings, ConfigError> {
        let usual = Lifetimes::default();
        let span =
            |value, key, default| seconds(value, key, default, Span::seconds(1), Span::days(3660));
        let lifetime = span(self.lifetime, "session.lifetime", usual.session)?;
        // A lifetime shorter than the usual idle time is meant; a written idle time that is longer
        // than the lifetime is a slip.
        if self.idle.is_none() {
            return Ok(SessionSettings {
                lifetime,
                idle: usual.session_idle.min(lifetime),
            });
        }
        let idle = span(self.idle, "session.idle", usual.session_idle)?;
        if idle > lifetime {
            return Err(ConfigError::new(
                "session.idle",
                "must not be longer than session.lifetime",
            ));
        }
        Ok(SessionSettings { lifetime, idle })
    }
}
