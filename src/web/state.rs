//! What every handler can reach.

use std::sync::Arc;

use flow::Services;
use foundation::clock::Span;
use protocol::scope_catalog::ScopeCatalog;

use crate::address_limits::AddressLimits;
use crate::callers::Callers;
use crate::ending::Ending;

/// The services and the settings of the HTTP layer. Cheap to clone.
#[derive(Clone)]
pub struct WebState {
    /// What happens when someone asks.
    pub services: Services,
    /// How it is served.
    pub settings: WebSettings,
}

/// How it is served.
#[derive(Clone)]
pub struct WebSettings {
    /// The issuer identifier (RFC 8414 §2): every link is built from it.
    pub issuer: Arc<str>,
    /// What people see as the name of this super app.
    pub brand: Arc<str>,
    /// The scopes there are.
    pub scopes: Arc<ScopeCatalog>,
    /// For how long a browser keeps the session cookie.
    pub session_lifetime: Span,
    /// Whether the issuer is https: cookies are then `Secure` and carry the `__Host-` prefix.
    pub secure_cookies: bool,
    /// Who calls, and which proxies are believed about it.
    pub callers: Arc<Callers>,
    /// How often one address may try to sign in; `None` where that is off.
    pub address_limits: Option<Arc<AddressLimits>>,
    /// Whether the server is about to end.
    pub ending: Ending,
    /// Gives the text of `/metrics`; `None` where it has a listener of its own or is off.
    pub metrics: Option<Arc<dyn Fn() -> String + Send + Sync>>,
}
