//! What a token family rests on, read in one place for every grant that speaks for a person: its
//! session, its grant, its user, its client. If one of them is gone, so are the tokens.

use domain::client::Client;
use domain::mini_program::MiniProgramState;
use domain::token_family::TokenFamily;
use foundation::clock::Instant;
use foundation::fault::Fault;
use protocol::scope::{self, ScopeSet};
use store::token_families::KnownParticipant;

/// The parents of a family, all of them standing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parents {
    /// What the grant allows now.
    pub(crate) grant_scope: ScopeSet,
    /// When the first of them ends by itself.
    pub(crate) ends_at: Instant,
    /// The client as a participant of the session in which the family was authorized, once it is one.
    pub(crate) participant: Option<KnownParticipant>,
}

/// The parents of a family; `None` if it or one of them does not stand at `now`.
pub(crate) fn parents(
    db: &mut store::Connection,
    client: &Client,
    family: &TokenFamily,
    now: Instant,
) -> Result<Option<Parents>, Fault> {
    if !family.is_live(now) {
        return Ok(None);
    }
    let Some(standing) = store::token_families::standing(db, family, now)? else {
        return Ok(None);
    };
    let session_ends_at = standing.session_expires_at.unwrap_or(family.expires_at);
    let ends_at = session_ends_at.min(family.expires_at);
    let parents = Parents {
        grant_scope: standing.scopes.names(),
        ends_at,
        participant: standing.participant,
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
