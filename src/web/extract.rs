//! What handlers take from a request: one concern per file, each with its own refusal.

pub(crate) mod access_token;
pub(crate) mod body;
pub(crate) mod browser;
pub(crate) mod oauth_form;
pub(crate) mod page_form;
pub(crate) mod proof;
pub(crate) mod step_query;
