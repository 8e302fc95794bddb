//! Rows of `sessions`: sign-ins. The cookie's digest is a column here and in no entity.

use diesel::dsl::{auto_type, min, not};
use diesel::prelude::*;
use domain::authentication::Authentication;
use domain::session::{EndReason, Session};
use domain::user::User;
use foundation::clock::Instant;
use foundation::digest::TokenDigest;
use foundation::fault::Fault;
use foundation::id::{SessionId, UserId};

use crate::column::{Key, Place, bytes, instant, json};
use crate::connection::Connection;
use crate::dialect::insert_unless_there;
use crate::fault::at;
use crate::histories;
use crate::schema::{sessions, users};
use crate::users::UserRow;

const TABLE: &str = "sessions";

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions, treat_none_as_default_value = false)]
struct SessionRow {
    id: Vec<u8>,
    user_id: Vec<u8>,
    cookie_digest: Vec<u8>,
    created_at: i64,
    last_seen_at: i64,
    expires_at: i64,
    user_agent: String,
    ended_at: Option<i64>,
    end_reason: Option<String>,
    authentication: String,
}

impl SessionRow {
    fn read(self) -> Result<Session, Fault> {
        let place = Place::new(TABLE, Key::Bytes(&self.id));
        Ok(Session {
            id: place.bytes("id", &self.id)?,
            user_id: place.bytes("user_id", &self.user_id)?,
            authentication: place.json("authentication", &self.authentication)?,
            ended: place.ended(self.ended_at, self.end_reason.as_deref())?,
            created_at: Instant::from_millis(self.created_at),
            last_seen_at: Instant::from_millis(self.last_seen_at),
            expires_at: Instant::from_millis(self.expires_at),
            user_agent: self.user_agent,
        })
    }
}

/// Whether the history that a session began in counts. One of a history that was lost opens nothing,
/// and is not there for anybody.
#[auto_type]
pub(crate) fn stands() -> _ {
    sessions::history.nullable().ge(histories::sessions_from())
}

/// Adds a session that is opened by a cookie; `false` if that cookie opens one already.
///
/// # Errors
/// The store does not answer, or what the row refers to is not there.
pub fn insert(
    conn: &mut Connection,
    session: &Session,
    cookie: TokenDigest,
) -> Result<bool, Fault> {
    let row = SessionRow {
        id: bytes(&session.id),
        user_id: bytes(&session.user_id),
        cookie_digest: bytes(&cookie),
        created_at: session.created_at.millis(),
        last_seen_at: session.last_seen_at.millis(),
        expires_at: session.expires_at.millis(),
        user_agent: session.user_agent.clone(),
        ended_at: session.ended.map(|(at, _)| at.millis()),
        end_reason: session.ended.map(|(_, reason)| reason.word().to_owned()),
        authentication: json(TABLE, &session.authentication)?,
    };
    let history = histories::current_number().assume_not_null();
    let row = (&row, sessions::history.eq(history));
    let inserted = insert_unless_there!(conn, sessions::table, row).map_err(at(TABLE))?;
    Ok(inserted == 1)
}

/// The session that a cookie opens, ended or not, with its user.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn find_by_cookie(
    conn: &mut Connection,
    cookie: TokenDigest,
) -> Result<Option<(Session, User)>, Fault> {
    let found: Option<(SessionRow, UserRow)> = sessions::table
        .inner_join(users::table)
        .filter(sessions::cookie_digest.eq(cookie.as_bytes().as_slice()))
        .filter(stands())
        .select((SessionRow::as_select(), users::all_columns))
        .get_result(conn)
        .optional()
        .map_err(at(TABLE))?;
    found
        .map(|(session, user)| Ok((session.read()?, user.read()?)))
        .transpose()
}

/// A session by id, ended or not.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn find(conn: &mut Connection, id: SessionId) -> Result<Option<Session>, Fault> {
    let found: Option<SessionRow> = sessions::table
        .filter(sessions::id.eq(id.as_bytes().as_slice()))
        .filter(stands())
        .select(SessionRow::as_select())
        .get_result(conn)
        .optional()
        .map_err(at(TABLE))?;
    found.map(SessionRow::read).transpose()
}

/// Holds a session that goes on: nobody ends it until the transaction ends. `false` if it has ended.
///
/// # Errors
/// The store does not answer.
pub fn lock(conn: &mut Connection, id: SessionId) -> Result<bool, Fault> {
    let open = sessions::table
        .filter(sessions::id.eq(id.as_bytes().as_slice()))
        .filter(sessions::ended_at.is_null())
        .select(sessions::id);
    let found: Option<Vec<u8>> = match conn {
        // The one that writes is alone.
        Connection::Sqlite(conn) => open.get_result(conn),
        Connection::Postgres(conn) => open.for_no_key_update().get_result(conn),
    }
    .optional()
    .map_err(at(TABLE))?;
    Ok(found.is_some())
}

/// Ends a session: `true` once, for the one who ended it.
///
/// # Errors
/// The store does not answer.
pub fn end(
    conn: &mut Connection,
    id: SessionId,
    now: Instant,
    reason: EndReason,
) -> Result<bool, Fault> {
    let open = sessions::table
        .filter(sessions::id.eq(id.as_bytes().as_slice()))
        .filter(sessions::ended_at.is_null());
    let updated = diesel::update(open)
        .set((
            sessions::ended_at.eq(Some(now.millis())),
            sessions::end_reason.eq(Some(reason.word())),
        ))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(updated == 1)
}

