//! The errors that are answered as JSON: token, introspection, revocation, userinfo and
//! registration. The status follows from the code, in one table.
//!
//! Errors of the authorization endpoint go to another audience and are in
//! [`crate::authorization_error`].

use foundation::id::ClientId;
use serde_json::{Map, Value, json};

use crate::mismatch::Mismatch;

macro_rules! error_codes {
    ($($name:ident $text:literal $status:literal $section:literal;)*) => {
        /// An error code with the status and the section that defines it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode {$(
            #[doc = concat!("`", $text, "`, ", $status, ", ", $section)]
            $name,
        )*}

        impl ErrorCode {
            /// The code as it is sent.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The HTTP status that goes with it.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// Where it is defined.
            pub const fn section(self) -> &'static str {
                match self { $(Self::$name => $section,)* }
            }
        }
    };
}

error_codes! {
    InvalidRequest          "invalid_request"           400  "RFC 6749 §5.2";
    InvalidClient           "invalid_client"            400  "RFC 6749 §5.2";
    InvalidGrant            "invalid_grant"             400  "RFC 6749 §5.2";
    UnauthorizedClient      "unauthorized_client"       400  "RFC 6749 §5.2";
    UnsupportedGrantType    "unsupported_grant_type"    400  "RFC 6749 §5.2";
    InvalidScope            "invalid_scope"             400  "RFC 6749 §5.2";
    InvalidTarget           "invalid_target"            400  "RFC 8707 §2";
    UnsupportedTokenType    "unsupported_token_type"    400  "RFC 7009 §2.2.1";
    InvalidToken            "invalid_token"             401  "RFC 6750 §3.1";
    InsufficientScope       "insufficient_scope"        403  "RFC 6750 §3.1";
    InvalidDpopProof        "invalid_dpop_proof"        400  "RFC 9449 §5";
    UseDpopNonce            "use_dpop_nonce"            400  "RFC 9449 §8";
    ConsentRequired         "consent_required"          400  "OpenID Connect Core §3.1.2.6";
    AccessDenied            "access_denied"             400  "RFC 8628 §3.5";
    ServerError             "server_error"              500  "RFC 6749 §4.1.2.1";
    TemporarilyUnavailable  "temporarily_unavailable"   503  "RFC 6749 §4.1.2.1";
    InvalidRedirectUri      "invalid_redirect_uri"      400  "RFC 7591 §3.2.2";
    InvalidClientMetadata   "invalid_client_metadata"   400  "RFC 7591 §3.2.2";
}

/// A refusal for a client: code and description are sent, the cause, and whom it is about, are for
/// the log only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuthError {
    code: ErrorCode,
    description: String,
    cause: Option<String>,
    client_id: Option<ClientId>,
    mismatch: Option<Box<Mismatch>>,
    answers_header: bool,
    members: Vec<(&'static str, Value)>,
}

impl OAuthError {
    /// A refusal. The description is cut to the characters that may be sent.
    pub fn new(code: ErrorCode, description: impl Into<String>) -> Self {
        Self {
            code,
            description: safe_description(&description.into()),
            cause: None,
            client_id: None,
            mismatch: None,
            answers_header: false,
            members: Vec::new(),
        }
    }

    /// The same refusal with one more member in its body, for whoever can act on it.
    #[must_use]
    pub fn with(mut self, member: &'static str, value: impl Into<Value>) -> Self {
        self.members.push((member, value.into()));
        self
    }

    /// The same refusal of a client that came with an `Authorization` header: "the authorization
    /// server MUST respond with an HTTP 401 (Unauthorized) status code and include the
    /// "WWW-Authenticate" response header field" (RFC 6749 §5.2). Without a header there is no
    /// challenge to answer, and half of the client libraries show a challenge in place of the error.
    #[must_use]
    pub fn answering_header(mut self) -> Self {
        self.answers_header = true;
        self
    }

    /// Whether it is answered with a challenge for the `Authorization` header.
    pub fn challenges(&self) -> bool {
        self.answers_header && self.code == ErrorCode::InvalidClient
    }

    /// The same refusal with what is really the matter, for the log; never sent.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The same refusal with the client that it is about, as whom somebody presented themselves:
    /// for the log; never sent.
    #[must_use]
    pub fn about(mut self, client_id: &ClientId) -> Self {
        self.client_id = Some(client_id.clone());
        self
    }

    /// The same refusal with the value that does not fit, and those that would: for the log; never sent.
    #[must_use]
    pub fn for_makers(mut self, mismatch: Mismatch) -> Self {
        self.mismatch = Some(Box::new(mismatch));
        self
    }

