//! Rows of `deliveries`: what one client is to be told, until it took it, or nobody tries any more. They
//! are written by [`crate::outbox`] and [`crate::announcements`].

use diesel::dsl::min;
use diesel::prelude::*;
use domain::delivery::Delivery;
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::ClientId;

use crate::column::{Key, Place, instant};
use crate::connection::Connection;
use crate::fault::at;
use crate::schema::deliveries;

const TABLE: &str = "deliveries";

#[derive(Queryable)]
struct DeliveryRow {
    id: i64,
    client_id: String,
    user_id: Vec<u8>,
    sid: String,
    created_at: i64,
    due_at: i64,
    attempts: i32,
    problem: Option<String>,
    dead_at: Option<i64>,
}

impl DeliveryRow {
    fn read(self) -> Result<Delivery, Fault> {
        let place = Place::new(TABLE, Key::Number(self.id));
        Ok(Delivery {
            id: self.id,
            client_id: place.name_of("client_id", &self.client_id)?,
            user_id: place.bytes("user_id", &self.user_id)?,
            attempts: u32::try_from(self.attempts).map_err(|_| place.broken("attempts"))?,
            sid: self.sid,
            created_at: Instant::from_millis(self.created_at),
            due_at: Instant::from_millis(self.due_at),
            problem: self.problem,
            dead_at: instant(self.dead_at),
        })
    }
}

/// At most `limit` deliveries that are due to a client, in the order in which they are tried.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn due_to(
    conn: &mut Connection,
    client: &ClientId,
    now: Instant,
    limit: i64,
) -> Result<Vec<Delivery>, Fault> {
    let rows: Vec<DeliveryRow> = deliveries::table
        .filter(deliveries::client_id.eq(client.as_str()))
        .filter(deliveries::dead_at.is_null())
        .filter(deliveries::due_at.le(now.millis()))
        .order((deliveries::due_at, deliveries::id))
        .limit(limit)
        .load(conn)
        .map_err(at(TABLE))?;
    rows.into_iter().map(DeliveryRow::read).collect()
}

/// Removes deliveries that were taken, or that nobody wants any more.
///
/// # Errors
/// The store does not answer.
pub fn done(conn: &mut Connection, ids: &[i64]) -> Result<(), Fault> {
    diesel::delete(deliveries::table.filter(deliveries::id.eq_any(ids)))
        .execute(conn)
        .map(drop)
        .map_err(at(TABLE))
}

/// Notes an attempt in vain. It is not tried again before a moment, or, where it is dead, at all.
///
/// # Errors
/// The store does not answer.
pub fn note_attempt(
    conn: &mut Connection,
    id: i64,
    problem: &str,
    due_at: Instant,
    dead_at: Option<Instant>,
) -> Result<(), Fault> {
    diesel::update(deliveries::table.filter(deliveries::id.eq(id)))
        .set((
            deliveries::attempts.eq(deliveries::attempts + 1),
            deliveries::problem.eq(Some(problem)),
            deliveries::due_at.eq(due_at.millis()),
            deliveries::dead_at.eq(dead_at.map(Instant::millis)),
        ))
        .execute(conn)
        .map(drop)
        .map_err(at(TABLE))
}

/// Gives up at most `limit` deliveries to a client that wait since before a moment; gives how many.
///
/// # Errors
/// The store does not answer.
pub fn give_up(
    conn: &mut Connection,
    client: &ClientId,
    before: Instant,
    problem: &str,
    now: Instant,
    limit: i64,
) -> Result<usize, Fault> {
    let old: Vec<i64> = deliveries::table
        .filter(deliveries::client_id.eq(client.as_str()))
        .filter(deliveries::dead_at.is_null())
        .filter(deliveries::created_at.le(before.millis()))
        .select(deliveries::id)
        .order((deliveries::due_at, deliveries::id))
        .limit(limit)
        .load(conn)
        .map_err(at(TABLE))?;
    diesel::update(deliveries::table.filter(deliveries::id.eq_any(old)))
        .set((
            deliveries::dead_at.eq(Some(now.millis())),
            deliveries::problem.eq(Some(problem)),
        ))
        .execute(conn)
        .map_err(at(TABLE))
}

