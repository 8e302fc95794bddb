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
    // Asked first: the keys that are read after it are at least as new. A node that is not fresh may
    // be without a key that the others have, and nothing of it may be kept.
    let fresh = state.services.health.is_fresh();
    let keys = state.services.keys.current();
    let body = Bytes::copy_from_slice(keys.jwk_set());
    let document = Document::tagged(body, keys.jwk_set_etag());
    document.kept_if(fresh).send(&request)
}
