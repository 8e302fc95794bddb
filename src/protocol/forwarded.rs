//! Whom a proxy says that it forwards for: `Forwarded` (RFC 7239) and the older `X-Forwarded-For`.
//!
//! Owns the form of the two headers and nothing else. Whether a proxy is believed, and which of its
//! hops is the caller, is `web`'s.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Which of the two headers counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardedHeader {
    /// The one that is there. Where both are, they must agree.
    #[default]
    Either,
    /// `X-Forwarded-For` alone.
    XForwardedFor,
    /// `Forwarded` alone.
    Forwarded,
}

/// One hop, as the proxy that received it names its sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForwardedNode {
    /// An address.
    Address(IpAddr),
    /// Something that is none: `unknown`, an obfuscated identifier, or what does not follow the form.
    Unreadable(String),
}

/// The hops of the fields of `X-Forwarded-For`, the first one first: addresses with commas between
/// them, and with or without ports and brackets, since nobody ever wrote its form down.
pub fn x_forwarded_for<'a>(fields: impl Iterator<Item = &'a str>) -> Vec<ForwardedNode> {
    let nodes = fields.flat_map(|field| field.split(','));
    nodes
        .map(str::trim)
        .filter(|node| !node.is_empty())
        .map(|node| hop(node, node.trim_matches('"')))
        .collect()
}

/// The hops of the fields of `Forwarded`, the first one first.
pub fn forwarded<'a>(fields: impl Iterator<Item = &'a str>) -> Vec<ForwardedNode> {
    let hops = |field: &str| match split_outside_quotes(field, ',') {
        Some(elements) => elements
            .into_iter()
            .map(str::trim)
            .filter(|element| !element.is_empty())
            .map(forwarded_element)
            .collect(),
        None => vec![ForwardedNode::Unreadable(field.to_owned())],
    };
    fields.flat_map(hops).collect()
}

/// `for=192.0.2.60;proto=http;by=203.0.113.43`. "Each parameter MUST NOT occur more than once per
/// field-value" (RFC 7239 §4), and one without `for` does not say who was forwarded.
fn forwarded_element(element: &str) -> ForwardedNode {
    let unreadable = || ForwardedNode::Unreadable(element.to_owned());
    let Some(pairs) = split_outside_quotes(element, ';') else {
        return unreadable();
    };
    let named_for = pairs.into_iter().filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        // "Note that … parameter names are case-insensitive" (RFC 7239 §4)
        name.trim().eq_ignore_ascii_case("for").then_some(value)
    });
    let nodes: Vec<&str> = named_for.collect();
    match nodes[..] {
        [value] => match unquoted(value.trim()) {
            Some(node) => hop(element, &node),
            None => unreadable(),
        },
        _ => unreadable(),
    }
}

fn hop(written: &str, node: &str) -> ForwardedNode {
    match address_of(node) {
        Some(address) => ForwardedNode::Address(address.to_canonical()),
        None => ForwardedNode::Unreadable(written.to_owned()),
    }
}

/// The address of a node (RFC 7239 §6): alone or with a port, which may be obfuscated.
fn address_of(node: &str) -> Option<IpAddr> {
    if let Ok(address) = node.parse::<IpAddr>() {
        return Some(address);
    }
    if let Ok(with_port) = node.parse::<SocketAddr>() {
        return Some(with_port.ip());
    }
    // obfport = "_" 1*(ALPHA / DIGIT / "." / "_" / "-")
    let name = match node.rsplit_once(":_") {
        Some((name, _)) => name,
        None => node,
    };
    match name.strip_prefix('[') {
        Some(inner) => {
            let inner = inner.strip_suffix(']')?;
            inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
        }
        None => name.parse().ok(),
    }
}

