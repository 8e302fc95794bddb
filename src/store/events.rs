//! The event log: appended by [`crate::Transaction::append`], read by position, purged by age.

use diesel::dsl::max;
use diesel::prelude::*;
use domain::event::LoggedEvent;
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::Position;

use crate::connection::Connection;
use crate::fault::at;
use crate::schema::events;

mod row;

use row::LoggedRow;
pub(crate) use row::{EventRow, kind};

const TABLE: &str = "events";

/// The position of the last event; zero for an empty log.
pub fn end(conn: &mut Connection) -> Result<Position, Fault> {
    let end: Option<i64> = events::table
        .select(max(events::position))
        .first(conn)
        .map_err(at(TABLE))?;
    Ok(Position(end.unwrap_or(0)))
}

/// The position of the last event about keys that is still kept; `None` if there is none.
pub fn last_keys_changed(conn: &mut Connection) -> Result<Option<Position>, Fault> {
    let last: Option<i64> = events::table
        .filter(events::kind.eq(kind::KEYS_CHANGED))
        .select(max(events::position))
        .first(conn)
        .map_err(at(TABLE))?;
    Ok(last.map(Position))
}

/// At most `limit` events after a position, in order.
pub fn after(
    conn: &mut Connection,
    position: Position,
    limit: i64,
) -> Result<Vec<LoggedEvent>, Fault> {
    between(conn, position, Position(i64::MAX), limit)
}

pub(crate) fn between(
    conn: &mut Connection,
    after: Position,
    end: Position,
    limit: i64,
) -> Result<Vec<LoggedEvent>, Fault> {
    let rows: Vec<LoggedRow> = events::table
        .filter(events::position.gt(after.0))
        .filter(events::position.le(end.0))
        .order(events::position)
        .limit(limit)
        .load(conn)
        .map_err(at(TABLE))?;
    rows.iter().map(LoggedRow::read).collect()
}

/// The events since a moment, and the log's end: what a node loads when it starts. Nothing between
/// the two is missed: what is not in the list has a position after the end.
pub fn window(
    conn: &mut Connection,
    since: Instant,
) -> Result<(Vec<LoggedEvent>, Position), Fault> {
    let end = end(conn)?;
    let rows: Vec<LoggedRow> = events::table
        .filter(events::at.ge(since.millis()))
        .filter(events::position.le(end.0))
        .order(events::position)
        .load(conn)
        .map_err(at(TABLE))?;
    let events = rows.iter().map(LoggedRow::read).collect::<Result<_, _>>()?;
    Ok((events, end))
}

/// Removes events from before a moment; gives how many. Cuts stay, because a token family may be
/// older than they are; so does the last event, because it says where the log ends.
pub fn purge(conn: &mut Connection, before: Instant) -> Result<usize, Fault> {
    let end = end(conn)?;
    let old = events::table
        .filter(events::at.lt(before.millis()))
        .filter(events::position.lt(end.0))
        .filter(events::kind.ne_all(kind::CUTS));
    diesel::delete(old).execute(conn).map_err(at(TABLE))
}
