//! The HTTP layer: a handler parses, makes one call of a flow, renders.
//!
//! Owns paths, headers, cookies, shapes of errors, and the pages as they are sent. Decides
//! nothing. Links are built from the configured issuer, never from `Host`.

use actix_web::web::{self, Data, ServiceConfig};

mod account;
pub mod address_limits;
mod assets;
pub mod callers;
mod choose_account;
mod consent;
pub mod ending;
mod error;
mod extract;
mod face;
pub mod guard;
mod health;
mod hosts;
mod interaction;
pub mod method;
mod oauth;
mod oidc;
pub mod page;
mod reply;
mod session_events;
mod shown;
mod sign_in;
mod sign_out;
pub mod state;
mod visitor;
mod web_ticket;

use state::WebState;

/// Mounts Portico: everything that it answers, in one list.
pub fn configure(state: WebState) -> impl FnOnce(&mut ServiceConfig) + Clone {
    move |config: &mut ServiceConfig| {
        let (settings, health) = (&state.settings, state.services.health.clone());
        let proofs = state.services.proofs.clone();
        let guard = guard::Guard::new(
            settings.secure_cookies,
            settings.ending.clone(),
            move || health.clock_is_behind(),
            move || proofs.fresh_nonce(),
        );
        let site = web::scope("")
            .app_data(Data::new(oidc::discovery::Documents::of(&state)))
            .app_data(Data::new(state))
            .app_data(web::PayloadConfig::new(extract::body::MAX_BODY))
            .app_data(web::QueryConfig::default().error_handler(error::unreadable_query))
            .wrap(guard)
            .configure(oauth::authorize::routes)
            .configure(oauth::token::routes)
            .configure(oauth::introspect::routes)
            .configure(oauth::revoke::routes)
            .configure(oidc::userinfo::routes)
            .configure(session_events::routes)
            .configure(hosts::routes)
            .configure(oidc::jwks::routes)
            .configure(oidc::discovery::routes)
            .configure(oidc::portico_configuration::routes)
            .configure(oidc::end_session::routes)
            .configure(sign_in::routes)
            .configure(choose_account::routes)
            .configure(consent::routes)
            .configure(interaction::routes)
            .configure(web_ticket::routes)
            .configure(sign_out::routes)
            .configure(account::routes)
            .configure(assets::routes)
            .configure(health::routes)
            .default_service(web::to(error::no_such_address));
        config.service(site);
    }
}
