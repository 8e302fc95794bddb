//! `/end-session`: the logout endpoint of OpenID Connect RP-Initiated Logout 1.0, GET and POST.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web::{self, ServiceConfig};
use protocol::logout_request::EndSessionRequest;
use protocol::parameters::Parameters;

use crate::extract::page_form::PageForm;
use crate::method;
use crate::page::error::ErrorKind;
use crate::sign_out::response;
use crate::visitor::Visitor;

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let resource = web::resource("/end-session");
    config.service(
        resource
            .route(method::get().to(get))
            .route(web::post().to(post)),
    );
}

async fn get(visitor: Visitor, request: HttpRequest) -> HttpResponse {
    match Parameters::parse_urlencoded(request.query_string()) {
        Ok(parameters) => end(visitor, &parameters).await,
        Err(error) => bad(&visitor.with_beginning(Vec::new()), error.to_string()).await,
    }
}

async fn post(visitor: Visitor, form: PageForm) -> HttpResponse {
    if let Some(around) = visitor.around_for_cookies("/end-session", &form.0) {
        return around;
    }
    end(visitor, &form.0).await
}

async fn end(visitor: Visitor, parameters: &Parameters) -> HttpResponse {
    let visitor = visitor.with_beginning(parameters.wishes("ui_locales"));
    match EndSessionRequest::parse(parameters) {
        Ok(request) => {
            let sign_out = &visitor.state.services.sign_out;
            let asked = sign_out.request(&request, &visitor.browser);
            response(&visitor, asked.await).await
        }
        Err(error) => bad(&visitor, error.description().to_owned()).await,
    }
}

async fn bad(visitor: &Visitor, detail: String) -> HttpResponse {
    let kind = ErrorKind::BadRequest {
        program: None,
        detail,
    };
    visitor.error_at_once(kind).await
}
