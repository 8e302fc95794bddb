//! The master profile of a user: the standard claims of OpenID Connect Core §5.1 with addresses,
//! payment-method references and KYC status. `portico user add --profile` reads this shape.

use foundation::clock::Instant;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::kyc::Kyc;
use crate::payment_method::PaymentMethod;

mod check;

pub use check::ProfileError;

/// Everything the super app knows about a person, under the names of OIDC Core §5.1. E-mail and
/// phone stand here as shown to programs; what can be signed in with is an
/// [`crate::identity::Identity`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(
    missing_docs,
    reason = "the fields are the claims of OIDC Core §5.1, under their own names"
)]
pub struct Profile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthdate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zoneinfo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number_verified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Address>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub payment_methods: Vec<PaymentMethod>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kyc: Option<Kyc>,
    /// When the profile last changed; seconds in the `updated_at` claim.
    #[serde(skip)]
    pub changed_at: Option<Instant>,
}

/// A postal address (OIDC Core §5.1.1) with the label its owner gave it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(
    missing_docs,
    reason = "the fields are the members of OIDC Core §5.1.1, under their own names"
)]
pub struct Address {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formatted: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locality: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

impl Address {
    /// One line for a person to read.
    pub fn line(&self) -> String {
        let parts = match &self.formatted {
            Some(_) => vec![&self.formatted],
            None => vec![
                &self.street_address,
                &self.postal_code,
                &self.locality,
                &self.region,
                &self.country,
            ],
        };
        let lines = parts.into_iter().flatten().flat_map(|part| part.lines());
        lines.collect::<Vec<_>>().join(", ")
    }
}

impl Profile {
    /// The most characters of one text member.
    pub const MAX_TEXT: usize = 500;
    /// The most entries of one list.
    pub const MAX_ENTRIES: usize = 20;

    /// One claim's value as a program would get it; `None` when the person has none. Where a scope
    /// gives "a verified one or nothing", `verified_only` leaves out a phone number or an e-mail
    /// address that is not, and what is said about it.
    pub fn claim(&self, name: &str, verified_only: bool) -> Option<Value> {
        match name {
            "email" | "email_verified" if verified_only && self.email_verified != Some(true) => {
                return None;
            }
            "phone_number" | "phone_number_verified"
                if verified_only && self.phone_number_verified != Some(true) =>
            {
                return None;
            }
            "email_verified" => {
                let verified = self.email_verified.unwrap_or(false);
                return self.email.as_ref().map(|_| verified.into());
            }
            "phone_number_verified" => {
                let verified = self.phone_number_verified.unwrap_or(false);
                return self.phone_number.as_ref().map(|_| verified.into());
            }
            "updated_at" => return self.changed_at.map(|t| t.seconds().into()),
            "address" => return self.main_address(),
            _ => {}
        }
        self.as_map().remove(name)
    }

    /// The standard `address` claim: the one set as such, else the first of the list. Its label is
    /// not a member of OIDC Core §5.1.1 and stays out.
    fn main_address(&self) -> Option<Value> {
        let address = self.address.as_ref().or(self.addresses.first())?;
        let bare = Address {
            label: None,
            ..address.clone()
        };
        let value = serde_json::to_value(&bare).ok()?;
        value
            .as_object()
            .is_some_and(|o| !o.is_empty())
            .then_some(value)
    }

    fn as_map(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(map)) => map,
            _ => Map::new(),
        }
    }
}
