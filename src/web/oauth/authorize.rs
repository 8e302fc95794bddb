//! `/authorize`: the authorization endpoint (RFC 6749 §3.1), GET and POST alike.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{self, ServiceConfig};
use protocol::parameters::Parameters;

use crate::extract::page_form::PageForm;
use crate::page::error::ErrorKind;
use crate::visitor::Visitor;

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let resource = web::resource("/authorize");
    config.service(
        resource
            .route(web::get().to(get))
            .route(web::head().to(head))
            .route(web::post().to(post)),
    );
}

async fn get(visitor: Visitor, request: HttpRequest) -> HttpResponse {
    match Parameters::parse_urlencoded(request.query_string()) {
        Ok(parameters) => authorize(visitor, &parameters).await,
        Err(error) => {
            let kind = ErrorKind::BadRequest {
                program: None,
                detail: error.to_string(),
            };
            visitor.with_beginning(Vec::new()).error_at_once(kind).await
        }
    }
}

/// "All general-purpose servers MUST support the methods GET and HEAD" (RFC 9110 §9.1), and HEAD is
/// "safe" (§9.2.1): what only looks at an address gets no code, no cookie and leaves no row. What GET
/// would answer depends on all that, so nothing is said of it.
async fn head() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((CACHE_CONTROL, "no-store"))
        .finish()
}

/// "The authorization server MUST support the use of the HTTP GET method … and MAY support the use
/// of POST" (RFC 6749 §3.1).
async fn post(visitor: Visitor, form: PageForm) -> HttpResponse {
    if let Some(around) = visitor.around_for_cookies("/authorize", &form.0) {
        return around;
    }
    authorize(visitor, &form.0).await
}

async fn authorize(visitor: Visitor, parameters: &Parameters) -> HttpResponse {
    let visitor = visitor.with_beginning(parameters.wishes("ui_locales"));
    let services = &visitor.state.services;
    let response = services
        .authorization
        .authorize(parameters, &visitor.browser)
        .await;
    visitor.response(response).await
}