/// Which deliveries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Those only that nobody tries any more.
    pub dead: bool,
    /// Those only to this client.
    pub client: Option<ClientId>,
    /// This one only.
    pub id: Option<i64>,
    /// Those only that come after this one.
    pub after: Option<i64>,
}

/// At most `limit` deliveries, the oldest first.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn list(
    conn: &mut Connection,
    filter: &DeliveryFilter,
    limit: i64,
) -> Result<Vec<Delivery>, Fault> {
    let mut query = deliveries::table.into_boxed();
    if filter.dead {
        query = query.filter(deliveries::dead_at.is_not_null());
    }
    if let Some(client) = &filter.client {
        query = query.filter(deliveries::client_id.eq(client.as_str()));
    }
    if let Some(id) = filter.id {
        query = query.filter(deliveries::id.eq(id));
    }
    if let Some(after) = filter.after {
        query = query.filter(deliveries::id.gt(after));
    }
    let rows: Vec<DeliveryRow> = query
        .order(deliveries::id)
        .limit(limit)
        .load(conn)
        .map_err(at(TABLE))?;
    rows.into_iter().map(DeliveryRow::read).collect()
}

/// Tries these again at once, as if they were new.
///
/// # Errors
/// The store does not answer.
pub fn retry(conn: &mut Connection, ids: &[i64], now: Instant) -> Result<(), Fault> {
    diesel::update(deliveries::table.filter(deliveries::id.eq_any(ids)))
        .set((
            deliveries::attempts.eq(0),
            deliveries::created_at.eq(now.millis()),
            deliveries::due_at.eq(0),
            deliveries::dead_at.eq(None::<i64>),
        ))
        .execute(conn)
        .map(drop)
        .map_err(at(TABLE))
}

/// How many there are, and since when the oldest one waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFigures {
    /// Those that wait.
    pub waiting: i64,
    /// Those that nobody tries any more.
    pub dead: i64,
    /// Since when the oldest of those that wait does.
    pub oldest: Option<Instant>,
}

/// Counts them.
///
/// # Errors
/// The store does not answer.
pub fn figures(conn: &mut Connection) -> Result<DeliveryFigures, Fault> {
    let waiting = deliveries::table.filter(deliveries::dead_at.is_null());
    let dead = deliveries::table.filter(deliveries::dead_at.is_not_null());
    let oldest: Option<i64> = waiting
        .select(min(deliveries::created_at))
        .get_result(conn)
        .map_err(at(TABLE))?;
    Ok(DeliveryFigures {
        waiting: waiting.count().get_result(conn).map_err(at(TABLE))?,
        dead: dead.count().get_result(conn).map_err(at(TABLE))?,
        oldest: instant(oldest),
    })
}

/// Removes those that nobody has tried any more since before a moment; gives how many.
///
/// # Errors
/// The store does not answer.
pub fn purge(conn: &mut Connection, before: Instant) -> Result<usize, Fault> {
    let old = deliveries::table.filter(deliveries::dead_at.lt(before.millis()));
    diesel::delete(old).execute(conn).map_err(at(TABLE))
}

/// Writes the rows of those who are over since a moment, the `last` parameter, and whose client said where
/// it is told; the first is now. They are due at once.
pub(crate) fn write_rows(
    conn: &mut Connection,
    those: &str,
    last: usize,
    execute: impl FnOnce(&mut Connection, &str) -> QueryResult<usize>,
) -> Result<(), Fault> {
    let sql = format!(
        "INSERT INTO deliveries (client_id, user_id, sid, created_at, due_at)
         SELECT p.client_id, s.user_id, p.sid, $1, 0
         FROM participants p
         JOIN sessions s ON s.id = p.session_id
         JOIN clients c ON c.id = p.client_id
         WHERE {those} AND p.over_at = ${last}
             AND p.sid IS NOT NULL AND c.backchannel_logout_uri IS NOT NULL"
    );
    execute(conn, &sql).map(drop).map_err(at(TABLE))
}
