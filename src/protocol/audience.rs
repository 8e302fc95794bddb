//! Two JWT claim types that several tokens share: the audience and the numeric date (RFC 7519
//! §4.1.3, §2).

use serde::{Deserialize, Deserializer, Serialize};

/// "In the general case, the "aud" value is an array of case-sensitive strings […]. In the special
/// case when the JWT has one audience, the "aud" value MAY be a single case-sensitive string"
/// (RFC 7519 §4.1.3). Which of the two it was is kept, because some profiles allow only one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// A single string.
    One(String),
    /// An array, perhaps of one.
    Many(Vec<String>),
}

impl Audience {
    /// The shortest form of a list.
    pub fn of(mut audiences: Vec<String>) -> Self {
        match audiences.len() {
            1 => Self::One(audiences.remove(0)),
            _ => Self::Many(audiences),
        }
    }

    /// All of them.
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(audience) => std::slice::from_ref(audience),
            Self::Many(audiences) => audiences,
        }
    }

    /// Whether one of them is this one, exactly.
    pub fn contains(&self, audience: &str) -> bool {
        self.as_slice().iter().any(|known| known == audience)
    }
}

/// Reads a NumericDate as whole seconds; "non-integer values can be represented" (RFC 7519 §2).
pub(crate) fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let number = serde_json::Number::deserialize(deserializer)?;
    if let Some(seconds) = number.as_i64() {
        return Ok(seconds);
    }
    match number.as_f64() {
        // 2^53: beyond it a float no longer tells seconds apart.
        Some(seconds) if seconds.abs() < 9_007_199_254_740_992.0 => Ok(seconds.floor() as i64),
        _ => Err(serde::de::Error::custom(
            "a date must be a number of seconds",
        )),
    }
}

/// [`seconds`] for a claim that may be missing.
pub(crate) fn maybe_seconds<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<i64>, D::Error> {
    seconds(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_an_audience_is_kept() {
        let one: Audience = serde_json::from_str(r#""a""#).expect("a string");
        let many: Audience = serde_json::from_str(r#"["a"]"#).expect("an array");
        assert_ne!(one, many);
        assert!(one.contains("a") && many.contains("a") && !many.contains("A"));
        assert_eq!(Audience::of(vec!["a".into()]), one);
    }

    #[test]
    fn attack_62_an_audience_of_another_type_is_refused() {
        for text in ["1", "null", "{}", "[1]", r#"["a", null]"#, "true"] {
            assert!(serde_json::from_str::<Audience>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_date_may_have_a_fraction_but_not_another_type() {
        let read = |text: &str| seconds(&mut serde_json::Deserializer::from_str(text)).ok();
        assert_eq!(read("1795205032"), Some(1_795_205_032));
        assert_eq!(read("1795205032.9"), Some(1_795_205_032));
        for text in ["\"1\"", "null", "1e300", "true"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
