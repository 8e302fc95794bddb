//! What a ride costs and how long it takes. There is no map: the distance is drawn from the
//! address, so that the same address always costs the same.

use foundation::digest::sha256;

use crate::money::Cents;

/// What starting costs.
const BASE: u64 = 250;
/// What a tenth of a kilometre costs.
const PER_HECTOMETRE: u64 = 12;
/// How long the car needs to the person, in minutes.
const PICK_UP: u32 = 3;

/// The price and the time of a ride.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fare {
    pub(crate) price: Cents,
    /// From ordering to arriving.
    pub(crate) minutes: u32,
    /// In tenths of a kilometre.
    hectometres: u32,
}

impl Fare {
    /// The fare to an address: between two and twelve kilometres, at two minutes each.
    pub(crate) fn to(address: &str) -> Self {
        let normal = address
            .to_lowercase()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        let [high, low, ..] = sha256(normal.as_bytes());
        let hectometres = 20 + u32::from(u16::from_be_bytes([high, low])) % 101;
        Self {
            price: Cents(BASE + PER_HECTOMETRE * u64::from(hectometres)),
            minutes: PICK_UP + hectometres.div_ceil(5),
            hectometres,
        }
    }

    /// `4.2 km`.
    pub(crate) fn distance(&self) -> String {
        format!(
            "{}.{}\u{a0}km",
            self.hectometres / 10,
            self.hectometres % 10
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_address_costs_the_same_however_it_is_typed() {
        assert_eq!(
            Fare::to("12 Lantern Street"),
            Fare::to(" 12  LANTERN street ")
        );
        assert_ne!(Fare::to("12 Lantern Street"), Fare::to("13 Lantern Street"));
    }

    #[test]
    fn fares_stay_within_the_town() {
        for i in 0..500 {
            let fare = Fare::to(&format!("Street {i}"));
            assert!(
                (Cents(490)..=Cents(1_690)).contains(&fare.price),
                "{fare:?}"
            );
            assert!((7..=27).contains(&fare.minutes), "{fare:?}");
        }
    }
}
