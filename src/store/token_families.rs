//! Rows of `token_families`: authorizations, and all that came from each.

use diesel::dsl::{auto_type, exists, max, min, not, select};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};
use domain::grant::GrantedScopes;
use domain::mini_program::MiniProgramState;
use domain::session::EndReason;
use domain::token_family::TokenFamily;
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::{ClientId, FamilyId, Position, SessionId};

use crate::column::{Key, Place, bytes, instant, json};
use crate::connection::Connection;
use crate::events;
use crate::fault::at;
use crate::histories;
use crate::schema::{
    clients, events as log, grants, one_time_credentials, participants, sessions, token_families,
    users,
};

const TABLE: &str = "token_families";

diesel::define_sql_function! {
    /// The first argument, or the second where that is null.
    fn coalesce(value: Nullable<BigInt>, otherwise: BigInt) -> BigInt;
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = token_families, treat_none_as_default_value = false)]
pub(crate) struct FamilyRow {
    id: Vec<u8>,
    grant_id: Vec<u8>,
    user_id: Vec<u8>,
    client_id: String,
    session_id: Option<Vec<u8>>,
    authorized: String,
    created_at: i64,
    expires_at: i64,
    ended_at: Option<i64>,
    end_reason: Option<String>,
    origin: String,
}

impl FamilyRow {
    fn new(family: &TokenFamily) -> Result<Self, Fault> {
        Ok(Self {
            id: bytes(&family.id),
            grant_id: bytes(&family.grant_id),
            user_id: bytes(&family.user_id),
            client_id: family.client_id.to_string(),
            session_id: family.session_id.as_ref().map(bytes),
            authorized: json(TABLE, &family.authorized)?,
            created_at: family.created_at.millis(),
            expires_at: family.expires_at.millis(),
            ended_at: family.ended.map(|(at, _)| at.millis()),
            end_reason: family.ended.map(|(_, reason)| reason.word().to_owned()),
            origin: json(TABLE, &family.origin)?,
        })
    }

    pub(crate) fn read(self) -> Result<TokenFamily, Fault> {
        let place = Place::new(TABLE, Key::Bytes(&self.id));
        Ok(TokenFamily {
            id: place.bytes("id", &self.id)?,
            grant_id: place.bytes("grant_id", &self.grant_id)?,
            user_id: place.bytes("user_id", &self.user_id)?,
            client_id: place.name_of("client_id", &self.client_id)?,
            session_id: place.bytes_if("session_id", self.session_id.as_ref())?,
            origin: place.json("origin", &self.origin)?,
            authorized: place.json("authorized", &self.authorized)?,
            created_at: Instant::from_millis(self.created_at),
            expires_at: Instant::from_millis(self.expires_at),
            ended: place.ended(self.ended_at, self.end_reason.as_deref())?,
        })
    }
}

/// Whether the history that a family began in counts. One of a history that was lost gives nothing, and
/// is not there for anybody.
#[auto_type]
pub(crate) fn history_stands() -> _ {
    token_families::history
        .nullable()
        .ge(histories::sessions_from())
}

/// The position of the log at which a family of a session and a client begins, if they stand: the session
/// is live and its user active, the client is there and not suspended. One look, so that what ends one of
/// them later has a later position. The user is not deleted until the transaction ends.
///
/// # Errors
/// The store does not answer.
pub fn beginning(
    conn: &mut Connection,
    session: SessionId,
    client: &ClientId,
    now: Instant,
) -> Result<Option<Position>, Fault> {
    let end_of_log = log::table.select(max(log::position)).single_value();
    let client = clients::table
        .filter(clients::id.eq(client.as_str()))
        .filter(clients::state.ne(MiniProgramState::Suspended.word()));
    let stands = sessions::table
        .inner_join(users::table)
        .filter(sessions::id.eq(session.as_bytes().as_slice()))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now.millis()))
        .filter(users::disabled_at.is_null())
        .filter(exists(client))
        .select(coalesce(end_of_log, 0));
    let found: Option<i64> = match conn {
        // The one that writes is alone.
        Connection::Sqlite(conn) => stands.get_result(conn),
        Connection::Postgres(conn) => stands.for_key_share().get_result(conn),
    }
    .optional()
    .map_err(at(TABLE))?;
    Ok(found.map(Position))
}

