//! Money in whole cents: reading what a person typed, and showing it.

use std::fmt;

/// An amount in euro cents; never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cents(pub(crate) u64);

impl Cents {
    /// Reads `12`, `12.5`, `12,50` or `€12.50`. `None` for anything else, more than two decimals
    /// or ten digits and more before the point.
    pub(crate) fn parse(typed: &str) -> Option<Self> {
        let typed = typed
            .trim()
            .trim_start_matches('€')
            .trim()
            .replace(',', ".");
        let (whole, part) = typed.split_once('.').unwrap_or((&typed, "0"));
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(part) || whole.len() > 9 || part.len() > 2 {
            return None;
        }
        let part_cents: u64 = format!("{part:0<2}").parse().ok()?;
        Some(Self(whole.parse::<u64>().ok()? * 100 + part_cents))
    }

    /// The sum of some amounts.
    pub(crate) fn sum(amounts: impl Iterator<Item = Cents>) -> Cents {
        Cents(amounts.fold(0, |total, c| total.saturating_add(c.0)))
    }
}

impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = (self.0 / 100).to_string();
        let mut grouped = String::new();
        for (i, digit) in whole.chars().enumerate() {
            if i > 0 && (whole.len() - i).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        write!(f, "€{grouped}.{:02}", self.0 % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_type_them() {
        for (typed, cents) in [
            ("12", 1200),
            ("12.5", 1250),
            (" €12,50 ", 1250),
            ("0.05", 5),
            ("999999999.99", 99_999_999_999),
        ] {
            assert_eq!(Cents::parse(typed), Some(Cents(cents)), "{typed}");
        }
        for typed in [
            "",
            "-1",
            "1.234",
            "1e3",
            "12.",
            ".5",
            "1 000",
            "1000000000",
            "١",
        ] {
            assert_eq!(Cents::parse(typed), None, "{typed}");
        }
    }

    #[test]
    fn amounts_are_shown_with_groups() {
        assert_eq!(Cents(124_050).to_string(), "€1,240.50");
        assert_eq!(Cents(5).to_string(), "€0.05");
        assert_eq!(Cents(100_000_000).to_string(), "€1,000,000.00");
    }
}
