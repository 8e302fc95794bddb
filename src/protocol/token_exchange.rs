//! The token exchange request (RFC 8693 §2.1) as a host makes it to launch a mini-program.
//!
//! Owns its form. Whose token it is, which program is meant and what that may have is decided elsewhere.

use foundation::clock::Span;
use serde::{Deserialize, Serialize};

use crate::client_metadata::LaunchType;
use crate::dpop::KeyThumbprint;
use crate::oauth_error::{OAuthError, invalid_request};
use crate::pkce::CodeChallenge;
use crate::scope::ScopeSet;
use crate::token_request::TokenRequest;

/// An access token (RFC 8693 §3).
pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// A code that a program's backend redeems.
pub const LAUNCH_CODE: &str = "urn:portico:params:oauth:token-type:launch-code";
/// A ticket that a WebView or frame hands in for a cookie.
pub const WEB_TICKET: &str = "urn:portico:params:oauth:token-type:web-ticket";

/// Bytes of `nonce`, as in an authorization request.
const MAX_NONCE: usize = 512;

/// How a host hears what came of a consent sheet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InteractionMode {
    /// The browser is sent to the host's `interaction_return_uri`.
    #[default]
    Redirect,
    /// The last page tells the page whose frame it is in.
    WebMessage,
}

/// A well-formed exchange.
#[derive(Clone, PartialEq, Eq)]
pub struct ExchangeRequest<'a> {
    /// The host's access token, not looked at yet.
    pub subject_token: &'a str,
    /// The program, by its id; perhaps of nobody.
    pub audience: &'a str,
    /// What is asked for.
    pub requested: LaunchType,
    /// For what; `None` for what stands.
    pub scope: Option<ScopeSet>,
    /// For how long, at most.
    pub expires_in: Option<Span>,
    /// Whether what a person put off is asked again (`prompt=consent`).
    pub again: bool,
    /// Comes back in the id_token.
    pub nonce: Option<String>,
    /// S256 only.
    pub code_challenge: Option<CodeChallenge>,
    /// The key of the program's page: what comes of the exchange is bound to it.
    pub dpop_jkt: Option<KeyThumbprint>,
    /// The languages that a person is asked in, in order.
    pub ui_locales: Vec<String>,
    /// How the host hears what they said.
    pub interaction_mode: InteractionMode,
}

impl<'a> ExchangeRequest<'a> {
    /// Reads the request.
    ///
    /// # Errors
    /// `invalid_request`: something is missing, malformed, or not offered. `invalid_scope`.
    pub fn read(request: &TokenRequest<'a>) -> Result<Self, OAuthError> {
        for name in ["resource", "actor_token", "actor_token_type"] {
            if !request.every(name).is_empty() {
                return Err(invalid_request(format!("{name} is not supported")));
            }
        }
        if request.required("subject_token_type")? != ACCESS_TOKEN {
            let description = format!("subject_token_type must be {ACCESS_TOKEN}");
            return Err(invalid_request(description));
        }
        let audience = match request.every("audience").as_slice() {
            [only] => *only,
            [] => return Err(invalid_request("audience is missing")),
            _ => return Err(invalid_request("audience must be there once")),
        };
        let (challenge, method) = (
            request.optional("code_challenge")?,
            request.optional("code_challenge_method")?,
        );
        Ok(Self {
            subject_token: request.required("subject_token")?,
            audience,
            requested: requested(request.required("requested_token_type")?)?,
            scope: request.scope()?,
            expires_in: request.optional("expires_in")?.map(seconds).transpose()?,
            again: prompt(request.optional("prompt")?)?,
            nonce: request.optional("nonce")?.map(nonce).transpose()?,
            code_challenge: CodeChallenge::parse(challenge, method)?,
            dpop_jkt: request.optional("dpop_jkt")?.map(thumbprint).transpose()?,
            ui_locales: request.wishes("ui_locales"),
            interaction_mode: interaction_mode(request.optional("interaction_mode")?)?,
        })
    }
}

/// The type of what a program is launched with.
pub const fn token_type(launch_type: LaunchType) -> &'static str {
    match launch_type {
        LaunchType::Token => ACCESS_TOKEN,
        LaunchType::Code => LAUNCH_CODE,
        LaunchType::Ticket => WEB_TICKET,
    }
}

fn requested(text: &str) -> Result<LaunchType, OAuthError> {
    let mut types = LaunchType::ALL.iter().copied();
    let offered = types.find(|launch_type| token_type(*launch_type) == text);
    offered.ok_or_else(|| {
        invalid_request(format!(
            "requested_token_type must be {ACCESS_TOKEN}, {LAUNCH_CODE} or {WEB_TICKET}"
        ))
    })
}

fn seconds(text: &str) -> Result<Span, OAuthError> {
    let wrong = || invalid_request("expires_in must be a positive number of seconds");
    let seconds: u32 = text.parse().map_err(|_| wrong())?;
    match seconds {
        0 => Err(wrong()),
        seconds => Ok(Span::seconds(i64::from(seconds))),
    }
}

