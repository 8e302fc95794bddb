//! Rows of `histories`: which log this is. What is decided of them stands in `domain::log_history`.

use diesel::dsl::{auto_type, max};
use diesel::prelude::*;
use domain::log_history::{History, LogView};
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::{HistoryId, Mark, Position};

use crate::connection::Connection;
use crate::dialect::insert_unless_there;
use crate::fault::at;
use crate::schema::{events, histories};

const TABLE: &str = "histories";

#[derive(Queryable, Insertable)]
#[diesel(table_name = histories)]
struct HistoryRow {
    number: i32,
    id: i64,
    began_at: i64,
    reason: String,
    sessions_from: i32,
    purged_to: i64,
}

/// How a log begins anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// What is drawn for the new history.
    pub id: HistoryId,
    /// When.
    pub at: Instant,
    /// Why, in a word.
    pub reason: &'static str,
    /// Whether sessions and families of before are dead, too. Access tokens are.
    pub ends_sessions: bool,
}

/// The history of the log.
///
/// # Errors
/// The database does not answer.
pub fn current(conn: &mut Connection) -> Result<History, Fault> {
    latest(conn).map(|row| History {
        id: HistoryId(row.id),
        number: row.number,
    })
}

fn latest(conn: &mut Connection) -> Result<HistoryRow, Fault> {
    histories::table
        .order(histories::number.desc())
        .limit(1)
        .get_result(conn)
        .map_err(at(TABLE))
}

/// The drawn id, the number, and up to where events may be missing.
type HistoryColumns = (i64, i32, i64);

/// What one statement says about the log to somebody who has read up to a number: its history, its
/// end, and what stands at that number.
///
/// # Errors
/// The database does not answer.
pub fn look(conn: &mut Connection, number: Position) -> Result<LogView, Fault> {
    let mark = events::table
        .filter(events::position.eq(number.0))
        .select(events::mark)
        .single_value();
    let end_mark = events::table
        .order(events::position.desc())
        .select(events::mark)
        .single_value();
    let end = events::table.select(max(events::position)).single_value();
    let columns = (histories::id, histories::number, histories::purged_to);
    let (row, end, end_mark, mark): (HistoryColumns, Option<i64>, Option<i64>, Option<i64>) =
        histories::table
            .order(histories::number.desc())
            .select((columns, end, end_mark, mark))
            .limit(1)
            .get_result(conn)
            .map_err(at(TABLE))?;
    let (id, number, purged_to) = row;
    Ok(LogView {
        history: History {
            id: HistoryId(id),
            number,
        },
        end: Position(end.unwrap_or(0)),
        end_mark: Mark(end_mark.unwrap_or(0)),
        mark: mark.map(Mark),
        purged_to: Position(purged_to),
    })
}

/// Begins a new history after one; `false` if somebody else has done so already.
///
/// # Errors
/// It cannot be written.
pub fn renew(conn: &mut Connection, seen: History, renewal: &Renewal) -> Result<bool, Fault> {
    let before = latest(conn)?;
    if before.number != seen.number || before.id != seen.id.0 {
        return Ok(false);
    }
    let number = before.number + 1;
    let row = HistoryRow {
        number,
        id: renewal.id.0,
        began_at: renewal.at.millis(),
        reason: renewal.reason.to_owned(),
        sessions_from: match renewal.ends_sessions {
            true => number,
            false => before.sessions_from,
        },
        purged_to: before.purged_to,
    };
    // Of two at once one inserts; the other finds the number taken.
    let inserted = insert_unless_there!(conn, histories::table, &row).map_err(at(TABLE))?;
    Ok(inserted == 1)
}

/// The histories that others followed.
///
/// # Errors
/// The database does not answer.
pub fn over(conn: &mut Connection) -> Result<Vec<HistoryId>, Fault> {
    let ids: Vec<i64> = histories::table
        .order(histories::number.desc())
        .select(histories::id)
        .load(conn)
        .map_err(at(TABLE))?;
    Ok(ids.into_iter().skip(1).map(HistoryId).collect())
}

/// Notes that events up to a position were removed because of their age.
pub(crate) fn note_purge(conn: &mut Connection, to: Position) -> Result<(), Fault> {
    let row = latest(conn)?;
    diesel::update(histories::table.filter(histories::number.eq(row.number)))
        .filter(histories::purged_to.lt(to.0))
        .set(histories::purged_to.eq(to.0))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// The number of the history that is, to be written into what begins in it.
#[auto_type]
pub(crate) fn current_number() -> _ {
    histories::table
        .order(histories::number.desc())
        .select(histories::number)
        .single_value()
}

/// The first number whose sessions and families stand.
#[auto_type]
pub(crate) fn sessions_from() -> _ {
    histories::table
        .order(histories::number.desc())
        .select(histories::sessions_from)
        .single_value()
}
