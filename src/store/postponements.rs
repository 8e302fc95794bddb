//! Rows of `postponements`: what a person put off on a consent sheet. It is not asked again in that
//! session, and goes with the session's row.

use diesel::prelude::*;
use domain::consent::ConsentRefusal;
use domain::grant::PurposeVersion;
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::{ClientId, SessionId};

use crate::column::{Key, Place, bytes};
use crate::connection::Connection;
use crate::dialect::insert_or_replace;
use crate::fault::at;
use crate::schema::postponements;

const TABLE: &str = "postponements";

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = postponements, primary_key(session_id, client_id, scope))]
struct PostponementRow {
    session_id: Vec<u8>,
    client_id: String,
    scope: String,
    purpose: String,
    postponed_at: i64,
}

/// What was put off about a client in a session: like refusals that nobody has made yet.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn of(
    conn: &mut Connection,
    session: SessionId,
    client: &ClientId,
) -> Result<Vec<ConsentRefusal>, Fault> {
    let rows: Vec<PostponementRow> = postponements::table
        .filter(postponements::session_id.eq(session.as_bytes().as_slice()))
        .filter(postponements::client_id.eq(client.as_str()))
        .order(postponements::scope)
        .load(conn)
        .map_err(at(TABLE))?;
    let place = Place::new(TABLE, Key::Bytes(session.as_bytes()));
    rows.into_iter()
        .map(|row| {
            Ok(ConsentRefusal {
                scope: place.name_of("scope", &row.scope)?,
                purpose: PurposeVersion(row.purpose),
                refused_at: Instant::from_millis(row.postponed_at),
                times: 0,
                reopened_at: None,
            })
        })
        .collect()
}

/// Notes what was put off, in place of an earlier note about the same scope.
///
/// # Errors
/// The store does not answer, or what the row refers to is not there.
pub fn put(
    conn: &mut Connection,
    session: SessionId,
    client: &ClientId,
    postponed: &ConsentRefusal,
) -> Result<(), Fault> {
    let row = PostponementRow {
        session_id: bytes(&session),
        client_id: client.to_string(),
        scope: postponed.scope.to_string(),
        purpose: postponed.purpose.0.clone(),
        postponed_at: postponed.refused_at.millis(),
    };
    let key = (
        postponements::session_id,
        postponements::client_id,
        postponements::scope,
    );
    insert_or_replace!(conn, postponements::table, key, &row).map_err(at(TABLE))?;
    Ok(())
}

/// Forgets what was put off about a client in a session: it has been decided.
///
/// # Errors
/// The store does not answer.
pub fn remove(conn: &mut Connection, session: SessionId, client: &ClientId) -> Result<(), Fault> {
    let there = postponements::table
        .filter(postponements::session_id.eq(session.as_bytes().as_slice()))
        .filter(postponements::client_id.eq(client.as_str()));
    diesel::delete(there).execute(conn).map_err(at(TABLE))?;
    Ok(())
}
