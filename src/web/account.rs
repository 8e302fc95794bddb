//! `/account` and what stands below it: the overview, sessions, password, language and history.

use actix_web::web::ServiceConfig;

mod history;
mod language;
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
        .configure(language::routes)
        .configure(history::routes);
}