/// Adds a family that begins at a position of the log. Not-before marks after it include it.
///
/// # Errors
/// The store does not answer, or what the row refers to is not there.
pub fn insert(conn: &mut Connection, family: &TokenFamily, begins: Position) -> Result<(), Fault> {
    let row = FamilyRow::new(family)?;
    diesel::insert_into(token_families::table)
        .values((
            &row,
            token_families::log_position.eq(begins.0),
            token_families::history.eq(histories::current_number().assume_not_null()),
        ))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// A family by id, whatever has become of it.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn find(conn: &mut Connection, id: FamilyId) -> Result<Option<TokenFamily>, Fault> {
    let found: Option<FamilyRow> = token_families::table
        .filter(token_families::id.eq(id.as_bytes().as_slice()))
        .filter(history_stands())
        .select(FamilyRow::as_select())
        .get_result(conn)
        .optional()
        .map_err(at(TABLE))?;
    found.map(FamilyRow::read).transpose()
}

/// Moves the end of a family that stands.
///
/// # Errors
/// The store does not answer.
pub fn extend(conn: &mut Connection, id: FamilyId, expires_at: Instant) -> Result<(), Fault> {
    let open = token_families::table
        .filter(token_families::id.eq(id.as_bytes().as_slice()))
        .filter(token_families::ended_at.is_null());
    diesel::update(open)
        .set(token_families::expires_at.eq(expires_at.millis()))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// Ends a family: `true` once, for the one who ended it.
///
/// # Errors
/// The store does not answer.
pub fn end(
    conn: &mut Connection,
    id: FamilyId,
    now: Instant,
    reason: EndReason,
) -> Result<bool, Fault> {
    let open = token_families::table
        .filter(token_families::id.eq(id.as_bytes().as_slice()))
        .filter(token_families::ended_at.is_null());
    let updated = diesel::update(open)
        .set((
            token_families::ended_at.eq(Some(now.millis())),
            token_families::end_reason.eq(Some(reason.word())),
        ))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(updated == 1)
}

/// Ends what one session gave one client; gives how many families that were.
///
/// # Errors
/// The store does not answer.
pub fn end_of_session_and_client(
    conn: &mut Connection,
    session: SessionId,
    client: &ClientId,
    now: Instant,
    reason: EndReason,
) -> Result<usize, Fault> {
    let open = token_families::table
        .filter(token_families::session_id.eq(session.as_bytes().as_slice()))
        .filter(token_families::client_id.eq(client.as_str()))
        .filter(token_families::ended_at.is_null());
    diesel::update(open)
        .set((
            token_families::ended_at.eq(Some(now.millis())),
            token_families::end_reason.eq(Some(reason.word())),
        ))
        .execute(conn)
        .map_err(at(TABLE))
}

/// What a family rests on, all of it standing.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// What its grant allows now.
    pub scopes: GrantedScopes,
    /// When its session ends by itself; none where it has no session.
    pub session_expires_at: Option<Instant>,
    /// Its client as a participant of the session in which it was authorized, from when that is stored
    /// until the client is left.
    pub participant: Option<KnownParticipant>,
}

/// What a stored participant says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownParticipant {
    /// Its `sid`.
    pub sid: String,
    /// When it last got tokens.
    pub last_at: Instant,
}

/// The grant's scopes, when the session ends by itself and when it ended, the participant's `sid` and
/// last time; and whether the log has rows that are too new for this program.
type StandingRow = (
    String,
    Option<i64>,
    Option<i64>,
    Option<String>,
    Option<i64>,
    bool,
);

