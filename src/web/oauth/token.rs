//! `/token`: the token endpoint (RFC 6749 §3.2).

use actix_web::HttpResponse;
use actix_web::web::{self, Data, ServiceConfig};
use flow::protected_call::ProtectedEndpoint;

use crate::extract::oauth_form::OAuthForm;
use crate::extract::proof::Proof;
use crate::guard::cors;
use crate::reply::oauth_json;
use crate::state::WebState;

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(cors::open("/token").route(web::post().to(post)));
}

async fn post(state: Data<WebState>, proof: Proof, form: OAuthForm) -> HttpResponse {
    let call = form.to(ProtectedEndpoint::Token).with_proof(proof.0);
    oauth_json::send(state.services.token_endpoint.answer(call).await)
}
