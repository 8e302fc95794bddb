//! A bearer token (RFC 6750 §2): in the header, or in the body of a posted form; never in the
//! query, never twice.

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};
use foundation::secret::SecretText;
use futures_util::future::LocalBoxFuture;
use protocol::oauth_error::{OAuthError, invalid_request};
use protocol::parameters::Parameters;

use crate::extract::oauth_form::authorization;
use crate::reply::oauth_json::BearerRefusal;

/// The presented token.
pub(crate) struct Bearer(pub(crate) SecretText);

impl FromRequest for Bearer {
    type Error = BearerRefusal;
    type Future = LocalBoxFuture<'static, Result<Self, BearerRefusal>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let header = in_header(request);
        let form = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|v| v.to_str().ok())
            .is_some_and(|v| {
                v.to_ascii_lowercase()
                    .starts_with("application/x-www-form-urlencoded")
            });
        let body = form.then(|| Bytes::from_request(request, payload));
        Box::pin(async move {
            let header = header?;
            let posted = match body {
                Some(body) => in_body(
                    &body
                        .await
                        .map_err(|_| invalid_request("the body is too long"))?,
                )?,
                None => None,
            };
            // "Clients MUST NOT use more than one method to transmit the token in each request"
            // (RFC 6750 §2)
            match (header, posted) {
                (Some(token), None) | (None, Some(token)) => Ok(Self(token)),
                (None, None) => Err(BearerRefusal::Missing),
                (Some(_), Some(_)) => Err(invalid_request("the token is sent twice").into()),
            }
        })
    }
}

fn in_header(request: &HttpRequest) -> Result<Option<SecretText>, OAuthError> {
    let Some(text) = authorization(request)? else {
        return Ok(None);
    };
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            Ok(Some(SecretText::new(token.trim())))
        }
        _ => Ok(None),
    }
}

fn in_body(body: &[u8]) -> Result<Option<SecretText>, OAuthError> {
    let text = std::str::from_utf8(body).map_err(|_| invalid_request("the body is not UTF-8"))?;
    let parameters = Parameters::parse_urlencoded(text).map_err(OAuthError::from)?;
    Ok(parameters
        .one("access_token")
        .map_err(OAuthError::from)?
        .map(SecretText::new))
}
