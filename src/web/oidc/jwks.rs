//! `/jwks`: the public signing keys (RFC 7517 §5).

use actix_web::web::{Bytes, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use crate::guard::cors;
use crate::method;
use crate::reply::document::Document;
use crate::state::WebState;

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(cors::open("/jwks").route(method::get().to(get)));
}

async fn get(state: Data<WebState>, request: HttpRequest) -> HttpResponse {
    let keys = state.flows.keys();
    let body = Bytes::copy_from_slice(keys.jwk_set());
    Document::tagged(body, keys.jwk_set_etag()).send(&request)
}
