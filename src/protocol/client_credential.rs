//! How a client says who it is (RFC 6749 §2.3, RFC 7523 §2.2): reading what was presented.
//!
//! Nothing is believed here: [`PresentedCredential`] is a claim, and only
//! `flow::authenticate_client` makes an authenticated client of it.

mod assertion;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use foundation::id::ClientId;
use foundation::secret::SecretText;

pub use assertion::{
    AssertionAudience, AssertionClaims, AssertionExpectation, unverified_client_id,
};

use crate::client_metadata::TokenEndpointAuthMethod;
use crate::oauth_error::{OAuthError, invalid_client, invalid_request};
use crate::parameters::{Parameters, decode_form};

/// The assertion type of RFC 7523 §2.2.
pub const JWT_BEARER_ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What was presented, by exactly one method.
#[derive(Clone, Debug)]
pub enum PresentedCredential {
    /// A `client_id` without any proof: a public client, or one that forgot.
    None {
        /// Who it says it is.
        client_id: ClientId,
    },
    /// `client_secret_basic`.
    SecretBasic {
        /// Who it says it is.
        client_id: ClientId,
        /// Its secret; never empty.
        secret: SecretText,
    },
    /// `client_secret_post`.
    SecretPost {
        /// Who it says it is.
        client_id: ClientId,
        /// Its secret; never empty.
        secret: SecretText,
    },
    /// `private_key_jwt`.
    Assertion {
        /// The `client_id` parameter, which is optional here.
        client_id: Option<ClientId>,
        /// The JWT, not verified.
        assertion: String,
    },
    /// Nothing at all.
    Nothing,
}

impl PresentedCredential {
    /// The method that was used; `None` if nothing was presented.
    pub fn method(&self) -> Option<TokenEndpointAuthMethod> {
        match self {
            Self::None { .. } => Some(TokenEndpointAuthMethod::None),
            Self::SecretBasic { .. } => Some(TokenEndpointAuthMethod::ClientSecretBasic),
            Self::SecretPost { .. } => Some(TokenEndpointAuthMethod::ClientSecretPost),
            Self::Assertion { .. } => Some(TokenEndpointAuthMethod::PrivateKeyJwt),
            Self::Nothing => None,
        }
    }
}

/// Reads the credential of a request from its `Authorization` header and its form.
///
/// # Errors
/// `invalid_request` for two methods at once or a broken header; `invalid_client` for a scheme or
/// an assertion type that is not supported, and for an id that no client can have.
pub fn present(
    authorization_header: Option<&str>,
    parameters: &Parameters,
) -> Result<PresentedCredential, OAuthError> {
    let client_id = parameters
        .one("client_id")?
        .map(parse_client_id)
        .transpose()?;
    let secret = parameters.one("client_secret")?;
    let assertion = assertion(parameters)?;
    // "The client MUST NOT use more than one authentication method in each request." (RFC 6749
    // §2.3)
    let methods = [
        authorization_header.is_some(),
        secret.is_some(),
        assertion.is_some(),
    ];
    if methods.into_iter().filter(|used| *used).count() > 1 {
        return Err(invalid_request(
            "more than one client authentication method was used",
        ));
    }
    if let Some(header) = authorization_header {
        let (basic_id, secret) = basic(header).map_err(OAuthError::answering_header)?;
        if client_id.is_some_and(|client_id| client_id != basic_id) {
            return Err(invalid_request(
                "client_id differs from the one in the header",
            ));
        }
        return Ok(PresentedCredential::SecretBasic {
            client_id: basic_id,
            secret,
        });
    }
    match (client_id, secret, assertion) {
        (client_id, _, Some(assertion)) => Ok(PresentedCredential::Assertion {
            client_id,
            assertion: assertion.to_owned(),
        }),
        (Some(client_id), Some(secret), None) => {
            let secret = SecretText::new(secret);
            Ok(PresentedCredential::SecretPost { client_id, secret })
        }
        (None, Some(_), None) => Err(invalid_request("client_id is missing")),
        (Some(client_id), None, None) => Ok(PresentedCredential::None { client_id }),
        (None, None, None) => Ok(PresentedCredential::Nothing),
    }
}

fn assertion(parameters: &Parameters) -> Result<Option<&str>, OAuthError> {
    let assertion = parameters.one("client_assertion")?;
    match (parameters.one("client_assertion_type")?, assertion) {
        (None, None) => Ok(None),
        (Some(JWT_BEARER_ASSERTION), Some(assertion)) => Ok(Some(assertion)),
        (Some(_), Some(_)) => Err(invalid_client("client_assertion_type is not supported")),
        _ => Err(invalid_request(
            "client_assertion and client_assertion_type go together",
        )),
    }
}

