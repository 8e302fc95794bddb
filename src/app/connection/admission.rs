//! How many connections there are, in all and from each address: whoever opens thousands of them takes
//! the room of a few hundred.
//!
//! Knows nothing of what is said over them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ipnet::IpNet;
use web::address_limits::block;

/// What is open now. One for all workers.
pub(in crate::app) struct Connections {
    max: usize,
    max_of_block: usize,
    proxies: Vec<IpNet>,
    open: Mutex<Open>,
    said_full: AtomicBool,
    said_block_full: AtomicBool,
}

#[derive(Default)]
struct Open {
    all: usize,
    blocks: HashMap<IpAddr, usize>,
}

/// The place of one connection; dropped with it.
pub(in crate::app) struct ConnectionPlace {
    connections: Arc<Connections>,
    block: Option<IpAddr>,
}

impl Connections {
    /// So many in all, and so many from one address; those that come from a listed proxy, which asks
    /// for many people, count in all only.
    pub(in crate::app) fn new(max: usize, max_of_block: usize, proxies: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self {
            max,
            max_of_block,
            proxies,
            open: Mutex::default(),
            said_full: AtomicBool::new(false),
            said_block_full: AtomicBool::new(false),
        })
    }

    /// Takes a place for a connection from this address, if there is one.
    pub(in crate::app) fn admit(self: &Arc<Self>, from: IpAddr) -> Option<ConnectionPlace> {
        let from = from.to_canonical();
        let is_proxy = self.proxies.iter().any(|network| network.contains(&from));
        let block = (!is_proxy).then(|| block(from));
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.all >= self.max {
            drop(open);
            metrics::counter!("portico_connections_refused_total", "full" => "all").increment(1);
            self.say_full();
            return None;
        }
        if let Some(block) = block {
            let of_block = open.blocks.entry(block).or_default();
            if *of_block >= self.max_of_block {
                drop(open);
                metrics::counter!("portico_connections_refused_total", "full" => "address")
                    .increment(1);
                self.say_block_full(block);
                return None;
            }
            *of_block += 1;
        }
        open.all += 1;
        metrics::gauge!("portico_connections").increment(1.0);
        Some(ConnectionPlace {
            connections: Arc::clone(self),
            block,
        })
    }

    fn say_full(&self) {
        if !self.said_full.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                max = self.max,
                "there is no room for another connection; see server.connections (said once)"
            );
        }
    }

    fn say_block_full(&self, address: IpAddr) {
        if !self.said_block_full.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                %address,
                max = self.max_of_block,
                "an address has as many connections as it may; if it is a proxy's, list it in \
                 server.trusted_proxies, else see server.connections_per_address (said once)"
            );
        }
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        let open = &self.connections.open;
        let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
        open.all -= 1;
        metrics::gauge!("portico_connections").decrement(1.0);
        let Some(block) = self.block else {
            return;
        };
        if let Some(of_block) = open.blocks.get_mut(&block) {
            *of_block -= 1;
            if *of_block == 0 {
                open.blocks.remove(&block);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn an_address_has_so_many_connections_and_gets_each_back() {
        let connections = Connections::new(100, 2, Vec::new());
        let from = |text: &str| connections.admit(address(text));
        let first = from("192.0.2.1").expect("a place");
        let _second = from("::ffff:192.0.2.1").expect("a place");
        assert!(from("192.0.2.1").is_none());
        assert!(from("192.0.2.2").is_some(), "a neighbour has a place");
        drop(first);
        let _third = from("192.0.2.1").expect("the place that came back");
        assert!(from("192.0.2.1").is_none());
        let _v6 = (from("2001:db8::1"), from("2001:db8::2"));
        assert!(from("2001:db8::3").is_none(), "a /64 is one address");
        assert!(from("2001:db8:0:1::1").is_some());
    }

    #[test]
    fn a_listed_proxy_has_all_the_room_and_not_more() {
        let proxies = vec!["192.0.2.0/24".parse().expect("a network")];
        let connections = Connections::new(10, 2, proxies);
        let places: Vec<_> = (0..10)
            .map(|_| connections.admit(address("192.0.2.1")))
            .collect();
        assert!(places.iter().all(Option::is_some));
        assert!(connections.admit(address("192.0.2.1")).is_none());
        assert!(connections.admit(address("198.51.100.1")).is_none());
        drop(places);
        assert!(connections.admit(address("198.51.100.1")).is_some());
        let open = connections.open.lock().expect("nobody panicked");
        assert_eq!(
            (open.all, open.blocks.len()),
            (0, 0),
            "nothing is remembered"
        );
    }
}
