//! The handle: what is sealed into an access token's `jti`, so that any node can tell what the
//! token belongs to without asking the store, and an outsider learns nothing.
//! `keys::seal` seals and opens it; `live::ended` asks whether it is dead.

use foundation::id::{ClientId, FamilyId, GrantId, HistoryId, Position, SessionId, UserId};

/// What an access token belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenHandle {
    /// The client it was issued to.
    pub client_id: ClientId,
    /// The person it speaks for; none for client credentials.
    pub on_behalf_of: Option<OnBehalfOf>,
    /// Distinguishes tokens of the same origin: random.
    pub number: u64,
    /// Of which log the position is.
    pub history: HistoryId,
    /// The log position that the issuing node had confirmed before it read anything.
    pub position: Position,
    /// Whether userinfo accepts it.
    pub opens_userinfo: bool,
}

/// The parents of a token that speaks for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnBehalfOf {
    /// Who.
    pub user_id: UserId,
    /// By which grant.
    pub grant_id: GrantId,
    /// The session it dies with; none with `offline_access`.
    pub session_id: Option<SessionId>,
    /// The authorization it came from.
    pub family_id: Option<FamilyId>,
}
