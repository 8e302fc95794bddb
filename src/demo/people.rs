//! The people of the demonstration. They are invented; their passwords are public.

use serde_json::{Value, json};

/// A person to register with `portico user add --profile`.
#[derive(Clone, Debug)]
pub struct DemoPerson {
    /// What is typed at sign-in.
    pub username: &'static str,
    /// The password, printed by the tour: the demonstration has no secrets of its own.
    pub password: &'static str,
    /// The profile file: OIDC claim names plus `addresses`, `payment_methods` and `kyc`.
    pub profile: Value,
}

/// Three people: one with everything, one whose identity check is pending, one with little.
pub fn people() -> Vec<DemoPerson> {
    vec![ada(), linus(), grace()]
}

fn ada() -> DemoPerson {
    DemoPerson {
        username: "ada",
        password: "violet-lighthouse-27",
        profile: json!({
            "name": "Ada Lindqvist", "given_name": "Ada", "family_name": "Lindqvist", "nickname": "Ada",
            "locale": "en", "zoneinfo": "Europe/Stockholm",
            "email": "ada@example.com", "email_verified": true,
            "phone_number": "+46705550142", "phone_number_verified": true,
            "addresses": [
                address("Home", "12 Lantern Street", "Stockholm", "111 20", "SE"),
                address("Work", "Observatory Hill 3", "Stockholm", "113 60", "SE"),
                address("Grandmother", "Orchard Lane 8", "Uppsala", "753 10", "SE"),
            ],
            "payment_methods": [
                {"ref": "pm_ada_everyday", "brand": "Visa", "last4": "4242", "expires": "04/29"},
                {"ref": "pm_ada_travel", "brand": "Mastercard", "last4": "5100", "expires": "11/28"},
            ],
            "kyc": {"level": "full", "status": "verified", "verified_at": "2026-03-14T09:30:00Z"},
        }),
    }
}

fn linus() -> DemoPerson {
    DemoPerson {
        username: "linus",
        password: "amber-tramway-61",
        profile: json!({
            "name": "Linus Okoro", "given_name": "Linus", "family_name": "Okoro", "nickname": "Linus",
            "locale": "en", "zoneinfo": "Africa/Lagos",
            "email": "linus@example.com", "email_verified": true,
            "phone_number": "+2348035550177", "phone_number_verified": true,
            "addresses": [
                address("Home", "5 Palm Court", "Lagos", "101233", "NG"),
                address("Studio", "Marina Road 40", "Lagos", "101221", "NG"),
            ],
            "payment_methods": [
                {"ref": "pm_linus_daily", "brand": "Visa", "last4": "1881", "expires": "08/27"},
            ],
            "kyc": {"level": "basic", "status": "pending"},
        }),
    }
}

fn grace() -> DemoPerson {
    DemoPerson {
        username: "grace",
        password: "silver-orchard-94",
        profile: json!({
            "name": "Grace Moreau", "given_name": "Grace", "family_name": "Moreau", "nickname": "Gigi",
            "locale": "en", "zoneinfo": "Europe/Paris",
            "email": "grace@example.com", "email_verified": true,
            "addresses": [],
            "payment_methods": [],
            "kyc": {"level": "none", "status": "none"},
        }),
    }
}

/// One saved address: its label beside OIDC Core §5.1.1's members.
fn address(label: &str, street: &str, locality: &str, postal_code: &str, country: &str) -> Value {
    json!({
        "label": label,
        "formatted": format!("{street}, {postal_code} {locality}"),
        "street_address": street,
        "locality": locality,
        "postal_code": postal_code,
        "country": country,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::PorticoClaims;

    #[test]
    fn every_profile_has_the_shapes_that_the_programs_read() {
        for person in people() {
            let claims: PorticoClaims =
                serde_json::from_value(person.profile.clone()).expect("the claims' own shapes");
            assert!(
                claims
                    .payment_methods
                    .unwrap_or_default()
                    .iter()
                    .all(|card| card.last4.len() == 4)
            );
            assert!(person.password.len() >= 12, "{}", person.username);
        }
    }
}
