//! Around every request: the headers that every response has, the nonce for whoever proves possession of
//! a key, the counters, and what happens when a handler panics or the clock went back.

use std::future::{Ready, ready};
use std::panic::AssertUnwindSafe;
use std::rc::Rc;

use actix_web::Error;
use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::error::InternalError;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, StatusCode};
use foundation::fault::Fault;
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use protocol::oauth_error::invalid_request;

use crate::ending::Ending;
use crate::extract::proof::DPOP;
use crate::health;
use crate::reply::oauth_json;

pub(crate) mod cors;
pub(crate) mod count;
pub(crate) mod security_headers;

use count::{RequestCounters, Stopwatch};

/// The header of RFC 9449 §8.
static DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// The middleware.
pub(crate) struct Guard {
    https: bool,
    is_behind: Rc<dyn Fn() -> bool>,
    nonce: Rc<dyn Fn() -> String>,
    ending: Ending,
    counters: Rc<RequestCounters>,
}

impl Guard {
    /// Of one worker. `https` says whether the issuer is, `is_behind` whether the clock went back, and
    /// `nonce` makes one for a proof of possession.
    pub(crate) fn new(
        https: bool,
        ending: Ending,
        is_behind: impl Fn() -> bool + 'static,
        nonce: impl Fn() -> String + 'static,
    ) -> Self {
        Self {
            https,
            is_behind: Rc::new(is_behind),
            nonce: Rc::new(nonce),
            ending,
            counters: Rc::default(),
        }
    }
}

impl<S, B> Transform<S, ServiceRequest> for Guard
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = Guarded<S>;
    type InitError = ();
    type Future = Ready<Result<Guarded<S>, ()>>;

    fn new_transform(&self, inside: S) -> Self::Future {
        ready(Ok(Guarded {
            inside,
            https: self.https,
            is_behind: Rc::clone(&self.is_behind),
            nonce: Rc::clone(&self.nonce),
            ending: self.ending.clone(),
            counters: Rc::clone(&self.counters),
        }))
    }
}

/// What is behind the guard.
pub(crate) struct Guarded<S> {
    inside: S,
    https: bool,
    is_behind: Rc<dyn Fn() -> bool>,
    nonce: Rc<dyn Fn() -> String>,
    ending: Ending,
    counters: Rc<RequestCounters>,
}

impl<S, B> Service<ServiceRequest> for Guarded<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Error>>;

    forward_ready!(inside);

    /// Calls the handler; adds headers to its response and counts it.
    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (https, counters) = (self.https, Rc::clone(&self.counters));
        let known = counters.known(request.path());
        let began = Stopwatch::start();
        let ending = self.ending.clone();
        if (self.is_behind)() && !health::is_for_watchers(request.path()) {
            return Box::pin(async move { Ok(out_of_time(request, https)) });
        }
        let proves = request.headers().contains_key(&DPOP);
        let nonce = proves.then(|| Rc::clone(&self.nonce));
        // Without this a panic would close the connection, and its caller would not know whether to
        // try again.
        let answered = AssertUnwindSafe(self.inside.call(request)).catch_unwind();
        Box::pin(async move {
            let Ok(answered) = answered.await else {
                count::panicked(known.as_deref(), &began);
                return Err(panicked(https));
            };
            let mut response = explained(answered?);
            security_headers::add(response.headers_mut(), https);
            if let Some(nonce) = nonce {
                give_nonce(response.headers_mut(), &nonce);
            }
            if ending.has_begun() {
                // Who keeps a connection would send its next request through a door that closes.
                let head = response.response_mut().head_mut();
                head.set_connection_type(ConnectionType::Close);
            }
            let route = known.unwrap_or_else(|| counters.learn(response.request()));
            route.count(response.status(), &began);
            Ok(response)
        })
    }
}

/// Gives whoever came with a proof the nonce for the next one, in the good answers as well: that is the
/// "more efficient manner of supplying a new nonce value" (RFC 9449 §8.2). "Responses that include the
/// DPoP-Nonce HTTP header should be uncacheable"; what one asker keeps and asks about each time brings a new
/// one each time.
fn give_nonce(headers: &mut HeaderMap, nonce: &Rc<dyn Fn() -> String>) {
    let is_kept = headers
        .get(CACHE_CONTROL)
        .is_none_or(|value| value != "no-store" && value != "private, no-cache");
    if !is_kept && let Ok(value) = HeaderValue::from_str(&nonce()) {
        headers.insert(DPOP_NONCE.clone(), value);
    }
}

/// Whatever is asked, the answer would depend on what time it is.
fn out_of_time<B>(request: ServiceRequest, https: bool) -> ServiceResponse<EitherBody<B>> {
    let fault = Fault::unavailable("the clock", "it went back and has not caught up");
    let mut response = oauth_json::failed(&fault);
    security_headers::add(response.headers_mut(), https);
    request.into_response(response).map_into_right_body()
}

/// The answer to what a panic left unanswered. The request is gone with its handler, so the answer
/// has the one shape that programs and people can both read.
fn panicked(https: bool) -> Error {
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
    use actix_web::{App, HttpResponse, web};

    /// Calls a small site behind the guard.
    async fn call(method: TestRequest, uri: &str) -> (u16, String, Option<String>, bool) {
        async fn panics() -> HttpResponse {
            panic!("a secret of the handler")
        }
        let site = web::scope("")
            .wrap(Guard::new(
                false,
                Ending::default(),
                || false,
                || "n".to_owned(),
            ))
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

    #[test]
    fn a_nonce_is_given_only_where_the_answer_is_not_kept() {
        let nonce: Rc<dyn Fn() -> String> = Rc::new(|| "n".to_owned());
        let given = |cache: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(cache) = cache {
                headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
            }
            give_nonce(&mut headers, &nonce);
            headers.get(&DPOP_NONCE).is_some_and(|value| value == "n")
        };
        assert!(given(Some("no-store")) && given(Some("private, no-cache")));
        assert!(!given(Some("public, max-age=300")) && !given(None));
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
