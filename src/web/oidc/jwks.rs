//! `/jwks`: the public signing keys (RFC 7517 §5).

use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use crate::reply::document;
use crate::state::WebState;

/// Seconds for which the keys may be kept. A next key is published a day before it signs.
const MAX_AGE: u32 = 300;

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(web::resource("/jwks").route(web::get().to(get)));
}

async fn get(state: Data<WebState>, request: HttpRequest) -> HttpResponse {
    let keys = state.flows.keys();
    document::send(
        &request,
        Bytes::copy_from_slice(keys.jwk_set()),
        keys.jwk_set_etag(),
        MAX_AGE,
    )
}
