//! The `resource` parameter (RFC 8707 §2): where a token is to be used.
//!
//! Owns its form and its bound. Which resources a grant covers is decided elsewhere.

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
    /// Not an absolute URI without fragment of at most 2048 bytes.
    #[error("resource must be an absolute URI without a fragment")]
    Form,
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
        && Url::parse(text).is_ok();
    if fits {
        Ok(())
    } else {
        Err(ResourceError::Form)
    }
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
        let two = resources("resource=https://a.example/x&resource=urn:b:c&resource=urn:b:c");
        assert_eq!(
            two,
            Ok(vec!["https://a.example/x".into(), "urn:b:c".into()])
        );
        for bad in [
            "orders",
            "/orders",
            "https://a.example/%23x",
            "https://a.example/x+y",
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
        assert!(resources(&"resource=urn:a:b&".repeat(10)).is_ok());
        assert_eq!(
            resources(&"resource=urn:a:b&".repeat(11)),
            Err(ResourceError::TooMany)
        );
    }
}
