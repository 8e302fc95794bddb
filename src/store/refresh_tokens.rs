//! Rows of `refresh_tokens`: digests of refresh tokens, and what a rotated one remembers.

use diesel::prelude::*;
use domain::refresh_retry::{RefreshToken, Superseded};
use foundation::clock::Instant;
use foundation::digest::TokenDigest;
use foundation::fault::Fault;

use crate::column::{Key, Place, bytes};
use crate::connection::Connection;
use crate::fault::at;
use crate::schema::refresh_tokens;

const TABLE: &str = "refresh_tokens";

#[derive(Queryable, Insertable)]
#[diesel(table_name = refresh_tokens, treat_none_as_default_value = false)]
struct TokenRow {
    digest: Vec<u8>,
    family_id: Vec<u8>,
    number: i64,
    issued_at: i64,
    expires_at: i64,
    superseded_at: Option<i64>,
    request_digest: Option<Vec<u8>>,
    sealed_answer: Option<Vec<u8>>,
    successor: Option<Vec<u8>>,
    proof_key: Option<Vec<u8>>,
}

impl TokenRow {
    fn new(token: &RefreshToken) -> Self {
        let superseded = token.superseded.as_ref();
        Self {
            digest: bytes(&token.digest),
            family_id: bytes(&token.family_id),
            number: token.number,
            issued_at: token.issued_at.millis(),
            expires_at: token.expires_at.millis(),
            superseded_at: superseded.map(|s| s.at.millis()),
            request_digest: superseded.map(|s| bytes(&s.request)),
            sealed_answer: superseded.and_then(|s| s.sealed_answer.clone()),
            successor: superseded.map(|s| bytes(&s.successor)),
            proof_key: token.proof_key.as_ref().map(bytes),
        }
    }

    fn read(self) -> Result<RefreshToken, Fault> {
        // The digest opens nothing, but the family says as well which row it is.
        let place = Place::new(TABLE, Key::Bytes(&self.family_id));
        let superseded = match (self.superseded_at, self.request_digest, self.successor) {
            (None, None, None) => None,
            (Some(at), Some(request), Some(successor)) => Some(Superseded {
                at: Instant::from_millis(at),
                request: place.bytes("request_digest", &request)?,
                sealed_answer: self.sealed_answer,
                successor: place.bytes("successor", &successor)?,
            }),
            _ => return Err(place.broken("superseded_at")),
        };
        Ok(RefreshToken {
            digest: place.bytes("digest", &self.digest)?,
            family_id: place.bytes("family_id", &self.family_id)?,
            number: self.number,
            issued_at: Instant::from_millis(self.issued_at),
            expires_at: Instant::from_millis(self.expires_at),
            superseded,
            proof_key: place.bytes_if("proof_key", self.proof_key.as_ref())?,
        })
    }
}

/// Adds a token.
///
/// # Errors
/// The store does not answer, or what the row refers to is not there.
pub fn insert(conn: &mut Connection, token: &RefreshToken) -> Result<(), Fault> {
    let row = TokenRow::new(token);
    diesel::insert_into(refresh_tokens::table)
        .values(&row)
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// A token by its digest, whatever has become of it.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn find(conn: &mut Connection, digest: TokenDigest) -> Result<Option<RefreshToken>, Fault> {
    let found: Option<TokenRow> = refresh_tokens::table
        .filter(refresh_tokens::digest.eq(digest.as_bytes().as_slice()))
        .get_result(conn)
        .optional()
        .map_err(at(TABLE))?;
    found.map(TokenRow::read).transpose()
}

/// Notes a token's successor: `true` once, for one caller.
///
/// # Errors
/// The store does not answer.
pub fn supersede(
    conn: &mut Connection,
    digest: TokenDigest,
    superseded: &Superseded,
) -> Result<bool, Fault> {
    let current = refresh_tokens::table
        .filter(refresh_tokens::digest.eq(digest.as_bytes().as_slice()))
        .filter(refresh_tokens::superseded_at.is_null());
    let updated = diesel::update(current)
        .set((
            refresh_tokens::superseded_at.eq(Some(superseded.at.millis())),
            refresh_tokens::request_digest.eq(Some(bytes(&superseded.request))),
            refresh_tokens::sealed_answer.eq(superseded.sealed_answer.clone()),
            refresh_tokens::successor.eq(Some(bytes(&superseded.successor))),
        ))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(updated == 1)
}

/// Moves the end of a token that is still in use.
///
/// # Errors
/// The store does not answer.
pub fn touch(conn: &mut Connection, digest: TokenDigest, expires_at: Instant) -> Result<(), Fault> {
    let current = refresh_tokens::table
        .filter(refresh_tokens::digest.eq(digest.as_bytes().as_slice()))
        .filter(refresh_tokens::superseded_at.is_null());
    diesel::update(current)
        .set(refresh_tokens::expires_at.eq(expires_at.millis()))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// Whether a token was used: it has a successor itself.
///
/// # Errors
/// The store does not answer.
pub fn is_used(conn: &mut Connection, digest: TokenDigest) -> Result<bool, Fault> {
    let superseded: Option<Option<i64>> = refresh_tokens::table
        .filter(refresh_tokens::digest.eq(digest.as_bytes().as_slice()))
        .select(refresh_tokens::superseded_at)
        .get_result(conn)
        .optional()
        .map_err(at(TABLE))?;
    Ok(superseded.flatten().is_some())
}

/// Erases the sealed answers of tokens that were superseded before a moment; gives how many.
///
/// # Errors
/// The store does not answer.
pub fn forget_answers(conn: &mut Connection, before: Instant) -> Result<usize, Fault> {
    let old = refresh_tokens::table
        .filter(refresh_tokens::sealed_answer.is_not_null())
        .filter(refresh_tokens::superseded_at.lt(before.millis()));
    diesel::update(old)
        .set(refresh_tokens::sealed_answer.eq(None::<Vec<u8>>))
        .execute(conn)
        .map_err(at(TABLE))
}

/// Removes superseded tokens that would have run out before a moment; gives how many.
///
/// # Errors
/// The store does not answer.
pub fn purge(conn: &mut Connection, before: Instant) -> Result<usize, Fault> {
    let old = refresh_tokens::table
        .filter(refresh_tokens::superseded_at.is_not_null())
        .filter(refresh_tokens::expires_at.lt(before.millis()));
    diesel::delete(old).execute(conn).map_err(at(TABLE))
}
