//! What every grant ends in: one value that says for whom tokens are and what they may do.
//! `flow::issue` reads nothing else.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use domain::authentication::Authentication;
use domain::client::Client;
use domain::lifetimes::Lifetimes;
use domain::log_history::LogCursor;
use domain::subject::Sector;
use domain::token_family::TokenFamily;
use domain::token_handle::OnBehalfOf;
use foundation::clock::Instant;
use foundation::id::{ClientId, SessionId};
use foundation::secret::SecretText;
use protocol::claim::ClaimNeed;
use protocol::dpop::KeyThumbprint;
use protocol::scope::{self, ScopeSet};
use protocol::token_response::ExchangeAnswer;

use crate::parents::Parents;

/// Who asks for tokens, and when.
#[derive(Clone, Debug)]
pub struct IssuanceContext {
    /// The authenticated client.
    pub requester: Arc<Client>,
    /// From where it asks, as far as it is known.
    pub address: Option<IpAddr>,
    /// What it has proved to have, which what it gets is bound to.
    pub binding: Binding,
    /// How far this node had confirmed the log before anything was read for this request: what is
    /// written to the log after it kills the tokens, whether it was seen here or not.
    pub read: LogCursor,
    /// Now.
    pub now: Instant,
}

/// What a grant entitles to.
#[derive(Debug)]
pub struct TokenAuthorization {
    /// Who asks, and gets the answer.
    pub requester: Arc<Client>,
    /// From where, as far as it is known.
    pub address: Option<IpAddr>,
    /// For whom the tokens are: what they are signed with, in whose circle they name people, their
    /// default audience and what they may do at all are this client's.
    pub recipient: Arc<Client>,
    /// The person that they speak for; nobody for client credentials.
    pub resource_owner: Option<ResourceOwner>,
    /// Who acts for that person, where the recipient does not do so by itself.
    pub actor: Option<ClientId>,
    /// What the tokens may do.
    pub scope: ScopeSet,
    /// Where they may be used (RFC 8707); empty for the recipient's default audience.
    pub audience: Vec<String>,
    /// What whoever uses them has to prove.
    pub binding: Binding,
    /// When the first of what they rest on ends by itself.
    pub until: Instant,
    /// What the answer to a token exchange has besides. Such an answer has no id_token.
    pub exchanged: Option<Box<ExchangeAnswer>>,
    /// The refresh token that goes with them, already stored or about to be.
    pub refresh_token: Option<SecretText>,
    /// As the context of the request has it.
    pub read: LogCursor,
    /// Now.
    pub now: Instant,
}

/// What the user of a token has to prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// Nothing: "Any party in possession of a bearer token (a "bearer") can use it" (RFC 6750 §1).
    Bearer,
    /// Possession of this key (RFC 9449).
    DPoP(KeyThumbprint),
}

impl Binding {
    /// The `token_type` (RFC 6749 §7.1).
    pub const fn token_type(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            // "A token_type of DPoP MUST be included in the access token response to signal to the client
            // that the access token was bound to its DPoP key" (RFC 9449 §5)
            Self::DPoP(_) => "DPoP",
        }
    }

    /// The key, if there is one.
    pub const fn key(self) -> Option<KeyThumbprint> {
        match self {
            Self::Bearer => None,
            Self::DPoP(key) => Some(key),
        }
    }
}

impl IssuanceContext {
    /// The key that a refresh token of the requester is bound to. "the refresh token MUST be bound to the
    /// respective public key" of a public client; those of confidential ones "are already
    /// sender-constrained with a different existing mechanism" (RFC 9449 §5).
    pub(crate) fn refresh_key(&self) -> Option<KeyThumbprint> {
        self.binding
            .key()
            .filter(|_| !self.requester.is_confidential())
    }
}

/// The person that a token speaks for, as the authorization recorded it.
#[derive(Debug)]
pub struct ResourceOwner {
    /// What the token hangs on.
    pub handle: OnBehalfOf,
    /// The session in which they authorized. The token may outlive it.
    pub authorized_in: SessionId,
    /// How and when they proved who they are.
    pub authentication: Authentication,
    /// By which `sid` the recipient knows the session in which they authorized; none once that is
    /// forgotten.
    pub sid: Option<String>,
    /// Of the authorization request; in the first id_token only.
    pub nonce: Option<String>,
    /// What was asked for by name in the id_token.
    pub named: BTreeMap<String, ClaimNeed>,
    /// What they authorized: a token with less was narrowed by its client.
    pub authorized_scope: ScopeSet,
    /// All that they allow the recipient now.
    pub grant_scope: ScopeSet,
}

