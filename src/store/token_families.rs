//! Rows of `token_families`: authorizations, from the code on. The code's digest is a column here
//! and in no entity.

use diesel::dsl::{exists, max, min, not, select};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};
use domain::mini_program::MiniProgramState;
use domain::session::EndReason;
use domain::token_family::TokenFamily;
use foundation::clock::Instant;
use foundation::digest::TokenDigest;
use foundation::fault::Fault;
use foundation::id::{ClientId, FamilyId, Position, SessionId};

use crate::column::{Key, Place, bytes, instant, json, millis};
use crate::connection::Connection;
use crate::events;
use crate::fault::at;
use crate::schema::{clients, events as log, grants, sessions, token_families, users};

const TABLE: &str = "token_families";

diesel::define_sql_function! {
    /// The first argument, or the second where that is null.
    fn coalesce(value: Nullable<BigInt>, otherwise: BigInt) -> BigInt;
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = token_families, treat_none_as_default_value = false)]
struct FamilyRow {
    id: Vec<u8>,
    grant_id: Vec<u8>,
    user_id: Vec<u8>,
    client_id: String,
    session_id: Option<Vec<u8>>,
    code_digest: Vec<u8>,
    authorized: String,
    created_at: i64,
    code_expires_at: i64,
    redeemed_at: Option<i64>,
    expires_at: i64,
    ended_at: Option<i64>,
    end_reason: Option<String>,
}

impl FamilyRow {
    fn new(family: &TokenFamily, code: TokenDigest) -> Result<Self, Fault> {
        Ok(Self {
            id: bytes(&family.id),
            grant_id: bytes(&family.grant_id),
            user_id: bytes(&family.user_id),
            client_id: family.client_id.to_string(),
            session_id: family.session_id.as_ref().map(bytes),
            code_digest: bytes(&code),
            authorized: json(TABLE, &family.authorized)?,
            created_at: family.created_at.millis(),
            code_expires_at: family.code_expires_at.millis(),
            redeemed_at: millis(family.redeemed_at),
            expires_at: family.expires_at.millis(),
            ended_at: family.ended.map(|(at, _)| at.millis()),
            end_reason: family.ended.map(|(_, reason)| reason.word().to_owned()),
        })
    }

    fn read(self) -> Result<TokenFamily, Fault> {
        let place = Place::new(TABLE, Key::Bytes(&self.id));
        Ok(TokenFamily {
            id: place.bytes("id", &self.id)?,
            grant_id: place.bytes("grant_id", &self.grant_id)?,
            user_id: place.bytes("user_id", &self.user_id)?,
            client_id: place.name_of("client_id", &self.client_id)?,
            session_id: place.bytes_if("session_id", self.session_id.as_ref())?,
            authorized: place.json("authorized", &self.authorized)?,
            created_at: Instant::from_millis(self.created_at),
            code_expires_at: Instant::from_millis(self.code_expires_at),
            redeemed_at: instant(self.redeemed_at),
            expires_at: Instant::from_millis(self.expires_at),
            ended: place.ended(self.ended_at, self.end_reason.as_deref())?,
        })
    }
}

