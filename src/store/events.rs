//! The event log: appended by [`crate::Transaction::append`], read by position, purged by age.
//! Whoever asks it something asks for effects, never for kinds.

use diesel::dsl::{auto_type, exists, max, min, select};
use diesel::prelude::*;
use domain::event::effect::{EFFECT_VERSION, NotBefore, Reload};
use domain::event::{LoggedEvent, TooNew};
use domain::log_history::LogView;
use domain::token_handle::TokenHandle;
use foundation::clock::{Instant, Span};
use foundation::digest::TokenDigest;
use foundation::fault::Fault;
use foundation::id::{ClientId, HistoryId, Position, UserId};

use crate::connection::Connection;
use crate::dialect::insert_numbered;
use crate::fault::at;
use crate::histories;
use crate::one_of::{OneOf, one_of};
use crate::schema::events;

mod effect;
mod row;

use effect::word;
pub(crate) use effect::{end_target, not_before_target};
pub(crate) use row::EventRow;
use row::LoggedRow;

const TABLE: &str = "events";

/// The position of the last event; zero for an empty log.
///
/// # Errors
/// The database does not answer.
pub fn end(conn: &mut Connection) -> Result<Position, Fault> {
    let end: Option<i64> = events::table
        .select(max(events::position))
        .get_result(conn)
        .map_err(at(TABLE))?;
    Ok(Position(end.unwrap_or(0)))
}

/// The position of the last event that says that keys are to be read again and is still kept; `None`
/// if there is none.
///
/// # Errors
/// The database does not answer.
pub fn last_keys_changed(conn: &mut Connection) -> Result<Option<Position>, Fault> {
    let last: Option<i64> = events::table
        .filter(events::effect.eq(word::RELOAD))
        .filter(events::target.eq(effect::reload_target(&Reload::Keys)))
        .select(max(events::position))
        .get_result(conn)
        .map_err(at(TABLE))?;
    Ok(last.map(Position))
}

/// Whether all access tokens were cut off after a position.
///
/// # Errors
/// The database does not answer.
pub fn access_tokens_were_cut_off(conn: &mut Connection, after: Position) -> Result<bool, Fault> {
    let of = not_before_target::<ClientId>(&NotBefore::AccessTokens);
    let marks = not_before_rows(vec![of]).filter(events::position.gt(after.0));
    select(exists(marks)).get_result(conn).map_err(at(TABLE))
}

/// What the first event needs that this program cannot obey; `None` if it can obey all of them.
///
/// # Errors
/// The database does not answer.
pub fn too_new(conn: &mut Connection) -> Result<Option<TooNew>, Fault> {
    let needed: Option<i32> = too_new_rows()
        .select(events::effect_version)
        .limit(1)
        .get_result(conn)
        .optional()
        .map_err(at(TABLE))?;
    Ok(needed.map(|needed| TooNew { needed }))
}

/// Refuses to judge while there is an event that this program cannot obey: whatever it would say is
/// a guess.
pub(crate) fn obeyed(is_too_new: bool) -> Result<(), Fault> {
    match is_too_new {
        true => Err(Fault::unavailable(
            "a judgement",
            "an event needs a newer program",
        )),
        false => Ok(()),
    }
}

/// The events that this program cannot obey.
#[auto_type]
pub(crate) fn too_new_rows() -> _ {
    let known: i32 = EFFECT_VERSION;
    events::table.filter(events::effect_version.gt(known))
}

/// The events that end one of these.
#[auto_type]
pub(crate) fn rows_that_end(targets: Vec<String>) -> _ {
    let word: &'static str = word::END;
    let targets: OneOf<events::target> = one_of(events::target, targets);
    events::table
        .filter(events::effect.eq(word))
        .filter(targets)
}

/// The not-before marks of these, wherever in the log.
#[auto_type]
pub(crate) fn not_before_rows(targets: Vec<String>) -> _ {
    let word: &'static str = word::NOT_BEFORE;
    let targets: OneOf<events::target> = one_of(events::target, targets);
    events::table
        .filter(events::effect.eq(word))
        .filter(targets)
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
        .select(LoggedRow::as_select())
        .load(conn)
        .map_err(at(TABLE))?;
    rows.into_iter().map(LoggedRow::read).collect()
}

/// Whom the events concern that somebody missed. Those that concern nobody in particular always come
/// along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MissedBy {
    /// A person.
    User(UserId),
    /// A client, with whatever concerns the sessions of anybody.
    Client(ClientId),
}

/// At most `limit` events after a position, up to another, that concern somebody.
///
/// # Errors
/// The database does not answer, or an event cannot be read.
pub fn missed(
    conn: &mut Connection,
    (after, end): (Position, Position),
    by: &MissedBy,
    limit: i64,
) -> Result<Vec<LoggedEvent>, Fault> {
    let all = events::table
        .filter(events::position.gt(after.0))
        .filter(events::position.le(end.0))
        .order(events::position)
        .limit(limit)
        .select(LoggedRow::as_select())
        .into_boxed();
    let rows: Vec<LoggedRow> = match by {
        MissedBy::User(user) => {
            let of_user = events::user_id.eq(user.as_bytes().as_slice());
            all.filter(of_user.or(events::user_id.is_null())).load(conn)
        }
        MissedBy::Client(client) => {
            let of_client = events::client_id.eq(client.as_str());
            all.filter(of_client.or(events::client_id.is_null()))
                .load(conn)
        }
    }
    .map_err(at(TABLE))?;
    rows.into_iter().map(LoggedRow::read).collect()
}

