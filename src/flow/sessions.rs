//! Sessions as every page meets them: who is signed in in a browser, what they are called, and the end
//! of a session: one row and one event.

use std::sync::Arc;

use domain::audit::{ActedBy, AuditEntry};
use domain::event::Event;
use domain::session::EndReason;
use domain::user::User;
use foundation::clock::{Instant, SharedClock};
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use foundation::id::{AuditId, ClientId, SessionId, UserId};
use serde_json::json;
use store::Store;

use crate::browser::{Browser, SignedIn, signed_in};
use crate::memory::Memory;
use crate::parts::Parts;

/// Says who is signed in, and ends sessions.
#[derive(Clone)]
pub struct Sessions {
    store: Store,
    memory: Memory,
    clock: SharedClock,
    entropy: SharedEntropy,
}

impl Sessions {
    pub(crate) fn new(parts: &Parts, memory: &Memory) -> Self {
        Self {
            store: parts.store.clone(),
            memory: memory.clone(),
            clock: Arc::clone(&parts.clock),
            entropy: Arc::clone(&parts.entropy),
        }
    }

    /// Who is signed in in this browser.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn signed_in(&self, browser: &Browser) -> Result<Option<SignedIn>, Fault> {
        let (cookie, address, now) = (browser.session_digest(), browser.address, self.clock.now());
        if cookie.is_none() {
            return Ok(None);
        }
        self.store
            .read(move |db| signed_in(db, cookie, address, now))
            .await
    }

    /// What a person is called on pages: the name of the profile, else the username.
    pub(crate) async fn name_of(&self, user: &User) -> Result<String, Fault> {
        let id = user.id;
        let profile = self
            .store
            .read(move |db| store::profiles::find(db, id))
            .await?;
        Ok(profile
            .and_then(|p| p.name)
            .unwrap_or_else(|| user.username.clone()))
    }

    /// Ends somebody's own session and waits until this node knows it.
    pub(crate) async fn sign_out(&self, who: &SignedIn) -> Result<(), Fault> {
        let (id, user_id, now) = (who.session.id, who.user.id, self.clock.now());
        let (by, reason) = (who.acts(), EndReason::Logout);
        let audit = AuditId::new(now, self.entropy.as_ref());
        let written = self
            .store
            .write(move |tx| {
                if end_in(tx, id, user_id, now, reason)? {
                    store::audit::insert(tx, &ended_entry(by, user_id, reason, now), audit)?;
                }
                Ok(())
            })
            .await?;
        self.memory.settled(written.position).await;
        Ok(())
    }

    /// Ends what one session gave one client and waits until this node knows it. Noted if there was
    /// something to end.
    pub(crate) async fn leave(
        &self,
        session: (SessionId, UserId),
        client_id: &ClientId,
        by: ActedBy,
    ) -> Result<(), Fault> {
        let (client_id, now) = (client_id.clone(), self.clock.now());
        let audit = AuditId::new(now, self.entropy.as_ref());
        let written = self
            .store
            .write(move |tx| {
                if leave_in(tx, session, &client_id, now)? {
                    let entry = AuditEntry::new(now, by, "session.left")
                        .of_user(session.1)
                        .of_client(&client_id)
                        .with(json!({ "session": session.0 }));
                    store::audit::insert(tx, &entry, audit)?;
                }
                Ok(())
            })
            .await?;
        self.memory.settled(written.position).await;
        Ok(())
    }
}

/// Ends what one session gave one client; the session goes on. True if there was something to end.
pub(crate) fn leave_in(
    tx: &mut store::Transaction<'_>,
    (session_id, user_id): (SessionId, UserId),
    client_id: &ClientId,
    now: Instant,
) -> Result<bool, Fault> {
    // The person first, as everybody takes them: else who deletes them and who tells of this wait for each
    // other.
    if store::users::lock(tx, user_id)?.is_none() {
        return Ok(false);
    }
    let left = store::participants::takes_part(tx, session_id, client_id)?;
    let ended = store::token_families::end_of_session_and_client(
        tx,
        session_id,
        client_id,
        now,
        EndReason::Logout,
    )?;
    if left || ended > 0 {
        tx.append(Event::SessionLeft {
            session_id,
            user_id,
            client_id: client_id.clone(),
        });
    }
    Ok(left || ended > 0)
}

/// Ends a session within a transaction: one row and one event. True if it was live.
pub(crate) fn end_in(
    tx: &mut store::Transaction<'_>,
    session_id: SessionId,
    user_id: UserId,
    now: Instant,
    reason: EndReason,
) -> Result<bool, Fault> {
    let ended = store::sessions::end(tx, session_id, now, reason)?;
    if ended {
        metrics::counter!("portico_sessions_ended_total", "reason" => reason.word()).increment(1);
        tx.append(Event::SessionEnded {
            session_id,
            user_id,
            reason,
        });
    }
    Ok(ended)
}

/// What is noted when somebody's session ended.
pub(crate) fn ended_entry(
    by: ActedBy,
    user_id: UserId,
    reason: EndReason,
    now: Instant,
) -> AuditEntry {
    AuditEntry::new(now, by, "session.ended")
        .of_user(user_id)
        .with(json!({ "reason": reason.word() }))
}
