//! A form of one of our own pages: bounded, urlencoded, fields by name.

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use protocol::parameters::Parameters;

use crate::reply::page::PageError;
use crate::state::WebState;

/// The most bytes of a form.
const MAX_BYTES: usize = 64 * 1024;

/// The fields of a posted form.
pub(crate) struct PageForm(pub(crate) Parameters);

impl PageForm {
    /// One field; empty when it is missing or repeated.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.0.one(name).ok().flatten().unwrap_or_default()
    }
}

impl FromRequest for PageForm {
    type Error = PageError;
    type Future = LocalBoxFuture<'static, Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let state = request.app_data::<Data<WebState>>().cloned();
        let urlencoded = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|v| v.to_str().ok())
            .is_some_and(|v| {
                v.to_ascii_lowercase()
                    .starts_with("application/x-www-form-urlencoded")
            });
        let body = Bytes::from_request(request, payload);
        Box::pin(async move {
            let state = state.ok_or_else(PageError::misconfigured)?;
            let bad = |detail: &str| PageError::bad_request(&state, detail);
            if !urlencoded {
                return Err(bad("the form is not application/x-www-form-urlencoded"));
            }
            let bytes = body
                .await
                .map_err(|_| bad("the form is too long or broken"))?;
            let text = std::str::from_utf8(&bytes)
                .ok()
                .filter(|_| bytes.len() <= MAX_BYTES);
            let text = text.ok_or_else(|| bad("the form is too long or broken"))?;
            let parameters = Parameters::parse_urlencoded(text);
            Ok(Self(parameters.map_err(|error| {
                PageError::bad_request(&state, error.to_string())
            })?))
        })
    }
}
