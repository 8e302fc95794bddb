//! What a profile may hold: forms and bounds of its members, and a refusal that names the member.
//! `portico user add` reads an operator's file by this.

use foundation::clock::Instant;
use serde_json::Value;

use super::{Address, Profile};
use crate::kyc::Kyc;

/// Why a profile was refused: which member, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{member}: {problem}")]
pub struct ProfileError {
    /// Where it stands: `name`, `addresses[0].label`; empty for the profile as a whole.
    pub member: String,
    /// What is wrong.
    pub problem: String,
}

impl ProfileError {
    fn new(member: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            member: member.into(),
            problem: problem.into(),
        }
    }
}

/// How many lines a text may have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
    One,
    /// "MAY contain multiple lines, separated by newlines. Newlines can be represented either as a
    /// carriage return/line feed pair or as a single line feed character" (OIDC Core §5.1.1).
    Several,
}

/// Text within its bound and without control characters; blank text is dropped.
fn check_text(
    member: impl Into<String>,
    text: &mut Option<String>,
    lines: Lines,
) -> Result<(), ProfileError> {
    let Some(written) = text else {
        return Ok(());
    };
    let allowed = |c: char| lines == Lines::Several && matches!(c, '\r' | '\n');
    if written.chars().count() > Profile::MAX_TEXT {
        let problem = format!("is longer than {} characters", Profile::MAX_TEXT);
        return Err(ProfileError::new(member, problem));
    }
    if written.chars().any(|c| c.is_control() && !allowed(c)) {
        return Err(ProfileError::new(member, "has control characters"));
    }
    if written.trim().is_empty() {
        *text = None;
    }
    Ok(())
}

fn check_entries(member: &str, entries: usize) -> Result<(), ProfileError> {
    if entries > Profile::MAX_ENTRIES {
        let problem = format!("has more than {} entries", Profile::MAX_ENTRIES);
        return Err(ProfileError::new(member, problem));
    }
    Ok(())
}

/// "YYYY-MM-DD format. The year MAY be 0000, indicating that it is omitted. To represent only the
/// year, YYYY format is allowed." (OIDC Core §5.1)
fn is_birthdate(text: &str) -> bool {
    match text.split_once('-') {
        None => text.len() == 4 && text != "0000" && text.bytes().all(|b| b.is_ascii_digit()),
        // The year that stands for none has a 29th of February.
        Some(("0000", day)) => is_date(&format!("2000-{day}")),
        Some(_) => is_date(text),
    }
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && Instant::parse_rfc3339(text).is_some()
}

fn check_kyc(kyc: &Kyc) -> Result<(), ProfileError> {
    check_text("kyc.level", &mut Some(kyc.level.clone()), Lines::One)?;
    let verified_at = kyc.verified_at.as_deref();
    if verified_at.is_some_and(|at| Instant::parse_rfc3339(at).is_none()) {
        return Err(ProfileError::new(
            "kyc.verified_at",
            "must be a time (RFC 3339)",
        ));
    }
    Ok(())
}

/// A list is no object: what reads JSON into members would take one for their values in order.
fn check_shape(json: &Value) -> Result<(), ProfileError> {
    let object = |member: String, value: &Value| match value.is_object() {
        true => Ok(()),
        false => Err(ProfileError::new(member, "must be a JSON object")),
    };
    object(String::new(), json)?;
    for member in ["address", "kyc"] {
        if let Some(value) = json.get(member).filter(|value| !value.is_null()) {
            object(member.to_owned(), value)?;
        }
    }
    for member in ["addresses", "payment_methods"] {
        let list = json.get(member).and_then(Value::as_array);
        for (index, value) in list.into_iter().flatten().enumerate() {
            object(format!("{member}[{index}]"), value)?;
        }
    }
    Ok(())
}

