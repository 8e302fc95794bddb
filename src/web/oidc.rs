//! The endpoints of OpenID Connect, and the documents that describe this server.

pub(crate) mod discovery;
pub(crate) mod end_session;
pub(crate) mod jwks;
pub(crate) mod portico_configuration;
pub(crate) mod userinfo;
