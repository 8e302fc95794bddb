//! The `claims` parameter: single claims instead of whole scopes (OpenID Connect Core §5.5).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Claims in one part.
const MAX_CLAIMS: usize = 50;
/// Bytes of a claim's name.
const MAX_NAME: usize = 200;
/// Wanted values of one claim.
const MAX_VALUES: usize = 20;

/// Which claims are asked for by name, and where.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClaimsRequest {
    /// From the userinfo endpoint.
    #[serde(default)]
    pub userinfo: BTreeMap<String, ClaimNeed>,
    /// In the id_token.
    #[serde(default)]
    pub id_token: BTreeMap<String, ClaimNeed>,
}

/// How much one claim is wanted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClaimNeed {
    /// A wish all the same: "the Authorization Server MUST NOT generate an error when Claims are
    /// not returned, whether they are Essential or Voluntary" (OpenID Connect Core §5.5.1).
    #[serde(default)]
    pub essential: bool,
    /// The one value that is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// One of the values that are wanted, in order of preference.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Value>,
}

/// Why a `claims` parameter was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimsRequestError {
    /// Not JSON, or not an object of objects.
    #[error("claims must be a JSON object as OpenID Connect Core 5.5 describes it")]
    Form,
    /// Too many claims or values, or a name that is too long.
    #[error("claims asks for too much")]
    TooMuch,
}

impl ClaimsRequest {
    /// Reads the parameter. Top-level members other than `userinfo` and `id_token` are ignored.
    ///
    /// # Errors
    /// It is not of the described form, or passes a bound.
    pub fn parse(text: &str) -> Result<Self, ClaimsRequestError> {
        let Ok(Value::Object(members)) = serde_json::from_str(text) else {
            return Err(ClaimsRequestError::Form);
        };
        Ok(Self {
            userinfo: part(&members, "userinfo")?,
            id_token: part(&members, "id_token")?,
        })
    }

    /// The values that `sub` is asked to have (OpenID Connect Core §5.5.1: "can be used to specify that
    /// the request apply to the End-User with Subject Identifier"). What is no text is nobody's.
    pub fn subjects(&self) -> impl Iterator<Item = &str> {
        [&self.id_token, &self.userinfo]
            .into_iter()
            .filter_map(|part| part.get("sub")?.value.as_ref())
            .map(|value| value.as_str().unwrap_or_default())
    }

    /// Whether nothing is asked for by name.
    pub fn is_empty(&self) -> bool {
        self.userinfo.is_empty() && self.id_token.is_empty()
    }
}

fn part(
    members: &Map<String, Value>,
    name: &str,
) -> Result<BTreeMap<String, ClaimNeed>, ClaimsRequestError> {
    let claims = match members.get(name) {
        None => return Ok(BTreeMap::new()),
        Some(Value::Object(claims)) => claims,
        Some(_) => return Err(ClaimsRequestError::Form),
    };
    if claims.len() > MAX_CLAIMS || claims.keys().any(|name| name.len() > MAX_NAME) {
        return Err(ClaimsRequestError::TooMuch);
    }
    claims
        .iter()
        .map(|(name, wanted)| Ok((name.clone(), need(wanted)?)))
        .collect()
}

fn need(wanted: &Value) -> Result<ClaimNeed, ClaimsRequestError> {
    let members = match wanted {
        // null "indicates that this Claim is being requested in the default manner" (§5.5.1)
        Value::Null => return Ok(ClaimNeed::default()),
        Value::Object(members) => members,
        _ => return Err(ClaimsRequestError::Form),
    };
    let essential = match members.get("essential") {
        None => false,
        Some(Value::Bool(essential)) => *essential,
        Some(_) => return Err(ClaimsRequestError::Form),
    };
    let values = match members.get("values") {
        None => Vec::new(),
        Some(Value::Array(values)) if values.len() > MAX_VALUES => {
            return Err(ClaimsRequestError::TooMuch);
        }
        Some(Value::Array(values)) if values.iter().all(is_scalar) => values.clone(),
        Some(_) => return Err(ClaimsRequestError::Form),
    };
    let value = members.get("value").cloned();
    if value.as_ref().is_some_and(|value| !is_scalar(value)) {
        return Err(ClaimsRequestError::Form);
    }
    Ok(ClaimNeed {
        essential,
        value,
        values,
    })
}

fn is_scalar(value: &Value) -> bool {
    matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_is_read() {
        let request = ClaimsRequest::parse(
            r#"{"userinfo": {"given_name": {"essential": true}, "nickname": null},
                "id_token": {"auth_time": {"essential": true},
                             "acr": {"values": ["urn:mace:incommon:iap:silver"]}},
                "later": 1}"#,
        )
        .expect("well-formed");
        assert!(request.userinfo["given_name"].essential);
        assert_eq!(request.userinfo["nickname"], ClaimNeed::default());
        assert_eq!(
            request.id_token["acr"].values,
            ["urn:mace:incommon:iap:silver"]
        );
        let stored = serde_json::to_value(&request).expect("JSON");
        assert_eq!(
            serde_json::from_value::<ClaimsRequest>(stored).ok(),
            Some(request)
        );
    }

    #[test]
    fn the_people_that_it_names_are_read() {
        let subjects = |text: &str| {
            let request = ClaimsRequest::parse(text).expect("well-formed");
            request.subjects().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(
            subjects(
                r#"{"userinfo": {"sub": {"value": "b"}}, "id_token": {"sub": {"value": "a"}}}"#
            ),
            ["a", "b"]
        );
        assert_eq!(subjects(r#"{"id_token": {"sub": {"value": 7}}}"#), [""]);
        for nobody in [
            "{}",
            r#"{"id_token": {"sub": null, "acr": {"value": "x"}}}"#,
        ] {
            assert!(subjects(nobody).is_empty(), "{nobody}");
        }
    }

    #[test]
    fn what_is_not_of_that_form_is_refused() {
        for text in [
            "",
            "[]",
            "1",
            "{",
            r#"{"userinfo": []}"#,
            r#"{"userinfo": null}"#,
            r#"{"userinfo": {"name": true}}"#,
            r#"{"userinfo": {"name": {"essential": "yes"}}}"#,
            r#"{"userinfo": {"name": {"values": "x"}}}"#,
            r#"{"id_token": {"acr": {"value": {}}}}"#,
        ] {
            assert_eq!(
                ClaimsRequest::parse(text),
                Err(ClaimsRequestError::Form),
                "{text}"
            );
        }
    }

    #[test]
    fn it_is_bounded() {
        let claims: Map<_, _> = (0..51).map(|i| (format!("c{i}"), Value::Null)).collect();
        let text = serde_json::json!({ "userinfo": claims }).to_string();
        assert_eq!(
            ClaimsRequest::parse(&text),
            Err(ClaimsRequestError::TooMuch)
        );
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(ClaimsRequest::parse(&deep), Err(ClaimsRequestError::Form));
    }
}