impl Profile {
    /// Reads what an operator wrote, with its bounds and forms checked.
    ///
    /// # Errors
    /// The first member that is wrong.
    pub fn parse(json: &Value) -> Result<Self, ProfileError> {
        check_shape(json)?;
        let profile: Self = serde_path_to_error::deserialize(json).map_err(|error| {
            let member = match error.path().to_string() {
                whole if whole == "." => String::new(),
                member => member,
            };
            ProfileError::new(member, error.into_inner().to_string())
        })?;
        profile.checked()
    }

    /// Checks bounds and forms, and drops blank text (a claim is a value or absent: OIDC Core
    /// §5.3.2 "it SHOULD be omitted").
    ///
    /// # Errors
    /// The first member that is wrong.
    pub fn checked(mut self) -> Result<Self, ProfileError> {
        for (member, text) in self.texts() {
            check_text(member, text, Lines::One)?;
        }
        if self.birthdate.as_deref().is_some_and(|d| !is_birthdate(d)) {
            let problem = "must be YYYY-MM-DD, 0000-MM-DD without the year, or YYYY alone";
            return Err(ProfileError::new("birthdate", problem));
        }
        if let Some(address) = &mut self.address {
            address.check("address")?;
        }
        check_entries("addresses", self.addresses.len())?;
        for (index, address) in self.addresses.iter_mut().enumerate() {
            address.check(&format!("addresses[{index}]"))?;
        }
        check_entries("payment_methods", self.payment_methods.len())?;
        for (index, method) in self.payment_methods.iter().enumerate() {
            if !method.is_reference_only() {
                let problem = "last4 is four digits, and no member may hold a card number";
                let member = format!("payment_methods[{index}]");
                return Err(ProfileError::new(member, problem));
            }
        }
        if let Some(kyc) = &self.kyc {
            check_kyc(kyc)?;
        }
        Ok(self)
    }

