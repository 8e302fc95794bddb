//! The request that carries a logout token (OpenID Connect Back-Channel Logout 1.0 §2.5), and what its
//! answer means (§2.8).

use domain::delivery::Attempt;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use http::{Request, StatusCode};
use protocol::logout_token::LOGOUT_TOKEN;

use crate::fetch::{FetchProblem, HttpFetch};

/// Hands a logout token to a client. The body of its answer is of no interest.
pub async fn post_logout_token(fetch: &dyn HttpFetch, uri: &str, token: &str) -> Attempt {
    match posted(fetch, uri, token).await {
        // "If the logout succeeded, the RP MUST respond with HTTP 200 OK. … OPs should be prepared to also
        // process an HTTP 204 No Content response as a successful response." (§2.8)
        Ok(StatusCode::OK | StatusCode::NO_CONTENT) => Attempt::Taken,
        // "If the logout request was invalid or the logout failed, the RP MUST respond with HTTP 400 Bad
        // Request." (§2.8)
        Ok(StatusCode::BAD_REQUEST) => Attempt::Refused("the answer has status 400".to_owned()),
        Ok(status) => Attempt::Failed(format!("the answer has status {}", status.as_u16())),
        Err(problem) => Attempt::Failed(problem.to_string()),
    }
}

async fn posted(fetch: &dyn HttpFetch, uri: &str, token: &str) -> Result<StatusCode, FetchProblem> {
    // A compact JWT has only characters that a form leaves as they are.
    let body = format!("{LOGOUT_TOKEN}={token}").into_bytes();
    let request = Request::post(uri)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "*/*")
        .header(CACHE_CONTROL, "no-store")
        .body(body)
        .map_err(|_| FetchProblem::Forbidden("it is no absolute URL"))?;
    fetch.status_of(request).await
}