fn prompt(prompt: Option<&str>) -> Result<bool, OAuthError> {
    match prompt {
        None => Ok(false),
        Some("consent") => Ok(true),
        Some(_) => Err(invalid_request("prompt must be consent")),
    }
}

fn interaction_mode(mode: Option<&str>) -> Result<InteractionMode, OAuthError> {
    match mode {
        None => Ok(InteractionMode::Redirect),
        Some("web_message") => Ok(InteractionMode::WebMessage),
        Some(_) => Err(invalid_request("interaction_mode must be web_message")),
    }
}

fn nonce(text: &str) -> Result<String, OAuthError> {
    match text.len() <= MAX_NONCE {
        true => Ok(text.to_owned()),
        false => Err(invalid_request("nonce is too long")),
    }
}

fn thumbprint(text: &str) -> Result<KeyThumbprint, OAuthError> {
    let description = "dpop_jkt must be the SHA-256 thumbprint of a key";
    KeyThumbprint::parse(text).ok_or_else(|| invalid_request(description))
}

/// Tokens are secrets, so only the program is shown.
impl std::fmt::Debug for ExchangeRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ExchangeRequest({})", self.audience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::Parameters;

    const USUAL: &str = "grant_type=x&subject_token=t&audience=market\
        &subject_token_type=urn:ietf:params:oauth:token-type:access_token";
    const TOKEN: &str = "&requested_token_type=urn:ietf:params:oauth:token-type:access_token";
    const CODE: &str = "&requested_token_type=urn:portico:params:oauth:token-type:launch-code";

    const TICKET: &str = "&requested_token_type=urn:portico:params:oauth:token-type:web-ticket";

    fn read<T>(text: &str, seen: impl Fn(ExchangeRequest<'_>) -> T) -> Result<T, &'static str> {
        let parameters = Parameters::parse_urlencoded(text).expect("well-formed");
        let request = TokenRequest::parse(&parameters);
        let read = request.and_then(|request| ExchangeRequest::read(&request).map(&seen));
        read.map_err(|error| error.code().as_str())
    }

    #[test]
    fn what_a_host_asks_for_is_read() {
        let text = format!(
            "{USUAL}{CODE}&scope=openid&expires_in=60&prompt=consent&nonce=n&code_challenge_method=S256\
             &ui_locales=ru+en&interaction_mode=web_message\
             &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
        read(&text, |request| {
            assert_eq!((request.subject_token, request.audience), ("t", "market"));
            assert_eq!(request.requested, LaunchType::Code);
            assert_eq!(request.expires_in, Some(Span::seconds(60)));
            assert!(request.again && request.code_challenge.is_some());
            assert_eq!(request.ui_locales, ["ru", "en"]);
            assert_eq!(request.interaction_mode, InteractionMode::WebMessage);
            assert_eq!(format!("{request:?}"), "ExchangeRequest(market)");
        })
        .expect("well-formed");
        let plain = read(&format!("{USUAL}{TOKEN}"), |r| {
            (r.requested, r.scope, r.again)
        });
        assert_eq!(plain, Ok((LaunchType::Token, None, false)));
        let ticket = read(&format!("{USUAL}{TICKET}"), |r| r.requested);
        assert_eq!(ticket, Ok(LaunchType::Ticket));
    }

    #[test]
    fn what_is_missing_or_not_offered_is_refused() {
        let wrong = [
            USUAL.to_owned(),
            format!("{USUAL}{TOKEN}&audience=taxi"),
            format!("{}{TOKEN}", USUAL.replace("market", "")),
            format!("{}{TOKEN}", USUAL.replace("subject_token=t", "x=t")),
            format!("{}{TOKEN}", USUAL.replace("access_token", "jwt")),
        ];
        let more = [
            "requested_token_type=urn:portico:params:oauth:token-type:cookie",
            "requested_token_type=urn:ietf:params:oauth:token-type:refresh_token",
        ];
        let beside = [
            "actor_token=a",
            "resource=api://a",
            "expires_in=0",
            "expires_in=-1",
            "expires_in=soon",
            "prompt=login",
            "interaction_mode=popup",
            "dpop_jkt=short",
            "code_challenge=x",
            "code_challenge_method=S256",
        ];
        let more = more.map(|text| format!("{USUAL}&{text}"));
        let beside = beside.map(|text| format!("{USUAL}{TOKEN}&{text}"));
        let long = format!("{USUAL}{TOKEN}&nonce={}", "n".repeat(513));
        let all = wrong.into_iter().chain(more).chain(beside).chain([long]);
        for text in all {
            assert_eq!(read(&text, |_| ()), Err("invalid_request"), "{text}");
        }
        let scope = read(&format!("{USUAL}{TOKEN}&scope=a%22"), |_| ());
        assert_eq!(scope, Err("invalid_scope"));
    }
}
