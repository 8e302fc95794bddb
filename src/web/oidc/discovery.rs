//! What this server says about itself: OpenID Connect Discovery §4, RFC 8414 §3, and what is ours.

use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use protocol::discovery::{self, Endpoints, Offer};
use serde_json::{Value, json};

use crate::reply::document;
use crate::state::WebState;

/// Seconds for which a document may be kept.
const MAX_AGE: u32 = 300;

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let well_known = |name: &str| web::resource(format!("/.well-known/{name}"));
    config
        .service(well_known("openid-configuration").route(web::get().to(openid_configuration)))
        .service(
            well_known("oauth-authorization-server").route(web::get().to(authorization_server)),
        )
        .service(well_known("portico-configuration").route(web::get().to(portico)));
}

fn parts(state: &WebState) -> (Endpoints, Offer) {
    let policy = state.flows.policy();
    let offer = Offer {
        scopes: policy.catalog.names(),
        ui_locales: text::Languages::built_in().tags(),
    };
    (Endpoints::of(&policy.issuer), offer)
}

fn send(request: &HttpRequest, value: &Value) -> HttpResponse {
    let body = Bytes::from(value.to_string());
    let etag = document::etag(&body);
    document::send(request, body, &etag, MAX_AGE)
}

async fn openid_configuration(state: Data<WebState>, request: HttpRequest) -> HttpResponse {
    let (endpoints, offer) = parts(&state);
    send(
        &request,
        &discovery::openid_configuration(&endpoints, &offer),
    )
}

async fn authorization_server(state: Data<WebState>, request: HttpRequest) -> HttpResponse {
    let (endpoints, offer) = parts(&state);
    send(
        &request,
        &discovery::authorization_server_metadata(&endpoints, &offer),
    )
}

async fn portico(state: Data<WebState>, request: HttpRequest) -> HttpResponse {
    let issuer = &state.flows.policy().issuer;
    send(
        &request,
        &json!({ "issuer": issuer, "account_uri": format!("{issuer}/account") }),
    )
}
