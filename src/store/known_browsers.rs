//! Rows of `known_browsers`: which browsers a person has signed in with before. They have a count
//! of failures of their own, so that strangers cannot slow their owner down.

use diesel::dsl::{exists, select};
use diesel::prelude::*;
use foundation::clock::Instant;
use foundation::digest::TokenDigest;
use foundation::fault::Fault;
use foundation::id::UserId;

use crate::column::bytes;
use crate::connection::Connection;
use crate::dialect::insert_or_replace;
use crate::fault::at;
use crate::schema::known_browsers;

const TABLE: &str = "known_browsers";

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = known_browsers, primary_key(browser_digest, user_id))]
struct BrowserRow {
    browser_digest: Vec<u8>,
    user_id: Vec<u8>,
    seen_at: i64,
}

/// Notes that a user has signed in with a browser.
///
/// # Errors
/// The store does not answer, or what the row refers to is not there.
pub fn insert(
    conn: &mut Connection,
    browser: TokenDigest,
    user: UserId,
    now: Instant,
) -> Result<(), Fault> {
    let row = BrowserRow {
        browser_digest: bytes(&browser),
        user_id: bytes(&user),
        seen_at: now.millis(),
    };
    let key = (known_browsers::browser_digest, known_browsers::user_id);
    insert_or_replace!(conn, known_browsers::table, key, &row).map_err(at(TABLE))?;
    Ok(())
}

/// Whether a user has signed in with a browser before.
///
/// # Errors
/// The store does not answer.
pub fn knows(conn: &mut Connection, browser: TokenDigest, user: UserId) -> Result<bool, Fault> {
    let known = known_browsers::table
        .filter(known_browsers::browser_digest.eq(browser.as_bytes().as_slice()))
        .filter(known_browsers::user_id.eq(user.as_bytes().as_slice()));
    select(exists(known)).get_result(conn).map_err(at(TABLE))
}

/// Forgets browsers that were last seen before a moment; gives how many.
///
/// # Errors
/// The store does not answer.
pub fn purge(conn: &mut Connection, before: Instant) -> Result<usize, Fault> {
    diesel::delete(known_browsers::table.filter(known_browsers::seen_at.lt(before.millis())))
        .execute(conn)
        .map_err(at(TABLE))
}
