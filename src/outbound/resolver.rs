//! Name resolution for the guarded client: the addresses that are checked are the ones that are
//! connected to, so a name that answers differently the second time gains nothing.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::address::is_public;
use crate::allowed_hosts::{AllowedHosts, is_localhost};

/// Asks for the addresses of a name.
pub(crate) type Lookup =
    Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// A name that leads to an address outside the public internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the host has an address that is not public")]
pub(crate) struct NotPublic;

/// Resolves names, and gives only addresses that may be reached.
pub(crate) struct GuardedResolver {
    allowed: Arc<AllowedHosts>,
    lookup: Lookup,
}

impl GuardedResolver {
    pub(crate) fn new(allowed: Arc<AllowedHosts>, lookup: Lookup) -> Self {
        Self { allowed, lookup }
    }
}

/// The system's resolver.
pub(crate) fn system_lookup() -> Lookup {
    Arc::new(|name| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str().to_owned();
        let exempted = self.allowed.contains_name(&name);
        let lookup = Arc::clone(&self.lookup);
        Box::pin(async move {
            // Not every system's resolver knows the names below `localhost`; we never ask one.
            let found = if is_localhost(&name) {
                vec![
                    IpAddr::V4(Ipv4Addr::LOCALHOST),
                    IpAddr::V6(Ipv6Addr::LOCALHOST),
                ]
            } else {
                lookup(name).await?
            };
            // A name with both kinds of addresses is not half trusted.
            if !exempted && !found.iter().copied().all(is_public) {
                return Err(NotPublic.into());
            }
            // Port 0 stands for the one in the URL.
            let addresses = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}
