//! Rows of `interactions`: authorization requests on their way through pages.

use diesel::prelude::*;
use domain::interaction::{Interaction, Progress};
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::{InteractionId, SessionId};

use crate::column::{Key, Place, bytes, instant, json, millis};
use crate::connection::Connection;
use crate::dialect::insert_unless_there;
use crate::fault::at;
use crate::schema::{interactions, sessions};

const TABLE: &str = "interactions";

/// How many of those that are too much go at once: each that comes is followed by a look.
const AT_ONCE: i64 = 100;

#[derive(Queryable, Insertable)]
#[diesel(table_name = interactions, treat_none_as_default_value = false)]
struct InteractionRow {
    id: Vec<u8>,
    browser_digest: Vec<u8>,
    request: String,
    progress: String,
    created_at: i64,
    expires_at: i64,
    consumed_at: Option<i64>,
    session_id: Option<Vec<u8>>,
}

impl InteractionRow {
    fn of(interaction: &Interaction) -> Result<Self, Fault> {
        Ok(Self {
            id: bytes(&interaction.id),
            browser_digest: bytes(&interaction.browser),
            request: json(TABLE, &interaction.request)?,
            progress: json(TABLE, &interaction.progress)?,
            created_at: interaction.created_at.millis(),
            expires_at: interaction.expires_at.millis(),
            consumed_at: millis(interaction.consumed_at),
            session_id: interaction.session.as_ref().map(bytes),
        })
    }

    fn read(self) -> Result<Interaction, Fault> {
        let place = Place::new(TABLE, Key::Bytes(&self.id));
        Ok(Interaction {
            id: place.bytes("id", &self.id)?,
            browser: place.bytes("browser_digest", &self.browser_digest)?,
            request: place.json("request", &self.request)?,
            progress: place.json("progress", &self.progress)?,
            created_at: Instant::from_millis(self.created_at),
            expires_at: Instant::from_millis(self.expires_at),
            consumed_at: instant(self.consumed_at),
            session: place.bytes_if("session_id", self.session_id.as_ref())?,
        })
    }
}

/// Adds an interaction unless it is there: of two submissions of one form, one gets `true`. The oldest
/// ones of its session and its person go, so that there are never more than so many.
///
/// # Errors
/// The store does not answer, or what the row refers to is not there.
pub fn insert_unless_there(
    conn: &mut Connection,
    interaction: &Interaction,
) -> Result<bool, Fault> {
    let row = InteractionRow::of(interaction)?;
    let inserted = insert_unless_there!(conn, interactions::table, &row).map_err(at(TABLE))?;
    if let (1, Some(session)) = (inserted, interaction.session) {
        make_room(conn, session)?;
    }
    Ok(inserted == 1)
}

/// Removes what is too much of a session, and of the person whose it is.
fn make_room(conn: &mut Connection, session: SessionId) -> Result<(), Fault> {
    let session = bytes(&session);
    let of_session: Vec<Vec<u8>> = interactions::table
        .filter(interactions::session_id.eq(&session))
        .order((interactions::created_at.desc(), interactions::id.desc()))
        .offset(Interaction::OF_SESSION)
        .limit(AT_ONCE)
        .select(interactions::id)
        .load(conn)
        .map_err(at(TABLE))?;
    remove(conn, &of_session)?;
    let person: Option<Vec<u8>> = sessions::table
        .filter(sessions::id.eq(&session))
        .select(sessions::user_id)
        .get_result(conn)
        .optional()
        .map_err(at(TABLE))?;
    let whose = sessions::table.on(interactions::session_id.eq(sessions::id.nullable()));
    let of_person: Vec<Vec<u8>> = interactions::table
        .inner_join(whose)
        .filter(sessions::user_id.eq(person.unwrap_or_default()))
        .order((interactions::created_at.desc(), interactions::id.desc()))
        .offset(Interaction::OF_PERSON)
        .limit(AT_ONCE)
        .select(interactions::id)
        .load(conn)
        .map_err(at(TABLE))?;
    remove(conn, &of_person)
}

fn remove(conn: &mut Connection, ids: &[Vec<u8>]) -> Result<(), Fault> {
    if ids.is_empty() {
        return Ok(());
    }
    diesel::delete(interactions::table.filter(interactions::id.eq_any(ids)))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// An interaction by id, whatever has become of it.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn find(conn: &mut Connection, id: InteractionId) -> Result<Option<Interaction>, Fault> {
    let found: Option<InteractionRow> = interactions::table
        .filter(interactions::id.eq(id.as_bytes().as_slice()))
        .get_result(conn)
        .optional()
        .map_err(at(TABLE))?;
    found.map(InteractionRow::read).transpose()
}

/// Stores what has happened on the pages, if nothing else has happened since `before` was read: of
/// two submissions of one form, one gets `true`.
///
/// # Errors
/// The store does not answer.
pub fn save_progress(
    conn: &mut Connection,
    id: InteractionId,
    progress: &Progress,
    before: &Progress,
) -> Result<bool, Fault> {
    let unchanged = interactions::table
        .filter(interactions::id.eq(id.as_bytes().as_slice()))
        .filter(interactions::consumed_at.is_null())
        .filter(interactions::progress.eq(json(TABLE, before)?));
    let updated = diesel::update(unchanged)
        .set(interactions::progress.eq(json(TABLE, progress)?))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(updated == 1)
}

/// Consumes an interaction: `true` once, for the one who sends the answer. `end` is its progress with
/// the answer in it.
///
/// # Errors
/// The store does not answer.
pub fn consume(
    conn: &mut Connection,
    id: InteractionId,
    end: &Progress,
    now: Instant,
) -> Result<bool, Fault> {
    let open = interactions::table
        .filter(interactions::id.eq(id.as_bytes().as_slice()))
        .filter(interactions::consumed_at.is_null())
        .filter(interactions::expires_at.gt(now.millis()));
    let updated = diesel::update(open)
        .set((
            interactions::consumed_at.eq(Some(now.millis())),
            interactions::progress.eq(json(TABLE, end)?),
        ))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(updated == 1)
}

/// Writes how a consumed interaction ended after all.
///
/// # Errors
/// The store does not answer.
pub fn end_after_all(
    conn: &mut Connection,
    id: InteractionId,
    end: &Progress,
) -> Result<(), Fault> {
    let consumed = interactions::table
        .filter(interactions::id.eq(id.as_bytes().as_slice()))
        .filter(interactions::consumed_at.is_not_null());
    diesel::update(consumed)
        .set(interactions::progress.eq(json(TABLE, end)?))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// Removes interactions that ran out before a moment; gives how many.
///
/// # Errors
/// The store does not answer.
pub fn sweep(conn: &mut Connection, before: Instant) -> Result<usize, Fault> {
    diesel::delete(interactions::table.filter(interactions::expires_at.lt(before.millis())))
        .execute(conn)
        .map_err(at(TABLE))
}
