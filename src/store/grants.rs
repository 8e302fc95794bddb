//! Rows of `grants`: what users have allowed clients. At most one of a pair is live; the database
//! itself sees to that.

use diesel::prelude::*;
use domain::grant::{Grant, GrantedScopes};
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::{ClientId, GrantId, UserId};

use crate::column::{Key, Place, bytes, instant, json, millis};
use crate::connection::Connection;
use crate::dialect::insert_unless_there;
use crate::fault::at;
use crate::schema::grants;

const TABLE: &str = "grants";

#[derive(Queryable, Insertable)]
#[diesel(table_name = grants, treat_none_as_default_value = false)]
struct GrantRow {
    id: Vec<u8>,
    user_id: Vec<u8>,
    client_id: String,
    scopes: String,
    created_at: i64,
    updated_at: i64,
    last_used_at: i64,
    ended_at: Option<i64>,
}

impl GrantRow {
    fn new(grant: &Grant) -> Result<Self, Fault> {
        Ok(Self {
            id: bytes(&grant.id),
            user_id: bytes(&grant.user_id),
            client_id: grant.client_id.to_string(),
            scopes: json(TABLE, &grant.scopes)?,
            created_at: grant.created_at.millis(),
            updated_at: grant.updated_at.millis(),
            last_used_at: grant.last_used_at.millis(),
            ended_at: millis(grant.ended_at),
        })
    }

    fn read(self) -> Result<Grant, Fault> {
        let place = Place::new(TABLE, Key::Bytes(&self.id));
        Ok(Grant {
            id: place.bytes("id", &self.id)?,
            user_id: place.bytes("user_id", &self.user_id)?,
            client_id: place.name_of("client_id", &self.client_id)?,
            scopes: place.json("scopes", &self.scopes)?,
            created_at: Instant::from_millis(self.created_at),
            updated_at: Instant::from_millis(self.updated_at),
            last_used_at: Instant::from_millis(self.last_used_at),
            ended_at: instant(self.ended_at),
        })
    }
}

/// The live grant of a user for a client.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn live(
    conn: &mut Connection,
    user: UserId,
    client: &ClientId,
) -> Result<Option<Grant>, Fault> {
    let found: Option<GrantRow> = grants::table
        .filter(grants::user_id.eq(user.as_bytes().as_slice()))
        .filter(grants::client_id.eq(client.as_str()))
        .filter(grants::ended_at.is_null())
        .get_result(conn)
        .optional()
        .map_err(at(TABLE))?;
    found.map(GrantRow::read).transpose()
}

/// A grant by id, ended or not.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn find(conn: &mut Connection, id: GrantId) -> Result<Option<Grant>, Fault> {
    let found: Option<GrantRow> = grants::table
        .filter(grants::id.eq(id.as_bytes().as_slice()))
        .get_result(conn)
        .optional()
        .map_err(at(TABLE))?;
    found.map(GrantRow::read).transpose()
}

/// Adds a grant; `false` if the pair has a live one already.
///
/// # Errors
/// The store does not answer, or what the row refers to is not there.
pub fn insert(conn: &mut Connection, grant: &Grant) -> Result<bool, Fault> {
    let row = GrantRow::new(grant)?;
    let inserted = insert_unless_there!(conn, grants::table, &row).map_err(at(TABLE))?;
    Ok(inserted == 1)
}

/// Replaces what a live grant allows; `false` if it has ended.
///
/// # Errors
/// The store does not answer.
pub fn set_scopes(
    conn: &mut Connection,
    id: GrantId,
    scopes: &GrantedScopes,
    now: Instant,
) -> Result<bool, Fault> {
    let live = grants::table
        .filter(grants::id.eq(id.as_bytes().as_slice()))
        .filter(grants::ended_at.is_null());
    let updated = diesel::update(live)
        .set((
            grants::scopes.eq(json(TABLE, scopes)?),
            grants::updated_at.eq(now.millis()),
        ))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(updated == 1)
}

/// Notes when a grant last gave something.
///
/// # Errors
/// The store does not answer.
pub fn touch(conn: &mut Connection, id: GrantId, last_used_at: Instant) -> Result<(), Fault> {
    let older = grants::table
        .filter(grants::id.eq(id.as_bytes().as_slice()))
        .filter(grants::last_used_at.lt(last_used_at.millis()));
    diesel::update(older)
        .set(grants::last_used_at.eq(last_used_at.millis()))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// Notes the same of many grants, in one statement.
///
/// # Errors
/// The store does not answer.
pub fn touch_many(
    conn: &mut Connection,
    ids: &[GrantId],
    last_used_at: Instant,
) -> Result<(), Fault> {
    let ids: Vec<&[u8]> = ids.iter().map(|id| id.as_bytes().as_slice()).collect();
    let older = grants::table
        .filter(grants::id.eq_any(ids))
        .filter(grants::last_used_at.lt(last_used_at.millis()));
    diesel::update(older)
        .set(grants::last_used_at.eq(last_used_at.millis()))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// How many people have allowed a client something.
///
/// # Errors
/// The database.
pub fn count_live_of_client(conn: &mut Connection, client: &ClientId) -> Result<i64, Fault> {
    grants::table
        .filter(grants::client_id.eq(client.as_str()))
        .filter(grants::ended_at.is_null())
        .count()
        .get_result(conn)
        .map_err(at(TABLE))
}

/// Ends a grant: `true` once, for the one who ended it.
///
/// # Errors
/// The store does not answer.
pub fn end(conn: &mut Connection, id: GrantId, now: Instant) -> Result<bool, Fault> {
    let live = grants::table
        .filter(grants::id.eq(id.as_bytes().as_slice()))
        .filter(grants::ended_at.is_null());
    let updated = diesel::update(live)
        .set((
            grants::ended_at.eq(Some(now.millis())),
            grants::updated_at.eq(now.millis()),
        ))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(updated == 1)
}

/// The live grants of a user, the latest used first.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn live_of_user(conn: &mut Connection, user: UserId) -> Result<Vec<Grant>, Fault> {
    let rows: Vec<GrantRow> = grants::table
        .filter(grants::user_id.eq(user.as_bytes().as_slice()))
        .filter(grants::ended_at.is_null())
        .order((grants::last_used_at.desc(), grants::id.desc()))
        .load(conn)
        .map_err(at(TABLE))?;
    rows.into_iter().map(GrantRow::read).collect()
}

/// Removes grants that ended before a moment; gives how many.
///
/// # Errors
/// The store does not answer.
pub fn purge(conn: &mut Connection, before: Instant) -> Result<usize, Fault> {
    diesel::delete(grants::table.filter(grants::ended_at.lt(before.millis())))
        .execute(conn)
        .map_err(at(TABLE))
}
