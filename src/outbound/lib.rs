//! The way out: everything that this server asks of others over HTTP.
//!
//! Owns the HTTP client. Every outgoing call goes through [`fetch::HttpFetch`], whose real form is
//! guarded: addresses that others gave us never lead into the operator's own network.

pub mod address;
pub mod allowed_hosts;
pub mod fetch;
pub mod jwks;
pub mod logout_post;
mod resolver;
