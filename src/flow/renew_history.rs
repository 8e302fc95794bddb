//! A log that went back begins a new history: what was given out in the lost time is worth nothing,
//! although nobody knows any more what that was.
//!
//! Called at every opening, by `job/tail` at each look, for a token that lies beyond the end, and by
//! whoever puts a copy back. Nothing walks over rows: sessions, families and tokens carry the history
//! that they began in, and are compared when they are used. Whoever has to tell others finds the event.

use std::sync::Arc;

use domain::audit::{ActedBy, AuditEntry};
use domain::event::Event;
use domain::log_history::{Continuity, Followed, History, Loss, OnLoss, RenewalCause};
use foundation::clock::{Instant, SharedClock};
use foundation::entropy::{Entropy, SharedEntropy};
use foundation::fault::Fault;
use foundation::id::{AuditId, HistoryId};
use serde_json::json;
use store::histories::Renewal;
use store::{Store, Transaction};

use crate::parts::Parts;

/// How a history is renewed.
pub struct HistoryRenewal {
    renewal: Renewal,
    entry: AuditEntry,
    audit: AuditId,
}

impl HistoryRenewal {
    /// Draws a new history for a log that went back.
    pub fn of_loss(loss: Loss, on_loss: OnLoss, now: Instant, entropy: &dyn Entropy) -> Self {
        let ends_sessions = on_loss == OnLoss::Everything;
        Self::new(
            RenewalCause::Lost(loss),
            ActedBy::SYSTEM,
            ends_sessions,
            now,
            entropy,
        )
    }

    /// Draws one for an installation that another issuer takes over: everything of before ends.
    pub fn of_adoption(by: ActedBy, now: Instant, entropy: &dyn Entropy) -> Self {
        Self::new(RenewalCause::Adopted, by, true, now, entropy)
    }

    /// Draws one for a copy that is put back: what was ended since it was made must not stand, so
    /// nothing of before does.
    pub fn of_restoring(by: ActedBy, now: Instant, entropy: &dyn Entropy) -> Self {
        Self::new(RenewalCause::Restored, by, true, now, entropy)
    }

    fn new(
        cause: RenewalCause,
        by: ActedBy,
        ends_sessions: bool,
        now: Instant,
        entropy: &dyn Entropy,
    ) -> Self {
        let detail = json!({ "cause": cause.word(), "ends_sessions": ends_sessions });
        Self {
            renewal: Renewal {
                id: HistoryId::random(entropy),
                at: now,
                reason: cause.word(),
                ends_sessions,
            },
            entry: AuditEntry::new(now, by, "history.renewed").with(detail),
            audit: AuditId::new(now, entropy),
        }
    }

    /// Renews the history that was seen, with its event; `false` if somebody else was quicker, and it
    /// is to be read again.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, tx: &mut Transaction<'_>, seen: History) -> Result<bool, Fault> {
        if !store::histories::renew(tx, seen, &self.renewal)? {
            return Ok(false);
        }
        tx.append(Event::HistoryRenewed {
            ends_sessions: self.renewal.ends_sessions,
        });
        store::audit::insert(tx, &self.entry, self.audit)?;
        Ok(true)
    }
}

/// Looks whether the log went back, and renews it.
#[derive(Clone)]
pub struct LogHistory {
    store: Store,
    clock: SharedClock,
    entropy: SharedEntropy,
    on_loss: OnLoss,
}

impl LogHistory {
    /// From what an opening has before there are services.
    pub fn of(store: &Store, clock: SharedClock, entropy: SharedEntropy, on_loss: OnLoss) -> Self {
        Self {
            store: store.clone(),
            clock,
            entropy,
            on_loss,
        }
    }

    pub(crate) fn new(parts: &Parts) -> Self {
        let (clock, entropy) = (Arc::clone(&parts.clock), Arc::clone(&parts.entropy));
        Self::of(&parts.store, clock, entropy, parts.policy.on_loss)
    }

    /// Looks whether the log continues what was followed of it, and renews it where it went back, as
    /// often as it takes: another may have been quicker. Blocks.
    ///
    /// # Errors
    /// The store does not answer, or cannot be written.
    pub fn renew_if_it_went_back(&self, followed: &Followed) -> Result<(), Fault> {
        let number = followed.read.number;
        loop {
            let view = self.store.look_blocking(number)?;
            let Continuity::WentBack(loss) = view.continues(followed) else {
                return Ok(());
            };
            tracing::error!(
                cause = loss.word(),
                read = %number,
                end = %view.end,
                "the log went back: it begins anew, and all access tokens of before are worth nothing"
            );
            let renewal = self.draw(loss);
            let renew = move |tx: &mut Transaction<'_>| renewal.write(tx, view.history);
            if !self.store.renew_blocking(renew)?.value {
                tracing::info!("somebody else was quicker");
            }
        }
    }

    /// A token proves that the log went back: it was given out beyond the end that a primary gave.
    ///
    /// # Errors
    /// As [`LogHistory::renew_if_it_went_back`].
    pub(crate) async fn renew_for_token(&self, seen: History) -> Result<(), Fault> {
        tracing::error!(
            "a token was given out beyond the end of the log: it went back, and begins anew"
        );
        let renewal = self.draw(Loss::TokenBeyondTheEnd);
        let written = self.store.renew(move |tx| renewal.write(tx, seen));
        written.await.map(drop)
    }

    fn draw(&self, loss: Loss) -> HistoryRenewal {
        let now = self.clock.now();
        HistoryRenewal::of_loss(loss, self.on_loss, now, self.entropy.as_ref())
    }
}
