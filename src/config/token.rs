//! `[token]`: how long codes, tokens and the keys that sign them live.

use domain::lifetimes::Lifetimes;
use foundation::clock::Span;
use protocol::resource::check_resource;
use serde::Deserialize;

use super::ConfigError;
use super::value::{Words, seconds};

/// How long codes, tokens and the keys that sign them live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSettings {
    /// Access tokens: 60 minutes at most.
    pub access_lifetime: Span,
    /// id_tokens: 60 minutes at most.
    pub id_token_lifetime: Span,
    /// Authorization codes: a minute at most.
    pub code_lifetime: Span,
    /// How long a refresh token may stay unused.
    pub refresh_idle: Span,
    /// A refresh token's longest life.
    pub refresh_lifetime: Span,
    /// How long an honest retry of a refresh gets the same answer.
    pub refresh_retry_window: Span,
    /// How long a key signs.
    pub signing_key_lifetime: Span,
    /// How long a key is published before it signs.
    pub signing_key_announced: Span,
    /// Resources that clients may name besides those that a client registered as its own.
    pub resources: Vec<String>,
}

/// As it is written, in seconds.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Section {
    access_lifetime: Option<i64>,
    id_token_lifetime: Option<i64>,
    code_lifetime: Option<i64>,
    refresh_idle: Option<i64>,
    refresh_lifetime: Option<i64>,
    refresh_retry_window: Option<i64>,
    signing_key_lifetime: Option<i64>,
    signing_key_announced: Option<i64>,
    resources: Words,
}

impl Section {
    pub(super) fn check(self) -> Result<TokenSettings, ConfigError> {
        let usual = Lifetimes::default();
        let second = Span::seconds(1);
        let long = Span::days(3660);
        let refresh_lifetime = seconds(
            self.refresh_lifetime,
            "token.refresh_lifetime",
            usual.refresh,
            second,
            long,
        )?;
        let signing_key_lifetime = seconds(
            self.signing_key_lifetime,
            "token.signing_key_lifetime",
            usual.signing_key,
            Span::hours(2),
            long,
        )?;
        Ok(TokenSettings {
            access_lifetime: seconds(
                self.access_lifetime,
                "token.access_lifetime",
                usual.access,
                second,
                Lifetimes::MAX_ACCESS,
            )?,
            id_token_lifetime: seconds(
                self.id_token_lifetime,
                "token.id_token_lifetime",
                usual.id_token,
                second,
                Lifetimes::MAX_ACCESS,
            )?,
            code_lifetime: seconds(
                self.code_lifetime,
                "token.code_lifetime",
                usual.code,
                second,
                Lifetimes::MAX_CODE,
            )?,
            refresh_idle: seconds(
                self.refresh_idle,
                "token.refresh_idle",
                usual.refresh_idle.min(refresh_lifetime),
                second,
                refresh_lifetime,
            )?,
            refresh_lifetime,
            refresh_retry_window: seconds(
                self.refresh_retry_window,
                "token.refresh_retry_window",
                usual.refresh_retry_window,
                Span::seconds(0),
                Span::seconds(60),
            )?,
            signing_key_lifetime,
            signing_key_announced: seconds(
                self.signing_key_announced,
                "token.signing_key_announced",
                usual.signing_key_announced.min(signing_key_lifetime),
                Span::seconds(10),
                signing_key_lifetime,
            )?,
            resources: resources(self.resources.into_vec())?,
        })
    }
}

/// Each of them as a request may name it.
fn resources(written: Vec<String>) -> Result<Vec<String>, ConfigError> {
    for resource in &written {
        check_resource(resource).map_err(|error| {
            ConfigError::new("token.resources", format!("{resource:?}: {error}"))
        })?;
    }
    Ok(written)
}
