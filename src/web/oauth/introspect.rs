//! `/introspect`: the introspection endpoint (RFC 7662 §2).

use actix_web::HttpResponse;
use actix_web::web::{self, Data, ServiceConfig};
use flow::answer::Answer;
use flow::protected_call::ProtectedEndpoint;

use crate::extract::oauth_form::OAuthForm;
use crate::reply::oauth_json;
use crate::state::WebState;

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(web::resource("/introspect").route(web::post().to(post)));
}

async fn post(state: Data<WebState>, form: OAuthForm) -> HttpResponse {
    let call = form.to(ProtectedEndpoint::Introspection);
    match state.services.introspection.introspect(call).await {
        Ok(Answer::Given(found)) => oauth_json::written(found.to_json()),
        Ok(Answer::Refused(error)) => oauth_json::refused(&error),
        Err(fault) => oauth_json::failed(&fault),
    }
}
