//! A form of one of our own pages: fields by name. Its bounds are those of every form.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use protocol::oauth_error::OAuthError;
use protocol::parameters::Parameters;

use crate::extract::body;
use crate::reply::page::PageError;

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
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let parameters = body::form(&request, payload).await.map_err(|problem| {
                PageError::bad_request(&request, OAuthError::from(problem).description())
            })?;
            Ok(Self(parameters))
        })
    }
}
