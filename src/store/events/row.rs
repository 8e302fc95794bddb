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
    pub(crate) const KEYS_CHANGED: &str = "keys_changed";
    pub(crate) const PROFILE_CHANGED: &str = "profile_changed";

    /// What cuts off everything that was given out before it.
    pub(crate) const CUTS: [&str; 4] = [USER_DISABLED, USER_CUT, CLIENT_CUT, ALL_CUT];
}

/// A row to be inserted: the database gives the position.
#[derive(Default, Insertable)]
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
        let (mut row, detail) = columns(event);
        row.at = at.millis();
        row.detail = json(TABLE, &detail)?;
        Ok(row)
    }

    fn of(kind: &'static str) -> Self {
        Self {
            kind,
            ..Self::default()
        }
    }

    fn of_user(kind: &'static str, user_id: &UserId) -> Self {
        Self {
            user_id: Some(bytes(user_id)),
            ..Self::of(kind)
        }
    }

    fn of_client(kind: &'static str, client_id: &ClientId) -> Self {
        Self {
            client_id: Some(client_id.to_string()),
            ..Self::of(kind)
        }
    }

    fn of_both(kind: &'static str, user_id: &UserId, client_id: &ClientId) -> Self {
        Self {
            client_id: Some(client_id.to_string()),
            ..Self::of_user(kind, user_id)
        }
    }
}

fn columns(event: &Event) -> (EventRow, Detail) {
    let because = |reason: &EndReason| Detail {
        reason: Some(*reason),
        ..Detail::default()
    };
    let plain = Detail::default;
    match event {
        Event::SessionEnded {
            session_id,
            user_id,
            reason,
        } => {
            let row = EventRow::of_user(kind::SESSION_ENDED, user_id);
            (
                EventRow {
                    session_id: Some(bytes(session_id)),
                    ..row
                },
                because(reason),
            )
        }
        Event::SessionLeft {
            session_id,
            user_id,
            client_id,
        } => {
            let row = EventRow::of_both(kind::SESSION_LEFT, user_id, client_id);
            (
                EventRow {
                    session_id: Some(bytes(session_id)),
                    ..row
                },
                plain(),
            )
        }
        Event::GrantEnded {
            grant_id,
            user_id,
            client_id,
            reason,
        } => {
            let row = EventRow::of_both(kind::GRANT_ENDED, user_id, client_id);
            (
                EventRow {
                    grant_id: Some(bytes(grant_id)),
                    ..row
                },
                because(reason),
            )
        }
        Event::GrantChanged {
            grant_id,
            user_id,
            client_id,
            scopes,
        } => {
            let row = EventRow::of_both(kind::GRANT_CHANGED, user_id, client_id);
            let detail = Detail {
                scopes: Some(scopes.clone()),
                ..plain()
            };
            (
                EventRow {
                    grant_id: Some(bytes(grant_id)),
                    ..row
                },
                detail,
            )
        }
        Event::FamilyEnded {
            family_id,
            user_id,
            client_id,
            reason,
        } => {
            let row = EventRow::of_both(kind::FAMILY_ENDED, user_id, client_id);
            (
                EventRow {
                    family_id: Some(bytes(family_id)),
                    ..row
                },
                because(reason),
            )
        }
        Event::TokenRevoked { token, client_id } => {
            let row = EventRow::of_client(kind::TOKEN_REVOKED, client_id);
            (
                EventRow {
                    token_digest: Some(bytes(token)),
                    ..row
                },
                plain(),
            )
        }
        Event::UserDisabled { user_id } => {
            (EventRow::of_user(kind::USER_DISABLED, user_id), plain())
        }
        Event::UserCut { user_id } => (EventRow::of_user(kind::USER_CUT, user_id), plain()),
        Event::ClientCut { client_id } => {
            (EventRow::of_client(kind::CLIENT_CUT, client_id), plain())
        }
        Event::ClientChanged { client_id } => (
            EventRow::of_client(kind::CLIENT_CHANGED, client_id),
            plain(),
        ),
        Event::AllCut => (EventRow::of(kind::ALL_CUT), plain()),
        Event::KeysChanged { revoked } => {
            let detail = Detail {
                revoked: revoked.clone(),
                ..plain()
            };
            (EventRow::of(kind::KEYS_CHANGED), detail)
        }
        Event::ProfileChanged { user_id } => {
            (EventRow::of_user(kind::PROFILE_CHANGED, user_id), plain())
        }
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
