//! `/revoke`: the revocation endpoint (RFC 7009 §2).

use actix_web::HttpResponse;
use actix_web::web::{self, Data, ServiceConfig};
use flow::answer::Answer;
use flow::protected_call::ProtectedEndpoint;

use crate::extract::oauth_form::OAuthForm;
use crate::guard::cors;
use crate::reply::oauth_json;
use crate::state::WebState;

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(cors::open("/revoke").route(web::post().to(post)));
}

/// "The authorization server responds with HTTP status code 200 if the token has been revoked
/// successfully or if the client submitted an invalid token" (RFC 7009 §2.2), with an empty body.
async fn post(state: Data<WebState>, form: OAuthForm) -> HttpResponse {
    let call = form.to(ProtectedEndpoint::Revocation);
    match state.services.revocation.revoke(call).await {
        Ok(Answer::Given(())) => HttpResponse::Ok()
            .insert_header(("Cache-Control", "no-store"))
            .finish(),
        Ok(Answer::Refused(error)) => oauth_json::refused(&error),
        Err(fault) => oauth_json::failed(&fault),
    }
}
