//! Rows of `sign_in_throttles`: failed sign-ins per account, or per account and known browser. Keys
//! are digests: the table does not tell what was typed.

use diesel::prelude::*;
use domain::sign_in::Throttle;
use foundation::clock::Instant;
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
pub fn find(conn: &mut Connection, key: TokenDigest) -> Result<Option<Throttle>, Fault> {
    let found: Option<ThrottleRow> = throttles::table
        .filter(throttles::throttle_key.eq(key.as_bytes().as_slice()))
        .first(conn)
        .optional()
        .map_err(at(TABLE))?;
    Ok(found.map(|row| Throttle {
        failures: row.failures,
        blocked_until: Instant::from_millis(row.blocked_until),
    }))
}

/// Counts one more failure and gives what is remembered now. Parallel guesses are counted one by
/// one: the count goes up in the database, which holds the row for this transaction from then on.
pub fn record_failure(
    conn: &mut Connection,
    key: TokenDigest,
    now: Instant,
) -> Result<Throttle, Fault> {
    if !count(conn, key, now)? {
        let row = ThrottleRow {
            throttle_key: bytes(&key),
            failures: 0,
            blocked_until: 0,
            updated_at: now.millis(),
        };
        insert_unless_there!(conn, throttles::table, &row).map_err(at(TABLE))?;
        count(conn, key, now)?;
    }
    let counted =
        find(conn, key)?.ok_or_else(|| Fault::broken("a failure that was not counted"))?;
    let before = Throttle {
        failures: counted.failures.saturating_sub(1),
        ..counted
    };
    let throttle = Throttle::after_failure(Some(before), now);
    diesel::update(throttles::table.filter(throttles::throttle_key.eq(key.as_bytes().as_slice())))
        .set(throttles::blocked_until.eq(throttle.blocked_until.millis()))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(throttle)
}

fn count(conn: &mut Connection, key: TokenDigest, now: Instant) -> Result<bool, Fault> {
    let row = throttles::table.filter(throttles::throttle_key.eq(key.as_bytes().as_slice()));
    let updated = diesel::update(row)
        .set((
            throttles::failures.eq(throttles::failures + 1),
            throttles::updated_at.eq(now.millis()),
        ))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(updated == 1)
}

/// Forgets the failures under a key, after a success.
pub fn clear(conn: &mut Connection, key: TokenDigest) -> Result<(), Fault> {
    diesel::delete(throttles::table.filter(throttles::throttle_key.eq(key.as_bytes().as_slice())))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// Forgets keys whose last failure was before a moment; gives how many.
pub fn purge(conn: &mut Connection, before: Instant) -> Result<usize, Fault> {
    diesel::delete(throttles::table.filter(throttles::updated_at.lt(before.millis())))
        .execute(conn)
        .map_err(at(TABLE))
}
