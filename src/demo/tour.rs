//! The text that the command prints when everything is up.

use std::fmt::Write as _;

use crate::addresses::addresses;
use crate::people::people;

/// The tour's steps, as Nova's desktop page shows them too.
pub(crate) const STEPS: [&str; 10] = [
    "Sign in to Nova as Ada. This is the only password you will type.",
    "Open Market. Allow your name, untick the phone number.",
    "Market greets you by name and copes without the phone. “Share now” asks again.",
    "Open Taxi beside it. No password, only what Taxi asks for. Switch between them below.",
    "Open Bank: each sensitive thing on a page of its own.",
    "Open Lido: a page without a backend. Its token is short, and renews itself.",
    "Open Settings: who knows what, since when. Take your name back from Market.",
    "Look at Market again. It asks nothing and no longer knows your name.",
    "Sign out in another tab. Every program that is open here is locked at once.",
    "On a wide screen, look behind the scenes, beside the phone. You are the operator there.",
];

/// The addresses on `port`, the people with their passwords, and the steps of a tour.
pub fn tour(port: u16, one_site: bool) -> String {
    let at = addresses(port, one_site);
    let mut text = String::new();
    let mut line = |args: std::fmt::Arguments<'_>| {
        // Writing to a String cannot fail.
        let _ = text.write_fmt(format_args!("{args}\n"));
    };
    line(format_args!("Nova, the super app   {}/", at.app));
    line(format_args!("Portico               {}/", at.portico));
    line(format_args!("Market                {}/", at.market));
    line(format_args!("Taxi                  {}/", at.taxi));
    line(format_args!("Bank                  {}/", at.bank));
    line(format_args!("Lido                  {}/", at.lido));
    line(format_args!("\nPeople:"));
    for person in people() {
        line(format_args!("  {:<6} {}", person.username, person.password));
    }
    line(format_args!("\nA tour, in a browser:"));
    for (number, step) in (1..).zip(STEPS) {
        line(format_args!("  {number}. {step}"));
    }
    line(format_args!(
        "\nIt is kept in ./portico-demo; --reset forgets it."
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tour_names_the_addresses_and_the_people() {
        let text = tour(8081, false);
        assert!(text.starts_with("Nova, the super app   http://app.superapp.localhost:8081/\n"));
        assert!(text.contains("  ada    violet-lighthouse-27\n"));
        assert!(text.contains("  9. Sign out in another tab."));
        assert!(text.contains("  10. On a wide screen,"));
    }
}
