//! Rows of `participants`: which client got tokens in which session, under which `sid`. They go with
//! the session's row, thirty days after the session.

use diesel::dsl::{exists, select};
use diesel::prelude::*;
use domain::participant::Participant;
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::{ClientId, SessionId, UserId};

use crate::column::{Key, Place, bytes, instant};
use crate::connection::Connection;
use crate::dialect::insert_unless_there;
use crate::fault::at;
use crate::schema::{participants, sessions};

const TABLE: &str = "participants";

/// A row. One that a migration made has no `sid` until a server starts, which has the secret that it
/// was derived with.
#[derive(Queryable, Insertable)]
#[diesel(table_name = participants, treat_none_as_default_value = false)]
struct ParticipantRow {
    session_id: Vec<u8>,
    client_id: String,
    sid: Option<String>,
    first_at: i64,
    last_at: i64,
    over_at: Option<i64>,
}

/// What a note came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// The `sid` that the participant has then.
    pub sid: String,
    /// Whether a stay began: there was none before, or it was over.
    pub is_first: bool,
}

/// Notes that a client got tokens in a session. The first note makes the row; a later one moves its
/// last time, and leaves its `sid` as it is. One that was over begins again, as `sid_again`.
///
/// # Errors
/// The store does not answer, or there is no such session or client.
pub fn note(
    conn: &mut Connection,
    participant: &Participant,
    sid_again: &str,
) -> Result<Noted, Fault> {
    let row = ParticipantRow {
        session_id: bytes(&participant.session_id),
        client_id: participant.client_id.to_string(),
        sid: Some(participant.sid.clone()),
        first_at: participant.first_at.millis(),
        last_at: participant.last_at.millis(),
        over_at: None,
    };
    let inserted = insert_unless_there!(conn, participants::table, &row).map_err(at(TABLE))?;
    if inserted == 1 {
        return Ok(Noted {
            sid: participant.sid.clone(),
            is_first: true,
        });
    }
    let (session, client) = (participant.session_id, &participant.client_id);
    if begins_again(conn, session, client, sid_again, participant.first_at)? {
        return Ok(Noted {
            sid: sid_again.to_owned(),
            is_first: true,
        });
    }
    touch(conn, session, client, participant.last_at)?;
    let sid: Option<String> = participants::table
        .find((&row.session_id, &row.client_id))
        .select(participants::sid)
        .get_result(conn)
        .map_err(at(TABLE))?;
    let place = Place::new(TABLE, Key::Bytes(&row.session_id));
    Ok(Noted {
        sid: sid.ok_or_else(|| place.broken("sid"))?,
        is_first: false,
    })
}

/// Begins another stay of a client whose last one was over: `true` for the one who began it.
fn begins_again(
    conn: &mut Connection,
    session: SessionId,
    client: &ClientId,
    sid: &str,
    now: Instant,
) -> Result<bool, Fault> {
    let over = participants::table
        .filter(participants::session_id.eq(session.as_bytes().as_slice()))
        .filter(participants::client_id.eq(client.as_str()))
        .filter(participants::over_at.is_not_null());
    let updated = diesel::update(over)
        .set((
            participants::sid.eq(sid),
            participants::first_at.eq(now.millis()),
            participants::last_at.eq(now.millis()),
            participants::over_at.eq(None::<i64>),
        ))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(updated == 1)
}

/// Whether a client takes part in a session, and was not told that it is over.
///
/// # Errors
/// The store does not answer.
pub fn takes_part(
    conn: &mut Connection,
    session: SessionId,
    client: &ClientId,
) -> Result<bool, Fault> {
    let there = participants::table
        .filter(participants::session_id.eq(session.as_bytes().as_slice()))
        .filter(participants::client_id.eq(client.as_str()))
        .filter(participants::over_at.is_null());
    select(exists(there)).get_result(conn).map_err(at(TABLE))
}

