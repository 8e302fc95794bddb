//! What grants work with, and the end of a family that a grant can bring about.

use std::sync::Arc;

use domain::audit::ActedBy;
use domain::lifetimes::Lifetimes;
use domain::session::EndReason;
use domain::token_family::TokenFamily;
use foundation::clock::Instant;
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use keys::key_ring::Keys;
use protocol::scope_catalog::ScopeCatalog;
use store::Store;

use crate::family_end::FamilyEnd;
use crate::memory::Memory;
use crate::parts::Parts;

/// What grants work with.
#[derive(Clone)]
pub(super) struct GrantParts {
    pub(super) store: Store,
    pub(super) catalog: Arc<ScopeCatalog>,
    pub(super) memory: Memory,
    pub(super) keys: Arc<Keys>,
    pub(super) entropy: SharedEntropy,
    pub(super) lifetimes: Lifetimes,
    pub(super) issuer: Arc<str>,
}

impl GrantParts {
    pub(super) fn new(parts: &Parts, memory: &Memory) -> Self {
        Self {
            store: parts.store.clone(),
            catalog: Arc::clone(&parts.policy.catalog),
            memory: memory.clone(),
            keys: Arc::clone(&parts.keys),
            entropy: Arc::clone(&parts.entropy),
            lifetimes: parts.policy.lifetimes,
            issuer: Arc::clone(&parts.policy.issuer),
        }
    }

    /// Ends a family because something of it was used a second time or by a stranger, and returns
    /// when this node no longer accepts its tokens.
    pub(super) async fn burn(&self, family: TokenFamily, at: Instant) -> Result<(), Fault> {
        let end = self.reuse(at);
        let written = self.store.write(move |tx| end.write(tx, &family)).await?;
        self.memory.settled(written.position).await;
        Ok(())
    }

    /// The end of a family of which something was used a second time.
    pub(super) fn reuse(&self, at: Instant) -> FamilyEnd {
        let reason = EndReason::ReuseDetected;
        FamilyEnd::new(reason, ActedBy::SYSTEM, at, self.entropy.as_ref())
    }
}
