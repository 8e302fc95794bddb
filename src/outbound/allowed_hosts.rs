//! Hosts that the operator exempts from the guard (`PORTICO_OUTBOUND_ALLOW`): services of his own
//! on private addresses, and plain http among them.

use std::collections::HashSet;

use foundation::fault::Fault;
use url::Host;

/// The exempted hosts. Names are compared whole and without case: an exemption for one name says
/// nothing about those below it.
#[derive(Clone, Debug, Default)]
pub struct AllowedHosts(HashSet<Host<String>>);

impl AllowedHosts {
    /// From host names and addresses, without scheme and port. An IPv6 address may stand in
    /// brackets.
    ///
    /// # Errors
    /// An entry is no host; it is named.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, Fault> {
        entries
            .into_iter()
            .map(parse_host)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether a host is exempted.
    pub(crate) fn contains(&self, host: Host<&str>) -> bool {
        self.0.contains(&plain(host))
    }

    /// [`AllowedHosts::contains`] for a name on its way to the resolver.
    pub(crate) fn contains_name(&self, name: &str) -> bool {
        self.contains(Host::Domain(name))
    }
}

/// Whether a name is the machine itself: "Name resolution APIs and libraries SHOULD recognize
/// localhost names as special and SHOULD always return the IP loopback address" (RFC 6761 §6.3).
pub(crate) fn is_localhost(name: &str) -> bool {
    let name = plain_name(name);
    name == "localhost" || name.ends_with(".localhost")
}

fn parse_host(entry: &str) -> Result<Host<String>, Fault> {
    let entry = entry.trim();
    let bracketed = match entry.parse::<std::net::Ipv6Addr>() {
        Ok(address) => format!("[{address}]"),
        Err(_) => entry.to_owned(),
    };
    let host = Host::parse(&bracketed)
        .map_err(|error| Fault::unusable(format!("the allowed host {entry:?}"), error))?;
    Ok(match host {
        Host::Domain(name) => plain(Host::Domain(name.as_str())),
        address => address,
    })
}

fn plain(host: Host<&str>) -> Host<String> {
    match host {
        Host::Domain(name) => Host::Domain(plain_name(name)),
        Host::Ipv4(address) => Host::Ipv4(address),
        Host::Ipv6(address) => Host::Ipv6(address),
    }
}

/// `Market.localhost.` and `market.localhost` are the same name.
fn plain_name(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_exempted_whole_and_without_case() {
        let allowed = AllowedHosts::parse(["Market.localhost", "10.0.0.5", "::1", "[fd00::1]"])
            .expect("hosts");
        for (text, exempted) in [
            ("market.localhost", true),
            ("MARKET.localhost.", true),
            ("a.market.localhost", false),
            ("localhost", false),
            ("evilmarket.localhost", false),
            ("10.0.0.5", true),
            ("10.0.0.6", false),
            ("[::1]", true),
            ("[fd00::1]", true),
            ("[::ffff:10.0.0.5]", false),
        ] {
            let host = Host::parse(text).expect("a host");
            let host = match &host {
                Host::Domain(name) => Host::Domain(name.as_str()),
                Host::Ipv4(address) => Host::Ipv4(*address),
                Host::Ipv6(address) => Host::Ipv6(*address),
            };
            assert_eq!(allowed.contains(host), exempted, "{text}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused_by_name() {
        for entry in [
            "",
            "https://market.example",
            "market.example:8080",
            "a b",
            "*.example/",
        ] {
            let refused = AllowedHosts::parse([entry])
                .expect_err("no host")
                .to_string();
            assert!(refused.contains(entry), "{refused}");
        }
    }
}
