//! Which addresses belong to the public internet. Everything else is somebody's own network, in
//! the worst case ours: loopback, private and link-local ranges, the metadata services of clouds.
//!
//! From the IANA IPv4 and IPv6 Special-Purpose Address Registries: what is not *globally
//! reachable* there is refused, and so is every form in which an IPv6 address carries an IPv4 one
//! that would be refused.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is reachable for everybody, so that reaching it for a stranger shows him
/// nothing that he could not see himself.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let refused = match address.octets() {
        // "This network" (RFC 791 §3.2)
        [0, ..] => true,
        // Private use (RFC 1918)
        [10, ..] | [192, 168, ..] => true,
        [172, second, ..] if (16..32).contains(&second) => true,
        // Shared address space (RFC 6598); one cloud keeps its metadata service here.
        [100, second, ..] if (64..128).contains(&second) => true,
        // Loopback (RFC 1122 §3.2.1.3)
        [127, ..] => true,
        // Link-local (RFC 3927), with the metadata service of most clouds
        [169, 254, ..] => true,
        // IETF protocol assignments (RFC 6890)
        [192, 0, 0, _] => true,
        // Documentation (RFC 5737)
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => true,
        // The former 6to4 relays (RFC 7526)
        [192, 88, 99, _] => true,
        // Benchmarking (RFC 2544)
        [198, 18 | 19, ..] => true,
        // Multicast (RFC 5771), reserved (RFC 1112 §4), broadcast (RFC 919)
        [224..=255, ..] => true,
        _ => false,
    };
    !refused
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // IPv4/IPv6 translation (RFC 6052): as good as the IPv4 address inside.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        // IETF protocol assignments (RFC 2928), with Teredo (RFC 4380), which hides an IPv4 address
        [0x2001, second, ..] if second < 0x200 => false,
        // Documentation (RFC 3849, RFC 9637)
        [0x2001, 0xdb8, ..] => false,
        [0x3fff, second, ..] if second < 0x1000 => false,
        // 6to4 (RFC 3056), which hides an IPv4 address
        [0x2002, ..] => false,
        // The only range that is given out for global unicast (RFC 4291 §2.4); outside of it lie
        // `::`, `::1`, IPv4-mapped and -compatible, unique local, link-local and multicast ones.
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(text: &str) -> bool {
        is_public(text.parse().expect("an address"))
    }

    #[test]
    fn attack_77_addresses_that_are_not_everybodys_are_refused() {
        for text in [
            // loopback and unspecified
            "127.0.0.1",
            "127.0.0.2",
            "127.255.255.255",
            "0.0.0.0",
            "0.1.2.3",
            "::1",
            "::",
            // private
            "10.0.0.1",
            "10.255.255.255",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "fc00::1",
            "fd12:3456:789a::1",
            "fec0::1",
            // link-local, with the metadata services of clouds
            "169.254.0.1",
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "fe80::1",
            "febf::1",
            "fd00:ec2::254",
            // multicast, reserved, broadcast
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "ff02::1",
            "ff0e::1",
            // protocol, documentation, benchmarking
            "192.0.0.1",
            "192.0.0.170",
            "192.0.2.1",
            "198.51.100.1",
            "203.0.113.1",
            "198.18.0.1",
            "198.19.255.255",
            "192.88.99.1",
            "2001:db8::1",
            "3fff::1",
            "100::1",
            "5f00::1",
            // an IPv4 address inside
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "::8.8.8.8",
            "64:ff9b::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::10.0.0.1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "2001:0:7f00:1::",
            "2001::1",
            "2001:20::1",
            "::ffff:0:127.0.0.1",
        ] {
            assert!(!public(text), "{text}");
        }
    }

    #[test]
    fn addresses_of_the_public_internet_are_reached() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.255.255",
            "169.255.0.1",
            "172.15.255.255",
            "172.32.0.1",
            "191.255.255.255",
            "192.0.1.1",
            "192.167.255.255",
            "192.169.0.1",
            "198.17.255.255",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "2001:200::1",
            "2a00:1450::1",
            "64:ff9b::8.8.8.8",
        ] {
            assert!(public(text), "{text}");
        }
    }
}