/// The events that killed an access token, the earliest first: at most so many as have a name.
///
/// # Errors
/// The database does not answer, or an event cannot be read.
pub fn that_killed(
    conn: &mut Connection,
    handle: &TokenHandle,
    jti: TokenDigest,
) -> Result<Vec<LoggedEvent>, Fault> {
    const ENOUGH: i64 = 100;
    let marks = handle.not_before().map(|of| not_before_target(&of));
    let ended: Vec<LoggedRow> = rows_that_end(handle.ends_with(jti).map(end_target).collect())
        .order(events::position)
        .limit(ENOUGH)
        .select(LoggedRow::as_select())
        .load(conn)
        .map_err(at(TABLE))?;
    let not_before: Vec<LoggedRow> = not_before_rows(marks.collect())
        .filter(events::position.gt(handle.position.0))
        .order(events::position)
        .limit(ENOUGH)
        .select(LoggedRow::as_select())
        .load(conn)
        .map_err(at(TABLE))?;
    let rows = ended.into_iter().chain(not_before);
    let mut killed = rows.map(LoggedRow::read).collect::<Result<Vec<_>, _>>()?;
    killed.sort_by_key(|logged| logged.position);
    Ok(killed)
}

/// Appends an event and gives its position.
pub(crate) fn append(conn: &mut Connection, row: &EventRow) -> Result<Position, Fault> {
    insert_numbered!(conn, events::table, events::position, row)
        .map(Position)
        .map_err(at(TABLE))
}

/// What a node loads when it starts.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// What was said lately. Nothing between this and the end is missed: what is not here has a
    /// position after the end.
    pub events: Vec<LoggedEvent>,
    /// After which position they are everything.
    pub after: Position,
    /// The log, by its end.
    pub view: LogView,
    /// The histories that others followed.
    pub over: Vec<HistoryId>,
    /// When the last event was written.
    pub last_stamp: Option<Instant>,
}

/// Every event from the first *position* that was stamped within a span before now, or before the
/// last stamp where that is earlier: the clock that stamped them may have gone either way since. What a
/// wrong stamp leaves out stands at [`Window::after`] or before, and so does every token that it ends.
///
/// # Errors
/// The database does not answer, or an event cannot be read.
pub fn window(conn: &mut Connection, now: Instant, span: Span) -> Result<Window, Fault> {
    let view = histories::look(conn, Position::BEFORE_THE_FIRST)?;
    let over = histories::over(conn)?;
    let last_stamp: Option<i64> = events::table
        .filter(events::position.eq(view.end.0))
        .select(events::at)
        .get_result(conn)
        .optional()
        .map_err(at(TABLE))?;
    let last_stamp = last_stamp.map(Instant::from_millis);
    let since = last_stamp.map_or(now, |stamp| now.min(stamp)) - span;
    let first: Option<i64> = events::table
        .filter(events::at.ge(since.millis()))
        .filter(events::position.le(view.end.0))
        .select(min(events::position))
        .get_result(conn)
        .map_err(at(TABLE))?;
    let after = first.map_or(view.end, |first| Position(first - 1));
    Ok(Window {
        events: between(conn, after, view.end, i64::MAX)?,
        after,
        view,
        over,
        last_stamp,
    })
}

/// Removes events from before a moment; gives how many. What stays longer:
///
/// - a not-before mark while there is a token family that began before it: nothing else says that
///   the family is dead. `oldest_family` is where the earliest of them began;
/// - what this program cannot obey, because it cannot know how long that counts;
/// - the last event, because it says where the log ends.
///
/// # Errors
/// The database does not answer.
pub fn purge(
    conn: &mut Connection,
    before: Instant,
    oldest_family: Option<Position>,
) -> Result<usize, Fault> {
    let end = end(conn)?;
    let oldest_family = oldest_family.unwrap_or(end);
    let served = events::effect
        .ne(word::NOT_BEFORE)
        .or(events::position.le(oldest_family.0));
    let old = events::table
        .filter(events::at.lt(before.millis()))
        .filter(events::position.lt(end.0))
        .filter(events::effect_version.le(EFFECT_VERSION))
        .filter(served);
    // Before they go: somebody who has read up to one of them must not take it for lost.
    let last: Option<i64> = old
        .select(max(events::position))
        .get_result(conn)
        .map_err(at(TABLE))?;
    if let Some(last) = last {
        histories::note_purge(conn, Position(last))?;
    }
    diesel::delete(old).execute(conn).map_err(at(TABLE))
}
