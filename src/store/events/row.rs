//! Events as rows: which fields are columns, because followers or [`crate::liveness`] search by
//! them, and which are details.

use diesel::prelude::*;
use domain::event::{Event, LoggedEvent};
use domain::session::EndReason;
use foundation::clock::Instant;
use foundation::digest::TokenDigest;
use foundation::fault::Fault;
use foundation::id::{ClientId, FamilyId, GrantId, KeyId, Position, SessionId, UserId};
use protocol::scope::ScopeSet;
use serde::{Deserialize, Serialize};

use crate::column::{Key, Place, bytes, json};
use crate::schema::events;

const TABLE: &str = "events";

/// The stored words for the kinds of events.
pub(crate) mod kind {
    pub(crate) const SESSION_ENDED: &str = "session_ended";
    pub(crate) const SESSION_LEFT: &str = "session_left";
    pub(crate) const GRANT_ENDED: &str = "grant_ended";
    pub(crate) const GRANT_CHANGED: &str = "grant_changed";
    pub(crate) const FAMILY_ENDED: &str = "family_ended";
    pub(crate) const TOKEN_REVOKED: &str = "token_revoked";
    pub(crate) const USER_DISABLED: &str = "user_disabled";
    pub(crate) const USER_CUT: &str = "user_cut";
    pub(crate) const CLIENT_CUT: &str = "client_cut";
    pub(crate) const CLIENT_CHANGED: &str = "client_changed";
    pub(crate) const ALL_CUT: &str = "all_cut";
    pub(crate) const CLOCK_SET_BACK: &str = "clock_set_back";
    pub(crate) const KEYS_CHANGED: &str = "keys_changed";
    pub(crate) const PROFILE_CHANGED: &str = "profile_changed";

    /// What cuts off everything that was given out before it.
    pub(crate) const CUTS: [&str; 4] = [USER_DISABLED, USER_CUT, CLIENT_CUT, ALL_CUT];
}

/// A row to be inserted: the database gives the position.
#[derive(Insertable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
pub(crate) struct EventRow {
    at: i64,
    kind: &'static str,
    session_id: Option<Vec<u8>>,
    grant_id: Option<Vec<u8>>,
    family_id: Option<Vec<u8>>,
    user_id: Option<Vec<u8>>,
    client_id: Option<String>,
    token_digest: Option<Vec<u8>>,
    detail: String,
}

/// What of an event nothing is searched for by.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Detail {
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<EndReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<ScopeSet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<KeyId>,
}

impl EventRow {
    pub(crate) fn new(event: &Event, at: Instant) -> Result<Self, Fault> {
        Ok(Self {
            at: at.millis(),
            kind: kind_of(event),
            session_id: session_of(event).map(bytes),
            grant_id: grant_of(event).map(bytes),
            family_id: family_of(event).map(bytes),
            user_id: user_of(event).map(bytes),
            client_id: client_of(event).map(ClientId::to_string),
            token_digest: token_of(event).map(bytes),
            detail: json(TABLE, &Detail::of(event))?,
        })
    }
}

impl Detail {
    fn of(event: &Event) -> Self {
        use Event::{FamilyEnded, GrantChanged, GrantEnded, KeysChanged, SessionEnded};
        let mut detail = Self::default();
        match event {
            SessionEnded { reason, .. }
            | GrantEnded { reason, .. }
            | FamilyEnded { reason, .. } => {
                detail.reason = Some(*reason);
            }
            GrantChanged { scopes, .. } => detail.scopes = Some(scopes.clone()),
            KeysChanged { revoked } => detail.revoked = revoked.clone(),
            _ => {}
        }
        detail
    }
}

fn kind_of(event: &Event) -> &'static str {
    match event {
        Event::SessionEnded { .. } => kind::SESSION_ENDED,
        Event::SessionLeft { .. } => kind::SESSION_LEFT,
        Event::GrantEnded { .. } => kind::GRANT_ENDED,
        Event::GrantChanged { .. } => kind::GRANT_CHANGED,
        Event::FamilyEnded { .. } => kind::FAMILY_ENDED,
        Event::TokenRevoked { .. } => kind::TOKEN_REVOKED,
        Event::UserDisabled { .. } => kind::USER_DISABLED,
        Event::UserCut { .. } => kind::USER_CUT,
        Event::ClientCut { .. } => kind::CLIENT_CUT,
        Event::ClientChanged { .. } => kind::CLIENT_CHANGED,
        Event::AllCut => kind::ALL_CUT,
        Event::ClockSetBack => kind::CLOCK_SET_BACK,
        Event::KeysChanged { .. } => kind::KEYS_CHANGED,
        Event::ProfileChanged { .. } => kind::PROFILE_CHANGED,
    }
}

fn session_of(event: &Event) -> Option<&SessionId> {
    match event {
        Event::SessionEnded { session_id, .. } | Event::SessionLeft { session_id, .. } => {
            Some(session_id)
        }
        _ => None,
    }
}

fn grant_of(event: &Event) -> Option<&GrantId> {
    match event {
        Event::GrantEnded { grant_id, .. } | Event::GrantChanged { grant_id, .. } => Some(grant_id),
        _ => None,
    }
}

fn family_of(event: &Event) -> Option<&FamilyId> {
    match event {
        Event::FamilyEnded { family_id, .. } => Some(family_id),
        _ => None,
    }
}

