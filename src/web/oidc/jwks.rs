//! `/jwks`: the public signing keys (RFC 7517 §5).

use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use crate::reply::document::Document;
use crate::state::WebState;

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let resource = web::resource("/jwks");
    config.service(
        resource
            .route(web::get().to(get))
            .route(web::head().to(get)),
    );
}

async fn get(state: Data<WebState>, request: HttpRequest) -> HttpResponse {
    let keys = state.flows.keys();
    let body = Bytes::copy_from_slice(keys.jwk_set());
    Document::tagged(body, keys.jwk_set_etag()).send(&request)
}
