//! `/static/*`: our style sheets, scripts and pictures, from the binary.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use crate::page::assets;

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(web::resource("/static/{name:.*}").route(web::get().to(get)));
}

async fn get(request: HttpRequest) -> HttpResponse {
    let Some(asset) = assets::find(request.path()) else {
        return HttpResponse::NotFound().finish();
    };
    let etag = asset.etag();
    let known = request
        .headers()
        .get(IF_NONE_MATCH)
        .and_then(|v| v.to_str().ok());
    // An address with a version names these very bytes.
    let keep = if request.query_string().is_empty() {
        "no-cache"
    } else {
        "public, max-age=31536000, immutable"
    };
    let mut response = if known == Some(etag.as_str()) {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response
        .insert_header((CACHE_CONTROL, keep))
        .insert_header((ETAG, etag.clone()));
    if known == Some(etag.as_str()) {
        return response.finish();
    }
    response
        .insert_header((CONTENT_TYPE, asset.content_type))
        .body(asset.bytes)
}
