//! Who calls, as an address. "Forwarded headers count only from listed proxies": they are read from
//! their end, past the proxies that are listed, so what a caller puts into them counts for nothing.
//!
//! Where a listed proxy does not say readably for whom it asks, its callers share one count. That
//! would be a riddle to whoever is slowed down, so it is logged, once for each cause.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::HttpRequest;
use actix_web::http::header::{FORWARDED, HeaderName, X_FORWARDED_FOR};
use foundation::bounded_text::safe_to_show;
use ipnet::IpNet;
use protocol::forwarded::{self, ForwardedHeader, ForwardedNode};

/// Of what could not be read, so many characters are logged.
const MAX_SHOWN: usize = 100;

/// Whose word counts about who calls, and which.
pub struct Callers {
    proxies: Vec<IpNet>,
    header: ForwardedHeader,
    silent: Once,
    unreadable: Once,
    disagreeing: Once,
}

/// Whether something was logged already.
#[derive(Default)]
struct Once(AtomicBool);

impl Once {
    fn is_first(&self) -> bool {
        !self.0.swap(true, Ordering::Relaxed)
    }
}

/// What one header says.
#[derive(PartialEq, Eq)]
struct Traced {
    /// The last hop whose address is known.
    caller: IpAddr,
    /// The hop before it, if that one cannot be read.
    lost: Option<String>,
}

impl Callers {
    /// Believes these proxies, in this header.
    pub fn new(proxies: Vec<IpNet>, header: ForwardedHeader) -> Self {
        Self {
            proxies,
            header,
            silent: Once::default(),
            unreadable: Once::default(),
            disagreeing: Once::default(),
        }
    }

    /// The address that a request comes from.
    pub(crate) fn of(&self, request: &HttpRequest) -> Option<IpAddr> {
        let peer = request.peer_addr()?.ip().to_canonical();
        if !self.is_proxy(peer) {
            return Some(peer);
        }
        let x_forwarded_for = || self.trace(request, &X_FORWARDED_FOR, peer);
        let forwarded = || self.trace(request, &FORWARDED, peer);
        let traced = match self.header {
            ForwardedHeader::XForwardedFor => x_forwarded_for(),
            ForwardedHeader::Forwarded => forwarded(),
            ForwardedHeader::Either => match (x_forwarded_for(), forwarded()) {
                (Some(one), Some(other)) if one.caller != other.caller => {
                    // A proxy sets one of them and passes the other on as its caller wrote it. Which
                    // is which nobody can tell, so neither counts.
                    self.say_disagreement(peer);
                    return Some(peer);
                }
                (one, other) => one.or(other),
            },
        };
        let Some(traced) = traced else {
            self.say_silence(peer);
            return Some(peer);
        };
        if let Some(lost) = &traced.lost {
            self.say_unreadable(peer, lost);
        }
        Some(traced.caller)
    }

    fn is_proxy(&self, address: IpAddr) -> bool {
        self.proxies
            .iter()
            .any(|network| network.contains(&address))
    }

    /// Follows one header from its end to the first hop that is no proxy of ours; `None` without it.
    fn trace(&self, request: &HttpRequest, name: &HeaderName, peer: IpAddr) -> Option<Traced> {
        let fields: Vec<_> = request
            .headers()
            .get_all(name)
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        let fields = fields.iter().map(AsRef::as_ref);
        let hops = if *name == FORWARDED {
            forwarded::forwarded(fields)
        } else {
            forwarded::x_forwarded_for(fields)
        };
        if hops.is_empty() {
            return None;
        }
        let mut caller = peer;
        for hop in hops.into_iter().rev() {
            match hop {
                ForwardedNode::Address(address) => caller = address,
                ForwardedNode::Unreadable(written) => {
                    let lost = Some(written);
                    return Some(Traced { caller, lost });
                }
            }
            if !self.is_proxy(caller) {
                break;
            }
        }
        Some(Traced { caller, lost: None })
    }

    fn say_silence(&self, proxy: IpAddr) {
        if self.silent.is_first() {
            tracing::warn!(
                %proxy,
                "a listed proxy does not say for whom it asks: all of its callers share one limit; let it \
                 set X-Forwarded-For or Forwarded, as server.forwarded_header says (said once)"
            );
        }
    }

    fn say_unreadable(&self, proxy: IpAddr, hop: &str) {
        if self.unreadable.is_first() {
            let hop: String = safe_to_show(hop).chars().take(MAX_SHOWN).collect();
            tracing::warn!(
                %proxy,
                hop,
                "a listed proxy asks for somebody whose address cannot be read: such callers share \
                 one limit (said once)"
            );
        }
    }

