//! The token request, an enum tagged by `grant_type` (RFC 6749 §4.1.3, §4.4.2, §6).
//!
//! The client's credential is in the same form and is read by [`crate::client_credential`].

use foundation::secret::SecretText;

use crate::client_metadata::GrantType;
use crate::oauth_error::{OAuthError, invalid_request, invalid_scope, unsupported_grant_type};
use crate::parameters::Parameters;
use crate::pkce::CodeVerifier;
use crate::resource::parse_resources;
use crate::scope::ScopeSet;

/// Names that may be repeated (RFC 8707 §2, RFC 8693 §2.1).
const REPEATABLE: &[&str] = &["resource", "audience"];

/// A well-formed token request.
#[derive(Clone)]
pub enum TokenRequest {
    /// A code is redeemed.
    AuthorizationCode {
        /// The code as it was presented.
        code: String,
        /// Needed again if the authorization request had it.
        redirect_uri: Option<String>,
        /// Needed if there was a challenge.
        code_verifier: Option<CodeVerifier>,
        /// Where the token is to be used; part of what was granted.
        resource: Vec<String>,
    },
    /// A refresh token is used.
    RefreshToken {
        /// The token as it was presented.
        refresh_token: SecretText,
        /// Less than what was granted, if it is given.
        scope: Option<ScopeSet>,
        /// Where the token is to be used.
        resource: Vec<String>,
    },
    /// A client asks for itself.
    ClientCredentials {
        /// What it wants; everything that it may have, if it is not given.
        scope: Option<ScopeSet>,
        /// Where the token is to be used.
        resource: Vec<String>,
    },
}

impl TokenRequest {
    /// Reads the form.
    ///
    /// # Errors
    /// `unsupported_grant_type`, `invalid_scope`, `invalid_target`, else `invalid_request`.
    pub fn parse(parameters: &Parameters) -> Result<Self, OAuthError> {
        parameters.refuse_duplicates(REPEATABLE)?;
        let required = |name: &str| {
            parameters
                .one(name)?
                .ok_or_else(|| invalid_request(format!("{name} is missing")))
        };
        let grant_type = GrantType::parse(required("grant_type")?)
            .ok_or_else(|| unsupported_grant_type("this grant_type is not supported"))?;
        let resource = parse_resources(parameters)?;
        Ok(match grant_type {
            GrantType::AuthorizationCode => Self::AuthorizationCode {
                code: required("code")?.to_owned(),
                redirect_uri: parameters.one("redirect_uri")?.map(str::to_owned),
                code_verifier: parameters
                    .one("code_verifier")?
                    .map(CodeVerifier::parse)
                    .transpose()?,
                resource,
            },
            GrantType::RefreshToken => Self::RefreshToken {
                refresh_token: SecretText::new(required("refresh_token")?),
                scope: scope(parameters)?,
                resource,
            },
            GrantType::ClientCredentials => Self::ClientCredentials {
                scope: scope(parameters)?,
                resource,
            },
        })
    }

    /// The grant, to compare with what the client may use.
    pub fn grant_type(&self) -> GrantType {
        match self {
            Self::AuthorizationCode { .. } => GrantType::AuthorizationCode,
            Self::RefreshToken { .. } => GrantType::RefreshToken,
            Self::ClientCredentials { .. } => GrantType::ClientCredentials,
        }
    }
}

fn scope(parameters: &Parameters) -> Result<Option<ScopeSet>, OAuthError> {
    let parse = |text| ScopeSet::parse(text).map_err(|error| invalid_scope(error.to_string()));
    // Nothing but spaces asks for nothing.
    Ok(parameters
        .one("scope")?
        .map(parse)
        .transpose()?
        .filter(|scope| !scope.is_empty()))
}

/// Codes and tokens are secrets, so only the grant is shown.
impl std::fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenRequest({})", self.grant_type().as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<TokenRequest, &'static str> {
        let parameters = Parameters::parse_urlencoded(text).expect("well-formed");
        TokenRequest::parse(&parameters).map_err(|error| error.code().as_str())
    }

    #[test]
    fn each_grant_is_read() {
        let verifier = "a".repeat(43);
        let code = format!("grant_type=authorization_code&code=c&code_verifier={verifier}");
        let Ok(TokenRequest::AuthorizationCode {
            code,
            redirect_uri,
            code_verifier,
            ..
        }) = read(&code)
        else {
            panic!("a code")
        };
        assert_eq!((code.as_str(), redirect_uri), ("c", None));
        assert_eq!(code_verifier.expect("a verifier").expose(), verifier);

        let refresh = read("grant_type=refresh_token&refresh_token=r&scope=a&resource=urn:a:b");
        let Ok(TokenRequest::RefreshToken {
            scope, resource, ..
        }) = refresh
        else {
            panic!("a refresh token")
        };
        assert_eq!(
            (scope, resource),
            (ScopeSet::parse("a").ok(), vec!["urn:a:b".to_owned()])
        );

        let own = read("grant_type=client_credentials&scope=+").expect("well-formed");
        assert!(matches!(
            own,
            TokenRequest::ClientCredentials { scope: None, .. }
        ));
    }

    #[test]
    fn attack_32_a_grant_that_does_not_exist_is_unsupported() {
        let password = "grant_type=password&username=ada&password=";
        assert_eq!(read(password).err(), Some("unsupported_grant_type"));
        assert_eq!(
            read("grant_type=implicit").err(),
            Some("unsupported_grant_type")
        );
        assert_eq!(
            read("grant_type=Refresh_Token").err(),
            Some("unsupported_grant_type")
        );
    }

    #[test]
    fn what_is_missing_repeated_or_malformed_is_refused() {
        for (text, code) in [
            ("", "invalid_request"),
            ("grant_type=", "invalid_request"),
            ("grant_type=authorization_code", "invalid_request"),
            (
                "grant_type=authorization_code&code=c&code=c",
                "invalid_request",
            ),
            (
                "grant_type=authorization_code&code=c&code_verifier=short",
                "invalid_request",
            ),
            ("grant_type=refresh_token", "invalid_request"),
            (
                "grant_type=refresh_token&refresh_token=r&scope=a%22",
                "invalid_scope",
            ),
            (
                "grant_type=client_credentials&resource=orders",
                "invalid_target",
            ),
            ("grant_type=client_credentials&x=1&x=1", "invalid_request"),
        ] {
            assert_eq!(read(text).err(), Some(code), "{text}");
        }
    }

    #[test]
    fn a_code_is_never_printed() {
        let request = read("grant_type=authorization_code&code=hush").expect("well-formed");
        assert_eq!(format!("{request:?}"), "TokenRequest(authorization_code)");
    }
}
