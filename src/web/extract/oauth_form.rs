//! The form of a client's request with its credential: `application/x-www-form-urlencoded` only,
//! bounded, in the body only.

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use protocol::client_credential::{self, PresentedCredential};
use protocol::oauth_error::{OAuthError, invalid_request};
use protocol::parameters::Parameters;

use crate::reply::oauth_json::OAuthRefusal;

/// Parameters and credential of a request by a client.
pub(crate) struct OAuthForm {
    /// Who the client says it is.
    pub(crate) credential: PresentedCredential,
    /// The form.
    pub(crate) parameters: Parameters,
}

impl FromRequest for OAuthForm {
    type Error = OAuthRefusal;
    type Future = LocalBoxFuture<'static, Result<Self, OAuthRefusal>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let head = head(request);
        let body = Bytes::from_request(request, payload);
        Box::pin(async move {
            let authorization = head?;
            let body = body
                .await
                .map_err(|_| invalid_request("the body is too long or broken"))?;
            let text =
                std::str::from_utf8(&body).map_err(|_| invalid_request("the body is not UTF-8"))?;
            let parameters = Parameters::parse_urlencoded(text).map_err(OAuthError::from)?;
            let credential = client_credential::present(authorization.as_deref(), &parameters)?;
            Ok(Self {
                credential,
                parameters,
            })
        })
    }
}

/// Checks what comes before the body; gives the one `Authorization` header.
fn head(request: &HttpRequest) -> Result<Option<String>, OAuthError> {
    // "The parameters can only be transmitted in the request-body and MUST NOT be included in the
    // request URI" (RFC 6749 §2.3.1)
    if !request.query_string().is_empty() {
        return Err(invalid_request("parameters belong into the body"));
    }
    let content_type = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("");
    let essence = content_type.split(';').next().unwrap_or("").trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(invalid_request(
            "the body must be application/x-www-form-urlencoded",
        ));
    }
    authorization(request)
}

/// The `Authorization` header; two are refused.
pub(crate) fn authorization(request: &HttpRequest) -> Result<Option<String>, OAuthError> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    match (headers.next(), headers.next()) {
        (None, _) => Ok(None),
        (Some(only), None) => match only.to_str() {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(_) => Err(invalid_request("the Authorization header is not ASCII")),
        },
        (Some(_), Some(_)) => Err(invalid_request("there are two Authorization headers")),
    }
}