    fn say_disagreement(&self, proxy: IpAddr) {
        if self.disagreeing.is_first() {
            tracing::warn!(
                %proxy,
                "X-Forwarded-For and Forwarded of a listed proxy name different callers, so neither \
                 counts: set server.forwarded_header to the one that it sets (said once)"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn callers(header: ForwardedHeader) -> Callers {
        let proxies = ["10.0.0.0/8", "2001:db8:ffff::/48"];
        let proxies = proxies.map(|network| network.parse().expect("a network"));
        Callers::new(proxies.to_vec(), header)
    }

    fn of(callers: &Callers, peer: &str, headers: &[(&str, &str)]) -> String {
        let request = TestRequest::default().peer_addr((address(peer), 1).into());
        let add = |request: TestRequest, &header| request.append_header(header);
        let request = headers.iter().fold(request, add).to_http_request();
        callers.of(&request).expect("a caller").to_string()
    }

    #[test]
    fn a_forwarded_header_counts_from_a_listed_proxy_only() {
        let callers = callers(ForwardedHeader::Either);
        for header in [
            ("x-forwarded-for", "192.0.2.1"),
            ("forwarded", "for=192.0.2.1"),
        ] {
            assert_eq!(of(&callers, "192.0.2.9", &[header]), "192.0.2.9");
            assert_eq!(of(&callers, "10.0.0.1", &[header]), "192.0.2.1");
            assert_eq!(of(&callers, "::ffff:10.0.0.1", &[header]), "192.0.2.1");
            assert_eq!(of(&callers, "2001:db8:ffff::1", &[header]), "192.0.2.1");
        }
    }

    #[test]
    fn a_header_is_read_from_its_end_past_the_listed_proxies() {
        let callers = callers(ForwardedHeader::Either);
        let of = |name, value| of(&callers, "10.0.0.1", &[(name, value)]);
        for value in [
            "198.51.100.7, 192.0.2.1, 10.0.0.2",
            "unknown, 192.0.2.1:5678, 10.0.0.2:80",
            "192.0.2.1, [2001:db8:ffff::2]:443",
        ] {
            assert_eq!(of("x-forwarded-for", value), "192.0.2.1", "{value}");
        }
        for value in [
            "for=198.51.100.7, for=192.0.2.1;proto=https, for=10.0.0.2",
            "for=_hidden, for=\"192.0.2.1:_p\", for=\"[2001:db8:ffff::2]:443\"",
        ] {
            assert_eq!(of("forwarded", value), "192.0.2.1", "{value}");
        }
        assert_eq!(
            of("x-forwarded-for", "[2001:db8::1]:443"),
            "2001:db8::1",
            "an address with port and brackets is one caller of his own"
        );
    }

    #[test]
    fn what_cannot_be_read_counts_as_the_hop_after_it() {
        let callers = callers(ForwardedHeader::Either);
        for header in [
            ("x-forwarded-for", "nonsense"),
            ("x-forwarded-for", "192.0.2.1, unknown"),
            ("forwarded", "for=192.0.2.1, for=_hidden"),
            ("forwarded", "for=\"192.0.2.1"),
        ] {
            assert_eq!(
                of(&callers, "10.0.0.1", &[header]),
                "10.0.0.1",
                "{header:?}"
            );
        }
        let beyond = ("x-forwarded-for", "unknown, 10.0.0.2");
        assert_eq!(of(&callers, "10.0.0.1", &[beyond]), "10.0.0.2");
    }

    #[test]
    fn of_two_headers_that_disagree_none_counts_unless_one_is_chosen() {
        let both = [
            ("x-forwarded-for", "192.0.2.1"),
            ("forwarded", "for=198.51.100.7"),
        ];
        for (header, expected) in [
            (ForwardedHeader::Either, "10.0.0.1"),
            (ForwardedHeader::XForwardedFor, "192.0.2.1"),
            (ForwardedHeader::Forwarded, "198.51.100.7"),
        ] {
            assert_eq!(of(&callers(header), "10.0.0.1", &both), expected);
        }
        let agreeing = [
            ("x-forwarded-for", "192.0.2.1:1"),
            ("forwarded", "for=192.0.2.1"),
        ];
        let callers = callers(ForwardedHeader::Either);
        assert_eq!(of(&callers, "10.0.0.1", &agreeing), "192.0.2.1");
    }
}