impl ResourceOwner {
    /// The person of a family whose parents stand.
    pub(crate) fn of(family: &TokenFamily, parents: &Parents) -> Self {
        Self {
            handle: OnBehalfOf {
                user_id: family.user_id,
                grant_id: family.grant_id,
                session_id: family.session_id,
                family_id: Some(family.id),
            },
            authorized_in: family.authorized.session_id,
            authentication: family.authorized.authentication.clone(),
            sid: parents.participant.as_ref().map(|known| known.sid.clone()),
            nonce: None,
            named: family.authorized.claims.id_token.clone(),
            authorized_scope: family.authorized.scope.clone(),
            grant_scope: parents.grant_scope.clone(),
        }
    }
}

/// The `aud` of an access token.
#[derive(Debug, PartialEq)]
pub(crate) struct TokenAudience {
    /// As the token says it.
    pub(crate) named: Vec<String>,
    /// Whether it is the recipient's default one, said or left unsaid.
    is_default: bool,
}

impl TokenAudience {
    /// Whether a token opens userinfo: one for the client itself, or for the issuer, where userinfo
    /// is. One that others may receive opens nothing here ("access tokens SHOULD be
    /// audience-restricted", RFC 9700 §2.3).
    pub(crate) fn opens_userinfo(&self, issuer: &str) -> bool {
        self.is_default || self.named == [issuer]
    }

    /// Whether only the recipient reads what has it.
    pub(crate) fn is_default(&self) -> bool {
        self.is_default
    }

    /// In whose circle the `sub` of an access token stands: the recipient's own, if only the recipient
    /// reads it; else one of its own for the recipient with this audience.
    pub(crate) fn sector(&self, recipient: &Client) -> Sector {
        if self.is_default {
            return recipient.sector();
        }
        let mut sorted: Vec<&str> = self.named.iter().map(String::as_str).collect();
        sorted.sort_unstable();
        Sector::Audience(recipient.id.clone(), sorted.join(" "))
    }
}

impl TokenAuthorization {
    /// What the requester gets for itself, without a person: a token with this scope and audience, bound to
    /// what it has proved. Other authorizations say what differs.
    pub fn of_requester(context: &IssuanceContext, scope: ScopeSet, audience: Vec<String>) -> Self {
        Self {
            requester: Arc::clone(&context.requester),
            address: context.address,
            recipient: Arc::clone(&context.requester),
            resource_owner: None,
            actor: None,
            scope,
            audience,
            binding: context.binding,
            until: context.now + Lifetimes::MAX_ACCESS,
            exchanged: None,
            refresh_token: None,
            read: context.read,
            now: context.now,
        }
    }

    /// When the access token ends: within the hour, and no later than what it rests on.
    pub(crate) fn end_of_access(&self, lifetimes: &Lifetimes) -> Instant {
        let own = self.now + lifetimes.access.min(Lifetimes::MAX_ACCESS);
        own.min(self.until)
    }

    /// The audience of the access token.
    pub(crate) fn token_audience(&self, issuer: &str) -> TokenAudience {
        let default = self.recipient.default_audience(&self.scope, issuer);
        match self.audience.as_slice() {
            [] => TokenAudience {
                named: vec![default],
                is_default: true,
            },
            named => TokenAudience {
                is_default: *named == [default],
                named: named.to_vec(),
            },
        }
    }

    /// All circles that the tokens name a person in.
    pub(crate) fn sectors(&self, issuer: &str) -> Vec<Sector> {
        let mut sectors = vec![self.token_audience(issuer).sector(&self.recipient)];
        let own = self.recipient.sector();
        if self.scope.contains(scope::OPENID) && !sectors.contains(&own) {
            sectors.push(own);
        }
        sectors
    }
}

#[cfg(test)]
mod tests;