    fn texts(&mut self) -> [(&'static str, &mut Option<String>); 15] {
        [
            ("name", &mut self.name),
            ("given_name", &mut self.given_name),
            ("family_name", &mut self.family_name),
            ("middle_name", &mut self.middle_name),
            ("nickname", &mut self.nickname),
            ("preferred_username", &mut self.preferred_username),
            ("profile", &mut self.profile),
            ("picture", &mut self.picture),
            ("website", &mut self.website),
            ("gender", &mut self.gender),
            ("birthdate", &mut self.birthdate),
            ("zoneinfo", &mut self.zoneinfo),
            ("locale", &mut self.locale),
            ("email", &mut self.email),
            ("phone_number", &mut self.phone_number),
        ]
    }
}

impl Address {
    /// Checks its members, which stand under `path`, and drops those that are blank.
    fn check(&mut self, path: &str) -> Result<(), ProfileError> {
        for (member, text, lines) in [
            ("label", &mut self.label, Lines::One),
            ("formatted", &mut self.formatted, Lines::Several),
            ("street_address", &mut self.street_address, Lines::Several),
            ("locality", &mut self.locality, Lines::One),
            ("region", &mut self.region, Lines::One),
            ("postal_code", &mut self.postal_code, Lines::One),
            ("country", &mut self.country, Lines::One),
        ] {
            check_text(format!("{path}.{member}"), text, lines)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(json: &Value) -> String {
        let error = Profile::parse(json).expect_err("it is refused");
        error.to_string()
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let long = "x".repeat(Profile::MAX_TEXT + 1);
        let card = json!({ "ref": "pm", "brand": "Visa", "last4": "4242424242424242" });
        for (json, place) in [
            (json!([]), ": must be a JSON object"),
            (json!(["Mallory", "x"]), ": must be a JSON object"),
            (json!("Ada"), ": must be a JSON object"),
            (json!({ "name": 5 }), "name: invalid type"),
            (json!({ "nmae": "Ada" }), "nmae: unknown field"),
            (
                json!({ "email_verified": "yes" }),
                "email_verified: invalid type",
            ),
            (json!({ "birthdate": "May" }), "birthdate: must be"),
            (json!({ "name": long }), "name: is longer than 500"),
            (json!({ "email": long }), "email: is longer than 500"),
            (json!({ "nickname": "a\u{1b}b" }), "nickname: has control"),
            (
                json!({ "address": ["Home"] }),
                "address: must be a JSON object",
            ),
            (
                json!({ "address": { "country": long } }),
                "address.country: is longer",
            ),
            (
                json!({ "address": { "country": 7 } }),
                "address.country: invalid type",
            ),
            (
                json!({ "address": { "region": "a\nb" } }),
                "address.region: has control",
            ),
            (json!({ "addresses": {} }), "addresses: invalid type"),
            (
                json!({ "addresses": [{}, []] }),
                "addresses[1]: must be a JSON object",
            ),
            (
                json!({ "addresses": [{}, { "label": long }] }),
                "addresses[1].label: is longer",
            ),
            (
                json!({ "addresses": [{ "lable": "Home" }] }),
                "addresses[0].lable: unknown field",
            ),
            (
                json!({ "addresses": vec![json!({}); 21] }),
                "addresses: has more than 20",
            ),
            (
                json!({ "payment_methods": [card] }),
                "payment_methods[0]: last4",
            ),
            (
                json!({ "payment_methods": [[]] }),
                "payment_methods[0]: must be a JSON object",
            ),
            (
                json!({ "payment_methods": [{ "ref": 1 }] }),
                "payment_methods[0].ref: invalid",
            ),
            (json!({ "kyc": [] }), "kyc: must be a JSON object"),
            (
                json!({ "kyc": { "level": "full", "status": "sure" } }),
                "kyc.status: unknown variant",
            ),
            (
                json!({ "kyc": { "level": long, "status": "none" } }),
                "kyc.level: is longer",
            ),
            (
                json!({ "kyc": { "level": "full", "status": "none", "verified_at": "May" } }),
                "kyc.verified_at: must be a time",
            ),
        ] {
            let said = refused(&json);
            assert!(said.starts_with(place), "{said}, and not {place}");
        }
    }

    #[test]
    fn a_birthday_may_leave_out_the_year_or_be_a_year_alone() {
        let reads = |text: &str| Profile::parse(&json!({ "birthdate": text })).is_ok();
        for good in [
            "1815-12-10",
            "1990",
            "0000-12-10",
            "0000-02-29",
            "2000-02-29",
        ] {
            assert!(reads(good), "{good}");
        }
        for bad in [
            "0000",
            "90",
            "19900",
            "1990-",
            "1990-12",
            "1990-13-01",
            "0000-13-01",
            "0000-02-30",
            "1990-2-3",
            "1999-02-29",
            "-1990",
            "+1990",
            "1990-12-10T00:00:00Z",
            "10.12.1990",
        ] {
            assert!(!reads(bad), "{bad}");
        }
    }

    #[test]
    fn what_is_right_is_taken_and_blanks_are_dropped() {
        let json = json!({
            "name": "Ada", "nickname": " ", "email": "ada@example.com",
            "address": { "formatted": "1 Harbour Street\r\nOld Town", "label": "" },
            "addresses": [{ "label": "Home", "street_address": "1 Harbour Street\nFlat 2" }],
            "payment_methods": [{ "ref": "pm", "brand": "Visa", "last4": "4242" }],
            "kyc": { "level": "full", "status": "verified", "verified_at": "2026-03-14T09:30:00Z" },
        });
        let profile = Profile::parse(&json).expect("good");
        assert_eq!(profile.nickname, None);
        let address = profile.address.as_ref().expect("an address");
        assert_eq!(
            (&address.label, address.line().as_str()),
            (&None, "1 Harbour Street, Old Town")
        );
        let mut expected = json;
        expected
            .as_object_mut()
            .expect("an object")
            .remove("nickname");
        expected["address"]
            .as_object_mut()
            .expect("an object")
            .remove("label");
        assert_eq!(serde_json::to_value(&profile).ok(), Some(expected));
        assert_eq!(Profile::parse(&json!({})), Ok(Profile::default()));
    }
}
