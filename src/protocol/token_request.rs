//! The token request (RFC 6749 §4.1.3, §4.4.2, §6): what all grants have in common, and reading what one
//! of them has besides, which its own file in `flow::answer_token_request` knows.
//!
//! The client's credential is in the same form and is read by [`crate::client_credential`].

use crate::oauth_error::{OAuthError, invalid_request, invalid_scope};
use crate::parameters::Parameters;
use crate::resource::parse_resources;
use crate::scope::ScopeSet;

/// Names that may be repeated (RFC 8707 §2, RFC 8693 §2.1).
const REPEATABLE: &[&str] = &["resource", "audience"];

/// A well-formed token request of whatever grant.
#[derive(Clone)]
pub struct TokenRequest<'a> {
    /// Which grant it names; perhaps one that nobody offers.
    pub grant_type: &'a str,
    /// Where the token is to be used (RFC 8707).
    pub resource: Vec<String>,
    parameters: &'a Parameters,
}

impl<'a> TokenRequest<'a> {
    /// Reads the form.
    ///
    /// # Errors
    /// `invalid_target` for a resource that can be none, else `invalid_request`.
    pub fn parse(parameters: &'a Parameters) -> Result<Self, OAuthError> {
        parameters.refuse_duplicates(REPEATABLE)?;
        Ok(Self {
            grant_type: required(parameters, "grant_type")?,
            resource: parse_resources(parameters)?,
            parameters,
        })
    }

    /// A parameter that the grant needs.
    ///
    /// # Errors
    /// `invalid_request`: it is missing, or empty.
    pub fn required(&self, name: &str) -> Result<&'a str, OAuthError> {
        required(self.parameters, name)
    }

    /// A parameter that may be left out; an empty one is.
    ///
    /// # Errors
    /// `invalid_request`: it is there twice.
    pub fn optional(&self, name: &str) -> Result<Option<&'a str>, OAuthError> {
        Ok(self.parameters.one(name)?)
    }

    /// A parameter that may be repeated: all its values.
    pub fn every(&self, name: &str) -> Vec<&'a str> {
        self.parameters.many(name)
    }

    /// A list of wishes in order of preference.
    pub fn wishes(&self, name: &str) -> Vec<String> {
        self.parameters.wishes(name)
    }

    /// What is asked for; nothing but spaces asks for nothing in particular.
    ///
    /// # Errors
    /// `invalid_scope`.
    pub fn scope(&self) -> Result<Option<ScopeSet>, OAuthError> {
        let parse = |text| ScopeSet::parse(text).map_err(|error| invalid_scope(error.to_string()));
        let scope = self.optional("scope")?.map(parse).transpose()?;
        Ok(scope.filter(|scope| !scope.is_empty()))
    }
}

fn required<'a>(parameters: &'a Parameters, name: &str) -> Result<&'a str, OAuthError> {
    let missing = || invalid_request(format!("{name} is missing"));
    parameters.one(name)?.ok_or_else(missing)
}

/// Codes and tokens are secrets, so only the grant is shown.
impl std::fmt::Debug for TokenRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenRequest({})", self.grant_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T>(
        text: &str,
        read: impl Fn(&TokenRequest<'_>) -> Result<T, OAuthError>,
    ) -> Result<T, &'static str> {
        let parameters = Parameters::parse_urlencoded(text).expect("well-formed");
        let request = TokenRequest::parse(&parameters);
        let read = request.and_then(|request| read(&request));
        read.map_err(|error| error.code().as_str())
    }

    #[test]
    fn what_a_grant_asks_for_is_read() {
        let text =
            "grant_type=x&refresh_token=r&empty=&scope=a+b&resource=api://a&resource=api://c";
        let grant = read(text, |request| Ok(request.grant_type.to_owned()));
        assert_eq!(grant.as_deref(), Ok("x"));
        let resource = read(text, |request| Ok(request.resource.clone()));
        assert_eq!(resource, Ok(vec!["api://a".into(), "api://c".into()]));
        let needed = |name| read(text, |request| request.required(name).map(str::to_owned));
        assert_eq!(needed("refresh_token").as_deref(), Ok("r"));
        for missing in ["code", "empty"] {
            assert_eq!(needed(missing), Err("invalid_request"), "{missing}");
        }
        let empty = read(text, |request| Ok(request.optional("empty")?.is_none()));
        assert_eq!(empty, Ok(true));
        let scope = |text: &str| read(text, |request| request.scope());
        assert_eq!(scope(text), Ok(ScopeSet::parse("a b").ok()));
        assert_eq!(scope("grant_type=x&scope=+"), Ok(None));
        assert_eq!(scope("grant_type=x&scope=a%22"), Err("invalid_scope"));
    }

    #[test]
    fn what_is_missing_repeated_or_malformed_is_refused() {
        for (text, code) in [
            ("", "invalid_request"),
            ("grant_type=", "invalid_request"),
            ("grant_type=x&code=c&code=c", "invalid_request"),
            ("grant_type=x&grant_type=x", "invalid_request"),
            ("grant_type=x&x=1&x=1", "invalid_request"),
            ("grant_type=x&resource=orders", "invalid_target"),
        ] {
            assert_eq!(read(text, |_| Ok(())), Err(code), "{text}");
        }
    }

    #[test]
    fn a_code_is_never_printed() {
        let text = "grant_type=authorization_code&code=hush";
        let printed = read(text, |request| Ok(format!("{request:?}")));
        assert_eq!(printed.as_deref(), Ok("TokenRequest(authorization_code)"));
    }
}
