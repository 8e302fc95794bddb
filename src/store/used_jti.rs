//! Rows of `used_jti`: assertions and proofs that were used, until they could not be used anyway.

use diesel::prelude::*;
use foundation::clock::Instant;
use foundation::digest::TokenDigest;
use foundation::fault::Fault;

use crate::column::bytes;
use crate::connection::Connection;
use crate::dialect::insert_unless_there;
use crate::fault::at;
use crate::schema::used_jti;

const TABLE: &str = "used_jti";

#[derive(Insertable)]
#[diesel(table_name = used_jti)]
struct UsedRow {
    digest: Vec<u8>,
    expires_at: i64,
}

/// Notes a use; `false` if it was used before.
///
/// # Errors
/// The store does not answer.
// "The authorization server MAY ensure that JWTs are not replayed by maintaining the set of used
// "jti" values for the length of time for which the JWT would be considered valid" (RFC 7523 §3)
pub fn insert(
    conn: &mut Connection,
    digest: TokenDigest,
    expires_at: Instant,
) -> Result<bool, Fault> {
    let row = UsedRow {
        digest: bytes(&digest),
        expires_at: expires_at.millis(),
    };
    let inserted = insert_unless_there!(conn, used_jti::table, &row).map_err(at(TABLE))?;
    Ok(inserted == 1)
}

/// Forgets what could not be used any more anyway; gives how many.
///
/// # Errors
/// The store does not answer.
pub fn purge(conn: &mut Connection, now: Instant) -> Result<usize, Fault> {
    diesel::delete(used_jti::table.filter(used_jti::expires_at.lt(now.millis())))
        .execute(conn)
        .map_err(at(TABLE))
}
