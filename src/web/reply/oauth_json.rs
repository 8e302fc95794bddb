//! Answers to clients: JSON with `Cache-Control: no-store`, and errors in the shapes of RFC 6749
//! §5.2 and RFC 6750 §3.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderValue, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE,
};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use flow::answer::Answer;
use flow::protected_call::TokenScheme;
use foundation::fault::Fault;
use protocol::dpop;
use protocol::oauth_error::{ErrorCode, OAuthError};
use serde::Serialize;

use crate::reply::fault_log::log_fault;
use crate::reply::refusal_log;

/// Bytes that most answers with a token fit into.
const USUAL_ANSWER: usize = 1024;

/// Sends an answer of the token endpoint.
pub(crate) fn send<T: Serialize>(answer: Result<Answer<T>, Fault>) -> HttpResponse {
    match answer {
        Ok(Answer::Given(value)) => {
            let mut response = ok(&value);
            // "as well as the "Pragma" response header field [RFC2616] with a value of "no-cache""
            // (RFC 6749 §5.1)
            let no_cache = HeaderValue::from_static("no-cache");
            response.headers_mut().insert(PRAGMA, no_cache);
            response
        }
        Ok(Answer::Refused(error)) => refused(&error),
        Err(fault) => failed(&fault),
    }
}

/// 200 with a JSON body.
pub(crate) fn ok<T: Serialize>(value: &T) -> HttpResponse {
    let mut body = Vec::with_capacity(USUAL_ANSWER);
    written(serde_json::to_writer(&mut body, value).map(|()| body))
}

/// 200 with a JSON body that is written already.
pub(crate) fn written<B: Into<Bytes>>(body: Result<B, serde_json::Error>) -> HttpResponse {
    match body {
        Ok(body) => no_store(StatusCode::OK).body(body.into()),
        Err(error) => failed(&Fault::broken_by("an answer", error)),
    }
}

/// "The authorization server MUST include the HTTP Cache-Control response header field with a
/// value of no-store in any response containing tokens" (RFC 6749 §5.1); so do errors.
fn no_store(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response
        .insert_header((CONTENT_TYPE, HeaderValue::from_static("application/json")))
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")));
    response
}

fn status(error: &OAuthError) -> StatusCode {
    StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST)
}

/// A refusal of RFC 6749 §5.2.
pub(crate) fn refused(error: &OAuthError) -> HttpResponse {
    refusal_log::log(error);
    let mut response = no_store(status(error));
    // "matching the authentication scheme used by the client" (RFC 6749 §5.2)
    if error.challenges() {
        response.insert_header((
            WWW_AUTHENTICATE,
            "Basic realm=\"portico\", charset=\"UTF-8\"",
        ));
    }
    response.json(error.body())
}

/// A fault: 503 when trying again can help, else 500; never a cause.
pub(crate) fn failed(fault: &Fault) -> HttpResponse {
    let id = log_fault(fault);
    let (code, status) = if fault.is_unavailable() {
        (
            ErrorCode::TemporarilyUnavailable,
            StatusCode::SERVICE_UNAVAILABLE,
        )
    } else {
        (ErrorCode::ServerError, StatusCode::INTERNAL_SERVER_ERROR)
    };
    let mut response = no_store(status);
    if fault.is_unavailable() {
        response.insert_header((RETRY_AFTER, "1"));
    }
    response.json(OAuthError::new(code, format!("error id {id}")).body())
}

/// Nothing is wrong with the request, but it cannot be answered now: whoever asked may come back after so
/// many seconds.
pub(crate) fn come_back(status: StatusCode, seconds: &'static str, why: &str) -> HttpResponse {
    let error = OAuthError::new(ErrorCode::TemporarilyUnavailable, why);
    let mut response = no_store(status);
    response.insert_header((RETRY_AFTER, seconds));
    response.json(error.body())
}

/// A refusal of a protected resource (RFC 6750 §3, RFC 9449 §7.1) to a token that came by this scheme.
pub(crate) fn token_refused(error: &OAuthError, scheme: TokenScheme) -> HttpResponse {
    let status = match error.code() {
        // "Resource servers use an HTTP 401 (Unauthorized) error code" (RFC 9449 §9)
        ErrorCode::UseDpopNonce | ErrorCode::InvalidDpopProof => StatusCode::UNAUTHORIZED,
        _ => status(error),
    };
    let mut response = no_store(status);
    response.insert_header((WWW_AUTHENTICATE, challenges(Some((error, scheme)))));
    response.json(error.body())
}

/// The challenges of a protected resource, one for each scheme. "If the mechanism used to attempt
/// authentication could be established unambiguously, then the corresponding challenge SHOULD be used to
/// deliver error information" (RFC 9449 §7.2).
fn challenges(refused: Option<(&OAuthError, TokenScheme)>) -> String {
    let challenge = |scheme: TokenScheme| {
        let error = refused.filter(|(_, by)| *by == scheme);
        let mut members = match error {
            Some((error, _)) => error.challenge_members(),
            None => Vec::new(),
        };
        match scheme {
            TokenScheme::Bearer if error.is_none() => members.push("realm=\"portico\"".to_owned()),
            TokenScheme::Bearer => {}
            TokenScheme::DPoP => members.push(format!("algs=\"{}\"", proof_algorithms())),
        }
        format!("{} {}", scheme.name(), members.join(", "))
    };
    TokenScheme::ALL.map(challenge).join(", ")
}

