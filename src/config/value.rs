//! The values that settings are written as: seconds, lists of words, switches, networks.

use std::str::FromStr;

use foundation::clock::Span;
use serde::Deserialize;

use super::ConfigError;

/// A list: `["a", "b"]` in the file, `a,b` in a variable.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Words {
    /// A list of the file.
    List(Vec<String>),
    /// Text with commas.
    Text(String),
}

impl Default for Words {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl Words {
    pub(super) fn into_vec(self) -> Vec<String> {
        let words = match self {
            Self::List(words) => words,
            Self::Text(text) => text.split(',').map(str::to_owned).collect(),
        };
        words
            .iter()
            .map(|w| w.trim().to_owned())
            .filter(|w| !w.is_empty())
            .collect()
    }
}

/// A switch: `true` or `"on"`, `false` or `"off"`.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Switch {
    /// A boolean of the file.
    Bool(bool),
    /// A word.
    Word(String),
}

impl Switch {
    pub(super) fn read(
        switch: Option<Self>,
        key: &str,
        default: bool,
    ) -> Result<bool, ConfigError> {
        match switch {
            None => Ok(default),
            Some(Self::Bool(on)) => Ok(on),
            Some(Self::Word(word)) => match word.as_str() {
                "on" | "true" => Ok(true),
                "off" | "false" => Ok(false),
                other => Err(ConfigError::new(
                    key,
                    format!("must be on or off, not {other:?}"),
                )),
            },
        }
    }
}

/// Whole seconds within bounds.
pub(super) fn seconds(
    value: Option<i64>,
    key: &str,
    default: Span,
    least: Span,
    most: Span,
) -> Result<Span, ConfigError> {
    let Some(seconds) = value else {
        return Ok(default);
    };
    if seconds < least.as_seconds() || seconds > most.as_seconds() {
        let problem = format!(
            "must be {} to {} seconds",
            least.as_seconds(),
            most.as_seconds()
        );
        return Err(ConfigError::new(key, problem));
    }
    Ok(Span::seconds(seconds))
}

/// Parses text, with the kind's own words for what is wrong.
pub(super) fn parsed<T: FromStr>(text: &str, key: &str, expected: &str) -> Result<T, ConfigError> {
    text.trim()
        .parse()
        .map_err(|_| ConfigError::new(key, format!("{text:?} is not {expected}")))
}
