//! What of a person's profile a program gets: the claims, and what a person sees of them
//! beforehand. How values are worded and what of them is hidden is the pages' business.
//!
//! The rule for claims that are asked for by name (`claims`, OpenID Connect Core §5.5): one is given
//! only if the person allows this client a scope that contains it, as the grant is at this moment.
//! Consent is asked scope by scope, so a name in `claims` can never bring more than the sheet
//! showed; what it can do is fetch a claim that was allowed in an earlier authorization with a
//! token whose own scope is smaller, or put it into the id_token. A token that the client had
//! narrowed opens no more than it says: a backend narrows what it hands to a party that it trusts
//! less, and names have no say there.
//!
//! `picture` is passed on as it is. Two programs that were both allowed to see it can compare its
//! address, as they can compare the name; `docs/security.md` says so.

use std::collections::BTreeMap;

use domain::kyc::{Kyc, KycStatus};
use domain::payment_method::PaymentMethod;
use domain::profile::{Address, Profile};
use protocol::claim::ClaimNeed;
use protocol::scope::{ScopeName, ScopeSet};
use protocol::scope_catalog::{Form, ScopeCatalog};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// What was asked for, and what the person allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestedClaims<'a> {
    /// What the token may do: the scopes whose claims are given without being named.
    pub(crate) scope: &'a ScopeSet,
    /// The claims that are asked for by name.
    pub(crate) named: &'a BTreeMap<String, ClaimNeed>,
    /// All that the grant allows now.
    pub(crate) grant: &'a ScopeSet,
    /// The scopes there are.
    pub(crate) catalog: &'a ScopeCatalog,
}

/// The scopes that claims asked for by name are judged by: all that the person allows, for a token
/// that has what was authorized and is still allowed; for a token that was narrowed, its own.
pub(crate) fn judges_names<'a>(
    token: &'a ScopeSet,
    authorized: &ScopeSet,
    grant: &'a ScopeSet,
) -> &'a ScopeSet {
    match authorized.intersection(grant).is_subset(token) {
        true => grant,
        false => token,
    }
}

/// The claims of a profile that were asked for and are allowed. What the person does not have is
/// left out: "If a Claim is not returned, that Claim Name SHOULD be omitted from the JSON object
/// representing the Claims; it SHOULD NOT be present with a null or empty string value" (OpenID
/// Connect Core §5.3.2). `sub` and `unionid` are not the profile's.
pub(crate) fn claims_of(profile: &Profile, asked: &RequestedClaims<'_>) -> Map<String, Value> {
    let mut claims = Map::new();
    let by_scope = |set: &ScopeSet, name: &str| {
        let rows = set
            .iter()
            .filter_map(|scope| asked.catalog.row(scope.as_str()));
        rows.filter(|row| row.claims.contains(&name))
            .map(|row| row.verified_only)
            .reduce(|a, b| a && b)
    };
    for name in asked.catalog.claims() {
        // Whether the claim is allowed, and if so whether only a verified value is.
        let verified_only = by_scope(asked.scope, name).or_else(|| {
            asked
                .named
                .contains_key(name)
                .then(|| by_scope(asked.grant, name))?
        });
        if let Some(value) = verified_only.and_then(|only| profile.claim(name, only)) {
            claims.insert(name.to_owned(), value);
        }
    }
    claims
}

/// A value that a scope would share, before it is put into words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShownValue {
    /// What the row is about in its own words: a name, an e-mail address.
    Text(String),
    /// A claim that needs its name beside it (OpenID Connect Core §5.1): `locale`, `en`.
    Claim(&'static str, String),
    /// A whole phone number.
    Phone(String),
    /// An address on one line, with the label that its owner gave it.
    Address {
        /// `Home`.
        label: Option<String>,
        /// Street, place, country.
        line: String,
    },
    /// A card or an account.
    Card(PaymentMethod),
    /// An identity check.
    Kyc(Kyc),
}

