//! Sessions of people, listed and ended by the operator.

use domain::administrator::Permission;
use domain::participant::Participant;
use domain::session::{EndReason, Session};
use domain::user::Username;
use foundation::id::SessionId;
use serde_json::json;

use super::{Administered, Administration, Refusal};
use crate::sessions::end_in;

impl Administration {
    /// The live sessions of a person.
    ///
    /// # Errors
    /// The store does not answer. What is refused is a value.
    pub async fn list_sessions(&self, username: &str) -> Administered<Vec<Session>> {
        let (now, username) = (self.clock.now(), Username::stored(username));
        self.look(Permission::ReadUsers, move |db| {
            let Some(user) = store::users::find_by_username(db, &username)? else {
                return Ok(Err(Refusal::not_found("user", username)));
            };
            store::sessions::live_of_user(db, user.id, now).map(Ok)
        })
        .await
    }

    /// A session, and the programs that got tokens in it: whoever must hear of its end. Kept for
    /// thirty days after that.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn show_session(&self, id: &str) -> Administered<(Session, Vec<Participant>)> {
        let Ok(parsed) = id.parse::<SessionId>() else {
            return Ok(Err(Refusal::not_found("session", id)));
        };
        self.look(Permission::ReadUsers, move |db| {
            let Some(session) = store::sessions::find(db, parsed)? else {
                return Ok(Err(Refusal::not_found("session", parsed)));
            };
            store::participants::of_session(db, parsed).map(|took_part| Ok((session, took_part)))
        })
        .await
    }

    /// Ends a session, and with it everything it made.
    ///
    /// # Errors
    /// The store does not answer. What is refused is a value.
    pub async fn end_session_by_operator(&self, id: &str) -> Administered<SessionId> {
        let Ok(parsed) = id.parse::<SessionId>() else {
            return Ok(Err(Refusal::not_found("session", id)));
        };
        let now = self.clock.now();
        let audited = self
            .audited("session.ended")
            .with(json!({ "session": parsed, "reason": EndReason::Operator.word() }));
        self.administer(Permission::ChangeUsers, move |tx| {
            let Some(session) = store::sessions::find(tx, parsed)? else {
                return Ok(Err(Refusal::not_found("session", parsed)));
            };
            if end_in(tx, parsed, session.user_id, now, EndReason::Operator)? {
                audited.of_user(session.user_id).insert(tx)?;
            }
            Ok(Ok(parsed))
        })
        .await
    }

    /// Lets the time of a session be over now. What ends it is the timer that ends every session, within
    /// a moment, as if that time had come by itself.
    ///
    /// # Errors
    /// The store does not answer. What is refused is a value.
    pub async fn expire_session(&self, id: &str) -> Administered<SessionId> {
        let Ok(parsed) = id.parse::<SessionId>() else {
            return Ok(Err(Refusal::not_found("session", id)));
        };
        let now = self.clock.now();
        let audited = self
            .audited("session.expired")
            .with(json!({ "session": parsed }));
        self.administer(Permission::ChangeUsers, move |tx| {
            let Some(session) = store::sessions::find(tx, parsed)? else {
                return Ok(Err(Refusal::not_found("session", parsed)));
            };
            // Nobody prolongs it meanwhile; of one that is over, nothing is left to do.
            if store::sessions::lock(tx, parsed)? && session.is_live(now) {
                store::sessions::touch(tx, parsed, session.last_seen_at, now)?;
                audited.of_user(session.user_id).insert(tx)?;
            }
            Ok(Ok(parsed))
        })
        .await
    }
}