/// Moves the last time of a participant.
///
/// # Errors
/// The store does not answer.
pub fn touch(
    conn: &mut Connection,
    session: SessionId,
    client: &ClientId,
    last_at: Instant,
) -> Result<(), Fault> {
    let known = participants::table
        .filter(participants::session_id.eq(session.as_bytes().as_slice()))
        .filter(participants::client_id.eq(client.as_str()))
        .filter(participants::last_at.lt(last_at.millis()));
    diesel::update(known)
        .set(participants::last_at.eq(last_at.millis()))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// The participants of a session, whether it goes on or has ended, the first one first.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn of_session(conn: &mut Connection, session: SessionId) -> Result<Vec<Participant>, Fault> {
    let rows: Vec<ParticipantRow> = participants::table
        .filter(participants::session_id.eq(session.as_bytes().as_slice()))
        .order((participants::first_at, participants::client_id))
        .load(conn)
        .map_err(at(TABLE))?;
    let place = Place::new(TABLE, Key::Bytes(session.as_bytes()));
    rows.into_iter()
        .map(|row| {
            Ok(Participant {
                session_id: session,
                client_id: place.name_of("client_id", &row.client_id)?,
                sid: row.sid.ok_or_else(|| place.broken("sid"))?,
                first_at: Instant::from_millis(row.first_at),
                last_at: Instant::from_millis(row.last_at),
                over_at: instant(row.over_at),
            })
        })
        .collect()
}

/// At most `limit` sessions and clients whose `sid` is not stored yet.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn without_sid(conn: &mut Connection, limit: i64) -> Result<Vec<(SessionId, ClientId)>, Fault> {
    let rows: Vec<(Vec<u8>, String)> = participants::table
        .filter(participants::sid.is_null())
        .select((participants::session_id, participants::client_id))
        .limit(limit)
        .load(conn)
        .map_err(at(TABLE))?;
    rows.iter()
        .map(|(session, client)| {
            let place = Place::new(TABLE, Key::Bytes(session));
            Ok((
                place.bytes("session_id", session)?,
                place.name_of("client_id", client)?,
            ))
        })
        .collect()
}

/// Stores the `sid` of a participant that has none stored.
///
/// # Errors
/// The store does not answer.
pub fn set_sid(
    conn: &mut Connection,
    session: SessionId,
    client: &ClientId,
    sid: &str,
) -> Result<(), Fault> {
    let unnamed = participants::table
        .filter(participants::session_id.eq(session.as_bytes().as_slice()))
        .filter(participants::client_id.eq(client.as_str()))
        .filter(participants::sid.is_null());
    diesel::update(unnamed)
        .set(participants::sid.eq(sid))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// When a client's stay in a session began, and the `sid` that it has in it; `None` if it has not been
/// there.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn stay(
    conn: &mut Connection,
    session: SessionId,
    client: &ClientId,
) -> Result<Option<(Instant, String)>, Fault> {
    let found: Option<(i64, Option<String>)> = participants::table
        .find((session.as_bytes().as_slice(), client.as_str()))
        .select((participants::first_at, participants::sid))
        .get_result(conn)
        .optional()
        .map_err(at(TABLE))?;
    Ok(found.and_then(|(first_at, sid)| Some((Instant::from_millis(first_at), sid?))))
}

/// The same of all sessions of a user that had not ended by a moment.
///
/// # Errors
/// The store does not answer.
pub fn stays_of_user(
    conn: &mut Connection,
    user: UserId,
    client: &ClientId,
    at_instant: Instant,
) -> Result<Vec<(Instant, String)>, Fault> {
    let not_ended = sessions::ended_at
        .is_null()
        .or(sessions::ended_at.ge(at_instant.millis()));
    let found: Vec<(i64, Option<String>)> = participants::table
        .inner_join(sessions::table.on(participants::session_id.eq(sessions::id)))
        .filter(sessions::user_id.eq(user.as_bytes().as_slice()))
        .filter(not_ended)
        .filter(participants::client_id.eq(client.as_str()))
        .order(participants::first_at)
        .select((participants::first_at, participants::sid))
        .load(conn)
        .map_err(at(TABLE))?;
    let stays = found.into_iter();
    Ok(stays
        .filter_map(|(first_at, sid)| Some((Instant::from_millis(first_at), sid?)))
        .collect())
}
