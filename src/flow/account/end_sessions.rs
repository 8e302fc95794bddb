//! Ending sessions from the list.

use std::sync::Arc;

use domain::session::EndReason;
use foundation::clock::Instant;
use foundation::entropy::Entropy;
use foundation::fault::Fault;
use foundation::id::{AuditId, SessionId};

use super::{Account, AccountAnswer};
use crate::browser::{Browser, SignedIn};
use crate::sessions::{end_in, ended_entry};

impl Account {
    /// Ends one of the person's own sessions.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn end_listed_session(
        &self,
        form: &str,
        id: SessionId,
        browser: &Browser,
    ) -> Result<AccountAnswer, Fault> {
        let signed_in = match self.form_sender(form, browser).await? {
            Ok(signed_in) => signed_in,
            Err(answer) => return Ok(answer),
        };
        let (now, reason) = (self.clock.now(), EndReason::Logout);
        let audit = AuditId::new(now, self.entropy.as_ref());
        let written = self
            .store
            .write(move |tx| {
                // Of two sessions that end each other, one stands.
                if !signed_in.still_acts(tx, now)? {
                    return Ok(AccountAnswer::SignedOut);
                }
                let user = signed_in.user.id;
                let found = store::sessions::find(tx, id)?;
                let is_theirs = found.is_some_and(|session| session.user_id == user);
                if !is_theirs || !end_in(tx, id, user, now, reason)? {
                    return Ok(AccountAnswer::NothingThere);
                }
                let entry = ended_entry(signed_in.acts(), user, reason, now);
                store::audit::insert(tx, &entry, audit)?;
                Ok(AccountAnswer::Done)
            })
            .await?;
        self.memory.settled(written.position).await;
        Ok(written.value)
    }

    /// Ends all of the person's sessions but this one.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn end_other_sessions(
        &self,
        form: &str,
        browser: &Browser,
    ) -> Result<AccountAnswer, Fault> {
        let signed_in = match self.form_sender(form, browser).await? {
            Ok(signed_in) => signed_in,
            Err(answer) => return Ok(answer),
        };
        let (now, entropy) = (self.clock.now(), Arc::clone(&self.entropy));
        let written = self
            .store
            .write(move |tx| {
                if !signed_in.still_acts(tx, now)? {
                    return Ok(AccountAnswer::SignedOut);
                }
                end_others(tx, &signed_in, now, EndReason::Logout, entropy.as_ref())?;
                Ok(AccountAnswer::Done)
            })
            .await?;
        self.memory.settled(written.position).await;
        Ok(written.value)
    }
}

/// Ends all sessions of a person but the one that is kept, and notes each.
pub(super) fn end_others(
    tx: &mut store::Transaction<'_>,
    keep: &SignedIn,
    now: Instant,
    reason: EndReason,
    entropy: &dyn Entropy,
) -> Result<(), Fault> {
    for session in store::sessions::live_of_user(tx, keep.user.id, now)? {
        if session.id != keep.session.id && end_in(tx, session.id, session.user_id, now, reason)? {
            let entry = ended_entry(keep.acts(), session.user_id, reason, now);
            store::audit::insert(tx, &entry, AuditId::new(now, entropy))?;
        }
    }
    Ok(())
}
