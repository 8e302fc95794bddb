//! The claims that Portico's narrow scopes give beyond OpenID Connect's standard ones, as a
//! mini-program reads them from userinfo. All are optional: a person may share none.

use openidconnect::AdditionalClaims;
use serde::{Deserialize, Serialize};

/// Portico's additional claims in a userinfo answer.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct PorticoClaims {
    /// Scope `addresses`.
    pub(crate) addresses: Option<Vec<SavedAddress>>,
    /// Scope `payment_methods`.
    pub(crate) payment_methods: Option<Vec<PaymentMethod>>,
    /// Scope `kyc.status`.
    pub(crate) kyc: Option<Kyc>,
}

impl AdditionalClaims for PorticoClaims {}

/// A saved address. Other members of OIDC Core §5.1.1 may stand beside these.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct SavedAddress {
    /// What its owner calls it.
    pub(crate) label: Option<String>,
    /// The whole address in one text.
    pub(crate) formatted: Option<String>,
    street_address: Option<String>,
    locality: Option<String>,
    postal_code: Option<String>,
    country: Option<String>,
}

impl SavedAddress {
    /// The address in one line, from its parts where `formatted` is missing.
    pub(crate) fn line(&self) -> String {
        match &self.formatted {
            Some(formatted) => formatted.split_whitespace().collect::<Vec<_>>().join(" "),
            None => [
                &self.street_address,
                &self.postal_code,
                &self.locality,
                &self.country,
            ]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(", "),
        }
    }

    /// Its label, or what to call an address without one.
    pub(crate) fn title(&self) -> &str {
        self.label.as_deref().unwrap_or("Saved address")
    }
}

/// A reference to a means of payment; never a number.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct PaymentMethod {
    #[serde(rename = "ref")]
    pub(crate) reference: String,
    /// Such as `Visa`.
    pub(crate) brand: String,
    /// The last four digits.
    pub(crate) last4: String,
    /// Month and year, `04/29`.
    pub(crate) expires: Option<String>,
}

/// How far the person's identity was checked.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Kyc {
    /// Such as `full`.
    pub(crate) level: Option<String>,
    /// `verified`, or how far it got.
    pub(crate) status: String,
    /// When, in RFC 3339.
    pub(crate) verified_at: Option<String>,
}

impl Kyc {
    /// Whether the check is done.
    pub(crate) fn is_verified(&self) -> bool {
        self.status == "verified"
    }

    /// The status as a person says it.
    pub(crate) fn status_in_words(&self) -> String {
        match self.status.as_str() {
            "none" => "not started".to_owned(),
            status => status.replace('_', " "),
        }
    }

    /// In a few words: `verified (full), 2026-03-14`.
    pub(crate) fn summary(&self) -> String {
        let mut summary = self.status_in_words();
        if let Some(level) = self.level.as_ref().filter(|_| self.status != "none") {
            summary = format!("{summary} ({level})");
        }
        if let Some((day, _)) = self
            .verified_at
            .as_deref()
            .and_then(|at| at.split_once('T'))
        {
            summary = format!("{summary}, {day}");
        }
        summary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_its_formatted_form_is_put_together() {
        let address: SavedAddress =
            serde_json::from_str(r#"{"street_address":"Main 1","locality":"Ghent","region":"x"}"#)
                .expect("unknown members are ignored");
        assert_eq!(address.line(), "Main 1, Ghent");
        assert_eq!(address.title(), "Saved address");
    }
}
