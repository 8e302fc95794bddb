//! `/account` and what stands below it: the overview, sessions, password and history.

use actix_web::web::ServiceConfig;

mod history;
mod overview;
mod password;
mod sessions;
mod way;

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .configure(overview::routes)
        .configure(sessions::routes)
        .configure(password::routes)
        .configure(history::routes);
}
