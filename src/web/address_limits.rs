//! Who calls, as an address, and how often one address may try to sign in.
//!
//! Owns nothing about accounts: their failures are rows and count on every node (`flow::sign_in`).
//! This is per node and coarse, against one address that tries many accounts.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use actix_web::HttpRequest;
use foundation::clock::{Instant, Span};
use foundation::network::Network;

/// Tries that an address has at once; many people can share one.
const BURST: i64 = 60;
/// How long one try takes to come back.
const REFILL: Span = Span::seconds(1);
/// Addresses that are remembered.
const REMEMBERED: usize = 10_000;

/// Tries left, by block of addresses.
#[derive(Debug, Default)]
pub struct AddressLimits(Mutex<HashMap<IpAddr, Bucket>>);

#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: i64,
    at: Instant,
}

impl Bucket {
    /// The bucket as it is now: what came back is whole tries.
    fn refilled(self, now: Instant) -> Self {
        let back = now.since(self.at).as_millis().max(0) / REFILL.as_millis();
        let at = self.at + Span::millis(back.saturating_mul(REFILL.as_millis()));
        Self {
            left: self.left.saturating_add(back).min(BURST),
            at,
        }
    }
}

impl AddressLimits {
    /// Takes one try of an address; gives how long to wait when there is none left.
    pub fn take(&self, address: IpAddr, now: Instant) -> Result<(), Span> {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= REMEMBERED {
            buckets.retain(|_, bucket| bucket.refilled(now).left < BURST);
        }
        if buckets.len() >= REMEMBERED {
            buckets.clear();
        }
        let bucket = buckets.entry(block(address)).or_insert(Bucket {
            left: BURST,
            at: now,
        });
        *bucket = bucket.refilled(now);
        if bucket.left == 0 {
            return Err(REFILL);
        }
        bucket.left -= 1;
        Ok(())
    }
}

/// A whole IPv4 address, or the /64 that one IPv6 subscriber has.
fn block(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) >> 64 << 64).into()),
        v4 => v4,
    }
}

/// The address that a request comes from. "Forwarded headers count only from listed proxies": the
/// header is read from its end, past the proxies that we know.
pub(crate) fn caller(request: &HttpRequest, proxies: &[Network]) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    let is_proxy = |address: IpAddr| proxies.iter().any(|network| network.contains(address));
    if !is_proxy(peer) {
        return Some(peer);
    }
    let headers = request.headers().get_all("x-forwarded-for");
    let listed: Vec<&str> = headers
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .collect();
    let mut caller = peer;
    for text in listed.iter().rev() {
        let Ok(address) = text.trim().parse() else {
            break;
        };
        caller = address;
        if !is_proxy(address) {
            break;
        }
    }
    Some(caller)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn sixty_tries_at_once_then_one_a_second_and_neighbours_are_not_slowed() {
        let (limits, start) = (AddressLimits::default(), Instant::from_seconds(1000));
        let tries = (0..70)
            .filter(|_| limits.take(address("192.0.2.1"), start).is_ok())
            .count();
        assert_eq!(tries, 60);
        assert_eq!(
            limits.take(address("192.0.2.1"), start),
            Err(Span::seconds(1))
        );
        assert_eq!(limits.take(address("192.0.2.2"), start), Ok(()));
        let later = start + Span::seconds(2);
        let tries = (0..9)
            .filter(|_| limits.take(address("192.0.2.1"), later).is_ok())
            .count();
        assert_eq!(tries, 2);
    }

    #[test]
    fn one_ipv6_subscriber_is_one_caller() {
        assert_eq!(
            block(address("2001:db8::1")),
            block(address("2001:db8::ffff:1"))
        );
        assert_ne!(
            block(address("2001:db8::1")),
            block(address("2001:db8:0:1::1"))
        );
        assert_eq!(block(address("::ffff:192.0.2.1")), address("192.0.2.1"));
    }

    #[test]
    fn a_forwarded_header_counts_from_a_listed_proxy_only() {
        let request = |peer: &str, forwarded: &str| {
            TestRequest::default()
                .peer_addr(std::net::SocketAddr::new(address(peer), 1))
                .insert_header(("x-forwarded-for", forwarded))
                .to_http_request()
        };
        let proxies = ["10.0.0.0/8".parse().expect("a network")];
        let of = |peer, forwarded| caller(&request(peer, forwarded), &proxies);
        assert_eq!(of("192.0.2.9", "192.0.2.1"), Some(address("192.0.2.9")));
        assert_eq!(
            of("10.0.0.1", "198.51.100.7, 192.0.2.1, 10.0.0.2"),
            Some(address("192.0.2.1"))
        );
        assert_eq!(of("10.0.0.1", "nonsense"), Some(address("10.0.0.1")));
    }
}
