//! The event log: appended by [`crate::Transaction::append`], read by position, purged by age.

use diesel::dsl::{exists, max, min, select};
use diesel::prelude::*;
use domain::event::LoggedEvent;
use foundation::clock::{Instant, Span};
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

/// Whether the clock was said to have gone back after a position.
pub fn clock_was_set_back(conn: &mut Connection, after: Position) -> Result<bool, Fault> {
    let said = events::table
        .filter(events::kind.eq(kind::CLOCK_SET_BACK))
        .filter(events::position.gt(after.0));
    select(exists(said)).get_result(conn).map_err(at(TABLE))
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

/// What a node loads when it starts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Window {
    /// What was said lately. Nothing between this and the end is missed: what is not here has a
    /// position after the end.
    pub events: Vec<LoggedEvent>,
    /// The log's end.
    pub end: Position,
    /// When the last event was written.
    pub last_stamp: Option<Instant>,
}

/// Every event from the first *position* that was stamped within a span before now, or before the
/// last stamp where that is earlier: the clock that stamped them may have gone either way since.
pub fn window(conn: &mut Connection, now: Instant, span: Span) -> Result<Window, Fault> {
    let end = end(conn)?;
    let last_stamp: Option<i64> = events::table
        .filter(events::position.eq(end.0))
        .select(events::at)
        .first(conn)
        .optional()
        .map_err(at(TABLE))?;
    let last_stamp = last_stamp.map(Instant::from_millis);
    let since = last_stamp.map_or(now, |stamp| now.min(stamp)) - span;
    let first: Option<i64> = events::table
        .filter(events::at.ge(since.millis()))
        .filter(events::position.le(end.0))
        .select(min(events::position))
        .first(conn)
        .map_err(at(TABLE))?;
    let events = match first {
        Some(first) => between(conn, Position(first - 1), end, i64::MAX)?,
        None => Vec::new(),
    };
    Ok(Window {
        events,
        end,
        last_stamp,
    })
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
