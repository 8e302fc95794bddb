//! Claims: the names of those that tell something about a person (OpenID Connect Core §5.1, and
//! Portico's own), and the `claims` parameter.
//!
//! Owns names only. Which scope stands for which is in the table of scopes; values come from the
//! profile; whether one may be given is a matter of the grant.

mod claims_request;

pub use claims_request::{ClaimNeed, ClaimsRequest, ClaimsRequestError};

/// Full name.
pub const NAME: &str = "name";
/// Given name.
pub const GIVEN_NAME: &str = "given_name";
/// Family name.
pub const FAMILY_NAME: &str = "family_name";
/// Middle name.
pub const MIDDLE_NAME: &str = "middle_name";
/// Nickname.
pub const NICKNAME: &str = "nickname";
/// The name by which the person wishes to be called at the client; not unique.
pub const PREFERRED_USERNAME: &str = "preferred_username";
/// Address of the person's page.
pub const PROFILE: &str = "profile";
/// Address of a picture.
pub const PICTURE: &str = "picture";
/// Address of a web site.
pub const WEBSITE: &str = "website";
/// Gender.
pub const GENDER: &str = "gender";
/// `YYYY-MM-DD`.
pub const BIRTHDATE: &str = "birthdate";
/// `Europe/Vilnius`.
pub const ZONEINFO: &str = "zoneinfo";
/// `lt-LT`.
pub const LOCALE: &str = "locale";
/// Seconds since 1970.
pub const UPDATED_AT: &str = "updated_at";
/// E-mail address.
pub const EMAIL: &str = "email";
/// Whether it was verified; boolean.
pub const EMAIL_VERIFIED: &str = "email_verified";
/// Phone number in E.164.
pub const PHONE_NUMBER: &str = "phone_number";
/// Whether it was verified; boolean.
pub const PHONE_NUMBER_VERIFIED: &str = "phone_number_verified";
/// Postal address, an object of strings (OpenID Connect Core §5.1.1).
pub const ADDRESS: &str = "address";
/// The address book with labels.
pub const ADDRESSES: &str = "addresses";
/// `[{ref, brand, last4, expires}]`.
pub const PAYMENT_METHODS: &str = "payment_methods";
/// `{level, status, verified_at}`.
pub const KYC: &str = "kyc";
/// The pairwise id at the publisher.
pub const UNIONID: &str = "unionid";
