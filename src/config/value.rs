//! The values that settings are written as: seconds, lists of words, switches, networks.

use std::net::IpAddr;
use std::str::FromStr;

use foundation::clock::Span;
use ipnet::{IpNet, Ipv4Net};
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

/// An address, or a network: `10.0.0.0/8`. One of IPv4 that is written as IPv6 is what it is.
pub(super) fn network(text: &str, key: &str) -> Result<IpNet, ConfigError> {
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => parsed(text, key, "an address or a network")?,
    };
    let IpNet::V6(v6) = network else {
        return Ok(network);
    };
    let v4 = v6
        .addr()
        .to_ipv4_mapped()
        .zip(v6.prefix_len().checked_sub(96));
    let v4 = v4.and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok());
    Ok(v4.map_or(network, IpNet::V4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_its_own_network_only() {
        let contains = |text: &str, address: &str| {
            let address: IpAddr = address.parse().expect("an address");
            network(text, "a key")
                .expect("a network")
                .contains(&address)
        };
        for mapped in ["10.0.0.0/8", "::ffff:10.0.0.0/104", "10.1.2.3/8"] {
            assert!(contains(mapped, "10.200.3.4") && !contains(mapped, "11.0.0.1"));
        }
        assert!(contains("127.0.0.1", "127.0.0.1") && !contains("127.0.0.1", "127.0.0.2"));
        assert!(contains("::ffff:127.0.0.1", "127.0.0.1"));
        assert!(contains("2001:db8::/32", "2001:db8:1::1") && !contains("2001:db8::/32", "::1"));
        assert!(contains("0.0.0.0/0", "8.8.8.8") && !contains("0.0.0.0/0", "2001:db8::1"));
        for wrong in ["10.0.0.0/33", "10.0.0", "localhost", ""] {
            assert!(network(wrong, "a key").is_err(), "{wrong}");
        }
    }
}
