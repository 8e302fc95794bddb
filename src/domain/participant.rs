//! A participant: a client that got tokens in a session, and must hear when the session ends.

use foundation::clock::Instant;
use foundation::id::{ClientId, SessionId};

/// One client in one session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    /// The session.
    pub session_id: SessionId,
    /// The client.
    pub client_id: ClientId,
    /// The `sid` by which this client knows the session (OpenID Connect Back-Channel Logout §2.1): the
    /// same wherever it stands, and another one for each client.
    pub sid: String,
    /// When it first got tokens.
    pub first_at: Instant,
    /// When it last did, to the minute.
    pub last_at: Instant,
    /// When it was to be told that it has nothing there any more, unless it got tokens after that. Its
    /// next `sid` is another one, so that a logout token that comes late ends no later stay.
    pub over_at: Option<Instant>,
}
