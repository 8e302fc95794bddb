//! Events as rows: what happened and whom it concerns, for people; and the effect, for everybody who
//! follows. Of a row that is read only the effect counts; a newer version may have written a kind,
//! or details, that nobody here knows.

use diesel::prelude::*;
use domain::event::effect::EFFECT_VERSION;
use domain::event::{Event, EventFacts, LoggedEvent, TooNew};
use domain::session::EndReason;
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::{ClientId, FamilyId, GrantId, KeyId, Mark, Position, SessionId, UserId};
use protocol::scope::ScopeSet;
use serde::{Deserialize, Serialize};

use super::effect;
use crate::column::{Bytes, Key, Place, bytes, json};
use crate::schema::events;

const TABLE: &str = "events";

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
    detail: String,
    effect: &'static str,
    target: String,
    effect_version: i32,
    mark: i64,
}

/// Whom an event concerns.
#[derive(Default)]
struct Concerns<'e> {
    session: Option<&'e SessionId>,
    grant: Option<&'e GrantId>,
    family: Option<&'e FamilyId>,
    user: Option<&'e UserId>,
    client: Option<&'e ClientId>,
}

/// What of an event nothing is searched for by.
#[derive(Default, Serialize)]
struct Detail<'e> {
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<EndReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<&'e ScopeSet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<&'e ScopeSet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<&'e KeyId>,
}

impl EventRow {
    pub(crate) fn new(event: &Event, at: Instant, mark: Mark) -> Result<Self, Fault> {
        let effect = event.effect();
        let (concerns, detail) = described(event);
        Ok(Self {
            at: at.millis(),
            kind: event.kind(),
            session_id: concerns.session.map(bytes),
            grant_id: concerns.grant.map(bytes),
            family_id: concerns.family.map(bytes),
            user_id: concerns.user.map(bytes),
            client_id: concerns.client.map(ClientId::to_string),
            detail: json(TABLE, &detail)?,
            effect: effect::word_of(&effect),
            target: effect::target_of(&effect),
            effect_version: effect.version(),
            mark: mark.0,
        })
    }
}

fn described(event: &Event) -> (Concerns<'_>, Detail<'_>) {
    let (mut concerns, mut detail) = (Concerns::default(), Detail::default());
    match event {
        Event::SessionEnded {
            session_id,
            user_id,
            reason,
        } => {
            concerns.session = Some(session_id);
            concerns.user = Some(user_id);
            detail.reason = Some(*reason);
        }
        Event::SessionLeft {
            session_id,
            user_id,
            client_id,
        } => {
            concerns.session = Some(session_id);
            concerns.user = Some(user_id);
            concerns.client = Some(client_id);
        }
        Event::GrantEnded {
            grant_id,
            user_id,
            client_id,
            reason,
        } => {
            concerns.grant = Some(grant_id);
            concerns.user = Some(user_id);
            concerns.client = Some(client_id);
            detail.reason = Some(*reason);
        }
        Event::GrantChanged {
            grant_id,
            user_id,
            client_id,
            scopes,
            removed,
        } => {
            concerns.grant = Some(grant_id);
            concerns.user = Some(user_id);
            concerns.client = Some(client_id);
            detail.scopes = Some(scopes);
            detail.removed = Some(removed).filter(|removed| !removed.is_empty());
        }
        Event::FamilyEnded {
            family_id,
            user_id,
            session_id,
            client_id,
            reason,
        } => {
            concerns.family = Some(family_id);
            concerns.user = Some(user_id);
            concerns.session = Some(session_id);
            concerns.client = Some(client_id);
            detail.reason = Some(*reason);
        }
        Event::TokenRevoked {
            client_id,
            user_id,
            session_id,
            ..
        } => {
            concerns.client = Some(client_id);
            concerns.user = user_id.as_ref();
            concerns.session = session_id.as_ref();
        }
        Event::ClientTokensRevoked { client_id, reason } => {
            concerns.client = Some(client_id);
            detail.reason = Some(*reason);
        }
        Event::ClientChanged { client_id } => concerns.client = Some(client_id),
        Event::UserDisabled { user_id } => {
            concerns.user = Some(user_id);
            detail.reason = Some(EndReason::UserDisabled);
        }
        Event::UserTokensRevoked { user_id } => concerns.user = Some(user_id),
        Event::AllTokensRevoked | Event::ClockSetBack | Event::HistoryRenewed { .. } => {}
        Event::KeysChanged { revoked } => detail.revoked = revoked.as_ref(),
    }
    (concerns, detail)
}

/// What followers read of a row.
#[derive(Queryable, Selectable)]
#[diesel(table_name = events)]
pub(super) struct LoggedRow {
    position: i64,
    at: i64,
    kind: String,
    session_id: Option<Vec<u8>>,
    user_id: Option<Vec<u8>>,
    client_id: Option<String>,
    detail: String,
    effect: String,
    target: String,
    effect_version: i32,
    mark: i64,
}

/// What a row says in `detail`, as far as this program knows it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ReadDetail {
    reason: Option<String>,
    scopes: Option<ScopeSet>,
    removed: ScopeSet,
    revoked: Option<String>,
}

impl LoggedRow {
    pub(super) fn read(self) -> Result<LoggedEvent, Fault> {
        let place = Place::new(TABLE, Key::Number(self.position));
        // What an effect needs of it is missed there.
        let detail: ReadDetail = place.json("detail", &self.detail).unwrap_or_default();
        let client_id = self.client_id.as_deref();
        let facts = EventFacts {
            user_id: id(place, "user_id", self.user_id.as_deref())?,
            session_id: id(place, "session_id", self.session_id.as_deref())?,
            client_id: client_id
                .map(|client| place.name_of("client_id", client))
                .transpose()?,
            reason: detail.reason.as_deref().and_then(EndReason::from_word),
            removed: detail.removed,
            is_key_revoked: detail.revoked.is_some(),
        };
        let effect = match self.effect_version > EFFECT_VERSION {
            true => Err(TooNew {
                needed: self.effect_version,
            }),
            false => Ok(effect::read(
                place,
                &self.effect,
                &self.target,
                detail.scopes,
            )?),
        };
        Ok(LoggedEvent {
            effect,
            facts,
            position: Position(self.position),
            at: Instant::from_millis(self.at),
            kind: self.kind,
            mark: Mark(self.mark),
        })
    }
}

fn id<T: Bytes>(
    place: Place<'_>,
    column: &'static str,
    stored: Option<&[u8]>,
) -> Result<Option<T>, Fault> {
    stored.map(|bytes| place.bytes(column, bytes)).transpose()
}
