//! The grant of a person for a client, made or changed by a decision, in the transaction of whatever
//! rests on it.

use domain::client::Client;
use domain::event::Event;
use domain::grant::{Grant, GrantedScopes};
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::{GrantId, UserId};

/// A grant as it is, and what it allows from now on.
pub(crate) struct DecidedGrant {
    /// As it is; none where nothing was ever allowed, or all of it was taken back.
    pub(crate) before: Option<Grant>,
    /// What it allows after the decision.
    scopes: GrantedScopes,
}

impl DecidedGrant {
    /// What a decision makes of the grant. Nothing is written.
    pub(crate) fn find(
        tx: &mut store::Transaction<'_>,
        client: &Client,
        user: UserId,
        allow: impl Fn(Option<&Grant>) -> GrantedScopes,
    ) -> Result<Self, Fault> {
        let found = Self::look(tx, client, user, &allow)?;
        if found.changes_nothing() {
            return Ok(found);
        }
        // Another window may be changing it in this moment: from here on none does.
        store::users::lock(tx, user)?;
        Self::look(tx, client, user, &allow)
    }

    fn look(
        tx: &mut store::Transaction<'_>,
        client: &Client,
        user: UserId,
        allow: impl Fn(Option<&Grant>) -> GrantedScopes,
    ) -> Result<Self, Fault> {
        let before = store::grants::live(tx, user, &client.id)?;
        let scopes = allow(before.as_ref());
        Ok(Self { before, scopes })
    }

    fn changes_nothing(&self) -> bool {
        let before = self.before.as_ref();
        before.is_some_and(|grant| grant.scopes == self.scopes)
    }

    /// The grant after the decision: as it was, changed, or made now.
    pub(crate) fn write(
        self,
        tx: &mut store::Transaction<'_>,
        client: &Client,
        user: UserId,
        new_id: GrantId,
        now: Instant,
    ) -> Result<Grant, Fault> {
        let nothing = self.changes_nothing();
        let Some(mut grant) = self.before else {
            let grant = Grant {
                id: new_id,
                user_id: user,
                client_id: client.id.clone(),
                scopes: self.scopes,
                created_at: now,
                updated_at: now,
                last_used_at: now.floor_to_minute(),
                ended_at: None,
            };
            return match store::grants::insert(tx, &grant)? {
                true => Ok(grant),
                false => Err(Fault::unavailable("the grant", "another request made it")),
            };
        };
        if nothing {
            return Ok(grant);
        }
        store::grants::set_scopes(tx, grant.id, &self.scopes, now)?;
        let (before, after) = (grant.scopes.names(), self.scopes.names());
        tx.append(Event::GrantChanged {
            grant_id: grant.id,
            user_id: user,
            client_id: client.id.clone(),
            removed: before.difference(&after),
            scopes: after,
        });
        grant.scopes = self.scopes;
        Ok(grant)
    }
}
