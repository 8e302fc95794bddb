//! The authorization request (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1), read into a type.
//!
//! Owns what can be said from the request alone: form, bounds, what is not supported. It is read
//! after client and redirect URI are known, so that its errors can be answered by redirect; what
//! this client may ask for is `domain`'s.

use foundation::id::ClientId;
use serde::{Deserialize, Serialize};

use crate::authorization_error::{AuthorizationErrorCode, AuthorizationRefusal};
use crate::claim::ClaimsRequest;
use crate::dpop::KeyThumbprint;
use crate::parameters::Parameters;
use crate::pkce::CodeChallenge;
use crate::prompt::Prompts;
use crate::request_object::RequestObject;
use crate::resource::parse_resources;
use crate::response_mode::ResponseMode;
use crate::scope::ScopeSet;

/// Bytes of `state`.
const MAX_STATE: usize = 4096;
/// Bytes of `nonce`.
const MAX_NONCE: usize = 512;
/// Bytes of `login_hint`; a longer one is not a name that anybody has.
const MAX_LOGIN_HINT: usize = 320;

/// Names that may be repeated.
const REPEATABLE: &[&str] = &["resource"];

/// A well-formed authorization request of a known client to a verified redirect URI.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// The client.
    pub client_id: ClientId,
    /// The verified redirect URI, as requested or as registered.
    pub redirect_uri: String,
    /// Whether `redirect_uri` was in the request (RFC 6749 §4.1.3 asks for it again).
    pub redirect_uri_given: bool,
    /// How the response travels.
    pub response_mode: ResponseMode,
    /// What is asked for, before anything is left out.
    pub scope: ScopeSet,
    /// Comes back exactly.
    pub state: Option<String>,
    /// Comes back in the id_token.
    pub nonce: Option<String>,
    /// S256 only.
    pub code_challenge: Option<CodeChallenge>,
    /// What the person must or must not be asked.
    pub prompt: Prompts,
    /// Seconds since the last sign-in, at most.
    pub max_age: Option<u32>,
    /// Whom to expect; shown, never trusted.
    pub login_hint: Option<String>,
    /// An id_token of the expected person; not verified here.
    pub id_token_hint: Option<String>,
    /// In order of preference.
    pub acr_values: Vec<String>,
    /// Single claims.
    pub claims: ClaimsRequest,
    /// In order of preference.
    pub ui_locales: Vec<String>,
    /// Where the token is to be used (RFC 8707).
    pub resource: Vec<String>,
    /// `page`, `popup`, `touch` or `wap`.
    pub display: Option<String>,
    /// The key that the code is bound to (RFC 9449 §10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpop_jkt: Option<KeyThumbprint>,
}

/// Reads a request whose client and redirect URI are verified already.
///
/// # Errors
/// The first thing that is wrong, as an error for the client.
pub fn parse(
    parameters: &Parameters,
    client_id: ClientId,
    redirect_uri: String,
    redirect_uri_given: bool,
) -> Result<AuthorizationRequest, AuthorizationRefusal> {
    parameters.refuse_duplicates(REPEATABLE)?;
    refuse_unsupported(parameters)?;
    Ok(AuthorizationRequest {
        client_id,
        redirect_uri,
        redirect_uri_given,
        response_mode: response_mode(parameters)?,
        scope: scope(parameters)?,
        state: bounded(parameters, "state", MAX_STATE)?,
        nonce: bounded(parameters, "nonce", MAX_NONCE)?,
        code_challenge: CodeChallenge::parse(
            parameters.one("code_challenge")?,
            parameters.one("code_challenge_method")?,
        )?,
        prompt: Prompts::parse(parameters.one("prompt")?.unwrap_or_default())?,
        max_age: max_age(parameters)?,
        login_hint: parameters
            .one("login_hint")?
            .filter(|hint| hint.len() <= MAX_LOGIN_HINT)
            .map(str::to_owned),
        id_token_hint: parameters.one("id_token_hint")?.map(str::to_owned),
        acr_values: parameters.wishes("acr_values"),
        claims: claims(parameters)?,
        ui_locales: parameters.wishes("ui_locales"),
        resource: parse_resources(parameters)?,
        // "display" is a wish: an unknown one never causes an error.
        display: parameters
            .one("display")?
            .filter(|display| ["page", "popup", "touch", "wap"].contains(display))
            .map(str::to_owned),
        dpop_jkt: dpop_jkt(parameters)?,
    })
}

/// The `state` of a request that is not read yet, so that an early error can carry it; `None` if
/// it is repeated or too long to be one. "When the request parameter is used,
/// the OpenID Connect request parameter values contained in the JWT supersede those passed using the
/// OAuth 2.0 request syntax" (OpenID Connect Core §6.1), also where the object is what is refused.
pub fn state_of(parameters: &Parameters) -> Option<String> {
    let in_object = RequestObject::of(parameters).state;
    in_object
        .filter(|state| state.len() <= MAX_STATE)
        .or_else(|| bounded(parameters, "state", MAX_STATE).ok().flatten())
}

