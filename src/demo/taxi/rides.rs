//! Where a person goes and went.

use foundation::clock::{Instant, Span};

use super::fare::Fare;
use crate::claims::SavedAddress;

/// How many rides are remembered.
const MAX_RIDES: usize = 6;
/// The longest address that may be typed, in characters.
const LONGEST_ADDRESS: usize = 120;

/// What Taxi keeps for one person.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rides {
    /// The latest first.
    rides: Vec<Ride>,
    /// The typed address whose price was asked for.
    pub(crate) typed: Option<Place>,
}

/// Somewhere to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its label, or the address itself.
    pub(crate) title: String,
    /// The address in one line.
    pub(crate) line: String,
    pub(crate) fare: Fare,
}

/// One ride.
#[derive(Clone, Debug)]
pub(crate) struct Ride {
    pub(crate) to: Place,
    ordered_at: Instant,
}

impl Place {
    /// An address that the person shares.
    pub(crate) fn saved(address: &SavedAddress) -> Self {
        let line = address.line();
        Self {
            title: address.title().to_owned(),
            fare: Fare::to(&line),
            line,
        }
    }

    /// An address that the person typed; nothing for one that is empty or too long.
    pub(crate) fn typed(text: &str) -> Option<Self> {
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let fits = !line.is_empty() && line.chars().count() <= LONGEST_ADDRESS;
        let fits = fits && !line.chars().any(char::is_control);
        fits.then(|| Self {
            title: line.clone(),
            fare: Fare::to(&line),
            line,
        })
    }
}

impl Ride {
    /// Where the ride is now, in words.
    pub(crate) fn status(&self, now: Instant) -> String {
        let arrives_at = self.ordered_at + Span::minutes(i64::from(self.to.fare.minutes));
        match arrives_at.since(now).as_seconds() {
            ..=0 => "Arrived".to_owned(),
            seconds => format!("Arrives in {} min", (seconds + 59) / 60),
        }
    }
}

impl Rides {
    /// Orders a ride.
    pub(crate) fn order(&mut self, to: Place, now: Instant) -> &Ride {
        self.rides.insert(
            0,
            Ride {
                to,
                ordered_at: now,
            },
        );
        self.rides.truncate(MAX_RIDES);
        &self.rides[0]
    }

    /// The rides, the latest first.
    pub(crate) fn list(&self) -> &[Ride] {
        &self.rides
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant::from_seconds(1_000_000);

    #[test]
    fn a_ride_comes_nearer_and_arrives() {
        let mut rides = Rides::default();
        let place = Place::typed("Main Street 1").expect("an address");
        let minutes = i64::from(place.fare.minutes);
        let ride = rides.order(place, NOW).clone();
        assert_eq!(ride.status(NOW), format!("Arrives in {minutes} min"));
        assert_eq!(
            ride.status(NOW + Span::seconds(61)),
            format!("Arrives in {} min", minutes - 1)
        );
        assert_eq!(ride.status(NOW + Span::minutes(minutes)), "Arrived");
    }

    #[test]
    fn typed_addresses_are_bounded() {
        assert_eq!(
            Place::typed("  Main   Street 1 ")
                .map(|p| p.line)
                .as_deref(),
            Some("Main Street 1")
        );
        assert_eq!(Place::typed(" \n "), None);
        assert_eq!(Place::typed(&"x".repeat(LONGEST_ADDRESS + 1)), None);
        assert_eq!(Place::typed("Main\u{0}Street"), None);
    }

    #[test]
    fn old_rides_are_forgotten() {
        let mut rides = Rides::default();
        for i in 0..10 {
            rides.order(
                Place::typed(&format!("Street {i}")).expect("an address"),
                NOW,
            );
        }
        assert_eq!(rides.list().len(), MAX_RIDES);
        assert_eq!(rides.list()[0].to.title, "Street 9");
    }
}
