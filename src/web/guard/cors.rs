//! Cross-origin requests to endpoints that use no cookie: any page may call them with a token or a
//! code of its own. No origin is ever reflected, `null` neither (attack 85), and credentials are
//! never allowed.

use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
};
use actix_web::middleware::DefaultHeaders;
use actix_web::{HttpResponse, Resource, web};

/// What a page may send along. Without credentials `*` is every header but `Authorization` (Fetch,
/// "CORS non-wildcard request-header name"); `Content-Type` and `DPoP` are named for browsers that do not
/// know `*`.
const HEADERS: &str = "authorization, content-type, dpop, *";

/// A resource that any origin may call without credentials.
pub(crate) fn open(
    path: &str,
) -> Resource<
    impl actix_web::dev::ServiceFactory<
        actix_web::dev::ServiceRequest,
        Config = (),
        Response = actix_web::dev::ServiceResponse,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    let headers = DefaultHeaders::new()
        .add((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .add((
            ACCESS_CONTROL_EXPOSE_HEADERS,
            "www-authenticate, retry-after, dpop-nonce",
        ));
    web::resource(path)
        .wrap(headers)
        .route(web::method(Method::OPTIONS).to(preflight))
}

async fn preflight() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST"))
        .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, HEADERS))
        .insert_header((ACCESS_CONTROL_MAX_AGE, "600"))
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::App;
    use actix_web::http::header::{ACCESS_CONTROL_ALLOW_CREDENTIALS, ORIGIN};
    use actix_web::test::{TestRequest, call_service, init_service};

    #[actix_web::test]
    async fn attack_85_no_origin_is_reflected_and_no_credentials_are_allowed() {
        let site = open("/token").route(web::post().to(HttpResponse::Ok));
        let site = init_service(App::new().service(site)).await;
        for method in [Method::OPTIONS, Method::POST, Method::PUT] {
            for origin in ["null", "https://evil.example"] {
                let request = TestRequest::with_uri("/token")
                    .method(method.clone())
                    .insert_header((ORIGIN, origin));
                let response = call_service(&site, request.to_request()).await;
                let headers = response.headers();
                assert!(
                    headers
                        .get(ACCESS_CONTROL_ALLOW_ORIGIN)
                        .is_some_and(|v| v == "*")
                );
                assert!(!headers.contains_key(ACCESS_CONTROL_ALLOW_CREDENTIALS));
            }
        }
    }
}
