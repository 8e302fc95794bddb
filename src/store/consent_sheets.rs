//! Rows of `consent_sheets`: what hosts ask people for, found by the digest of a secret.

use diesel::prelude::*;
use domain::consent_sheet::{ConsentSheet, SheetResult};
use domain::interaction::Progress;
use foundation::clock::Instant;
use foundation::digest::TokenDigest;
use foundation::fault::Fault;
use foundation::id::{InteractionId, SessionId};

use crate::column::{Key, Place, bytes, instant, json, millis};
use crate::connection::Connection;
use crate::fault::at;
use crate::schema::consent_sheets;

const TABLE: &str = "consent_sheets";

#[derive(Queryable, Insertable)]
#[diesel(table_name = consent_sheets, treat_none_as_default_value = false)]
struct SheetRow {
    id: Vec<u8>,
    digest: Vec<u8>,
    session_id: Vec<u8>,
    host_id: String,
    client_id: String,
    request: String,
    progress: String,
    created_at: i64,
    opened_at: Option<i64>,
    expires_at: i64,
    ended_at: Option<i64>,
    result: Option<String>,
}

impl SheetRow {
    fn of(sheet: &ConsentSheet) -> Result<Self, Fault> {
        Ok(Self {
            id: bytes(&sheet.id),
            digest: bytes(&sheet.digest),
            session_id: bytes(&sheet.session),
            host_id: sheet.host.to_string(),
            client_id: sheet.program.to_string(),
            request: json(TABLE, &sheet.request)?,
            progress: json(TABLE, &sheet.progress)?,
            created_at: sheet.created_at.millis(),
            opened_at: millis(sheet.opened_at),
            expires_at: sheet.expires_at.millis(),
            ended_at: millis(sheet.ended.map(|(at, _)| at)),
            result: sheet.ended.map(|(_, result)| result.word().to_owned()),
        })
    }

    fn read(self) -> Result<ConsentSheet, Fault> {
        let place = Place::new(TABLE, Key::Bytes(&self.id));
        let result = self.result.as_deref();
        let result = result.map(|word| place.word("result", word, SheetResult::from_word));
        Ok(ConsentSheet {
            id: place.bytes("id", &self.id)?,
            digest: place.bytes("digest", &self.digest)?,
            session: place.bytes("session_id", &self.session_id)?,
            host: place.name_of("host_id", &self.host_id)?,
            program: place.name_of("client_id", &self.client_id)?,
            request: place.json("request", &self.request)?,
            progress: place.json("progress", &self.progress)?,
            created_at: Instant::from_millis(self.created_at),
            opened_at: instant(self.opened_at),
            expires_at: Instant::from_millis(self.expires_at),
            ended: instant(self.ended_at).zip(result.transpose()?),
        })
    }
}

/// Adds a sheet. The oldest ones of its session go, so that there are never more than so many.
///
/// # Errors
/// The store does not answer, or what the row refers to is not there.
pub fn insert(conn: &mut Connection, sheet: &ConsentSheet) -> Result<(), Fault> {
    diesel::insert_into(consent_sheets::table)
        .values(&SheetRow::of(sheet)?)
        .execute(conn)
        .map_err(at(TABLE))?;
    make_room(conn, sheet.session)
}

/// Removes what is too much of a session: each that comes is followed by a look, so it is one at most.
fn make_room(conn: &mut Connection, session: SessionId) -> Result<(), Fault> {
    let too_many: Vec<Vec<u8>> = consent_sheets::table
        .filter(consent_sheets::session_id.eq(session.as_bytes().as_slice()))
        .order((consent_sheets::created_at.desc(), consent_sheets::id.desc()))
        .offset(ConsentSheet::OF_SESSION)
        .limit(1)
        .select(consent_sheets::id)
        .load(conn)
        .map_err(at(TABLE))?;
    if too_many.is_empty() {
        return Ok(());
    }
    diesel::delete(consent_sheets::table.filter(consent_sheets::id.eq_any(too_many)))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// The sheet that a secret opens, whatever has become of it.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn find(conn: &mut Connection, digest: TokenDigest) -> Result<Option<ConsentSheet>, Fault> {
    let found: Option<SheetRow> = consent_sheets::table
        .filter(consent_sheets::digest.eq(digest.as_bytes().as_slice()))
        .get_result(conn)
        .optional()
        .map_err(at(TABLE))?;
    found.map(SheetRow::read).transpose()
}

/// Notes that a sheet is open, and until when; the first time counts.
///
/// # Errors
/// The store does not answer.
pub fn open(
    conn: &mut Connection,
    id: InteractionId,
    now: Instant,
    expires_at: Instant,
) -> Result<(), Fault> {
    let waiting = consent_sheets::table
        .filter(consent_sheets::id.eq(id.as_bytes().as_slice()))
        .filter(consent_sheets::opened_at.is_null())
        .filter(consent_sheets::expires_at.gt(now.millis()));
    diesel::update(waiting)
        .set((
            consent_sheets::opened_at.eq(Some(now.millis())),
            consent_sheets::expires_at.eq(expires_at.millis()),
        ))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// Stores what was answered, if nothing else was since `before` was read: of two submissions of one form,
/// one gets `true`.
///
/// # Errors
/// The store does not answer.
pub fn save_progress(
    conn: &mut Connection,
    id: InteractionId,
    progress: &Progress,
    before: &Progress,
) -> Result<bool, Fault> {
    let unchanged = consent_sheets::table
        .filter(consent_sheets::id.eq(id.as_bytes().as_slice()))
        .filter(consent_sheets::ended_at.is_null())
        .filter(consent_sheets::progress.eq(json(TABLE, before)?));
    let updated = diesel::update(unchanged)
        .set(consent_sheets::progress.eq(json(TABLE, progress)?))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(updated == 1)
}

/// Ends a sheet: `true` once, for the one who decided.
///
/// # Errors
/// The store does not answer.
pub fn end(
    conn: &mut Connection,
    id: InteractionId,
    result: SheetResult,
    now: Instant,
) -> Result<bool, Fault> {
    let open = consent_sheets::table
        .filter(consent_sheets::id.eq(id.as_bytes().as_slice()))
        .filter(consent_sheets::ended_at.is_null());
    let updated = diesel::update(open)
        .set((
            consent_sheets::ended_at.eq(Some(now.millis())),
            consent_sheets::result.eq(Some(result.word())),
        ))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(updated == 1)
}

/// Removes sheets that ran out before a moment; gives how many.
///
/// # Errors
/// The store does not answer.
pub fn sweep(conn: &mut Connection, before: Instant) -> Result<usize, Fault> {
    diesel::delete(consent_sheets::table.filter(consent_sheets::expires_at.lt(before.millis())))
        .execute(conn)
        .map_err(at(TABLE))
}
