//! Market's page.

use askama::Template;

use super::basket::{Basket, Line, Order};
use super::shelf::{Good, SHELF};
use crate::money::Cents;
use crate::program::chrome::Chrome;
use crate::relying_party::Shared;

/// The shelf, the cart and the orders, for one visitor.
#[derive(Template)]
#[template(path = "market.html")]
pub(crate) struct MarketPage {
    chrome: Chrome,
    /// Nobody's name makes a guest.
    person: Option<String>,
    phone_number: Option<String>,
    shelf: &'static [Good],
    lines: Vec<Line>,
    total: Cents,
    count: u32,
    orders: Vec<Order>,
}

impl MarketPage {
    /// The page from what Portico said and what Market keeps.
    pub(crate) fn new(chrome: Chrome, shared: &Shared, basket: &Basket) -> Self {
        Self {
            chrome,
            person: shared.name.clone(),
            phone_number: shared.phone_number.clone(),
            shelf: &SHELF,
            lines: basket.lines().to_vec(),
            total: basket.total(),
            count: basket.count(),
            orders: basket.orders().to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::MARKET;
    use crate::market::basket::Delivery;
    use crate::program::chrome::samples::{chrome, everything};

    fn page(shared: &Shared, framed: bool) -> String {
        let mut basket = Basket::default();
        for slug in ["tea", "tea", "pears"] {
            basket.add(Good::called(slug).expect("on the shelf"));
        }
        MarketPage::new(chrome(&MARKET, shared, true, framed), shared, &basket)
            .render()
            .expect("renders")
    }

    #[test]
    fn a_friend_is_greeted_by_name_and_will_get_a_text() {
        let html = page(&everything(), true);
        assert!(html.contains("Hello, Ada Lindqvist"));
        assert!(html.contains("text you at +46705550142"));
        assert!(!html.contains("Share now"));
        assert!(html.contains("€16.40"));
        assert!(
            html.contains("Something &#60;happened&#62;."),
            "a notice is escaped"
        );
    }

    #[test]
    fn a_guest_is_told_what_is_missing_and_how_to_share_it() {
        let html = page(&Shared::default(), true);
        assert!(html.contains("Hello, guest"));
        assert!(html.contains("You no longer share your name with Market."));
        assert!(html.contains("We can&#39;t text you when it arrives."));
        assert!(html.contains("/open/market?share=phone.verified"));
        assert!(html.contains("Order for pick-up"));
    }

    #[test]
    fn the_title_bar_is_nova_s_in_a_frame_and_its_own_otherwise() {
        assert!(!page(&everything(), true).contains("class=\"bar\""));
        assert!(page(&everything(), false).contains("class=\"bar\""));
    }

    #[test]
    fn an_order_says_how_it_arrives() {
        let mut basket = Basket::default();
        basket.add(Good::called("tea").expect("on the shelf"));
        basket.order(Delivery::Fetched);
        let shared = everything();
        let html = MarketPage::new(chrome(&MARKET, &shared, true, false), &shared, &basket)
            .render()
            .expect("renders");
        assert!(html.contains("It waits for you at the counter."));
        assert!(html.contains("Your cart is empty"));
    }

    #[test]
    fn every_good_has_a_drawing() {
        let html = page(&everything(), true);
        assert_eq!(html.matches("<svg class=\"drawing\"").count(), SHELF.len());
        assert!(!html.contains("no drawing"));
    }
}
