//! How often one address may try to sign in.
//!
//! Owns nothing about accounts: their failures are rows and count on every node (`flow::sign_in`).
//! This is per node and coarse, against one address that tries many accounts. Who calls is
//! [`super::callers`]', and the counting is [`flow::limits`]'.

use std::net::IpAddr;
use std::num::NonZeroU32;

use flow::limits::Limits;
use foundation::clock::{SharedClock, Span};

/// Tries that an address has at once; many people can share one.
const BURST: NonZeroU32 = NonZeroU32::new(60).expect("not zero");
/// And one comes back after this.
const EVERY: Span = Span::seconds(1);

/// Tries left, by block of addresses.
pub struct AddressLimits(Limits<IpAddr>);

impl AddressLimits {
    /// Nobody has tried yet.
    pub fn new(clock: SharedClock) -> Self {
        Self(Limits::new(clock, BURST, EVERY))
    }

    /// Takes one try of an address.
    ///
    /// # Errors
    /// There is none left: the error says how long to wait.
    pub fn take(&self, address: IpAddr) -> Result<(), Span> {
        self.0.take(&block(address))
    }
}

/// A whole IPv4 address, or the /64 that one IPv6 subscriber has.
pub fn block(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) >> 64 << 64).into()),
        v4 => v4,
    }
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
    fn a_flood_of_addresses_resets_nobodys_count() {
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
