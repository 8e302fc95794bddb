//! What of a person's profile a program gets: the claims, and how a person sees them beforehand.
//!
//! The rule for claims that are asked for by name (`claims`, OpenID Connect Core §5.5): one is given
//! only if the person allows this client a scope that contains it, as the grant is at this moment.
//! Consent is asked scope by scope, so a name in `claims` can never bring more than the sheet
//! showed; what it can do is fetch a claim that was allowed in an earlier authorization with a
//! token whose own scope is smaller, or put it into the id_token.
//!
//! `picture` is passed on as it is. Two programs that were both allowed to see it can compare its
//! address, as they can compare the name; `docs/security.md` says so.

use std::collections::BTreeMap;

use domain::profile::{Address, Profile};
use foundation::bounded_text::safe_to_show;
use protocol::claim::{self, ClaimNeed, claims_of_scope};
use protocol::scope::{self, ScopeName, ScopeSet};
use serde_json::{Map, Value};

/// What was asked for, and what the person allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    /// What the token may do: the scopes whose claims are given without being named.
    pub(crate) scope: &'a ScopeSet,
    /// The claims that are asked for by name.
    pub(crate) named: &'a BTreeMap<String, ClaimNeed>,
    /// All that the grant allows now.
    pub(crate) grant: &'a ScopeSet,
}

/// The claims of a profile that were asked for and are allowed. What the person does not have is
/// left out: "If a Claim is not returned, that Claim Name SHOULD be omitted from the JSON object
/// representing the Claims; it SHOULD NOT be present with a null or empty string value" (OpenID
/// Connect Core §5.3.2). `sub` and `unionid` are not the profile's.
pub(crate) fn claims_of(profile: &Profile, asked: &Asked<'_>) -> Map<String, Value> {
    let mut claims = Map::new();
    let by_scope = |set: &ScopeSet, name: &str| {
        let containing = set
            .iter()
            .filter(|scope| claims_of_scope(scope.as_str()).contains(&name));
        containing
            .map(|scope| is_verified_only(scope.as_str()))
            .reduce(|a, b| a && b)
    };
    for name in claim::ALL {
        // Whether the claim is allowed, and if so whether only a verified value is.
        let verified_only = by_scope(asked.scope, name).or_else(|| {
            asked
                .named
                .contains_key(*name)
                .then(|| by_scope(asked.grant, name))?
        });
        if let Some(value) = verified_only.and_then(|only| profile.claim(name, only)) {
            claims.insert((*name).to_owned(), value);
        }
    }
    claims
}

/// "a verified one or nothing".
fn is_verified_only(scope: &str) -> bool {
    matches!(scope, scope::PHONE_VERIFIED | scope::EMAIL_VERIFIED)
}

/// The values that a scope would share now, as a person recognises them on the consent sheet and on
/// the account page: `Ada Lovelace`, `+375 ••• 4567`, `Home: 5 Lake Road, Minsk`,
/// `Visa •••• 4242`. Empty when the person has none, or the scope stands for none.
pub fn values_shown(profile: &Profile, scope: &ScopeName) -> Vec<String> {
    let values = match scope.as_str() {
        scope::PROFILE_BASIC => texts([&profile.name, &profile.nickname]),
        scope::PROFILE => texts([
            &profile.name,
            &profile.nickname,
            &profile.preferred_username,
            &profile.gender,
            &profile.birthdate,
            &profile.website,
            &profile.profile,
            &profile.locale,
            &profile.zoneinfo,
        ]),
        scope::PHONE | scope::PHONE_VERIFIED => {
            let number = text_claim(profile, claim::PHONE_NUMBER, scope);
            number
                .map(|number| masked_phone(&number))
                .into_iter()
                .collect()
        }
        scope::EMAIL | scope::EMAIL_VERIFIED => text_claim(profile, claim::EMAIL, scope)
            .into_iter()
            .collect(),
        scope::ADDRESS => profile
            .address
            .as_ref()
            .or(profile.addresses.first())
            .map(Address::line)
            .into_iter()
            .collect(),
        scope::ADDRESSES => profile.addresses.iter().map(labelled).collect(),
        scope::PAYMENT_METHODS => profile
            .payment_methods
            .iter()
            .map(|m| format!("{} •••• {}", m.brand, m.last4))
            .collect(),
        scope::KYC_STATUS => profile.kyc.iter().map(|kyc| kyc.level.clone()).collect(),
        _ => Vec::new(),
    };
    let shown = values.iter().map(|value| safe_to_show(value));
    shown.filter(|value| !value.trim().is_empty()).collect()
}

fn texts<const N: usize>(texts: [&Option<String>; N]) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    for text in texts.into_iter().flatten() {
        if !values.contains(text) {
            values.push(text.clone());
        }
    }
    values
}

/// A claim exactly as the scope would give it.
fn text_claim(profile: &Profile, name: &str, scope: &ScopeName) -> Option<String> {
    let value = profile.claim(name, is_verified_only(scope.as_str()))?;
    value.as_str().map(str::to_owned)
}