/// Reads `Basic` credentials.
fn basic(header: &str) -> Result<(ClientId, SecretText), OAuthError> {
    let broken = || invalid_request("the Authorization header is not correctly encoded");
    let (scheme, encoded) = header.split_once(' ').unwrap_or((header, ""));
    // The scheme is "a case-insensitive token" (RFC 9110 §11.1).
    if !scheme.eq_ignore_ascii_case("Basic") {
        return Err(invalid_client("the Authorization scheme must be Basic"));
    }
    let decoded = STANDARD
        .decode(encoded.trim_start_matches(' '))
        .map_err(|_| broken())?;
    let text = String::from_utf8(decoded).map_err(|_| broken())?;
    let (id, secret) = text.split_once(':').ok_or_else(broken)?;
    // "The client identifier is encoded using the "application/x-www-form-urlencoded" encoding
    // algorithm per Appendix B, and the encoded value is used as the username; the client password is
    // encoded using the same algorithm and used as the password." (RFC 6749 §2.3.1)
    let id = decode_form(id).ok_or_else(broken)?;
    let secret = decode_form(secret).ok_or_else(broken)?;
    if secret.is_empty() {
        return Err(invalid_client("the client secret is empty"));
    }
    Ok((parse_client_id(&id)?, SecretText::new(secret)))
}

fn parse_client_id(text: &str) -> Result<ClientId, OAuthError> {
    ClientId::parse(text).map_err(|_| invalid_client("client authentication failed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presented(header: Option<&str>, form: &str) -> Result<PresentedCredential, &'static str> {
        let form = Parameters::parse_urlencoded(form).expect("well-formed");
        present(header, &form).map_err(|error| error.code().as_str())
    }

    fn basic_header(user_and_secret: &[u8]) -> String {
        format!("Basic {}", STANDARD.encode(user_and_secret))
    }

    #[test]
    fn each_method_is_recognised() {
        let header = basic_header(b"market:s%3A1+2");
        let basic = presented(Some(&header), "client_id=market").expect("Basic");
        let PresentedCredential::SecretBasic { client_id, secret } = basic else {
            panic!("{basic:?}")
        };
        assert_eq!((client_id.as_str(), secret.expose()), ("market", "s:1 2"));

        let post = presented(None, "client_id=market&client_secret=s").expect("post");
        assert!(matches!(post, PresentedCredential::SecretPost { .. }));
        let none = presented(None, "client_id=market&client_secret=").expect("public");
        assert!(matches!(none, PresentedCredential::None { .. }));
        assert!(matches!(
            presented(None, ""),
            Ok(PresentedCredential::Nothing)
        ));
        let form = format!("client_assertion=a.b.c&client_assertion_type={JWT_BEARER_ASSERTION}");
        let assertion = presented(None, &form).expect("an assertion");
        assert_eq!(
            assertion.method(),
            Some(TokenEndpointAuthMethod::PrivateKeyJwt)
        );
        assert!(matches!(
            assertion,
            PresentedCredential::Assertion {
                client_id: None,
                ..
            }
        ));
    }

    #[test]
    fn attack_27_loose_basic_credentials_are_refused() {
        for (bytes, code) in [
            (&b"market"[..], "invalid_request"),
            (b"market:\xff", "invalid_request"),
            (b"market:%ff", "invalid_request"),
            (b"market:%4", "invalid_request"),
            (b"market:", "invalid_client"),
            (b":secret", "invalid_client"),
            (b"mar ket:secret", "invalid_client"),
            (b"mar%00ket:secret", "invalid_client"),
        ] {
            let refused = presented(Some(&basic_header(bytes)), "").expect_err("loose");
            assert_eq!(refused, code, "{}", String::from_utf8_lossy(bytes));
        }
        for header in [
            "Basic",
            "Basic ",
            "Basic ====",
            "Basic bWFya2V0OnM",
            "Basic bWFya2V0OnM=x",
        ] {
            assert_eq!(
                presented(Some(header), "").err(),
                Some("invalid_request"),
                "{header}"
            );
        }
        for header in ["Bearer abc", "DPoP abc", "", "Basically bWFya2V0OnM="] {
            assert_eq!(
                presented(Some(header), "").err(),
                Some("invalid_client"),
                "{header}"
            );
        }
        assert!(presented(Some("bAsIc bWFya2V0OnM="), "").is_ok());
    }

    #[test]
    fn attack_27_two_methods_at_once_are_refused() {
        let header = basic_header(b"market:s");
        let assertion = format!("client_assertion=a&client_assertion_type={JWT_BEARER_ASSERTION}");
        for (header, form) in [
            (Some(header.as_str()), "client_secret=s".to_owned()),
            (Some(&header), "client_id=taxi".to_owned()),
            (Some(&header), assertion.clone()),
            (
                None,
                format!("{assertion}&client_id=market&client_secret=s"),
            ),
            (None, "client_secret=s".to_owned()),
            (None, "client_id=market&client_id=market".to_owned()),
            (None, "client_id=market&client_assertion=a".to_owned()),
            (
                None,
                format!("client_assertion_type={JWT_BEARER_ASSERTION}"),
            ),
        ] {
            assert_eq!(
                presented(header, &form).err(),
                Some("invalid_request"),
                "{form}"
            );
        }
        let saml = "client_assertion=a&client_assertion_type=urn:saml";
        assert_eq!(presented(None, saml).err(), Some("invalid_client"));
    }

    #[test]
    fn a_secret_is_never_printed() {
        let post = presented(None, "client_id=market&client_secret=hush").expect("post");
        assert!(!format!("{post:?}").contains("hush"));
    }
}
