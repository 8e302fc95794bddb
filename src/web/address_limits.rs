//! How often one address may try to sign in.
//!
//! Owns nothing about accounts: their failures are rows and count on every node (`flow::sign_in`).
//! This is per node and coarse, against one address that tries many accounts. Who calls is
//! [`super::callers`]'.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};

use foundation::clock::{SharedClock, Span};
use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::{Quota, RateLimiter};

/// Tries that an address has at once; many people can share one. One comes back every second.
const BURST: NonZeroU32 = NonZeroU32::new(60).expect("not zero");
const PER_SECOND: NonZeroU32 = NonZeroU32::MIN;
/// Addresses that are remembered: a few MiB.
const MAX_REMEMBERED: usize = 65_536;

/// Tries left, by block of addresses.
pub struct AddressLimits(RateLimiter<IpAddr, Spent, Uptime, NoOpMiddleware<Nanos>>);

impl AddressLimits {
    /// Nobody has tried yet. Of the clock, the uptime counts: it does not go back.
    pub fn new(clock: SharedClock) -> Self {
        let quota = Quota::per_second(PER_SECOND).allow_burst(BURST);
        Self(RateLimiter::new(quota, Spent::default(), Uptime(clock)))
    }

    /// Takes one try of an address.
    ///
    /// # Errors
    /// There is none left: the error says how long to wait.
    pub fn take(&self, address: IpAddr) -> Result<(), Span> {
        self.0.check_key(&block(address)).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.0.clock().now());
            Span::millis(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX))
        })
    }
}

/// A whole IPv4 address, or the /64 that one IPv6 subscriber has.
fn block(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) >> 64 << 64).into()),
        v4 => v4,
    }
}

/// Our clock, as the limiter reads one.
struct Uptime(SharedClock);

impl governor::clock::Clock for Uptime {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.uptime().as_std().into()
    }
}

/// By block, the moment from which on all of its tries are there again: the more were taken, the
/// later. A flood of strangers pushes out whom there is least to remember about, and so not the one
/// who has used his tries up.
#[derive(Default)]
struct Spent(Mutex<HashMap<IpAddr, Nanos>>);

impl StateStore for Spent {
    type Key = IpAddr;

    fn measure_and_replace<T, F, E>(&self, block: &IpAddr, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (taken, until) = measure(spent.get(block).copied())?;
        if spent.len() >= MAX_REMEMBERED && !spent.contains_key(block) {
            forget_lighter_half(&mut spent);
        }
        spent.insert(*block, until);
        Ok(taken)
    }
}

fn forget_lighter_half(spent: &mut HashMap<IpAddr, Nanos>) {
    let mut moments: Vec<Nanos> = spent.values().copied().collect();
    let middle = moments.len() / 2;
    let (_, median, _) = moments.select_nth_unstable(middle);
    spent.retain(|_, until| *until > *median);
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};
    use std::sync::Arc;

    use foundation::clock::{Instant, ManualClock};

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn limits() -> (AddressLimits, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(Instant::from_seconds(1_800_000_000)));
        (AddressLimits::new(clock.clone()), clock)
    }

    /// How many of so many tries are looked at.
    fn tries(limits: &AddressLimits, text: &str, tries: usize) -> usize {
        let looked_at = |_: &usize| limits.take(address(text)).is_ok();
        (0..tries).filter(looked_at).count()
    }

    #[test]
    fn sixty_tries_at_once_then_one_a_second_and_neighbours_are_not_slowed() {
        let (limits, clock) = limits();
        assert_eq!(tries(&limits, "192.0.2.1", 70), 60);
        assert_eq!(
            limits.take(address("192.0.2.1")),
            Err(Span::seconds(1)),
            "and one waits for the next"
        );
        assert_eq!(limits.take(address("192.0.2.2")), Ok(()));
        clock.advance(Span::seconds(2));
        assert_eq!(tries(&limits, "192.0.2.1", 9), 2);
    }

    #[test]
    fn a_flood_of_addresses_resets_nobodys_count_and_memory_is_bounded() {
        let (limits, clock) = limits();
        assert_eq!(tries(&limits, "192.0.2.1", 60), 60);
        for number in 0..100_000_u32 {
            let v4 = IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + number));
            let v6 = IpAddr::V6(Ipv6Addr::from(u128::from(number) << 64));
            assert_eq!((limits.take(v4), limits.take(v6)), (Ok(()), Ok(())));
            if number % 10_000 == 0 {
                assert!(limits.take(address("192.0.2.1")).is_err(), "after {number}");
                clock.advance(Span::millis(50));
            }
        }
        assert!(limits.take(address("192.0.2.1")).is_err());
        let spent = limits.0.into_state_store();
        assert!(spent.0.into_inner().expect("no panic").len() <= MAX_REMEMBERED);
    }

    #[test]
    fn a_clock_that_is_set_back_an_hour_locks_nobody_out() {
        let (limits, clock) = limits();
        assert_eq!(tries(&limits, "192.0.2.1", 60), 60);
        clock.set_ahead(Span::hours(-1));
        assert_eq!(limits.take(address("192.0.2.1")), Err(Span::seconds(1)));
        clock.advance(Span::seconds(60));
        assert_eq!(tries(&limits, "192.0.2.1", 70), 60);
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
}
