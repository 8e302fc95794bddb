//! The end of a family of which something was used a second time, or by a stranger.

use std::sync::Arc;

use domain::audit::ActedBy;
use domain::session::EndReason;
use domain::token_family::TokenFamily;
use foundation::clock::Instant;
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use store::Store;

use super::makings::GrantMakings;
use crate::family_end::FamilyEnd;
use crate::memory::Memory;

/// Ends families that cannot be trusted any more.
#[derive(Clone)]
pub(super) struct Reuse {
    store: Store,
    memory: Memory,
    entropy: SharedEntropy,
}

impl Reuse {
    pub(super) fn new(makings: &GrantMakings<'_>) -> Self {
        Self {
            store: makings.parts.store.clone(),
            memory: makings.memory.clone(),
            entropy: Arc::clone(&makings.parts.entropy),
        }
    }

    /// Ends a family, and returns when this node no longer accepts its tokens.
    pub(super) async fn burn(&self, family: TokenFamily, at: Instant) -> Result<(), Fault> {
        let end = self.end(at);
        let written = self.store.write(move |tx| end.write(tx, &family)).await?;
        self.memory.settled(written.position).await;
        Ok(())
    }

    /// The same, prepared for a transaction that is open already.
    pub(super) fn end(&self, at: Instant) -> FamilyEnd {
        let reason = EndReason::ReuseDetected;
        FamilyEnd::new(reason, ActedBy::SYSTEM, at, self.entropy.as_ref())
    }
}
