//! Events as rows: what happened and whom it concerns, for people; and the effect, for everybody who
//! follows. Of a row that is read only the effect counts; a newer version may have written a kind,
//! or details, that nobody here knows.

use diesel::prelude::*;
use domain::event::effect::{EFFECT_VERSION, Effect};
use domain::event::{Event, LoggedEvent, TooNew};
use domain::session::EndReason;
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::{ClientId, FamilyId, GrantId, KeyId, Mark, Position, SessionId, UserId};
use protocol::scope::ScopeSet;
use serde::{Deserialize, Serialize};

use super::effect;
use crate::column::{Key, Place, bytes, json};
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
        } => {
            concerns.grant = Some(grant_id);
            concerns.user = Some(user_id);
            concerns.client = Some(client_id);
            detail.scopes = Some(scopes);
        }
        Event::FamilyEnded {
            family_id,
            user_id,
            client_id,
            reason,
        } => {
            concerns.family = Some(family_id);
            concerns.user = Some(user_id);
            concerns.client = Some(client_id);
            detail.reason = Some(*reason);
        }
        Event::TokenRevoked { client_id, .. }
        | Event::ClientTokensRevoked { client_id }
        | Event::ClientChanged { client_id } => concerns.client = Some(client_id),
        Event::UserDisabled { user_id } | Event::UserTokensRevoked { user_id } => {
            concerns.user = Some(user_id);
        }
        Event::AllTokensRevoked | Event::ClockSetBack | Event::HistoryRenewed => {}
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
    detail: String,
    effect: String,
    target: String,
    effect_version: i32,
}

/// What an effect needs beside its target.
#[derive(Deserialize)]
struct Left {
    scopes: Option<ScopeSet>,
}

impl LoggedRow {
    pub(super) fn read(self) -> Result<LoggedEvent, Fault> {
        Ok(LoggedEvent {
            effect: self.effect()?,
            position: Position(self.position),
            at: Instant::from_millis(self.at),
            kind: self.kind,
        })
    }

    fn effect(&self) -> Result<Result<Effect, TooNew>, Fault> {
        if self.effect_version > EFFECT_VERSION {
            return Ok(Err(TooNew {
                needed: self.effect_version,
            }));
        }
        let place = Place::new(TABLE, Key::Number(self.position));
        let scopes = match self.effect == effect::word::NARROW {
            true => place.json::<Left>("detail", &self.detail)?.scopes,
            false => None,
        };
        effect::read(place, &self.effect, &self.target, scopes).map(Ok)
    }
}
