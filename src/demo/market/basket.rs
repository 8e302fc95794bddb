//! A person's cart and what they ordered.

use std::fmt;

use super::shelf::{Good, SHELF};
use crate::money::Cents;

/// The most of one thing that a cart takes.
pub(crate) const MAX_OF_ONE: u32 = 9;
/// How many orders are remembered.
const MAX_ORDERS: usize = 5;

/// What Market keeps for one person.
#[derive(Clone, Debug, Default)]
pub(crate) struct Basket {
    lines: Vec<Line>,
    /// The latest first.
    orders: Vec<Order>,
    placed: u32,
}

/// One thing in a cart, at least once.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) good: &'static Good,
    pub(crate) count: u32,
}

/// An order that was placed.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) number: u32,
    pub(crate) things: u32,
    pub(crate) total: Cents,
    pub(crate) delivery: Delivery,
}

/// How an order reaches its person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// Brought, with a text on arrival.
    Texted {
        /// Where to, as it was shared then.
        phone_number: String,
    },
    /// The person comes for it, because nobody can be told.
    Fetched,
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Texted { phone_number } => write!(f, "We text {phone_number} when it arrives."),
            Self::Fetched => f.write_str("It waits for you at the counter."),
        }
    }
}

impl Line {
    /// What the line costs.
    pub(crate) fn price(&self) -> Cents {
        Cents(self.good.price.0 * u64::from(self.count))
    }
}

impl Basket {
    /// Adds one; `false` where there is no more of it.
    pub(crate) fn add(&mut self, good: &'static Good) -> bool {
        match self.lines.iter_mut().find(|line| line.good == good) {
            Some(line) if line.count == MAX_OF_ONE => false,
            Some(line) => {
                line.count += 1;
                true
            }
            None => {
                self.lines.push(Line { good, count: 1 });
                // In the shelf's order, so that a line does not jump about.
                self.lines
                    .sort_by_key(|line| SHELF.iter().position(|g| g == line.good));
                true
            }
        }
    }

    /// Takes one out; nothing happens where there is none.
    pub(crate) fn remove(&mut self, good: &'static Good) {
        if let Some(line) = self.lines.iter_mut().find(|line| line.good == good) {
            line.count -= 1;
        }
        self.lines.retain(|line| line.count > 0);
    }

    /// Turns the cart into an order; nothing for an empty one.
    pub(crate) fn order(&mut self, delivery: Delivery) -> Option<Order> {
        if self.lines.is_empty() {
            return None;
        }
        self.placed += 1;
        let order = Order {
            number: self.placed,
            things: self.count(),
            total: self.total(),
            delivery,
        };
        self.lines.clear();
        self.orders.insert(0, order.clone());
        self.orders.truncate(MAX_ORDERS);
        Some(order)
    }

    /// What is in the cart.
    pub(crate) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// What was ordered, the latest first.
    pub(crate) fn orders(&self) -> &[Order] {
        &self.orders
    }

    /// What the cart costs.
    pub(crate) fn total(&self) -> Cents {
        Cents::sum(self.lines.iter().map(Line::price))
    }

    /// How many things are in the cart.
    pub(crate) fn count(&self) -> u32 {
        self.lines.iter().map(|line| line.count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(slug: &str) -> &'static Good {
        Good::called(slug).expect("on the shelf")
    }

    #[test]
    fn a_cart_adds_up() {
        let mut basket = Basket::default();
        for slug in ["tea", "apples", "tea"] {
            assert!(basket.add(good(slug)));
        }
        assert_eq!(basket.total(), Cents(2 * 650 + 290));
        assert_eq!(basket.count(), 3);
        assert_eq!(
            basket.lines()[0].good.slug,
            "apples",
            "in the shelf's order"
        );
        basket.remove(good("tea"));
        basket.remove(good("apples"));
        basket.remove(good("apples"));
        assert_eq!((basket.total(), basket.lines().len()), (Cents(650), 1));
    }

    #[test]
    fn a_cart_takes_no_more_than_there_is() {
        let mut basket = Basket::default();
        let added = (0..MAX_OF_ONE + 3)
            .filter(|_| basket.add(good("eggs")))
            .count();
        assert_eq!(added, 9);
        assert_eq!(basket.count(), MAX_OF_ONE);
    }

    #[test]
    fn an_order_empties_the_cart_and_is_remembered() {
        let mut basket = Basket::default();
        assert!(basket.order(Delivery::Fetched).is_none());
        for number in 1..=7 {
            basket.add(good("milk"));
            let order = basket
                .order(Delivery::Texted {
                    phone_number: "+1".to_owned(),
                })
                .expect("not empty");
            assert_eq!(order.number, number);
        }
        assert_eq!(basket.count(), 0);
        assert_eq!(
            basket.orders().iter().map(|o| o.number).collect::<Vec<_>>(),
            [7, 6, 5, 4, 3]
        );
    }
}
