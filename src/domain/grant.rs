//! A grant: what one user has allowed one client, since when.

use std::collections::BTreeMap;

use foundation::clock::Instant;
use foundation::id::{ClientId, GrantId, UserId};
use protocol::scope::{ScopeName, ScopeSet};
use serde::{Deserialize, Serialize};

/// What one user has allowed one client. At most one grant of a pair is live; a withdrawn one
/// stays as history, and a later consent makes a new one.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Who allowed.
    pub user_id: UserId,
    /// Whom.
    pub client_id: ClientId,
    /// What, scope by scope.
    pub scopes: GrantedScopes,
    /// Since when.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
    /// When it last gave something, to the minute.
    pub last_used_at: Instant,
    /// When it was withdrawn.
    pub ended_at: Option<Instant>,
}

/// The version of a purpose text that a person saw: a digest of all its languages, or none where
/// the publisher gave no purpose.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PurposeVersion(pub String);

/// One allowed scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantedScope {
    /// The purpose that was shown when it was allowed.
    pub purpose: PurposeVersion,
    /// Since when.
    pub since: Instant,
}

/// The allowed scopes of a grant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GrantedScopes(pub BTreeMap<ScopeName, GrantedScope>);

impl GrantedScopes {
    /// The names alone.
    pub fn names(&self) -> ScopeSet {
        self.0.keys().cloned().collect()
    }

    /// Whether the scope is allowed for this purpose: "A new scope, or a new purpose for an old
    /// one, asks for that alone".
    pub fn covers(&self, scope: &ScopeName, purpose: &PurposeVersion) -> bool {
        self.0
            .get(scope)
            .is_some_and(|granted| &granted.purpose == purpose)
    }

    /// Allows one scope for a purpose from `now`.
    pub fn allow(&mut self, scope: ScopeName, purpose: PurposeVersion, now: Instant) {
        self.0.insert(
            scope,
            GrantedScope {
                purpose,
                since: now,
            },
        );
    }

    /// Takes scopes back; says whether anything changed.
    pub fn take_back(&mut self, scopes: &ScopeSet) -> bool {
        let before = self.0.len();
        self.0.retain(|name, _| !scopes.contains(name.as_str()));
        self.0.len() != before
    }
}