    /// The code.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self.challenges() {
            true => 401,
            false => self.code.status(),
        }
    }

    /// What the client is told, in sendable characters.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// What the log is told.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The client that the log is told of.
    pub fn client_id(&self) -> Option<&ClientId> {
        self.client_id.as_ref()
    }

    /// The value that the log is told of.
    pub fn mismatch(&self) -> Option<&Mismatch> {
        self.mismatch.as_deref()
    }

    /// The body of RFC 6749 §5.2.
    pub fn body(&self) -> Value {
        let mut body = Map::new();
        body.insert("error".to_owned(), json!(self.code.as_str()));
        if !self.description.is_empty() {
            let description = json!(self.description);
            body.insert("error_description".to_owned(), description);
        }
        let members = self.members.iter();
        body.extend(members.map(|(name, value)| ((*name).to_owned(), value.clone())));
        Value::Object(body)
    }

    /// The members of a `WWW-Authenticate` challenge for this refusal (RFC 6750 §3). The description has
    /// no quotation mark and no backslash, so it can stand in quotes as it is.
    pub fn challenge_members(&self) -> Vec<String> {
        let mut members = vec![format!("error=\"{}\"", self.code.as_str())];
        if !self.description.is_empty() {
            members.push(format!("error_description=\"{}\"", self.description));
        }
        members
    }
}

impl std::fmt::Display for OAuthError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.description)?;
        self.cause
            .as_ref()
            .map_or(Ok(()), |cause| write!(f, " ({cause})"))
    }
}

impl std::error::Error for OAuthError {}

macro_rules! shorthands {
    ($($function:ident $code:ident;)*) => {$(
        #[doc = concat!("[`ErrorCode::", stringify!($code), "`] with a description.")]
        pub fn $function(description: impl Into<String>) -> OAuthError {
            OAuthError::new(ErrorCode::$code, description)
        }
    )*};
}

shorthands! {
    invalid_request InvalidRequest;
    invalid_client InvalidClient;
    invalid_grant InvalidGrant;
    unauthorized_client UnauthorizedClient;
    unsupported_grant_type UnsupportedGrantType;
    invalid_scope InvalidScope;
    invalid_target InvalidTarget;
    unsupported_token_type UnsupportedTokenType;
    invalid_token InvalidToken;
    insufficient_scope InsufficientScope;
    invalid_dpop_proof InvalidDpopProof;
    use_dpop_nonce UseDpopNonce;
    consent_required ConsentRequired;
    access_denied AccessDenied;
    server_error ServerError;
    temporarily_unavailable TemporarilyUnavailable;
    invalid_redirect_uri InvalidRedirectUri;
    invalid_client_metadata InvalidClientMetadata;
}

/// Longest description that is sent.
const MAX_DESCRIPTION: usize = 300;

/// "Values for the "error_description" parameter MUST NOT include characters outside the set
/// %x20-21 / %x23-5B / %x5D-7E" (RFC 6749 §5.2). Quotes become `'`, anything else `?`, so that a
/// value from the request cannot break out of a header, a log line or a page either.
pub(crate) fn safe_description(text: &str) -> String {
    text.chars()
        .take(MAX_DESCRIPTION)
        .map(|c| match c {
            '"' => '\'',
            '\\' => '/',
            '\n' | '\r' | '\t' => ' ',
            '\x20'..='\x7E' => c,
            _ => '?',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_has_only_sendable_characters() {
        let error = invalid_request("say \"hi\"\r\nto \\ ＠<b>\u{202E}");
        assert_eq!(error.description(), "say 'hi'  to / ?<b>?");
        let long = invalid_request("é".repeat(1000));
        assert_eq!(long.description(), "?".repeat(300));
    }

    #[test]
    fn the_cause_is_for_the_log_only() {
        let market = ClientId::parse("market").expect("an id");
        let error = invalid_grant("the code is not valid")
            .because("redeemed before")
            .about(&market);
        let body = json!({"error": "invalid_grant", "error_description": "the code is not valid"});
        assert_eq!(error.body(), body);
        assert_eq!(
            error.to_string(),
            "invalid_grant: the code is not valid (redeemed before)"
        );
        let challenge = error.challenge_members().concat();
        assert!(!challenge.contains("redeemed") && !challenge.contains("market"));
        assert_eq!(error.client_id(), Some(&market));
    }

    #[test]
    fn the_status_follows_from_the_code() {
        assert_eq!(invalid_client("").status(), 400);
        assert_eq!(invalid_client("").answering_header().status(), 401);
        assert_eq!(invalid_request("").answering_header().status(), 400);
        assert_eq!(invalid_token("").status(), 401);
        assert_eq!(insufficient_scope("").status(), 403);
        assert_eq!(temporarily_unavailable("").status(), 503);
        assert_eq!(invalid_grant("").status(), 400);
    }
}
