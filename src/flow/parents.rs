//! What a token family rests on, read in one place for every grant that speaks for a person: its
//! session, its grant, its user, its client. If one of them is gone, so are the tokens.

use domain::client::Client;
use domain::mini_program::MiniProgramState;
use domain::token_family::TokenFamily;
use foundation::clock::Instant;
use foundation::fault::Fault;
use protocol::scope::{self, ScopeSet};

/// The parents of a family, all of them standing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parents {
    /// What the grant allows now.
    pub(crate) grant_scope: ScopeSet,
    /// When the first of them ends by itself.
    pub(crate) ends_at: Instant,
}

/// The parents of a family; `None` if it or one of them does not stand at `now`.
pub(crate) fn parents(
    db: &mut store::Connection,
    client: &Client,
    family: &TokenFamily,
    now: Instant,
) -> Result<Option<Parents>, Fault> {
    if !family.is_live(now) || !store::token_families::standing(db, family, now)? {
        return Ok(None);
    }
    let Some(grant) = store::grants::find(db, family.grant_id)? else {
        return Ok(None);
    };
    let ends_at = match family.session_id {
        None => family.expires_at,
        Some(session_id) => match store::sessions::find(db, session_id)? {
            Some(session) => session.expires_at.min(family.expires_at),
            None => return Ok(None),
        },
    };
    let parents = Parents {
        grant_scope: grant.scopes.names(),
        ends_at,
    };
    // A token that would be over within this second is none: "expires_in" is a positive number.
    let stands = ends_at.seconds() > now.seconds()
        && may_outlive_its_session(client, family, &parents.grant_scope)
        && still_serves(db, client, family)?;
    Ok(Some(parents).filter(|_| stands))
}

/// An offline family stands as long as the registration and the person both allow offline access;
/// others die with their session anyway.
fn may_outlive_its_session(client: &Client, family: &TokenFamily, grant: &ScopeSet) -> bool {
    family.session_id.is_some()
        || (client.may_stay_offline() && grant.contains(scope::OFFLINE_ACCESS))
}

/// A program that is a draft serves its testers only, also those who came when it was released.
fn still_serves(
    db: &mut store::Connection,
    client: &Client,
    family: &TokenFamily,
) -> Result<bool, Fault> {
    if client.state == MiniProgramState::Released {
        return Ok(true);
    }
    let user = store::users::find(db, family.user_id)?;
    Ok(user.is_some_and(|user| client.serves(&user.username)))
}