/// A value without the quotation marks and backslashes of a quoted-string (RFC 9110 §5.6.4).
fn unquoted(value: &str) -> Option<String> {
    let Some(rest) = value.strip_prefix('"') else {
        return Some(value.to_owned());
    };
    let inner = rest.strip_suffix('"')?;
    let (mut text, mut escaped) = (String::new(), false);
    for c in inner.chars() {
        escaped = c == '\\' && !escaped;
        if !escaped {
            text.push(c);
        }
    }
    Some(text)
}

/// Splits at a character where it does not stand in a quoted-string; `None` if one has no end.
fn split_outside_quotes(text: &str, at: char) -> Option<Vec<&str>> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = text.split(|c| {
        let separates = c == at && !quoted;
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = quoted,
            '"' => quoted = !quoted,
            _ => {}
        }
        separates
    });
    let parts = parts.collect();
    (!quoted).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(hops: Vec<ForwardedNode>) -> Vec<String> {
        let hop = |hop| match hop {
            ForwardedNode::Address(address) => address.to_string(),
            ForwardedNode::Unreadable(written) => format!("? {written}"),
        };
        hops.into_iter().map(hop).collect()
    }

    #[test]
    fn an_address_is_read_with_and_without_port_and_brackets() {
        let of = |field| shown(x_forwarded_for([field].into_iter()));
        for (field, expected) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1:5678", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("\"[2001:db8::1]:443\"", "2001:db8::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("[::ffff:192.0.2.1]:1", "192.0.2.1"),
            ("unknown", "? unknown"),
            ("192.0.2", "? 192.0.2"),
            ("192.0.2.1:99999", "? 192.0.2.1:99999"),
            ("[2001:db8::1", "? [2001:db8::1"),
            ("[192.0.2.1]", "? [192.0.2.1]"),
            ("localhost:80", "? localhost:80"),
        ] {
            assert_eq!(of(field), [expected], "{field}");
        }
        assert_eq!(
            of("192.0.2.1:1, [2001:db8::1]:2,, 10.0.0.1 "),
            ["192.0.2.1", "2001:db8::1", "10.0.0.1"]
        );
    }

    #[test]
    fn the_examples_of_rfc_7239_are_read() {
        let of = |fields: &[&str]| shown(forwarded(fields.iter().copied()));
        assert_eq!(
            of(&["for=\"_gazonk\""]),
            ["? for=\"_gazonk\""],
            "an obfuscated identifier is no address"
        );
        assert_eq!(
            of(&["For=\"[2001:db8:cafe::17]:4711\""]),
            ["2001:db8:cafe::17"]
        );
        assert_eq!(
            of(&["for=192.0.2.60;proto=http;by=203.0.113.43"]),
            ["192.0.2.60"]
        );
        assert_eq!(
            of(&["for=192.0.2.43, for=198.51.100.17"]),
            ["192.0.2.43", "198.51.100.17"]
        );
        assert_eq!(
            of(&[
                "for=192.0.2.43",
                "for=198.51.100.17;by=203.0.113.60;proto=http;host=example.com"
            ]),
            ["192.0.2.43", "198.51.100.17"]
        );
        assert_eq!(
            of(&["for=_hidden, for=_SEVKISEK, for=unknown"]),
            ["? for=_hidden", "? for=_SEVKISEK", "? for=unknown"]
        );
        assert_eq!(of(&["for=\"192.0.2.43:_port\""]), ["192.0.2.43"]);
        assert_eq!(of(&["for=\"[2001:db8::1]:_port\""]), ["2001:db8::1"]);
    }

    #[test]
    fn what_stands_in_quotation_marks_separates_nothing() {
        let of = |field| shown(forwarded([field].into_iter()));
        assert_eq!(
            of("by=\"a,for=198.51.100.1;\\\"\";for=192.0.2.1"),
            ["192.0.2.1"]
        );
        for unreadable in [
            "for=\"192.0.2.1",
            "for=192.0.2.1;for=192.0.2.2",
            "proto=https",
            "192.0.2.1",
        ] {
            assert_eq!(of(unreadable), [format!("? {unreadable}")], "{unreadable}");
        }
    }
}