/// The response mode of a request that is not read yet, so that an early error travels in it; the
/// default if it is repeated or not offered.
pub fn response_mode_of(parameters: &Parameters) -> ResponseMode {
    let in_object = RequestObject::of(parameters).response_mode;
    in_object
        .and_then(|mode| ResponseMode::parse(&mode))
        .unwrap_or_else(|| response_mode(parameters).unwrap_or_default())
}

fn refused<T>(
    code: AuthorizationErrorCode,
    description: impl Into<String>,
) -> Result<T, AuthorizationRefusal> {
    Err(AuthorizationRefusal::new(code, description))
}

/// What is never accepted, whoever asks.
fn refuse_unsupported(parameters: &Parameters) -> Result<(), AuthorizationRefusal> {
    use AuthorizationErrorCode as Code;
    for (name, code) in [
        ("request", Code::RequestNotSupported),
        ("request_uri", Code::RequestUriNotSupported),
        ("registration", Code::RegistrationNotSupported),
    ] {
        if parameters.one(name)?.is_some() {
            return refused(code, format!("{name} is not supported"));
        }
    }
    match parameters.one("response_type")? {
        Some("code") => Ok(()),
        None => refused(Code::InvalidRequest, "response_type is missing"),
        // The implicit grant and its relatives are gone (OAuth 2.1 §10.1), any way in.
        Some(_) => refused(Code::UnsupportedResponseType, "response_type must be code"),
    }
}

fn response_mode(parameters: &Parameters) -> Result<ResponseMode, AuthorizationRefusal> {
    let Some(text) = parameters.one("response_mode")? else {
        return Ok(ResponseMode::default());
    };
    ResponseMode::parse(text).map_or_else(
        || {
            let description = "response_mode must be query or form_post";
            refused(AuthorizationErrorCode::InvalidRequest, description)
        },
        Ok,
    )
}

fn scope(parameters: &Parameters) -> Result<ScopeSet, AuthorizationRefusal> {
    ScopeSet::parse(parameters.one("scope")?.unwrap_or_default())
        .or_else(|error| refused(AuthorizationErrorCode::InvalidScope, error.to_string()))
}

fn bounded(
    parameters: &Parameters,
    name: &str,
    max: usize,
) -> Result<Option<String>, AuthorizationRefusal> {
    let value = parameters.one(name)?;
    if value.is_some_and(|value| value.len() > max) {
        let description = format!("{name} is longer than {max} bytes");
        return refused(AuthorizationErrorCode::InvalidRequest, description);
    }
    Ok(value.map(str::to_owned))
}

fn max_age(parameters: &Parameters) -> Result<Option<u32>, AuthorizationRefusal> {
    let Some(text) = parameters.one("max_age")? else {
        return Ok(None);
    };
    // Rust's parser takes a plus sign; the specification means digits.
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        let description = "max_age must be a number of seconds";
        return refused(AuthorizationErrorCode::InvalidRequest, description);
    }
    // More seconds than fit are more than any sign-in is old.
    Ok(Some(text.parse().unwrap_or(u32::MAX)))
}

fn claims(parameters: &Parameters) -> Result<ClaimsRequest, AuthorizationRefusal> {
    let Some(text) = parameters.one("claims")? else {
        return Ok(ClaimsRequest::default());
    };
    ClaimsRequest::parse(text)
        .or_else(|error| refused(AuthorizationErrorCode::InvalidRequest, error.to_string()))
}

