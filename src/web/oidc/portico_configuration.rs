//! `/.well-known/portico-configuration`: what hosts and mini-programs find here beside the standards.
//!
//! Owns its members. Which hosts there are can change at any time, so that is asked for each time.

use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use protocol::discovery::Endpoints;
use serde_json::{Map, Value, json};

use crate::guard::cors;
use crate::method;
use crate::page::assets::{self, Asset};
use crate::reply::document::Document;
use crate::reply::oauth_json;
use crate::state::WebState;

/// The script that a mini-program's page loads.
const BRIDGE: &str = "/static/bridge/portico.js";

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let resource = cors::open("/.well-known/portico-configuration");
    config.service(resource.route(method::get().to(get)));
}

async fn get(state: Data<WebState>, request: HttpRequest) -> HttpResponse {
    match state.services.clients.host_origins().await {
        Ok(origins) => {
            let document = portico_configuration(&state.settings.issuer, &origins);
            Document::new(&Value::Object(document)).send(&request)
        }
        Err(fault) => oauth_json::failed(&fault),
    }
}

/// The members: a name and where it leads, one line each.
fn portico_configuration(issuer: &str, host_origins: &[String]) -> Map<String, Value> {
    let base = issuer.trim_end_matches('/');
    let at = |path: &str| json!(format!("{base}{path}"));
    let (bridge, endpoints) = (assets::find(BRIDGE), Endpoints::of(issuer));
    let members = [
        ("issuer", json!(issuer)),
        ("account_uri", at("/account")),
        ("session_events_endpoint", json!(endpoints.session_events)),
        ("mini_programs_endpoint", json!(endpoints.mini_programs)),
        ("leave_endpoint", json!(endpoints.leave)),
        ("web_ticket_endpoint", json!(endpoints.web_ticket)),
        ("bridge_uri", at(&assets::href(BRIDGE))),
        ("bridge_integrity", json!(bridge.map(Asset::integrity))),
        ("host_origins", json!(host_origins)),
    ];
    let members = members.into_iter();
    members
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
