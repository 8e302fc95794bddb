//! The `resource` parameter (RFC 8707 §2): where a token is to be used.
//!
//! Owns its form and its bound. Which resources there are, and which a grant covers, is decided
//! elsewhere.

use url::Url;

use crate::authorization_error::{AuthorizationErrorCode, AuthorizationRefusal};
use crate::oauth_error::{OAuthError, invalid_target};
use crate::parameters::Parameters;

/// Resources in one request.
const MAX_RESOURCES: usize = 10;
/// Bytes of one of them.
const MAX_RESOURCE: usize = 2048;

/// Why a resource was refused; the answer is `invalid_target`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResourceError {
    /// More than ten.
    #[error("there are too many resources")]
    TooMany,
    /// Not an absolute URI with an authority and without a fragment, of at most 2048 bytes.
    #[error("resource must be an absolute URI with an authority, without a fragment")]
    Form,
    /// The own audience of another client.
    #[error("the resource is another client")]
    AnotherClient,
    /// Of no resource server that there is.
    #[error("the resource is not registered here")]
    Unknown,
}

/// All `resource` parameters of a request, in order, each once.
///
/// # Errors
/// One of them is not well-formed, or there are more than ten.
pub fn parse_resources(parameters: &Parameters) -> Result<Vec<String>, ResourceError> {
    let sent = parameters.many("resource");
    if sent.len() > MAX_RESOURCES {
        return Err(ResourceError::TooMany);
    }
    let mut resources = Vec::new();
    for resource in sent {
        check_resource(resource)?;
        if !resources.iter().any(|known| known == resource) {
            resources.push(resource.to_owned());
        }
    }
    Ok(resources)
}

/// Checks one resource identifier.
///
/// # Errors
/// [`ResourceError::Form`].
pub fn check_resource(text: &str) -> Result<(), ResourceError> {
    // "Its value MUST be an absolute URI, as specified by Section 4.3 of [RFC3986]. The URI MUST
    // NOT include a fragment component." (RFC 8707 §2)
    let fits = text.len() <= MAX_RESOURCE
        && text.bytes().all(|b| b.is_ascii_graphic())
        && !text.contains(['#', '\\', '"', '<', '>'])
        && has_authority(text)
        && Url::parse(text).is_ok();
    if fits {
        Ok(())
    } else {
        Err(ResourceError::Form)
    }
}

/// Whether it says who answers for it: a name without an authority (`urn:…`) is everybody's to choose.
/// `Url` reads `https:a.example` as if it had one, so the text is looked at.
fn has_authority(text: &str) -> bool {
    let rest = text.split_once(':').map(|(_, rest)| rest);
    let rest = rest.and_then(|rest| rest.strip_prefix("//"));
    let authority = rest.and_then(|rest| rest.split(['/', '?']).next());
    authority.is_some_and(|authority| {
        !authority.is_empty() && !authority.starts_with(':') && !authority.contains('@')
    })
}

impl From<ResourceError> for OAuthError {
    fn from(error: ResourceError) -> Self {
        invalid_target(error.to_string())
    }
}

impl From<ResourceError> for AuthorizationRefusal {
    fn from(error: ResourceError) -> Self {
        AuthorizationRefusal::new(AuthorizationErrorCode::InvalidTarget, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resources(text: &str) -> Result<Vec<String>, ResourceError> {
        parse_resources(&Parameters::parse_urlencoded(text).expect("well-formed"))
    }

    #[test]
    fn a_resource_is_an_absolute_uri_without_a_fragment() {
        let two = resources("resource=https://a.example/x&resource=api://b&resource=api://b");
        assert_eq!(
            two,
            Ok(vec!["https://a.example/x".into(), "api://b".into()])
        );
        for bad in [
            "orders",
            "/orders",
            "https://a.example/%23x",
            "https://a.example/x+y",
            "urn:b:c",
            "https:a.example",
            "https:///a.example",
            "https://:443/x",
            "https://somebody@a.example/",
            "mailto:a@b.example?x=://y",
        ] {
            assert_eq!(
                resources(&format!("resource={bad}")),
                Err(ResourceError::Form),
                "{bad}"
            );
        }
    }

    #[test]
    fn attack_96_many_resources_are_refused() {
        assert!(resources(&"resource=api://a&".repeat(10)).is_ok());
        assert_eq!(
            resources(&"resource=api://a&".repeat(11)),
            Err(ResourceError::TooMany)
        );
    }
}
