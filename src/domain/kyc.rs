//! How well the super app has verified who a person is.

use serde::{Deserialize, Serialize};

/// The status that a program may learn: no document, no birth date, only how far it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kyc {
    /// The operator's own word for the level (`basic`, `full` …).
    pub level: String,
    /// Where it stands.
    pub status: KycStatus,
    /// When it was last confirmed (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub verified_at: Option<String>,
}

/// Where a verification stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum KycStatus {
    None,
    Pending,
    Verified,
    Rejected,
    Expired,
}
