//! The request object (OpenID Connect Core §6.1), as far as a server that does not support it must read
//! it: one that nobody signed still says how and with which `state` its refusal is to be sent.
//!
//! Nothing else of it counts: a request with one is refused (`request_not_supported`).

use foundation::base64url;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::parameters::Parameters;

/// What of a request object its refusal is sent by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct RequestObject {
    /// Comes back.
    pub(crate) state: Option<String>,
    /// How.
    pub(crate) response_mode: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

impl RequestObject {
    /// The unsigned request object of a request, or one that says nothing.
    pub(crate) fn of(parameters: &Parameters) -> Self {
        let text = parameters.one("request").ok().flatten();
        text.and_then(Self::unsigned).unwrap_or_default()
    }

    /// Reads an object whose `alg` is `none` and which has no signature (RFC 7519 §6.1).
    fn unsigned(text: &str) -> Option<Self> {
        let (header, rest) = text.split_once('.')?;
        let claims = rest.strip_suffix('.')?;
        let header: Header = part(header)?;
        (header.alg == "none").then(|| part(claims))?
    }
}

fn part<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&base64url::decode(text)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(header: &str, claims: &str, signature: &str) -> RequestObject {
        let encode = |text: &str| base64url::encode(text.as_bytes());
        let object = format!("{}.{}.{signature}", encode(header), encode(claims));
        let form = format!("request={object}");
        RequestObject::of(&Parameters::parse_urlencoded(&form).expect("well-formed"))
    }

    #[test]
    fn only_an_unsigned_object_says_how_it_is_refused() {
        let claims = r#"{"state":"s","response_mode":"form_post","client_id":"x"}"#;
        let read = of(r#"{"alg":"none"}"#, claims, "");
        assert_eq!(read.state.as_deref(), Some("s"));
        assert_eq!(read.response_mode.as_deref(), Some("form_post"));
        let nothing = RequestObject::default();
        assert_eq!(of(r#"{"alg":"HS256"}"#, claims, "AA"), nothing);
        assert_eq!(of(r#"{"alg":"none"}"#, claims, "AA"), nothing);
        assert_eq!(of(r#"{"alg":"none"}"#, r#"{"state":1}"#, ""), nothing);
        assert_eq!(of("{}", claims, ""), nothing);
        for broken in ["", "a.b", "....", "%FF.x."] {
            let form = format!("request={broken}");
            let form = Parameters::parse_urlencoded(&form);
            assert!(form.is_err() || form.is_ok_and(|form| RequestObject::of(&form) == nothing));
        }
    }
}
