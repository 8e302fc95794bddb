//! What the specifications and the design promise, seen from outside: one file per specification or
//! chapter of the design.

mod account;
mod administration;
mod authorization_request;
mod back_channel_logout;
mod client_authentication;
mod code_flow;
mod consent;
mod consent_sheets;
mod discovery;
mod dpop;
mod grants;
mod host_endpoints;
mod http;
mod introspection;
mod keys;
mod language;
mod launches;
mod launches_by_key;
mod logout;
mod makers;
mod mini_programs;
pub(crate) mod opaque_tokens;
mod openid_connect;
mod openidconnect;
mod participants;
mod pressed_twice;
mod refresh;
mod revocation;
mod scopes;
mod session_events;
mod session_streams;
mod sign_in;
mod stale_pages;
mod token_endpoint;
mod typed_text;
mod userinfo;
