//! Documents that change seldom: ready bytes with an ETag, for anybody.

use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};

/// Sends a JSON document, or 304 to who has it.
pub(crate) fn send(request: &HttpRequest, body: Bytes, etag: &str, max_age: u32) -> HttpResponse {
    let known = request
        .headers()
        .get(IF_NONE_MATCH)
        .and_then(|v| v.to_str().ok());
    let same = known.is_some_and(|known| known.split(',').any(|k| k.trim() == etag));
    let mut response = if same {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response
        .insert_header((ETAG, etag))
        .insert_header((CACHE_CONTROL, format!("public, max-age={max_age}")))
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"));
    if same {
        return response.finish();
    }
    response
        .insert_header((CONTENT_TYPE, "application/json"))
        .body(body)
}

/// The ETag of a document: a digest of its bytes.
pub(crate) fn etag(body: &[u8]) -> String {
    format!(
        "\"{}\"",
        foundation::base64url::encode(&foundation::digest::sha256(body)[..12])
    )
}