/// Adds a family whose code has this digest. Not-before marks from now on include it.
pub fn insert(conn: &mut Connection, family: &TokenFamily, code: TokenDigest) -> Result<(), Fault> {
    let row = FamilyRow::new(family, code)?;
    let end_of_log = log::table.select(max(log::position)).single_value();
    diesel::insert_into(token_families::table)
        .values((
            &row,
            token_families::log_position.eq(coalesce(end_of_log, 0)),
        ))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// The family of a code, whatever has become of it.
pub fn find_by_code(
    conn: &mut Connection,
    code: TokenDigest,
) -> Result<Option<TokenFamily>, Fault> {
    let found: Option<FamilyRow> = token_families::table
        .filter(token_families::code_digest.eq(code.as_bytes().as_slice()))
        .select(FamilyRow::as_select())
        .first(conn)
        .optional()
        .map_err(at(TABLE))?;
    found.map(FamilyRow::read).transpose()
}

/// A family by id, whatever has become of it.
pub fn find(conn: &mut Connection, id: FamilyId) -> Result<Option<TokenFamily>, Fault> {
    let found: Option<FamilyRow> = token_families::table
        .filter(token_families::id.eq(id.as_bytes().as_slice()))
        .select(FamilyRow::as_select())
        .first(conn)
        .optional()
        .map_err(at(TABLE))?;
    found.map(FamilyRow::read).transpose()
}

/// Redeems a family's code: `true` once, for one caller, while the code stands. The family then
/// stands until `expires_at`.
// "The client MUST NOT use the authorization code more than once" (RFC 6749 §4.1.2)
pub fn redeem(
    conn: &mut Connection,
    id: FamilyId,
    now: Instant,
    expires_at: Instant,
) -> Result<bool, Fault> {
    let redeemable = token_families::table
        .filter(token_families::id.eq(id.as_bytes().as_slice()))
        .filter(token_families::redeemed_at.is_null())
        .filter(token_families::ended_at.is_null())
        .filter(token_families::code_expires_at.gt(now.millis()));
    let updated = diesel::update(redeemable)
        .set((
            token_families::redeemed_at.eq(Some(now.millis())),
            token_families::expires_at.eq(expires_at.millis()),
        ))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(updated == 1)
}

/// Ends a family: `true` once, for the one who ended it.
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

/// Whether everything that a family rests on stands at `now`: its session if it has one, its grant,
/// its user, its client; and the log has neither its end nor a not-before mark since it began.
/// Nothing else has to be written to end the families of a user or a client than that event. One
/// question, so one answer.
///
/// # Errors
/// The database does not answer, or a newer program wrote what this one cannot obey.
pub fn standing(conn: &mut Connection, family: &TokenFamily, now: Instant) -> Result<bool, Fault> {
    let ended = events::rows_that_end(family.ends_with().map(events::end_target).collect());
    let marks = family.not_before().map(|of| events::not_before_target(&of));
    let not_before = events::not_before_rows(marks.collect())
        .filter(log::position.gt(token_families::log_position));
    let family_stands = exists(
        token_families::table
            .inner_join(
                grants::table
                    .inner_join(users::table)
                    .inner_join(clients::table),
            )
            .filter(token_families::id.eq(family.id.as_bytes().as_slice()))
            .filter(grants::ended_at.is_null())
            .filter(users::disabled_at.is_null())
            .filter(clients::state.ne(MiniProgramState::Suspended.word()))
            .filter(not(exists(ended)))
            .filter(not(exists(not_before))),
    );
    let is_too_new = exists(events::too_new_rows());
    let answer = match &family.session_id {
        None => select((family_stands, is_too_new)).get_result(conn),
        Some(session) => {
            let session = sessions::table
                .filter(sessions::id.eq(session.as_bytes().as_slice()))
                .filter(sessions::ended_at.is_null())
                .filter(sessions::expires_at.gt(now.millis()));
            select((family_stands.and(exists(session)), is_too_new)).get_result(conn)
        }
    };
    let (stands, is_too_new) = answer.map_err(at(TABLE))?;
    events::obeyed(is_too_new)?;
    Ok(stands)
}

/// The earliest position of the log that a family, ended or not, began at.
///
/// # Errors
/// The database does not answer.
pub fn oldest_position(conn: &mut Connection) -> Result<Option<Position>, Fault> {
    let oldest: Option<i64> = token_families::table
        .select(min(token_families::log_position))
        .first(conn)
        .map_err(at(TABLE))?;
    Ok(oldest.map(Position))
}

/// Removes families that ended by themselves before a moment, with their refresh tokens; gives how
/// many.
pub fn purge(conn: &mut Connection, before: Instant) -> Result<usize, Fault> {
    diesel::delete(token_families::table.filter(token_families::expires_at.lt(before.millis())))
        .execute(conn)
        .map_err(at(TABLE))
}
