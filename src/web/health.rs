//! `/healthz`, `/readyz`, `/metrics`: for whoever watches the server.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use crate::error;
use crate::method;
use crate::state::WebState;

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/healthz").route(method::get().to(healthz)))
        .service(web::resource("/readyz").route(method::get().to(readyz)))
        .service(web::resource("/metrics").route(method::get().to(metrics)));
}

/// Whether a path is for whoever watches the server: it answers them whatever the clock says.
pub(crate) fn is_for_watchers(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz" | "/metrics")
}

/// The process serves.
async fn healthz() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(json!({ "status": "ok" }))
}

/// The process may be sent requests: its memory is fresh, the database answers and can be written,
/// its clock is not behind, no newer program wrote to it what this one cannot obey, no part of it has
/// ended by itself, and it is not about to end.
async fn readyz(state: Data<WebState>) -> HttpResponse {
    let health = &state.services.health;
    let (fresh, database) = (health.is_fresh(), health.store_answers().await);
    let (writable, clock) = (health.is_writable(), !health.clock_is_behind());
    let up_to_date = health.is_up_to_date().await;
    let (missing, ending) = (health.missing(), state.settings.ending.has_begun());
    let serves = fresh && database && writable && clock && up_to_date;
    let ready = serves && missing.is_empty() && !ending;
    let mut body = json!({
        "ready": ready, "fresh": fresh, "database": database, "writable": writable, "clock": clock,
        "up_to_date": up_to_date,
    });
    if !missing.is_empty() {
        body["missing"] = missing.into();
    }
    if ending {
        body["ending"] = true.into();
    }
    let mut response = if ready {
        HttpResponse::Ok()
    } else {
        HttpResponse::ServiceUnavailable()
    };
    response
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(body)
}

/// What is counted, in the text form of Prometheus; 404 where it has a listener of its own.
async fn metrics(request: HttpRequest, state: Data<WebState>) -> HttpResponse {
    match &state.settings.metrics {
        Some(text) => HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, "text/plain; version=0.0.4"))
            .body(text()),
        None => error::no_such_address(request).await,
    }
}
