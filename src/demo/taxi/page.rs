//! Taxi's page.

use askama::Template;
use foundation::clock::Instant;

use super::rides::{Place, Ride, Rides};
use crate::program::chrome::Chrome;
use crate::relying_party::Shared;

/// Where to go and the rides so far, for one visitor.
#[derive(Template)]
#[template(path = "taxi.html")]
pub(crate) struct TaxiPage {
    chrome: Chrome,
    person: Option<String>,
    places: Vec<Place>,
    typed: Option<Place>,
    rides: Vec<Ride>,
    now: Instant,
}

impl TaxiPage {
    /// The page from what Portico said and what Taxi keeps.
    pub(crate) fn new(chrome: Chrome, shared: &Shared, rides: &Rides, now: Instant) -> Self {
        Self {
            chrome,
            person: shared.name.clone(),
            places: shared.addresses.iter().map(Place::saved).collect(),
            typed: rides.typed.clone(),
            rides: rides.list().to_vec(),
            now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::TAXI;
    use crate::program::chrome::samples::{chrome, everything};

    const NOW: Instant = Instant::from_seconds(1_000_000);

    fn page(shared: &Shared, rides: &Rides) -> String {
        TaxiPage::new(chrome(&TAXI, shared, false, true), shared, rides, NOW)
            .render()
            .expect("renders")
    }

    #[test]
    fn saved_addresses_are_offered_with_their_price() {
        let html = page(&everything(), &Rides::default());
        assert!(html.contains("Where to, Ada Lindqvist?"));
        assert_eq!(html.matches("type=\"radio\"").count(), 3);
        assert!(
            html.contains(
                &crate::taxi::fare::Fare::to("12 Lantern Street, 111 20 Stockholm")
                    .price
                    .to_string()
            )
        );
    }

    #[test]
    fn without_addresses_one_is_typed() {
        let html = page(&Shared::default(), &Rides::default());
        assert!(html.contains("Where to?"));
        assert!(!html.contains("type=\"radio\""));
        assert!(html.contains("You don&#39;t share your saved addresses with Taxi."));
        assert!(html.contains("name=\"to\""));
        let mut quoted = Rides::default();
        quoted.typed = Place::typed("Main <Street> 1");
        let html = page(&Shared::default(), &quoted);
        assert!(html.contains("value=\"typed\""));
        assert!(html.contains("Main &#60;Street&#62; 1"));
    }

    #[test]
    fn rides_are_listed_with_where_they_are() {
        let mut rides = Rides::default();
        rides.order(Place::typed("Main Street 1").expect("an address"), NOW);
        assert!(page(&everything(), &rides).contains("Arrives in"));
    }
}
