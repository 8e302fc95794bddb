//! Rows of `receipts`: proofs of decisions. They are never changed.

use diesel::prelude::*;
use domain::consent::Receipt;
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::UserId;

use crate::column::{Key, Place, bytes, json};
use crate::connection::Connection;
use crate::fault::at;
use crate::schema::receipts;

const TABLE: &str = "receipts";

#[derive(Queryable, Insertable)]
#[diesel(table_name = receipts, treat_none_as_default_value = false)]
struct ReceiptRow {
    id: Vec<u8>,
    user_id: Vec<u8>,
    client_id: String,
    grant_id: Option<Vec<u8>>,
    decided_at: i64,
    content: String,
}

impl ReceiptRow {
    fn read(self) -> Result<Receipt, Fault> {
        let place = Place::new(TABLE, Key::Bytes(&self.id));
        Ok(Receipt {
            id: place.bytes("id", &self.id)?,
            user_id: place.bytes("user_id", &self.user_id)?,
            client_id: place.name_of("client_id", &self.client_id)?,
            grant_id: place.bytes_if("grant_id", self.grant_id.as_ref())?,
            decided_at: Instant::from_millis(self.decided_at),
            content: place.json("content", &self.content)?,
        })
    }
}

/// Keeps a receipt.
///
/// # Errors
/// The store does not answer, or what the row refers to is not there.
pub fn insert(conn: &mut Connection, receipt: &Receipt) -> Result<(), Fault> {
    let row = ReceiptRow {
        id: bytes(&receipt.id),
        user_id: bytes(&receipt.user_id),
        client_id: receipt.client_id.to_string(),
        grant_id: receipt.grant_id.as_ref().map(bytes),
        decided_at: receipt.decided_at.millis(),
        content: json(TABLE, &receipt.content)?,
    };
    diesel::insert_into(receipts::table)
        .values(&row)
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// The latest receipts of a user, at most `limit`, the newest first.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn of_user(conn: &mut Connection, user: UserId, limit: i64) -> Result<Vec<Receipt>, Fault> {
    let rows: Vec<ReceiptRow> = receipts::table
        .filter(receipts::user_id.eq(user.as_bytes().as_slice()))
        .order((receipts::decided_at.desc(), receipts::id.desc()))
        .limit(limit)
        .load(conn)
        .map_err(at(TABLE))?;
    rows.into_iter().map(ReceiptRow::read).collect()
}
