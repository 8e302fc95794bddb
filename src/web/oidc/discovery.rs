//! What this server says about itself: OpenID Connect Discovery §4, RFC 8414 §3, and what is ours.
//! Nothing of it changes while the server runs, so each worker writes it once.

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use protocol::discovery::{self, Endpoints, Offer};
use serde_json::json;

use crate::reply::document::Document;
use crate::state::WebState;

/// The documents, ready.
pub(crate) struct Documents {
    openid_configuration: Document,
    authorization_server: Document,
    portico: Document,
}

impl Documents {
    /// Writes them.
    pub(crate) fn of(state: &WebState) -> Self {
        let policy = state.flows.policy();
        let offer = Offer {
            scopes: policy.catalog.names(),
            ui_locales: text::Languages::built_in().tags(),
        };
        let endpoints = Endpoints::of(&policy.issuer);
        let openid = discovery::openid_configuration(&endpoints, &offer);
        let oauth = discovery::authorization_server_metadata(&endpoints, &offer);
        let account_uri = format!("{}/account", policy.issuer.trim_end_matches('/'));
        let portico = json!({ "issuer": policy.issuer, "account_uri": account_uri });
        Self {
            openid_configuration: Document::new(&openid),
            authorization_server: Document::new(&oauth),
            portico: Document::new(&portico),
        }
    }
}

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let well_known = |name: &str| web::resource(format!("/.well-known/{name}"));
    config
        .service(
            well_known("openid-configuration")
                .route(web::get().to(openid_configuration))
                .route(web::head().to(openid_configuration)),
        )
        .service(
            well_known("oauth-authorization-server")
                .route(web::get().to(authorization_server))
                .route(web::head().to(authorization_server)),
        )
        .service(
            well_known("portico-configuration")
                .route(web::get().to(portico))
                .route(web::head().to(portico)),
        );
}

async fn openid_configuration(documents: Data<Documents>, request: HttpRequest) -> HttpResponse {
    documents.openid_configuration.send(&request)
}

async fn authorization_server(documents: Data<Documents>, request: HttpRequest) -> HttpResponse {
    documents.authorization_server.send(&request)
}

async fn portico(documents: Data<Documents>, request: HttpRequest) -> HttpResponse {
    documents.portico.send(&request)
}
