//! A payment method as a reference: enough to recognise it, never enough to charge it.

use serde::{Deserialize, Serialize};

/// A card or account known to the super app's wallet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentMethod {
    /// The wallet's own reference.
    #[serde(rename = "ref")]
    pub reference: String,
    /// `Visa`, `Mir`, `UnionPay` …
    pub brand: String,
    /// The last four digits.
    pub last4: String,
    /// `MM/YY`, where it expires.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires: Option<String>,
}

impl PaymentMethod {
    /// Whether no member holds a whole number: `last4` is four digits, and nothing has a run of
    /// twelve or more digits.
    pub fn is_reference_only(&self) -> bool {
        let digits = |s: &str| s.bytes().filter(u8::is_ascii_digit).count();
        self.last4.len() == 4
            && digits(&self.last4) == 4
            && digits(&self.reference) < 12
            && digits(&self.brand) < 12
            && self.reference.len() <= 64
            && self.brand.chars().count() <= 32
            && self.expires.as_deref().is_none_or(|e| e.len() <= 7)
    }
}
