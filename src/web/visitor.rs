//! Who a page is sent to: a person's browser, with what it says about language. It is read from a
//! request in `extract/browser`, and answered in `reply`.

use actix_web::web::Data;
use flow::browser::Browser;

use crate::state::WebState;

/// A person's browser, and what is needed to answer it.
pub(crate) struct Visitor {
    /// What services see of it.
    pub(crate) browser: Browser,
    /// The server.
    pub(crate) state: Data<WebState>,
}

impl Visitor {
    /// The same with a request that begins something, and what that says itself about language.
    pub(crate) fn with_beginning(mut self, ui_locales: Vec<String>) -> Self {
        self.browser.wishes = self.browser.wishes.of_beginning(ui_locales);
        self
    }
}
