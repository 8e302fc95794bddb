//! The errors of the authorization endpoint: RFC 6749 §4.1.2.1 and OpenID Connect Core §3.1.2.6.
//!
//! Owns code and description. Whether one may be sent by redirect depends on a verified
//! redirect URI and is decided elsewhere.

use serde::{Deserialize, Serialize};

use crate::oauth_error::safe_description;

macro_rules! authorization_error_codes {
    ($($name:ident $text:literal $section:literal;)*) => {
        /// An error code of an authorization response.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum AuthorizationErrorCode {$(
            #[doc = concat!("`", $text, "`, ", $section)]
            #[serde(rename = $text)]
            $name,
        )*}

        impl AuthorizationErrorCode {
            /// The code as it is sent.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

authorization_error_codes! {
    InvalidRequest           "invalid_request"             "RFC 6749 §4.1.2.1";
    UnauthorizedClient       "unauthorized_client"         "RFC 6749 §4.1.2.1";
    AccessDenied             "access_denied"               "RFC 6749 §4.1.2.1";
    UnsupportedResponseType  "unsupported_response_type"   "RFC 6749 §4.1.2.1";
    InvalidScope             "invalid_scope"               "RFC 6749 §4.1.2.1";
    ServerError              "server_error"                "RFC 6749 §4.1.2.1";
    TemporarilyUnavailable   "temporarily_unavailable"     "RFC 6749 §4.1.2.1";
    InteractionRequired      "interaction_required"        "OpenID Connect Core §3.1.2.6";
    LoginRequired            "login_required"              "OpenID Connect Core §3.1.2.6";
    AccountSelectionRequired "account_selection_required"  "OpenID Connect Core §3.1.2.6";
    ConsentRequired          "consent_required"            "OpenID Connect Core §3.1.2.6";
    InvalidRequestUri        "invalid_request_uri"         "OpenID Connect Core §3.1.2.6";
    InvalidRequestObject     "invalid_request_object"      "OpenID Connect Core §3.1.2.6";
    RequestNotSupported      "request_not_supported"       "OpenID Connect Core §3.1.2.6";
    RequestUriNotSupported   "request_uri_not_supported"   "OpenID Connect Core §3.1.2.6";
    RegistrationNotSupported "registration_not_supported"  "OpenID Connect Core §3.1.2.6";
    InvalidTarget            "invalid_target"              "RFC 8707 §2";
    UnmetAuthenticationRequirements
        "unmet_authentication_requirements" "OpenID Connect Core Unmet Authentication Requirements §2";
}

/// A refused authorization request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRefusal {
    code: AuthorizationErrorCode,
    description: String,
}

impl AuthorizationRefusal {
    /// A refusal. The description is cut to the characters that may be sent.
    pub fn new(code: AuthorizationErrorCode, description: impl Into<String>) -> Self {
        Self {
            code,
            description: safe_description(&description.into()),
        }
    }

    /// The code.
    pub fn code(&self) -> AuthorizationErrorCode {
        self.code
    }

    /// What the client is told; never localised.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// `error` and `error_description`, as parameters of a response. `state` and `iss` are added
    /// by [`crate::response_mode::AuthorizationResponse`].
    pub fn parameters(&self) -> Vec<(String, String)> {
        let mut parameters = vec![("error".to_owned(), self.code.as_str().to_owned())];
        if !self.description.is_empty() {
            parameters.push(("error_description".to_owned(), self.description.clone()));
        }
        parameters
    }
}

impl std::fmt::Display for AuthorizationRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.description)
    }
}

impl std::error::Error for AuthorizationRefusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_becomes_response_parameters() {
        let refusal = AuthorizationRefusal::new(AuthorizationErrorCode::LoginRequired, "say \"x\"");
        let expected = [
            ("error", "login_required"),
            ("error_description", "say 'x'"),
        ];
        assert_eq!(
            refusal.parameters(),
            expected.map(|(n, v)| (n.to_owned(), v.to_owned()))
        );
    }

    #[test]
    fn a_code_is_stored_as_it_is_sent() {
        let code = AuthorizationErrorCode::AccountSelectionRequired;
        assert_eq!(serde_json::to_value(code).ok(), Some(code.as_str().into()));
    }
}
