//! The endpoints of OAuth 2.0.

pub(crate) mod authorize;
pub(crate) mod introspect;
pub(crate) mod revoke;
pub(crate) mod token;