/// What a family rests on at `now`: its session if it has one, its grant, its user, its client; `None`
/// if one of them does not stand, or if the log has the family's end or a not-before mark since it began.
/// Nothing else has to be written to end the families of a user or a client than that event. One
/// question, so one answer.
///
/// # Errors
/// The database does not answer, or a newer program wrote what this one cannot obey.
pub fn standing(
    conn: &mut Connection,
    family: &TokenFamily,
    now: Instant,
) -> Result<Option<Standing>, Fault> {
    let ended = events::rows_that_end(family.ends_with().map(events::end_target).collect());
    let marks = family.not_before().map(|of| events::not_before_target(&of));
    let not_before = events::not_before_rows(marks.collect())
        .filter(log::position.gt(token_families::log_position));
    let authorized_in = family.authorized.session_id;
    let of_client = participants::session_id
        .eq(authorized_in.as_bytes().as_slice())
        .and(participants::client_id.eq(token_families::client_id))
        .and(participants::over_at.is_null());
    let of_session = token_families::session_id
        .eq(sessions::id.nullable())
        .and(crate::sessions::stands());
    let found: Option<StandingRow> = token_families::table
        .inner_join(
            grants::table
                .inner_join(users::table)
                .inner_join(clients::table),
        )
        .left_join(sessions::table.on(of_session))
        .left_join(participants::table.on(of_client))
        .filter(token_families::id.eq(family.id.as_bytes().as_slice()))
        .filter(history_stands())
        .filter(grants::ended_at.is_null())
        .filter(users::disabled_at.is_null())
        .filter(clients::state.ne(MiniProgramState::Suspended.word()))
        .filter(not(exists(ended)))
        .filter(not(exists(not_before)))
        .select((
            grants::scopes,
            sessions::expires_at.nullable(),
            sessions::ended_at.nullable(),
            participants::sid.nullable(),
            participants::last_at.nullable(),
            exists(events::too_new_rows()),
        ))
        .get_result(conn)
        .optional()
        .map_err(at(TABLE))?;
    let Some((scopes, session_expires_at, session_ended_at, sid, last_at, is_too_new)) = found
    else {
        let is_too_new = select(exists(events::too_new_rows())).get_result(conn);
        events::obeyed(is_too_new.map_err(at(TABLE))?)?;
        return Ok(None);
    };
    events::obeyed(is_too_new)?;
    let session_expires_at = instant(session_expires_at);
    let session_stands = match &family.session_id {
        None => true,
        Some(_) => session_ended_at.is_none() && session_expires_at.is_some_and(|end| now < end),
    };
    let place = Place::new("grants", Key::Bytes(family.grant_id.as_bytes()));
    let standing = Standing {
        scopes: place.json("scopes", &scopes)?,
        session_expires_at,
        participant: sid
            .zip(instant(last_at))
            .map(|(sid, last_at)| KnownParticipant { sid, last_at }),
    };
    Ok(session_stands.then_some(standing))
}

/// Whether all access tokens were cut off after a family began, because the clock went back.
///
/// # Errors
/// The database does not answer.
pub fn is_of_a_cut_time(conn: &mut Connection, id: FamilyId) -> Result<bool, Fault> {
    let began: i64 = token_families::table
        .filter(token_families::id.eq(id.as_bytes().as_slice()))
        .select(token_families::log_position)
        .get_result(conn)
        .map_err(at(TABLE))?;
    events::access_tokens_were_cut_off(conn, Position(began))
}

/// The earliest position of the log that a family, ended or not, began at.
///
/// # Errors
/// The database does not answer.
pub fn oldest_position(conn: &mut Connection) -> Result<Option<Position>, Fault> {
    let oldest: Option<i64> = token_families::table
        .select(min(token_families::log_position))
        .get_result(conn)
        .map_err(at(TABLE))?;
    Ok(oldest.map(Position))
}

/// Removes families that ended before a moment or were over by then; gives how many.
///
/// # Errors
/// The store does not answer.
pub fn purge(conn: &mut Connection, before: Instant) -> Result<usize, Fault> {
    let over = token_families::table.filter(
        token_families::expires_at
            .lt(before.millis())
            .or(token_families::ended_at.lt(before.millis())),
    );
    diesel::delete(over).execute(conn).map_err(at(TABLE))
}

/// Removes families that nobody began to use, because what they begin with ran out before a moment;
/// gives how many.
///
/// # Errors
/// The store does not answer.
pub fn purge_unused(conn: &mut Connection, before: Instant) -> Result<usize, Fault> {
    let unused = one_time_credentials::table
        .filter(one_time_credentials::used_at.is_null())
        .filter(one_time_credentials::expires_at.lt(before.millis()))
        .filter(one_time_credentials::family_id.is_not_null())
        .select(one_time_credentials::family_id);
    let families = token_families::table.filter(token_families::id.nullable().eq_any(unused));
    diesel::delete(families).execute(conn).map_err(at(TABLE))
}
