//! Rows of `refusals`: scopes that a user refused a client, remembered with the purpose that was
//! shown.

use diesel::prelude::*;
use domain::consent::ConsentRefusal;
use domain::grant::PurposeVersion;
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::{ClientId, UserId};
use protocol::scope::ScopeName;

use crate::column::{Key, Place, bytes, instant, millis};
use crate::connection::Connection;
use crate::dialect::insert_or_replace;
use crate::fault::at;
use crate::schema::refusals;

const TABLE: &str = "refusals";

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = refusals, primary_key(user_id, client_id, scope))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
struct RefusalRow {
    user_id: Vec<u8>,
    client_id: String,
    scope: String,
    purpose: String,
    refused_at: i64,
    times: i32,
    reopened_at: Option<i64>,
}

impl RefusalRow {
    fn read(self) -> Result<(ClientId, ConsentRefusal), Fault> {
        let place = Place::new(TABLE, Key::Bytes(&self.user_id));
        let refusal = ConsentRefusal {
            scope: place.name_of("scope", &self.scope)?,
            purpose: PurposeVersion(self.purpose),
            refused_at: Instant::from_millis(self.refused_at),
            times: self.times,
            reopened_at: instant(self.reopened_at),
        };
        Ok((place.name_of("client_id", &self.client_id)?, refusal))
    }
}

/// What a user refused a client.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn of(
    conn: &mut Connection,
    user: UserId,
    client: &ClientId,
) -> Result<Vec<ConsentRefusal>, Fault> {
    let rows: Vec<RefusalRow> = refusals::table
        .filter(refusals::user_id.eq(user.as_bytes().as_slice()))
        .filter(refusals::client_id.eq(client.as_str()))
        .order(refusals::scope)
        .load(conn)
        .map_err(at(TABLE))?;
    rows.into_iter()
        .map(|row| row.read().map(|(_, refusal)| refusal))
        .collect()
}

/// What a user refused, client by client.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn of_user(
    conn: &mut Connection,
    user: UserId,
) -> Result<Vec<(ClientId, ConsentRefusal)>, Fault> {
    let rows: Vec<RefusalRow> = refusals::table
        .filter(refusals::user_id.eq(user.as_bytes().as_slice()))
        .order((refusals::client_id, refusals::scope))
        .load(conn)
        .map_err(at(TABLE))?;
    rows.into_iter().map(RefusalRow::read).collect()
}

/// Remembers a refusal in place of an earlier one of the same scope.
///
/// # Errors
/// The store does not answer, or what the row refers to is not there.
pub fn put(
    conn: &mut Connection,
    user: UserId,
    client: &ClientId,
    refusal: &ConsentRefusal,
) -> Result<(), Fault> {
    let row = RefusalRow {
        user_id: bytes(&user),
        client_id: client.to_string(),
        scope: refusal.scope.to_string(),
        purpose: refusal.purpose.0.clone(),
        refused_at: refusal.refused_at.millis(),
        times: refusal.times,
        reopened_at: millis(refusal.reopened_at),
    };
    let key = (refusals::user_id, refusals::client_id, refusals::scope);
    insert_or_replace!(conn, refusals::table, key, &row).map_err(at(TABLE))?;
    Ok(())
}

/// Notes when a program last had refused scopes asked again.
///
/// # Errors
/// The store does not answer.
pub fn mark_reopened(
    conn: &mut Connection,
    user: UserId,
    client: &ClientId,
    scopes: &[ScopeName],
    now: Instant,
) -> Result<(), Fault> {
    let reopened = refusals::table
        .filter(refusals::user_id.eq(user.as_bytes().as_slice()))
        .filter(refusals::client_id.eq(client.as_str()))
        .filter(refusals::scope.eq_any(scopes.iter().map(ScopeName::as_str)));
    diesel::update(reopened)
        .set(refusals::reopened_at.eq(now.millis()))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// Forgets a refusal; `false` if there was none.
///
/// # Errors
/// The store does not answer.
pub fn remove(
    conn: &mut Connection,
    user: UserId,
    client: &ClientId,
    scope: &ScopeName,
) -> Result<bool, Fault> {
    let refusal = refusals::table
        .filter(refusals::user_id.eq(user.as_bytes().as_slice()))
        .filter(refusals::client_id.eq(client.as_str()))
        .filter(refusals::scope.eq(scope.as_str()));
    let deleted = diesel::delete(refusal).execute(conn).map_err(at(TABLE))?;
    Ok(deleted == 1)
}

/// Forgets what was refused before a moment; gives how many scopes that were.
///
/// # Errors
/// The store does not answer.
pub fn purge(conn: &mut Connection, before: Instant) -> Result<usize, Fault> {
    diesel::delete(refusals::table.filter(refusals::refused_at.lt(before.millis())))
        .execute(conn)
        .map_err(at(TABLE))
}