/// Notes when a session was last used and when it ends by itself now. An ended one stays as it is.
///
/// # Errors
/// The store does not answer.
pub fn touch(
    conn: &mut Connection,
    id: SessionId,
    last_seen: Instant,
    expires_at: Instant,
) -> Result<(), Fault> {
    let open = sessions::table
        .filter(sessions::id.eq(id.as_bytes().as_slice()))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::last_seen_at.le(last_seen.millis()));
    diesel::update(open)
        .set((
            sessions::last_seen_at.eq(last_seen.millis()),
            sessions::expires_at.eq(expires_at.millis()),
        ))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// The person proved again who they are: from then on the session has a new cookie and the old one
/// opens nothing. `false` if it has ended.
///
/// # Errors
/// The store does not answer.
pub fn reauthenticated(
    conn: &mut Connection,
    id: SessionId,
    new_cookie: TokenDigest,
    authentication: &Authentication,
    expires_at: Instant,
) -> Result<bool, Fault> {
    let at_instant = authentication.at();
    let live = sessions::table
        .filter(sessions::id.eq(id.as_bytes().as_slice()))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(at_instant.millis()));
    let updated = diesel::update(live)
        .set((
            sessions::cookie_digest.eq(bytes(&new_cookie)),
            sessions::authentication.eq(json(TABLE, authentication)?),
            sessions::last_seen_at.eq(at_instant.floor_to_minute().millis()),
            sessions::expires_at.eq(expires_at.millis()),
        ))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(updated == 1)
}

/// Notes that the person changed their password in a session.
///
/// # Errors
/// The store does not answer.
pub fn note_password_change(
    conn: &mut Connection,
    id: SessionId,
    now: Instant,
) -> Result<(), Fault> {
    diesel::update(sessions::table.filter(sessions::id.eq(id.as_bytes().as_slice())))
        .set(sessions::password_changed_at.eq(Some(now.millis())))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// When the person last changed their password in a session.
///
/// # Errors
/// The store does not answer.
pub fn password_changed_at(conn: &mut Connection, id: SessionId) -> Result<Option<Instant>, Fault> {
    let found: Option<Option<i64>> = sessions::table
        .filter(sessions::id.eq(id.as_bytes().as_slice()))
        .select(sessions::password_changed_at)
        .get_result(conn)
        .optional()
        .map_err(at(TABLE))?;
    Ok(instant(found.flatten()))
}

/// The sessions of a user that stand at `now`, newest first.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn live_of_user(
    conn: &mut Connection,
    user: UserId,
    now: Instant,
) -> Result<Vec<Session>, Fault> {
    let rows: Vec<SessionRow> = sessions::table
        .filter(sessions::user_id.eq(user.as_bytes().as_slice()))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now.millis()))
        .filter(stands())
        .select(SessionRow::as_select())
        .order((sessions::created_at.desc(), sessions::id.desc()))
        .load(conn)
        .map_err(at(TABLE))?;
    rows.into_iter().map(SessionRow::read).collect()
}

/// Notes in which browser a session began.
///
/// # Errors
/// The store does not answer.
pub fn note_browser(
    conn: &mut Connection,
    id: SessionId,
    browser: TokenDigest,
) -> Result<(), Fault> {
    diesel::update(sessions::table.filter(sessions::id.eq(id.as_bytes().as_slice())))
        .set(sessions::browser_digest.eq(Some(bytes(&browser))))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// The sessions of a user that began in a browser and stand at `now`.
///
/// # Errors
/// The store does not answer.
pub fn live_of_browser(
    conn: &mut Connection,
    user: UserId,
    browser: TokenDigest,
    now: Instant,
) -> Result<Vec<Session>, Fault> {
    let rows: Vec<SessionRow> = sessions::table
        .filter(sessions::user_id.eq(user.as_bytes().as_slice()))
        .filter(sessions::browser_digest.eq(Some(bytes(&browser))))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now.millis()))
        .filter(stands())
        .select(SessionRow::as_select())
        .load(conn)
        .map_err(at(TABLE))?;
    rows.into_iter().map(SessionRow::read).collect()
}

/// At most `limit` sessions that have run out by a moment and were not ended, the earliest first.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn expiring(conn: &mut Connection, before: Instant, limit: i64) -> Result<Vec<Session>, Fault> {
    let rows: Vec<SessionRow> = sessions::table
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.le(before.millis()))
        .filter(stands())
        .select(SessionRow::as_select())
        .order(sessions::expires_at)
        .limit(limit)
        .load(conn)
        .map_err(at(TABLE))?;
    rows.into_iter().map(SessionRow::read).collect()
}

/// When the next session ends by itself.
///
/// # Errors
/// The store does not answer.
pub fn next_expiry(conn: &mut Connection) -> Result<Option<Instant>, Fault> {
    let next: Option<i64> = sessions::table
        .filter(sessions::ended_at.is_null())
        .filter(stands())
        .select(min(sessions::expires_at))
        .get_result(conn)
        .map_err(at(TABLE))?;
    Ok(next.map(Instant::from_millis))
}

/// Removes sessions that ended before a moment, or would have ended by then had their history not been
/// lost, with all that hangs on them; gives how many.
///
/// # Errors
/// The store does not answer.
pub fn purge(conn: &mut Connection, before: Instant) -> Result<usize, Fault> {
    let lost = not(stands()).and(sessions::expires_at.lt(before.millis()).nullable());
    let ended = sessions::ended_at.lt(before.millis());
    diesel::delete(sessions::table.filter(ended.or(lost)))
        .execute(conn)
        .map_err(at(TABLE))
}
