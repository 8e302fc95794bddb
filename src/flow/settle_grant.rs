//! The grant of a person for a client, made or changed by a decision, in the transaction of whatever
//! rests on it.

use domain::client::Client;
use domain::event::Event;
use domain::grant::{Grant, GrantedScopes};
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::{GrantId, UserId};

/// The grant after the decision: as it was, changed, or made now. Read again inside the
/// transaction, because another tab may have decided in between.
pub(crate) fn settle_grant(
    tx: &mut store::Transaction<'_>,
    client: &Client,
    user: UserId,
    allow: impl Fn(Option<&Grant>) -> GrantedScopes,
    new_id: GrantId,
    now: Instant,
) -> Result<Grant, Fault> {
    if let Some(grant) = store::grants::live(tx, user, &client.id)?
        && grant.scopes == allow(Some(&grant))
    {
        return Ok(grant);
    }
    // Another window may be changing it in this moment: from here on none does.
    store::users::lock(tx, user)?;
    let Some(mut grant) = store::grants::live(tx, user, &client.id)? else {
        let grant = Grant {
            id: new_id,
            user_id: user,
            client_id: client.id.clone(),
            scopes: allow(None),
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
    let scopes = allow(Some(&grant));
    if grant.scopes != scopes {
        store::grants::set_scopes(tx, grant.id, &scopes, now)?;
        let (before, after) = (grant.scopes.names(), scopes.names());
        tx.append(Event::GrantChanged {
            grant_id: grant.id,
            user_id: user,
            client_id: client.id.clone(),
            removed: before.difference(&after),
            scopes: after,
        });
        grant.scopes = scopes;
    }
    Ok(grant)
}