/// "The value of the parameter is a space-delimited list of JWS alg … values" (RFC 9449 §7.1).
fn proof_algorithms() -> String {
    let names = dpop::SIGNING_ALGORITHMS.iter();
    names
        .map(|known| known.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A client's request that cannot be read.
#[derive(Debug)]
pub(crate) struct OAuthRefusal(OAuthError);

impl From<OAuthError> for OAuthRefusal {
    fn from(error: OAuthError) -> Self {
        Self(error)
    }
}

impl fmt::Display for OAuthRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for OAuthRefusal {
    fn error_response(&self) -> HttpResponse {
        refused(&self.0)
    }
}

/// A request to a protected resource that cannot be read.
#[derive(Debug)]
pub(crate) enum TokenRefusal {
    /// "If the request lacks any authentication information … the resource server SHOULD NOT
    /// include an error code or other error information" (RFC 6750 §3.1).
    Missing,
    /// Anything else, by the scheme of the token, if one came.
    Refused(OAuthError, TokenScheme),
}

impl From<OAuthError> for TokenRefusal {
    fn from(error: OAuthError) -> Self {
        Self::Refused(error, TokenScheme::Bearer)
    }
}

impl fmt::Display for TokenRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("no token"),
            Self::Refused(error, _) => error.fmt(f),
        }
    }
}

impl ResponseError for TokenRefusal {
    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Missing => {
                let mut response = no_store(StatusCode::UNAUTHORIZED);
                response
                    .insert_header((WWW_AUTHENTICATE, challenges(None)))
                    .finish()
            }
            Self::Refused(error, scheme) => token_refused(error, *scheme),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::to_bytes;
    use protocol::oauth_error::{invalid_client, invalid_grant, invalid_token, use_dpop_nonce};
    use serde_json::json;

    /// Status, the headers that matter, and the body.
    async fn shape(response: HttpResponse) -> String {
        let mut text = response.status().as_u16().to_string();
        for name in [
            "content-type",
            "cache-control",
            "www-authenticate",
            "retry-after",
        ] {
            if let Some(value) = response.headers().get(name) {
                text.push_str(&format!("\n{name}: {}", value.to_str().expect("ASCII")));
            }
        }
        let body = to_bytes(response.into_body()).await.expect("a body");
        text.push('\n');
        text.push_str(&String::from_utf8_lossy(&body));
        text
    }

    #[actix_web::test]
    async fn an_answer_is_never_kept() {
        let given = send(Ok(Answer::Given(json!({ "active": false }))));
        insta::assert_snapshot!(shape(given).await, @r#"
        200
        content-type: application/json
        cache-control: no-store
        {"active":false}
        "#);
    }

    #[actix_web::test]
    async fn a_refusal_says_its_code_and_keeps_its_cause() {
        let error = invalid_grant("the code is not valid").because("used before");
        let refused = send::<()>(Ok(Answer::Refused(error)));
        insta::assert_snapshot!(shape(refused).await, @r#"
        400
        content-type: application/json
        cache-control: no-store
        {"error":"invalid_grant","error_description":"the code is not valid"}
        "#);
        let unknown = invalid_client("no").because("why").answering_header();
        let unknown = send::<()>(Ok(Answer::Refused(unknown)));
        insta::assert_snapshot!(shape(unknown).await, @r#"
        401
        content-type: application/json
        cache-control: no-store
        www-authenticate: Basic realm="portico", charset="UTF-8"
        {"error":"invalid_client","error_description":"no"}
        "#);
    }

    #[actix_web::test]
    async fn attack_100_a_fault_is_no_answer_and_its_cause_stays_here() {
        for (fault, status, code) in [
            (
                Fault::unavailable("the store", "hush"),
                503,
                "temporarily_unavailable",
            ),
            (Fault::broken_by("a row", "hush"), 500, "server_error"),
        ] {
            let text = shape(send::<()>(Err(fault))).await;
            assert!(
                text.starts_with(&status.to_string()) && text.contains(code),
                "{text}"
            );
            assert!(
                !text.contains("hush") && !text.contains("the store"),
                "{text}"
            );
            assert_eq!(text.contains("\nretry-after: 1"), status == 503, "{text}");
        }
    }

    #[actix_web::test]
    async fn a_protected_resource_answers_with_a_challenge_of_each_scheme() {
        let ended = invalid_token("it has ended").because("signed out");
        insta::assert_snapshot!(shape(token_refused(&ended, TokenScheme::Bearer)).await, @r#"
        401
        content-type: application/json
        cache-control: no-store
        www-authenticate: Bearer error="invalid_token", error_description="it has ended", DPoP algs="RS256 PS256 ES256 EdDSA Ed25519"
        {"error":"invalid_token","error_description":"it has ended"}
        "#);
        let stale = use_dpop_nonce("again");
        insta::assert_snapshot!(shape(token_refused(&stale, TokenScheme::DPoP)).await, @r#"
        401
        content-type: application/json
        cache-control: no-store
        www-authenticate: Bearer realm="portico", DPoP error="use_dpop_nonce", error_description="again", algs="RS256 PS256 ES256 EdDSA Ed25519"
        {"error":"use_dpop_nonce","error_description":"again"}
        "#);
        insta::assert_snapshot!(shape(TokenRefusal::Missing.error_response()).await, @r#"
        401
        content-type: application/json
        cache-control: no-store
        www-authenticate: Bearer realm="portico", DPoP algs="RS256 PS256 ES256 EdDSA Ed25519"
        "#);
    }
}
