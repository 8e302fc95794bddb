//! `/static/*`: our style sheets, scripts and pictures, from the binary. Which there are is listed
//! in `page::assets`.

use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, CROSS_ORIGIN_RESOURCE_POLICY, ETAG,
};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use crate::error;
use crate::method;
use crate::page::assets::{self, Asset};
use crate::reply::document::is_known;

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let resource = web::resource("/static/{name:.*}");
    config.service(resource.route(method::get().to(get)));
}

async fn get(request: HttpRequest) -> HttpResponse {
    match assets::find(request.path()) {
        Some(asset) => send(&request, asset),
        None => error::no_such_address(request).await,
    }
}

fn send(request: &HttpRequest, asset: &'static Asset) -> HttpResponse {
    let etag = asset.etag();
    let known = is_known(request, &etag);
    let mut response = match known {
        true => HttpResponse::NotModified(),
        false => HttpResponse::Ok(),
    };
    response
        .insert_header((CACHE_CONTROL, keep(request, asset)))
        .insert_header((ETAG, etag));
    if asset.is_for_other_sites() {
        // A page that names `integrity` loads it by CORS; one that isolates itself asks for the policy.
        response
            .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
            .insert_header((CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin"));
    }
    match known {
        true => response.finish(),
        false => response
            .insert_header((CONTENT_TYPE, asset.content_type))
            .body(asset.bytes),
    }
}

/// An address with the version of these very bytes may be kept for ever. With another version it
/// must not: while nodes are replaced, a page of the new one can ask the old one.
fn keep(request: &HttpRequest, asset: &Asset) -> &'static str {
    let href = asset.href();
    let versioned = href.split_once('?').map(|(_, version)| version);
    match versioned == Some(request.query_string()) {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::IF_NONE_MATCH;
    use actix_web::test::TestRequest;

    fn css() -> &'static Asset {
        assets::find("/static/portico.css").expect("the style sheet")
    }

    #[test]
    fn only_the_address_with_its_own_version_is_kept_for_ever() {
        let kept = |uri: &str| {
            let response = send(&TestRequest::with_uri(uri).to_http_request(), css());
            response.headers().get(CACHE_CONTROL).cloned().expect("it")
        };
        assert_eq!(kept(&css().href()), "public, max-age=31536000, immutable");
        for other in [
            "/static/portico.css",
            "/static/portico.css?v=0123",
            "/static/portico.css?",
        ] {
            assert_eq!(kept(other), "no-cache", "{other}");
        }
    }

    #[test]
    fn other_sites_may_load_the_bridge_and_nothing_else() {
        for asset in assets::ASSETS {
            let response = send(&TestRequest::default().to_http_request(), asset);
            let has = |name, value: &str| response.headers().get(name).is_some_and(|v| v == value);
            let opened = asset.path.contains("/bridge/");
            assert_eq!(
                has(ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
                opened,
                "{}",
                asset.path
            );
            let policy = has(CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin");
            assert_eq!(policy, opened, "{}", asset.path);
        }
    }

    #[test]
    fn who_has_it_is_told_so() {
        let status = |etag: String| {
            let request = TestRequest::get().insert_header((IF_NONE_MATCH, etag));
            send(&request.to_http_request(), css()).status().as_u16()
        };
        assert_eq!(status(css().etag()), 304);
        assert_eq!(status("\"0\"".into()), 200);
    }
}