fn labelled(address: &Address) -> String {
    match &address.label {
        Some(label) => format!("{label}: {}", address.line()),
        None => address.line(),
    }
}

/// A phone number with its middle hidden, so that whoever looks over a shoulder learns little.
/// Shown are the country's calling code (one digit in the zones 1 and 7, else at most three: ITU-T
/// E.164) and the last four digits.
fn masked_phone(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let code = if digits.starts_with(['1', '7']) { 1 } else { 3 };
    let hidden = 2;
    if digits.len() < code + hidden + 4 {
        return "•••".to_owned();
    }
    format!("+{} ••• {}", &digits[..code], &digits[digits.len() - 4..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ada() -> Profile {
        serde_json::from_value(json!({
            "name": "Ada Lovelace", "nickname": "Ada", "picture": "https://p.example/ada.png",
            "birthdate": "1815-12-10", "gender": "female",
            "email": "ada@example.org", "email_verified": true,
            "phone_number": "+375295554567", "phone_number_verified": false,
            "addresses": [{ "label": "Home", "street_address": "5 Lake Road", "locality": "Minsk" }],
            "payment_methods": [{ "ref": "pm_1", "brand": "Visa", "last4": "4242" }],
            "kyc": { "level": "full", "status": "verified" },
        }))
        .expect("a profile")
    }

    fn set(text: &str) -> ScopeSet {
        ScopeSet::parse(text).expect("scopes")
    }

    fn names(scope: &str, named: &[&str], grant: &str) -> Vec<String> {
        let named = named
            .iter()
            .map(|n| ((*n).to_owned(), ClaimNeed::default()))
            .collect();
        let (scope, grant) = (set(scope), set(grant));
        let asked = Asked {
            scope: &scope,
            named: &named,
            grant: &grant,
        };
        let mut names: Vec<_> = claims_of(&ada(), &asked).keys().cloned().collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn a_narrow_scope_gives_its_claims_and_nothing_else() {
        assert_eq!(names("openid", &[], "openid"), [""; 0]);
        assert_eq!(
            names("profile.basic", &[], "profile.basic"),
            ["name", "nickname", "picture"]
        );
        assert_eq!(names("addresses", &[], "addresses"), ["addresses"]);
        assert_eq!(
            names("payment_methods kyc.status", &[], ""),
            ["kyc", "payment_methods"]
        );
    }

    #[test]
    fn a_verified_scope_gives_a_verified_value_or_nothing() {
        assert_eq!(names("phone.verified", &[], ""), [""; 0]);
        assert_eq!(names("email.verified", &[], ""), ["email"]);
        assert_eq!(
            names("phone", &[], ""),
            ["phone_number", "phone_number_verified"]
        );
    }

    #[test]
    fn a_claim_by_name_needs_a_scope_that_the_person_allows() {
        assert_eq!(names("openid", &["birthdate"], "openid"), [""; 0]);
        assert_eq!(
            names("openid", &["birthdate"], "openid profile"),
            ["birthdate"]
        );
        assert_eq!(
            names("openid", &["birthdate"], "openid profile.basic"),
            [""; 0]
        );
        assert_eq!(
            names("openid", &["phone_number"], "phone.verified"),
            [""; 0]
        );
        assert_eq!(
            names("openid", &["sub", "password_hash", "user_id"], "profile"),
            [""; 0]
        );
    }

    #[test]
    fn a_person_sees_what_would_be_shared() {
        let shown = |scope: &str| values_shown(&ada(), &ScopeName::parse(scope).expect("a scope"));
        assert_eq!(shown("profile.basic"), ["Ada Lovelace", "Ada"]);
        assert_eq!(shown("phone"), ["+375 ••• 4567"]);
        assert_eq!(shown("phone.verified"), [""; 0]);
        assert_eq!(shown("email.verified"), ["ada@example.org"]);
        assert_eq!(shown("addresses"), ["Home: 5 Lake Road, Minsk"]);
        assert_eq!(shown("payment_methods"), ["Visa •••• 4242"]);
        assert_eq!(shown("kyc.status"), ["full"]);
        assert_eq!(shown("openid"), [""; 0]);
    }

    #[test]
    fn a_phone_number_keeps_its_middle_to_itself() {
        assert_eq!(masked_phone("+14155550123"), "+1 ••• 0123");
        assert_eq!(masked_phone("+375295554567"), "+375 ••• 4567");
        assert_eq!(masked_phone("+37512345"), "•••");
    }

    #[test]
    fn a_name_cannot_rewrite_the_sheet() {
        let profile = Profile {
            name: Some("Ada \u{202E}knaB".into()),
            ..Profile::default()
        };
        let scope = ScopeName::parse("profile.basic").expect("a scope");
        assert_eq!(values_shown(&profile, &scope), ["Ada knaB"]);
    }
}
