//! Rows of `web_sessions`: what web tickets open. The cookie's digest is a column here and in no entity.

use diesel::prelude::*;
use domain::web_session::WebSession;
use foundation::clock::Instant;
use foundation::digest::TokenDigest;
use foundation::fault::Fault;
use foundation::id::WebSessionId;

use crate::column::{Key, Place, bytes, instant, millis};
use crate::connection::Connection;
use crate::fault::at;
use crate::schema::{participants, web_sessions};

const TABLE: &str = "web_sessions";

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = web_sessions, treat_none_as_default_value = false)]
pub(crate) struct WebSessionRow {
    id: Vec<u8>,
    session_id: Vec<u8>,
    host_id: String,
    client_id: String,
    sid: String,
    code_challenge: String,
    created_at: i64,
    opened_at: Option<i64>,
}

impl WebSessionRow {
    fn of(web_session: &WebSession) -> Self {
        Self {
            id: bytes(&web_session.id),
            session_id: bytes(&web_session.session),
            host_id: web_session.host.to_string(),
            client_id: web_session.program.to_string(),
            sid: web_session.sid.clone(),
            code_challenge: web_session.code_challenge.as_str().to_owned(),
            created_at: web_session.created_at.millis(),
            opened_at: millis(web_session.opened_at),
        }
    }

    pub(crate) fn read(self) -> Result<WebSession, Fault> {
        let place = Place::new(TABLE, Key::Bytes(&self.id));
        let code_challenge = self.code_challenge.try_into();
        Ok(WebSession {
            id: place.bytes("id", &self.id)?,
            session: place.bytes("session_id", &self.session_id)?,
            host: place.name_of("host_id", &self.host_id)?,
            program: place.name_of("client_id", &self.client_id)?,
            sid: self.sid,
            code_challenge: code_challenge.map_err(|_| place.broken("code_challenge"))?,
            created_at: Instant::from_millis(self.created_at),
            opened_at: instant(self.opened_at),
        })
    }
}

/// Adds one that nobody has opened yet. The oldest of its program in its session goes, so that there are
/// never more than so many.
///
/// # Errors
/// The store does not answer, or what the row refers to is not there.
pub fn insert(conn: &mut Connection, web_session: &WebSession) -> Result<(), Fault> {
    diesel::insert_into(web_sessions::table)
        .values(&WebSessionRow::of(web_session))
        .execute(conn)
        .map_err(at(TABLE))?;
    make_room(conn, web_session)
}

/// Removes what is too much: each that comes is followed by a look, so it is one at most.
fn make_room(conn: &mut Connection, newest: &WebSession) -> Result<(), Fault> {
    let too_many: Vec<Vec<u8>> = web_sessions::table
        .filter(web_sessions::session_id.eq(bytes(&newest.session)))
        .filter(web_sessions::client_id.eq(newest.program.as_str()))
        .order((web_sessions::created_at.desc(), web_sessions::id.desc()))
        .offset(WebSession::OF_PROGRAM)
        .limit(1)
        .select(web_sessions::id)
        .load(conn)
        .map_err(at(TABLE))?;
    if too_many.is_empty() {
        return Ok(());
    }
    diesel::delete(web_sessions::table.filter(web_sessions::id.eq_any(too_many)))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// Opens one with a cookie: `true` once.
///
/// # Errors
/// The store does not answer.
pub fn open(
    conn: &mut Connection,
    id: WebSessionId,
    cookie: TokenDigest,
    now: Instant,
) -> Result<bool, Fault> {
    let waiting = web_sessions::table
        .filter(web_sessions::id.eq(bytes(&id)))
        .filter(web_sessions::opened_at.is_null());
    let updated = diesel::update(waiting)
        .set((
            web_sessions::opened_at.eq(Some(now.millis())),
            web_sessions::cookie_digest.eq(Some(bytes(&cookie))),
        ))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(updated == 1)
}

/// The one that a cookie opens, as long as the program's stay that it was opened for goes on. Whether the
/// session goes on is not looked at.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn find_by_cookie(
    conn: &mut Connection,
    cookie: TokenDigest,
) -> Result<Option<WebSession>, Fault> {
    let stay = participants::session_id
        .eq(web_sessions::session_id)
        .and(participants::client_id.eq(web_sessions::client_id))
        .and(participants::sid.eq(web_sessions::sid.nullable()))
        .and(participants::over_at.is_null());
    let found: Option<WebSessionRow> = web_sessions::table
        .inner_join(participants::table.on(stay))
        .filter(web_sessions::cookie_digest.eq(bytes(&cookie)))
        .select(WebSessionRow::as_select())
        .get_result(conn)
        .optional()
        .map_err(at(TABLE))?;
    found.map(WebSessionRow::read).transpose()
}

/// Ends one; its cookie opens nothing any more, and neither does its ticket.
///
/// # Errors
/// The store does not answer.
pub fn remove(conn: &mut Connection, id: WebSessionId) -> Result<(), Fault> {
    diesel::delete(web_sessions::table.filter(web_sessions::id.eq(bytes(&id))))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// Removes those that were made before a moment and never opened; gives how many.
///
/// # Errors
/// The store does not answer.
pub fn sweep(conn: &mut Connection, before: Instant) -> Result<usize, Fault> {
    let unopened = web_sessions::table
        .filter(web_sessions::opened_at.is_null())
        .filter(web_sessions::created_at.lt(before.millis()));
    diesel::delete(unopened).execute(conn).map_err(at(TABLE))
}
