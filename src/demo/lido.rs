//! Lido: a ticket. A page, a script and a style sheet, the same for everybody: whose ticket it is the page
//! learns from Portico, with a token that its host gives it. Nothing here knows any person.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::assets;
use crate::facts::LIDO;
use crate::site::reply::PagePolicy;

/// Lido's website.
pub(crate) struct Lido {
    page: LidoPage,
    policy: PagePolicy,
}

#[derive(Template)]
#[template(path = "lido.html")]
struct LidoPage {
    name: &'static str,
    client_id: String,
    /// Portico's issuer, which is an origin here.
    issuer: String,
    nova: String,
}

impl Lido {
    /// The website of a client of this issuer.
    pub(crate) fn new(client_id: &str, issuer: String, nova: String, policy: PagePolicy) -> Self {
        let page = LidoPage {
            name: LIDO.name,
            client_id: client_id.to_owned(),
            issuer,
            nova,
        };
        Self { page, policy }
    }
}

/// Lido's addresses.
pub(crate) fn scope(lido: web::Data<Lido>) -> actix_web::Scope {
    web::scope("")
        .app_data(lido)
        .route("/", web::get().to(page))
        .route("/open", web::get().to(page))
        .route("/assets/{file}", web::get().to(assets::serve))
        .default_service(web::to(HttpResponse::NotFound))
}

async fn page(lido: web::Data<Lido>) -> HttpResponse {
    lido.policy.page(StatusCode::OK, &lido.page)
}
