//! What this server says about itself: OpenID Connect Discovery §4 and RFC 8414 §3. Nothing of it
//! changes while the server runs, so each worker writes it once. What is ours alone is in
//! `portico_configuration`.

use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use protocol::discovery::{self, Endpoints, Offer};

use crate::guard::cors;
use crate::method;
use crate::reply::document::Document;
use crate::state::WebState;

/// The documents, ready.
pub(crate) struct Documents {
    openid_configuration: Document,
    authorization_server: Document,
}

impl Documents {
    /// Writes them.
    pub(crate) fn of(state: &WebState) -> Self {
        let settings = &state.settings;
        let offer = Offer {
            scopes: settings.scopes.names(),
            claims: settings.scopes.claims(),
            grant_types: state.services.token_endpoint.grant_types(),
            ui_locales: text::Languages::built_in().tags(),
        };
        let endpoints = Endpoints::of(&settings.issuer);
        let openid = discovery::openid_configuration(&endpoints, &offer);
        let oauth = discovery::authorization_server_metadata(&endpoints, &offer);
        Self {
            openid_configuration: Document::new(&openid),
            authorization_server: Document::new(&oauth),
        }
    }
}

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let openid = cors::open("/.well-known/openid-configuration");
    let oauth = cors::open("/.well-known/oauth-authorization-server");
    config
        .service(openid.route(method::get().to(openid_configuration)))
        .service(oauth.route(method::get().to(authorization_server)));
}

async fn openid_configuration(documents: Data<Documents>, request: HttpRequest) -> HttpResponse {
    documents.openid_configuration.send(&request)
}

async fn authorization_server(documents: Data<Documents>, request: HttpRequest) -> HttpResponse {
    documents.authorization_server.send(&request)
}
