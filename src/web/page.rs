//! Pages as values: one struct per page that holds everything it shows, ready, and renders it.
//!
//! Owns the shape of what the templates read (`templates/*.html`), and the words that they choose.
//! Owns no request, no reply and no I/O: handlers fill these structs and send what
//! [`askama::Template::render`] gives. Every page has samples, and a test renders and checks each.

pub mod account;
pub mod assets;
pub mod choose_account;
pub mod chrome;
pub mod consent;
pub mod device;
pub mod error;
pub mod form_post;
pub mod history;
pub mod link;
pub mod makers;
pub mod password;
pub mod program;
pub mod sensitive_scope;
pub mod sessions;
pub mod share;
pub mod sign_in;
pub mod sign_out;
pub mod signed_out;

#[cfg(test)]
mod html;
#[cfg(test)]
mod samples;
