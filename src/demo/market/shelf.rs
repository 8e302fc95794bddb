//! What Market sells.

use crate::money::Cents;

/// One thing on the shelf.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Good {
    /// In forms, and the name of its drawing.
    pub(crate) slug: &'static str,
    pub(crate) name: &'static str,
    /// How much of it.
    pub(crate) amount: &'static str,
    pub(crate) price: Cents,
}

const fn good(slug: &'static str, name: &'static str, amount: &'static str, cents: u64) -> Good {
    Good {
        slug,
        name,
        amount,
        price: Cents(cents),
    }
}

/// The shelf, in order.
pub(crate) const SHELF: [Good; 12] = [
    good("apples", "Apples", "1 kg", 290),
    good("bread", "Rye bread", "1 loaf", 420),
    good("milk", "Oat milk", "1 l", 210),
    good("eggs", "Eggs", "10", 360),
    good("cheese", "Goat cheese", "200 g", 540),
    good("carrots", "Carrots", "1 bunch", 180),
    good("tea", "Green tea", "100 g", 650),
    good("honey", "Honey", "1 jar", 590),
    good("pears", "Pears", "1 kg", 340),
    good("mushrooms", "Mushrooms", "250 g", 310),
    good("lemons", "Lemons", "4", 200),
    good("flowers", "Tulips", "1 bunch", 800),
];

impl Good {
    /// The thing with this slug.
    pub(crate) fn called(slug: &str) -> Option<&'static Good> {
        SHELF.iter().find(|good| good.slug == slug)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_good_is_found_by_its_own_name() {
        for good in &SHELF {
            assert_eq!(Good::called(good.slug), Some(good));
        }
        assert_eq!(Good::called("gold"), None);
    }
}
