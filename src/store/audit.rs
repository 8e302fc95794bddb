//! Rows of `audit`: who did what. Written with the change, read by people.

use diesel::prelude::*;
use domain::audit::{AuditEntry, CameFrom};
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::{AuditId, ClientId, UserId};
use serde_json::Value;

use crate::column::{Key, Place, bytes, json};
use crate::connection::Connection;
use crate::fault::at;
use crate::pages::{ESCAPE, containing};
use crate::schema::audit;

const TABLE: &str = "audit";
/// The kind of actor that is an operator.
const OPERATOR: &str = "operator";

#[derive(Queryable, Insertable)]
#[diesel(table_name = audit, treat_none_as_default_value = false)]
struct AuditRow {
    id: Vec<u8>,
    at: i64,
    actor: String,
    action: String,
    user_id: Option<Vec<u8>>,
    client_id: Option<String>,
    detail: String,
    actor_identity: Option<String>,
    came_from: String,
}

/// An entry as it is read.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRecord {
    /// Its id.
    pub id: AuditId,
    /// When.
    pub at: Instant,
    /// Who: the kind of a `domain::audit::Actor`.
    pub actor: String,
    /// Which of that kind: a user's id, a `client_id`, an operator's name.
    pub actor_identity: Option<String>,
    /// From where.
    pub came_from: CameFrom,
    /// What, as `noun.verb`.
    pub action: String,
    /// Whom it concerned.
    pub user_id: Option<UserId>,
    /// Which client it concerned.
    pub client_id: Option<ClientId>,
    /// More, for people.
    pub detail: Value,
}

/// Which entries are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Those about this user only.
    pub user: Option<UserId>,
    /// Those about this client only.
    pub client: Option<ClientId>,
    /// Those from this moment on only.
    pub since: Option<Instant>,
    /// Those of this operator only.
    pub operator: Option<String>,
    /// Those of this action only.
    pub action: Option<String>,
    /// Those only whose detail contains this text; it has no capitals.
    pub detail: Option<String>,
    /// Those only that are older than this one.
    pub before: Option<AuditId>,
    /// How many at most.
    pub limit: i64,
}

impl AuditRow {
    fn read(self) -> Result<AuditRecord, Fault> {
        let place = Place::new(TABLE, Key::Bytes(&self.id));
        let client = self.client_id.as_deref();
        Ok(AuditRecord {
            id: place.bytes("id", &self.id)?,
            at: Instant::from_millis(self.at),
            user_id: place.bytes_if("user_id", self.user_id.as_ref())?,
            client_id: client
                .map(|id| place.name_of("client_id", id))
                .transpose()?,
            detail: place.json("detail", &self.detail)?,
            came_from: place.json("came_from", &self.came_from)?,
            actor: self.actor,
            actor_identity: self.actor_identity,
            action: self.action,
        })
    }
}

/// Keeps an entry.
///
/// # Errors
/// The store does not answer.
pub fn insert(conn: &mut Connection, entry: &AuditEntry, id: AuditId) -> Result<(), Fault> {
    let row = AuditRow {
        id: bytes(&id),
        at: entry.at.millis(),
        actor: entry.by.actor.kind().to_owned(),
        action: entry.action.to_owned(),
        user_id: entry.user_id.as_ref().map(bytes),
        client_id: entry.client_id.as_ref().map(ClientId::to_string),
        detail: json(TABLE, &entry.detail)?,
        actor_identity: entry.by.actor.identity(),
        came_from: json(TABLE, &entry.by.from)?,
    };
    diesel::insert_into(audit::table)
        .values(&row)
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// The latest entries that pass the filter, the newest first.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn list(conn: &mut Connection, filter: &AuditFilter) -> Result<Vec<AuditRecord>, Fault> {
    let mut query = audit::table.into_boxed();
    if let Some(user) = &filter.user {
        query = query.filter(audit::user_id.eq(bytes(user)));
    }
    if let Some(client) = &filter.client {
        query = query.filter(audit::client_id.eq(client.to_string()));
    }
    if let Some(since) = filter.since {
        query = query.filter(audit::at.ge(since.millis()));
    }
    if let Some(operator) = &filter.operator {
        query = query
            .filter(audit::actor.eq(OPERATOR))
            .filter(audit::actor_identity.eq(operator));
    }
    if let Some(action) = &filter.action {
        query = query.filter(audit::action.eq(action));
    }
    if let Some(detail) = &filter.detail {
        let pattern = containing(detail);
        query = query.filter(audit::detail.like(pattern).escape(ESCAPE));
    }
    if let Some(before) = filter.before {
        let id = bytes(&before);
        let last: Option<i64> = audit::table
            .filter(audit::id.eq(id.clone()))
            .select(audit::at)
            .get_result(conn)
            .optional()
            .map_err(at(TABLE))?;
        let Some(last) = last else {
            return Ok(Vec::new());
        };
        let same_moment = audit::at.eq(last).and(audit::id.lt(id));
        query = query.filter(audit::at.lt(last).or(same_moment));
    }
    let rows: Vec<AuditRow> = query
        .order((audit::at.desc(), audit::id.desc()))
        .limit(filter.limit)
        .load(conn)
        .map_err(at(TABLE))?;
    rows.into_iter().map(AuditRow::read).collect()
}

/// Removes entries of before a moment; gives how many.
///
/// # Errors
/// The store does not answer.
pub fn purge(conn: &mut Connection, before: Instant) -> Result<usize, Fault> {
    diesel::delete(audit::table.filter(audit::at.lt(before.millis())))
        .execute(conn)
        .map_err(at(TABLE))
}
