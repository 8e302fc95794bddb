//! A token family: everything that came from one authorization, from the code to the last refresh
//! token.

use foundation::clock::Instant;
use foundation::id::{ClientId, FamilyId, GrantId, SessionId, UserId};
use protocol::claim::ClaimsRequest;
use protocol::pkce::CodeChallenge;
use protocol::scope::ScopeSet;
use serde::{Deserialize, Serialize};

use crate::session::EndReason;

/// ```text
/// code issued ──► redeemed ──► ended
///      └────────────────────────▲   (a second redemption, expiry, revocation)
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TokenFamily {
    /// Its id.
    pub id: FamilyId,
    /// The grant it rests on.
    pub grant_id: GrantId,
    /// Who authorized.
    pub user_id: UserId,
    /// Whom.
    pub client_id: ClientId,
    /// The session it dies with; none with `offline_access`.
    pub session_id: Option<SessionId>,
    /// What was authorized.
    pub authorized: Authorized,
    /// When it began.
    pub created_at: Instant,
    /// When the code can no longer be redeemed.
    pub code_expires_at: Instant,
    /// When the code was redeemed.
    pub redeemed_at: Option<Instant>,
    /// When the family ends by itself.
    pub expires_at: Instant,
    /// When and why it ended.
    pub ended: Option<(Instant, EndReason)>,
}

/// The parts of an authorization that its tokens need later. Stored as one document: nothing in
/// it is searched for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Authorized {
    /// The granted scopes of this authorization.
    pub scope: ScopeSet,
    /// Where the code was sent.
    pub redirect_uri: String,
    /// Whether the request named it (RFC 6749 §4.1.3).
    pub redirect_uri_given: bool,
    /// PKCE (RFC 7636 §4.4).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code_challenge: Option<CodeChallenge>,
    /// OIDC Core §3.1.2.1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub nonce: Option<String>,
    /// When the person had last proved who they are.
    pub authenticated_at: Instant,
    /// How.
    pub acr: String,
    /// The session in which the person authorized; its per-client form is the `sid` claim.
    pub session_id: SessionId,
    /// Claims asked for one by one (OIDC Core §5.5).
    #[serde(default)]
    pub claims: ClaimsRequest,
    /// RFC 8707.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub resource: Vec<String>,
}

impl TokenFamily {
    /// Whether it stands at `now`.
    pub fn is_live(&self, now: Instant) -> bool {
        self.ended.is_none() && now < self.expires_at
    }
}
