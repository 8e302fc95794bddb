//! Rows of `sign_in_throttles`: tries that are taken for failed ones until they succeed, by what they
//! are counted under. Keys are digests: the table does not tell what was typed.

use diesel::prelude::*;
use domain::sign_in::Throttle;
use foundation::clock::{Instant, Span};
use foundation::digest::TokenDigest;
use foundation::fault::Fault;

use crate::column::bytes;
use crate::connection::Connection;
use crate::dialect::insert_unless_there;
use crate::fault::at;
use crate::schema::sign_in_throttles as throttles;

const TABLE: &str = "sign_in_throttles";

#[derive(Queryable, Insertable)]
#[diesel(table_name = throttles)]
struct ThrottleRow {
    throttle_key: Vec<u8>,
    failures: i32,
    blocked_until: i64,
    updated_at: i64,
}

/// What is remembered under a key.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn find(conn: &mut Connection, key: TokenDigest) -> Result<Option<Throttle>, Fault> {
    let found: Option<ThrottleRow> = throttles::table
        .filter(throttles::throttle_key.eq(key.as_bytes().as_slice()))
        .get_result(conn)
        .optional()
        .map_err(at(TABLE))?;
    Ok(found.map(|row| Throttle {
        failures: row.failures,
        blocked_until: Instant::from_millis(row.blocked_until),
    }))
}

/// Takes one try before it is made: it counts as a failure from now on. Gives how long to wait instead
/// if none is welcome yet; then nothing is counted. Of tries at the same moment each sees the ones
/// counted before: the database holds the row for this transaction.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn take(conn: &mut Connection, key: TokenDigest, now: Instant) -> Result<Option<Span>, Fault> {
    while !count(conn, key, now)? {
        match find(conn, key)? {
            None => add(conn, key, now)?,
            // Without a wait, somebody has changed it since: on to the next look.
            Some(throttle) => {
                if let Some(wait) = throttle.wait(now) {
                    return Ok(Some(wait));
                }
            }
        }
    }
    block(conn, key, now)?;
    Ok(None)
}

fn add(conn: &mut Connection, key: TokenDigest, now: Instant) -> Result<(), Fault> {
    let row = ThrottleRow {
        throttle_key: bytes(&key),
        failures: 0,
        blocked_until: 0,
        updated_at: now.millis(),
    };
    insert_unless_there!(conn, throttles::table, &row).map_err(at(TABLE))?;
    Ok(())
}

/// Counts one more, unless it has to wait. Whoever counted holds the row.
fn count(conn: &mut Connection, key: TokenDigest, now: Instant) -> Result<bool, Fault> {
    let welcome = throttles::table
        .filter(throttles::throttle_key.eq(key.as_bytes().as_slice()))
        .filter(
            throttles::blocked_until
                .le(now.millis())
                // As `Throttle::wait` does not believe it.
                .or(throttles::blocked_until.gt((now + Throttle::LONGEST).millis())),
        );
    let updated = diesel::update(welcome)
        .set((
            throttles::failures.eq(throttles::failures + 1),
            throttles::updated_at.eq(now.millis()),
        ))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(updated == 1)
}

/// Sets how long the next try waits after the one that was just counted.
fn block(conn: &mut Connection, key: TokenDigest, now: Instant) -> Result<(), Fault> {
    let counted = find(conn, key)?.ok_or_else(|| Fault::broken("a try that was not counted"))?;
    let before = Throttle {
        failures: counted.failures.saturating_sub(1),
        ..counted
    };
    let throttle = Throttle::after_failure(Some(before), now);
    diesel::update(throttles::table.filter(throttles::throttle_key.eq(key.as_bytes().as_slice())))
        .set(throttles::blocked_until.eq(throttle.blocked_until.millis()))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// Forgets the failures under a key, after a success.
///
/// # Errors
/// The store does not answer.
pub fn clear(conn: &mut Connection, key: TokenDigest) -> Result<(), Fault> {
    diesel::delete(throttles::table.filter(throttles::throttle_key.eq(key.as_bytes().as_slice())))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// Forgets keys whose last failure was before a moment; gives how many.
///
/// # Errors
/// The store does not answer.
pub fn purge(conn: &mut Connection, before: Instant) -> Result<usize, Fault> {
    diesel::delete(throttles::table.filter(throttles::updated_at.lt(before.millis())))
        .execute(conn)
        .map_err(at(TABLE))
}