/// "The value of the dpop_jkt authorization request parameter is the JWK Thumbprint … using the SHA-256
/// hash function" (RFC 9449 §10). One that is none would leave the code unbound.
fn dpop_jkt(parameters: &Parameters) -> Result<Option<KeyThumbprint>, AuthorizationRefusal> {
    let Some(text) = parameters.one("dpop_jkt")? else {
        return Ok(None);
    };
    KeyThumbprint::parse(text).map(Some).map_or_else(
        || {
            let description = "dpop_jkt must be the SHA-256 thumbprint of a key";
            refused(AuthorizationErrorCode::InvalidRequest, description)
        },
        Ok,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use AuthorizationErrorCode as Code;

    fn parameters(text: &str) -> Parameters {
        Parameters::parse_urlencoded(text).expect("well-formed")
    }

    fn read(text: &str) -> Result<AuthorizationRequest, Code> {
        let client_id = ClientId::parse("market").expect("an id");
        let text = format!("response_type=code&{text}");
        parse(
            &parameters(&text),
            client_id,
            "https://a.example/cb".into(),
            true,
        )
        .map_err(|refusal| refusal.code())
    }

    #[test]
    fn what_an_unsigned_request_object_says_wins_for_its_refusal() {
        let encode = |text: &str| foundation::base64url::encode(text.as_bytes());
        let claims = encode(r#"{"state":"inside","response_mode":"form_post"}"#);
        let object = format!("{}.{claims}.", encode(r#"{"alg":"none"}"#));
        let both = parameters(&format!(
            "request={object}&state=outside&response_mode=query"
        ));
        assert_eq!(state_of(&both).as_deref(), Some("inside"));
        assert_eq!(response_mode_of(&both), ResponseMode::FormPost);
        let only_outside = parameters("request=x&state=outside&response_mode=query");
        assert_eq!(state_of(&only_outside).as_deref(), Some("outside"));
        assert_eq!(response_mode_of(&only_outside), ResponseMode::Query);
    }

    #[test]
    fn a_full_request_is_read_and_can_be_stored() {
        let request = read(
            "scope=profile+openid&state=a%20b&nonce=n&prompt=login+consent&max_age=0&resource=api://a\
             &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256\
             &claims=%7B%22userinfo%22%3A%7B%22name%22%3Anull%7D%7D&ui_locales=lt+en&display=popup\
             &login_hint=ada&id_token_hint=x.y.z&acr_values=a+b&response_mode=form_post&unknown=1\
             &dpop_jkt=NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
        )
        .expect("well-formed");
        assert_eq!(request.scope.to_string(), "openid profile");
        assert_eq!(request.state.as_deref(), Some("a b"));
        assert_eq!(request.max_age, Some(0));
        assert_eq!(request.ui_locales, ["lt", "en"]);
        assert_eq!(request.response_mode, ResponseMode::FormPost);
        assert!(request.prompt.login && request.code_challenge.is_some());
        assert!(request.claims.userinfo.contains_key("name"));
        assert_eq!(
            request.dpop_jkt.map(|key| key.to_string()).as_deref(),
            Some("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
        );
        let stored = serde_json::to_string(&request).expect("JSON");
        assert_eq!(
            serde_json::from_str::<AuthorizationRequest>(&stored).ok(),
            Some(request)
        );
    }

    #[test]
    fn a_max_age_that_does_not_fit_is_as_long_as_fits() {
        let max_age = |text: &str| read(&format!("max_age={text}")).map(|r| r.max_age);
        assert_eq!(max_age("4294967295"), Ok(Some(u32::MAX)));
        assert_eq!(max_age("4294967296"), Ok(Some(u32::MAX)));
        assert_eq!(max_age(&"9".repeat(60)), Ok(Some(u32::MAX)));
        assert_eq!(max_age("00"), Ok(Some(0)));
    }

    #[test]
    fn each_wrong_parameter_has_its_error() {
        for (text, code) in [
            ("request=x", Code::RequestNotSupported),
            (
                "request_uri=https://a.example",
                Code::RequestUriNotSupported,
            ),
            ("registration=%7B%7D", Code::RegistrationNotSupported),
            ("response_mode=fragment", Code::InvalidRequest),
            ("scope=a%22b", Code::InvalidScope),
            ("prompt=none+login", Code::InvalidRequest),
            ("max_age=-1", Code::InvalidRequest),
            ("max_age=%2B1", Code::InvalidRequest),
            ("max_age=soon", Code::InvalidRequest),
            ("claims=%7B", Code::InvalidRequest),
            ("resource=orders", Code::InvalidTarget),
            (
                "code_challenge=x&code_challenge_method=S256",
                Code::InvalidRequest,
            ),
            ("code_challenge=x", Code::InvalidRequest),
            ("state=1&state=1", Code::InvalidRequest),
            ("unknown=1&unknown=2", Code::InvalidRequest),
            ("dpop_jkt=NzbLsXh8uDCcd", Code::InvalidRequest),
        ] {
            assert_eq!(read(text), Err(code), "{text}");
        }
        let long = |name: &str, length| read(&format!("{name}={}", "x".repeat(length)));
        assert_eq!(long("state", 4097), Err(Code::InvalidRequest));
        assert_eq!(long("nonce", 513), Err(Code::InvalidRequest));
        assert!(long("state", 4096).is_ok());
    }

    #[test]
    fn attack_34_only_code_is_a_response_type() {
        let client_id = ClientId::parse("market").expect("an id");
        for (text, code) in [
            ("", Code::InvalidRequest),
            ("response_type=", Code::InvalidRequest),
            ("response_type=token", Code::UnsupportedResponseType),
            ("response_type=code+token", Code::UnsupportedResponseType),
            ("response_type=id_token", Code::UnsupportedResponseType),
            ("response_type=Code", Code::UnsupportedResponseType),
        ] {
            let read = parse(&parameters(text), client_id.clone(), String::new(), true);
            assert_eq!(read.map_err(|refusal| refusal.code()), Err(code), "{text}");
        }
    }

    #[test]
    fn wishes_never_cause_errors() {
        let hint = "x".repeat(4000);
        let text = format!(
            "display=hologram&ui_locales=xx-nonsense+%F0%9F%98%80&claims_locales=%3F&login_hint={hint}"
        );
        let request = read(&text).expect("accepted");
        assert_eq!((request.display, request.login_hint), (None, None));
        assert_eq!(request.ui_locales.len(), 2);
    }

    #[test]
    fn an_early_error_knows_state_and_mode() {
        let early = parameters("state=s&response_mode=form_post&response_type=token");
        assert_eq!(state_of(&early).as_deref(), Some("s"));
        assert_eq!(response_mode_of(&early), ResponseMode::FormPost);
        let repeated = parameters("state=s&state=t&response_mode=jwt");
        assert_eq!(state_of(&repeated), None);
        assert_eq!(response_mode_of(&repeated), ResponseMode::Query);
    }
}
