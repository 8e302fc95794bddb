//! What handlers send: one shape per file.

pub(crate) mod browser_response;
pub(crate) mod cookies;
pub(crate) mod document;
pub(crate) mod fault_log;
pub(crate) mod language;
pub(crate) mod oauth_json;
pub(crate) mod page;
pub(crate) mod refusal_log;
