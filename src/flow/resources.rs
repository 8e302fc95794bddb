//! Which resources a client may name (RFC 8707 §2): itself, the issuer, what a client has registered as
//! its own, and what the operator allows.
//!
//! Asked when somebody asks, and again for each token, so that a resource server that is gone gets none.
//! Which of them a grant covers is decided elsewhere.

use std::sync::Arc;

use domain::client::Client;
use foundation::fault::Fault;
use protocol::resource::ResourceError;
use store::Store;

use crate::parts::Parts;

/// Knows resources.
#[derive(Clone)]
pub(crate) struct Resources {
    store: Store,
    issuer: Arc<str>,
    allowed: Arc<[String]>,
}

impl Resources {
    pub(crate) fn new(parts: &Parts) -> Self {
        Self {
            store: parts.store.clone(),
            issuer: Arc::clone(&parts.policy.issuer),
            allowed: Arc::clone(&parts.policy.resources),
        }
    }

    /// Whether a client may name these resources. A token for an audience that nobody stands for would
    /// be accepted by whoever comes to claim it.
    pub(crate) async fn check(
        &self,
        client: &Client,
        named: &[String],
    ) -> Result<Result<(), ResourceError>, Fault> {
        let issuer = &*self.issuer;
        if !named.iter().all(|r| client.may_name_resource(r, issuer)) {
            return Ok(Err(ResourceError::AnotherClient));
        }
        let is_known = |r: &&String| {
            r.as_str() == issuer || client.is_itself(r, issuer) || self.allowed.contains(r)
        };
        let others: Vec<String> = named.iter().filter(|r| !is_known(r)).cloned().collect();
        if others.is_empty() {
            return Ok(Ok(()));
        }
        let asked = others.clone();
        let read = move |db: &mut _| store::clients::registered_resources(db, &asked);
        let registered = self.store.read(read).await?;
        match others.iter().all(|r| registered.contains(r)) {
            true => Ok(Ok(())),
            // "The requested resource is invalid, missing, unknown, or malformed." (RFC 8707 §2)
            false => Ok(Err(ResourceError::Unknown)),
        }
    }
}
