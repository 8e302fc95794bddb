//! Which methods a route answers.

use actix_web::{Route, guard, web};

/// A route that is read: GET, and HEAD with it. "All general-purpose servers MUST support the methods
/// GET and HEAD" (RFC 9110 §9.1). The handler answers both alike; the server leaves out the body.
pub fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::Method;
    use actix_web::http::header::ALLOW;
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, HttpResponse};

    #[actix_web::test]
    async fn what_can_be_read_can_be_asked_for_its_headers() {
        let page = web::resource("/page").route(get().to(HttpResponse::NoContent));
        let site = init_service(App::new().service(page)).await;
        for (method, status) in [(Method::GET, 204), (Method::HEAD, 204), (Method::PUT, 405)] {
            let request = TestRequest::with_uri("/page").method(method);
            let response = call_service(&site, request.to_request()).await;
            assert_eq!(response.status().as_u16(), status);
            let allow = response.headers().get(ALLOW);
            assert_eq!(allow.is_some_and(|v| v == "GET, HEAD"), status == 405);
        }
    }
}
