//! Around every request: the headers that every response has, the counters, and what happens when a
//! handler panics.

use std::panic::AssertUnwindSafe;
use std::rc::Rc;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use foundation::fault::Fault;
use futures_util::FutureExt as _;
use protocol::oauth_error::invalid_request;

use crate::reply::oauth_json;
use crate::state::WebState;

pub mod addresses;
pub(crate) mod cors;
pub(crate) mod count;
pub(crate) mod security_headers;

use count::{Counters, Stopwatch};

/// Calls the handler; adds headers to its response and counts it.
pub(crate) async fn around<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let state = request.app_data::<Data<WebState>>();
    let https = state.is_some_and(|s| s.settings.secure_cookies);
    let counters = request.app_data::<Rc<Counters>>().cloned();
    let known = counters.as_ref().and_then(|c| c.known(request.path()));
    let began = Stopwatch::start();
    // Without this a panic would close the connection, and its caller would not know whether to try
    // again.
    let answered = AssertUnwindSafe(next.call(request)).catch_unwind().await;
    let Ok(answered) = answered else {
        count::panicked(known.as_deref(), &began);
        return Err(panicked(https));
    };
    let mut response = explained(answered?);
    security_headers::add(response.headers_mut(), https);
    let status = response.status();
    match (known, counters) {
        (Some(route), _) => route.count(status, &began),
        (None, Some(counters)) => counters.learn(response.request()).count(status, &began),
        (None, None) => {}
    }
    Ok(response)
}

/// The answer to what a panic left unanswered. The request is gone with its handler, so the answer
/// has the one shape that programs and people can both read.
fn panicked(https: bool) -> actix_web::Error {
    let fault = Fault::broken("a handler (it panicked)");
    let mut response = oauth_json::failed(&fault);
    security_headers::add(response.headers_mut(), https);
    InternalError::from_response("a handler panicked", response).into()
}

/// The router's own "405 Method Not Allowed" says in `Allow` what is allowed, and nothing in its
/// body; here it says what is wrong. Only programs get there: a browser gets and posts pages.
fn explained<B: MessageBody>(response: ServiceResponse<B>) -> ServiceResponse<EitherBody<B>> {
    if response.status() != StatusCode::METHOD_NOT_ALLOWED {
        return response.map_into_left_body();
    }
    response.map_body(|head, _| {
        let json = HeaderValue::from_static("application/json");
        head.headers_mut().insert(CONTENT_TYPE, json);
        let body = invalid_request("the method is not allowed at this address").body();
        EitherBody::right(BoxBody::new(body.to_string()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::ALLOW;
    use actix_web::test::{TestRequest, init_service};
    use actix_web::{App, HttpResponse, middleware, web};

    /// Calls a small site behind the guard.
    async fn call(method: TestRequest, uri: &str) -> (u16, String, Option<String>, bool) {
        async fn panics() -> HttpResponse {
            panic!("a secret of the handler")
        }
        let site = web::scope("")
            .app_data(Rc::new(Counters::default()))
            .wrap(middleware::from_fn(around))
            .service(web::resource("/fine").route(web::get().to(HttpResponse::NoContent)))
            .service(web::resource("/panics").route(web::get().to(panics)));
        let site = init_service(App::new().service(site)).await;
        let answered = actix_web::dev::Service::call(&site, method.uri(uri).to_request()).await;
        let response = match answered {
            Ok(response) => response.into_parts().1.map_into_boxed_body(),
            Err(error) => error.error_response(),
        };
        let status = response.status().as_u16();
        let allow = response.headers().get(ALLOW);
        let allow = allow.map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned());
        let guarded = response.headers().contains_key("content-security-policy");
        let body = actix_web::body::to_bytes(response.into_body()).await;
        let body = body.unwrap_or_default();
        (
            status,
            String::from_utf8_lossy(&body).into_owned(),
            allow,
            guarded,
        )
    }

    #[actix_web::test]
    async fn a_panic_is_a_500_that_says_nothing_of_it() {
        let (status, body, _, guarded) = call(TestRequest::get(), "/panics").await;
        assert_eq!((status, guarded), (500, true));
        assert!(
            body.contains("server_error") && !body.contains("secret"),
            "{body}"
        );
        assert_eq!(call(TestRequest::get(), "/fine").await.0, 204);
    }

    #[actix_web::test]
    async fn a_method_that_is_not_allowed_is_explained() {
        let (status, body, allow, guarded) = call(TestRequest::put(), "/fine").await;
        assert_eq!(
            (status, allow.as_deref(), guarded),
            (405, Some("GET"), true)
        );
        assert!(body.contains("invalid_request"), "{body}");
    }

    #[actix_web::test]
    async fn an_answer_is_left_as_it_is() {
        assert_eq!(
            call(TestRequest::get(), "/fine").await,
            (204, String::new(), None, true)
        );
    }
}
