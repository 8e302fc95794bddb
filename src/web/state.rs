//! What every handler can reach.

use std::sync::Arc;

use flow::Flows;
use foundation::network::Network;

use crate::guard::addresses::AddressLimits;

/// The flows and the settings of the HTTP layer. Cheap to clone.
#[derive(Clone)]
pub struct WebState {
    /// What happens when someone asks.
    pub flows: Flows,
    /// How it is served.
    pub settings: WebSettings,
}

/// How it is served.
#[derive(Clone)]
pub struct WebSettings {
    /// Whether the issuer is https: cookies are then `Secure` and carry the `__Host-` prefix.
    pub secure_cookies: bool,
    /// Proxies whose forwarded headers count.
    pub trusted_proxies: Vec<Network>,
    /// How often one address may try to sign in; `None` where that is off.
    pub address_limits: Option<Arc<AddressLimits>>,
    /// Gives the text of `/metrics`; `None` where it has a listener of its own or is off.
    pub metrics: Option<Arc<dyn Fn() -> String + Send + Sync>>,
}