fn token_of(event: &Event) -> Option<&TokenDigest> {
    match event {
        Event::TokenRevoked { token, .. } => Some(token),
        _ => None,
    }
}

fn user_of(event: &Event) -> Option<&UserId> {
    match event {
        Event::SessionEnded { user_id, .. }
        | Event::SessionLeft { user_id, .. }
        | Event::GrantEnded { user_id, .. }
        | Event::GrantChanged { user_id, .. }
        | Event::FamilyEnded { user_id, .. }
        | Event::UserDisabled { user_id }
        | Event::UserCut { user_id }
        | Event::ProfileChanged { user_id } => Some(user_id),
        Event::TokenRevoked { .. }
        | Event::ClientCut { .. }
        | Event::ClientChanged { .. }
        | Event::AllCut
        | Event::ClockSetBack
        | Event::KeysChanged { .. } => None,
    }
}

fn client_of(event: &Event) -> Option<&ClientId> {
    match event {
        Event::SessionLeft { client_id, .. }
        | Event::GrantEnded { client_id, .. }
        | Event::GrantChanged { client_id, .. }
        | Event::FamilyEnded { client_id, .. }
        | Event::TokenRevoked { client_id, .. }
        | Event::ClientCut { client_id }
        | Event::ClientChanged { client_id } => Some(client_id),
        Event::SessionEnded { .. }
        | Event::UserDisabled { .. }
        | Event::UserCut { .. }
        | Event::AllCut
        | Event::ClockSetBack
        | Event::KeysChanged { .. }
        | Event::ProfileChanged { .. } => None,
    }
}

#[derive(Queryable)]
pub(super) struct LoggedRow {
    position: i64,
    at: i64,
    kind: String,
    session_id: Option<Vec<u8>>,
    grant_id: Option<Vec<u8>>,
    family_id: Option<Vec<u8>>,
    user_id: Option<Vec<u8>>,
    client_id: Option<String>,
    token_digest: Option<Vec<u8>>,
    detail: String,
}

impl LoggedRow {
    pub(super) fn read(&self) -> Result<LoggedEvent, Fault> {
        Ok(LoggedEvent {
            position: Position(self.position),
            at: Instant::from_millis(self.at),
            event: self.event()?,
        })
    }

    fn event(&self) -> Result<Event, Fault> {
        let detail: Detail = self.place().json("detail", &self.detail)?;
        let reason = || detail.reason.ok_or_else(|| self.place().broken("detail"));
        Ok(match self.kind.as_str() {
            kind::SESSION_ENDED => Event::SessionEnded {
                session_id: self.session()?,
                user_id: self.user()?,
                reason: reason()?,
            },
            kind::SESSION_LEFT => Event::SessionLeft {
                session_id: self.session()?,
                user_id: self.user()?,
                client_id: self.client()?,
            },
            kind::GRANT_ENDED => Event::GrantEnded {
                grant_id: self.grant()?,
                user_id: self.user()?,
                client_id: self.client()?,
                reason: reason()?,
            },
            kind::GRANT_CHANGED => Event::GrantChanged {
                grant_id: self.grant()?,
                user_id: self.user()?,
                client_id: self.client()?,
                scopes: detail
                    .scopes
                    .clone()
                    .ok_or_else(|| self.place().broken("detail"))?,
            },
            kind::FAMILY_ENDED => Event::FamilyEnded {
                family_id: self.family()?,
                user_id: self.user()?,
                client_id: self.client()?,
                reason: reason()?,
            },
            kind::TOKEN_REVOKED => Event::TokenRevoked {
                token: self.token()?,
                client_id: self.client()?,
            },
            kind::USER_DISABLED => Event::UserDisabled {
                user_id: self.user()?,
            },
            kind::USER_CUT => Event::UserCut {
                user_id: self.user()?,
            },
            kind::CLIENT_CUT => Event::ClientCut {
                client_id: self.client()?,
            },
            kind::CLIENT_CHANGED => Event::ClientChanged {
                client_id: self.client()?,
            },
            kind::ALL_CUT => Event::AllCut,
            kind::CLOCK_SET_BACK => Event::ClockSetBack,
            kind::KEYS_CHANGED => Event::KeysChanged {
                revoked: detail.revoked.clone(),
            },
            kind::PROFILE_CHANGED => Event::ProfileChanged {
                user_id: self.user()?,
            },
            _ => return Err(self.place().broken("kind")),
        })
    }

    fn place(&self) -> Place<'_> {
        Place::new(TABLE, Key::Number(self.position))
    }

    fn session(&self) -> Result<SessionId, Fault> {
        self.place()
            .bytes("session_id", self.session_id.as_deref().unwrap_or_default())
    }

    fn grant(&self) -> Result<GrantId, Fault> {
        self.place()
            .bytes("grant_id", self.grant_id.as_deref().unwrap_or_default())
    }

    fn family(&self) -> Result<FamilyId, Fault> {
        self.place()
            .bytes("family_id", self.family_id.as_deref().unwrap_or_default())
    }

    fn user(&self) -> Result<UserId, Fault> {
        self.place()
            .bytes("user_id", self.user_id.as_deref().unwrap_or_default())
    }

    fn client(&self) -> Result<ClientId, Fault> {
        self.place()
            .name_of("client_id", self.client_id.as_deref().unwrap_or_default())
    }

    fn token(&self) -> Result<TokenDigest, Fault> {
        self.place().bytes(
            "token_digest",
            self.token_digest.as_deref().unwrap_or_default(),
        )
    }
}