/// The values that a scope would share now, for the consent sheet and the account page. Empty when
/// the person has none, or the scope stands for none.
pub fn values_shown(
    catalog: &ScopeCatalog,
    profile: &Profile,
    scope: &ScopeName,
) -> Vec<ShownValue> {
    let Some(row) = catalog.row(scope.as_str()) else {
        return Vec::new();
    };
    let shown = row.shown.iter().flat_map(|(claim, form)| {
        // Exactly as the scope would give it.
        let value = profile.claim(claim, row.verified_only);
        let each = value.map_or_else(Vec::new, each);
        each.into_iter()
            .filter_map(|value| shown(claim, *form, value))
    });
    shown.collect()
}

/// The entries of a list, or the one value that there is.
fn each(value: Value) -> Vec<Value> {
    match value {
        Value::Array(entries) => entries,
        value => vec![value],
    }
}

fn shown(claim: &'static str, form: Form, value: Value) -> Option<ShownValue> {
    match form {
        Form::Text => read(value).map(ShownValue::Text),
        Form::Named => read(value).map(|text| ShownValue::Claim(claim, text)),
        Form::Phone => read(value).map(ShownValue::Phone),
        Form::Address => read(value).map(|address: Address| ShownValue::Address {
            line: address.line(),
            label: address.label,
        }),
        Form::Card => read(value).map(ShownValue::Card),
        Form::IdentityCheck => read(value)
            .filter(|kyc: &Kyc| kyc.status != KycStatus::None)
            .map(ShownValue::Kyc),
    }
}

fn read<T: DeserializeOwned>(value: Value) -> Option<T> {
    serde_json::from_value(value).ok()
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
        let asked = RequestedClaims {
            scope: &scope,
            named: &named,
            grant: &grant,
            catalog: &ScopeCatalog::default(),
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
        assert_eq!(
            names("email.verified", &[], ""),
            ["email", "email_verified"]
        );
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
    fn a_narrowed_token_is_judged_by_what_it_says() {
        let judged = |token: &str, authorized: &str, grant: &str| {
            judges_names(&set(token), &set(authorized), &set(grant)).to_string()
        };
        let all = "email openid phone";
        assert_eq!(judged("openid email", "openid email", all), all);
        assert_eq!(judged("openid", "openid email", all), "openid");
        // Taken back by the person, not narrowed by the client.
        assert_eq!(
            judged("openid", "openid email", "openid phone"),
            "openid phone"
        );
        assert_eq!(judged("openid email", "openid", all), all);
    }

    #[test]
    fn a_person_sees_what_would_be_shared() {
        let catalog = ScopeCatalog::default();
        let shown = |scope: &str| {
            let scope = ScopeName::parse(scope).expect("a scope");
            values_shown(&catalog, &ada(), &scope)
        };
        let text = |text: &str| ShownValue::Text(text.to_owned());
        assert_eq!(
            shown("profile.basic"),
            [
                text("Ada Lovelace"),
                ShownValue::Claim("nickname", "Ada".into())
            ]
        );
        assert_eq!(
            shown("profile")[2..],
            [
                ShownValue::Claim("gender", "female".into()),
                ShownValue::Claim("birthdate", "1815-12-10".into()),
            ]
        );
        assert_eq!(shown("phone"), [ShownValue::Phone("+375295554567".into())]);
        assert_eq!(shown("phone.verified"), []);
        assert_eq!(shown("email.verified"), [text("ada@example.org")]);
        let line = "5 Lake Road, Minsk".to_owned();
        assert_eq!(
            shown("addresses"),
            [ShownValue::Address {
                label: Some("Home".into()),
                line: line.clone(),
            }]
        );
        assert_eq!(
            shown("address"),
            [ShownValue::Address { label: None, line }]
        );
        assert!(
            matches!(&shown("payment_methods")[..], [ShownValue::Card(card)] if card.last4 == "4242")
        );
        assert!(matches!(&shown("kyc.status")[..], [ShownValue::Kyc(kyc)] if kyc.level == "full"));
        assert_eq!(shown("openid"), []);
    }

    #[test]
    fn an_identity_that_was_never_checked_is_nothing_to_share() {
        let kyc = json!({ "kyc": { "level": "none", "status": "none" } });
        let profile: Profile = serde_json::from_value(kyc).expect("a profile");
        let scope = ScopeName::parse("kyc.status").expect("a scope");
        assert_eq!(values_shown(&ScopeCatalog::default(), &profile, &scope), []);
    }
}
