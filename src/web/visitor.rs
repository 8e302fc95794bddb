//! Who a page is sent to: a person's browser, with the language that it asks for. It is read from a
//! request in `extract/browser`, and answered in `reply`.

use actix_web::web::Data;
use flow::browser::Browser;

use crate::state::WebState;

/// A person's browser, and what is needed to answer it.
pub(crate) struct Visitor {
    /// What services see of it.
    pub(crate) browser: Browser,
    /// The `Accept-Language` header.
    pub(crate) accept_language: Option<String>,
    /// The server.
    pub(crate) state: Data<WebState>,
}
