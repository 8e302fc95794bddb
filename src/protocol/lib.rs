//! What the specifications say, as types: requests that cannot be wrong once they are parsed,
//! errors with their codes, claims, and the judgements of RFC 6749's grants.
//!
//! Owns the words of OAuth 2.1 and OpenID Connect and the `oxide_auth` package. Does no I/O, knows
//! no HTTP, no database and no clock: `now` is a parameter. Who may do what is `domain`'s; what
//! happens when someone asks is `flow`'s.

pub mod access_token;
pub mod audience;
pub mod authorization_error;
pub mod authorization_request;
pub mod claim;
pub mod client_credential;
pub mod client_metadata;
pub mod code_grant;
pub mod discovery;
pub mod dpop;
pub mod fetch_metadata;
pub mod forwarded;
pub mod grant_type;
pub mod id_token;
pub mod introspection;
pub mod logout_request;
pub mod logout_token;
pub mod mismatch;
pub mod oauth_error;
pub mod parameters;
pub mod pkce;
pub mod presented_token;
pub mod prompt;
pub mod redirect_uri;
pub mod request_object;
pub mod resource;
pub mod response_mode;
pub mod scope;
pub mod scope_catalog;
mod spelling;
pub mod token_exchange;
pub mod token_request;
pub mod token_response;
pub mod web_uri;
