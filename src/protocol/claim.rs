//! Claims: their names, which scope stands for which (OpenID Connect Core §5.4, and Portico's narrow
//! scopes for mini-programs), and the `claims` parameter.
//!
//! Owns names only. Values come from the profile; whether one may be given is a matter of the grant.

mod claims_request;

pub use claims_request::{ClaimNeed, ClaimsRequest, ClaimsRequestError};

use crate::scope;

macro_rules! claim_names {
    ($($(#[$doc:meta])* $constant:ident $name:literal;)*) => {
        $($(#[$doc])* pub const $constant: &str = $name;)*

        /// Every claim that can be given by userinfo, besides `sub`.
        pub const ALL: &[&str] = &[$($name,)*];
    };
}

claim_names! {
    /// Full name.
    NAME "name";
    /// Given name.
    GIVEN_NAME "given_name";
    /// Family name.
    FAMILY_NAME "family_name";
    /// Middle name.
    MIDDLE_NAME "middle_name";
    /// Nickname.
    NICKNAME "nickname";
    /// The name by which the person wishes to be called at the client; not unique.
    PREFERRED_USERNAME "preferred_username";
    /// Address of the person's page.
    PROFILE "profile";
    /// Address of a picture.
    PICTURE "picture";
    /// Address of a web site.
    WEBSITE "website";
    /// Gender.
    GENDER "gender";
    /// `YYYY-MM-DD`.
    BIRTHDATE "birthdate";
    /// `Europe/Vilnius`.
    ZONEINFO "zoneinfo";
    /// `lt-LT`.
    LOCALE "locale";
    /// Seconds since 1970.
    UPDATED_AT "updated_at";
    /// E-mail address.
    EMAIL "email";
    /// Whether it was verified; boolean.
    EMAIL_VERIFIED "email_verified";
    /// Phone number in E.164.
    PHONE_NUMBER "phone_number";
    /// Whether it was verified; boolean.
    PHONE_NUMBER_VERIFIED "phone_number_verified";
    /// Postal address, an object of strings (OpenID Connect Core §5.1.1).
    ADDRESS "address";
    /// The address book with labels.
    ADDRESSES "addresses";
    /// `[{ref, brand, last4, expires}]`.
    PAYMENT_METHODS "payment_methods";
    /// `{level, status, verified_at}`.
    KYC "kyc";
    /// The pairwise id at the publisher.
    UNIONID "unionid";
}

/// The claims that a scope stands for; none for scopes that are not about claims.
pub fn claims_of_scope(scope: &str) -> &'static [&'static str] {
    match scope {
        scope::PROFILE => &[
            NAME,
            FAMILY_NAME,
            GIVEN_NAME,
            MIDDLE_NAME,
            NICKNAME,
            PREFERRED_USERNAME,
            PROFILE,
            PICTURE,
            WEBSITE,
            GENDER,
            BIRTHDATE,
            ZONEINFO,
            LOCALE,
            UPDATED_AT,
        ],
        scope::EMAIL => &[EMAIL, EMAIL_VERIFIED],
        scope::PHONE => &[PHONE_NUMBER, PHONE_NUMBER_VERIFIED],
        scope::ADDRESS => &[ADDRESS],
        scope::PROFILE_BASIC => &[NAME, NICKNAME, PICTURE],
        scope::PHONE_VERIFIED => &[PHONE_NUMBER],
        scope::EMAIL_VERIFIED => &[EMAIL],
        scope::ADDRESSES => &[ADDRESSES],
        scope::PAYMENT_METHODS => &[PAYMENT_METHODS],
        scope::KYC_STATUS => &[KYC],
        scope::UNIONID => &[UNIONID],
        _ => &[],
    }
}

/// Whether a scope is about a person, and so means nothing where there is none
/// (`client_credentials`).
pub fn is_about_a_person(scope: &str) -> bool {
    matches!(
        scope,
        scope::OPENID | scope::OFFLINE_ACCESS | scope::PORTICO_LAUNCH
    ) || !claims_of_scope(scope).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_claim_is_reached_by_a_scope() {
        let scopes = [
            "profile",
            "email",
            "phone",
            "address",
            "profile.basic",
            "phone.verified",
            "email.verified",
            "addresses",
            "payment_methods",
            "kyc.status",
            "unionid",
        ];
        let reached: Vec<_> = scopes
            .iter()
            .flat_map(|scope| claims_of_scope(scope))
            .collect();
        for claim in ALL {
            assert!(reached.contains(&claim), "{claim}");
        }
        assert_eq!(claims_of_scope("phone.verified"), ["phone_number"]);
    }

    #[test]
    fn an_operators_scope_is_not_about_a_person() {
        assert!(is_about_a_person("openid") && is_about_a_person("kyc.status"));
        assert!(!is_about_a_person("orders:read") && claims_of_scope("orders:read").is_empty());
    }
}
