//! A token family: everything that came from one authorization, from the code to the last refresh
//! token. How it began is its origin.

use foundation::clock::Instant;
use foundation::id::{ClientId, FamilyId, GrantId, SessionId, UserId};
use protocol::claim::ClaimsRequest;
use protocol::dpop::KeyThumbprint;
use protocol::pkce::CodeChallenge;
use protocol::scope::ScopeSet;
use serde::{Deserialize, Serialize};

use crate::authentication::Authentication;
use crate::lifetimes::Lifetimes;
use crate::session::EndReason;

/// ```text
/// begun ──► ended   (a credential used twice, expiry, revocation)
/// ```
/// What it begins with, a code for one, works once and is a [`OneTimeCredential`].
///
/// [`OneTimeCredential`]: crate::one_time_credential::OneTimeCredential
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
    /// How it began.
    pub origin: Origin,
    /// What was authorized.
    pub authorized: Authorized,
    /// When it began.
    pub created_at: Instant,
    /// When the family ends by itself.
    pub expires_at: Instant,
    /// When and why it ended.
    pub ended: Option<(Instant, EndReason)>,
}

/// How a family began, with what only this way of beginning knows. Stored as one document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Origin {
    /// An authorization response carried a code (RFC 6749 §4.1).
    Code(CodeOrigin),
    /// A host launched the program with a code.
    Launch(LaunchOrigin),
}

/// What the exchange said that is compared when its code is redeemed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LaunchOrigin {
    /// The host that asked.
    pub host: ClientId,
    /// PKCE (RFC 7636 §4.4).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code_challenge: Option<CodeChallenge>,
    /// OIDC Core §3.1.2.1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub nonce: Option<String>,
    /// The key of the program's page, which whoever redeems the code proves (RFC 9449 §10).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dpop_jkt: Option<KeyThumbprint>,
}

impl Origin {
    /// The key that whoever redeems the code proves.
    pub fn dpop_jkt(&self) -> Option<KeyThumbprint> {
        match self {
            Self::Code(code) => code.dpop_jkt,
            Self::Launch(launch) => launch.dpop_jkt,
        }
    }

    /// What the verifier must belong to.
    pub fn code_challenge(&self) -> Option<&CodeChallenge> {
        match self {
            Self::Code(code) => code.code_challenge.as_ref(),
            Self::Launch(launch) => launch.code_challenge.as_ref(),
        }
    }

    /// What the first id_token repeats.
    pub fn nonce(&self) -> Option<&String> {
        match self {
            Self::Code(code) => code.nonce.as_ref(),
            Self::Launch(launch) => launch.nonce.as_ref(),
        }
    }

    /// Who acted for the person, where the client did not do so by itself.
    pub fn actor(&self) -> Option<&ClientId> {
        match self {
            Self::Code(_) => None,
            Self::Launch(launch) => Some(&launch.host),
        }
    }
}

/// What the authorization request said that is compared when its code is redeemed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CodeOrigin {
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
    /// The key that whoever redeems the code has to prove (RFC 9449 §10).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dpop_jkt: Option<KeyThumbprint>,
}

/// The parts of an authorization that its tokens need later. Stored as one document: nothing in
/// it is searched for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Authorized {
    /// The granted scopes of this authorization.
    pub scope: ScopeSet,
    /// How and when the person had proved who they are.
    pub authentication: Authentication,
    /// The session in which the person authorized.
    pub session_id: SessionId,
    /// Claims asked for one by one (OIDC Core §5.5).
    #[serde(default)]
    pub claims: ClaimsRequest,
    /// RFC 8707.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub resource: Vec<String>,
}

impl TokenFamily {
    /// When a family begun at `begun` ends by itself: with its last refresh token, or when the access
    /// tokens of its code have run out.
    pub fn end_of_life(
        gets_refresh_tokens: bool,
        lifetimes: &Lifetimes,
        begun: Instant,
    ) -> Instant {
        match gets_refresh_tokens {
            true => begun + lifetimes.refresh,
            false => begun + lifetimes.code + Lifetimes::MAX_ACCESS,
        }
    }

    /// Whether it stands at `now`.
    pub fn is_live(&self, now: Instant) -> bool {
        self.ended.is_none() && now < self.expires_at
    }
}
