//! Rows of `shared_secrets`: what all nodes seal and sign with, sealed itself.

use diesel::prelude::*;
use domain::shared_secret::{SecretPurpose, SharedSecret};
use foundation::clock::Instant;
use foundation::fault::Fault;

use crate::column::{Key, Place, bytes};
use crate::connection::Connection;
use crate::fault::at;
use crate::installation;
use crate::schema::shared_secrets;

const TABLE: &str = "shared_secrets";

#[derive(Queryable, Insertable)]
#[diesel(table_name = shared_secrets)]
struct SharedSecretRow {
    id: Vec<u8>,
    purpose: String,
    sealed: Vec<u8>,
    created_at: i64,
}

impl SharedSecretRow {
    fn read(self) -> Result<SharedSecret, Fault> {
        let place = Place::new(TABLE, Key::Bytes(&self.id));
        Ok(SharedSecret {
            id: place.bytes("id", &self.id)?,
            purpose: place.word("purpose", &self.purpose, SecretPurpose::from_word)?,
            sealed: self.sealed,
            created_at: Instant::from_millis(self.created_at),
        })
    }
}

/// All secrets, the oldest first.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn all(conn: &mut Connection) -> Result<Vec<SharedSecret>, Fault> {
    let rows: Vec<SharedSecretRow> = shared_secrets::table
        .order((shared_secrets::created_at, shared_secrets::id))
        .load(conn)
        .map_err(at(TABLE))?;
    rows.into_iter().map(SharedSecretRow::read).collect()
}

/// Adds a secret, which was sealed with the master key of this fingerprint.
///
/// # Errors
/// The store does not answer, or the installation is sealed with another master key.
pub fn insert(
    conn: &mut Connection,
    secret: &SharedSecret,
    sealed_with: &[u8],
) -> Result<(), Fault> {
    installation::must_be_sealed_with(conn, sealed_with)?;
    let row = SharedSecretRow {
        id: bytes(&secret.id),
        purpose: secret.purpose.word().to_owned(),
        sealed: secret.sealed.clone(),
        created_at: secret.created_at.millis(),
    };
    diesel::insert_into(shared_secrets::table)
        .values(&row)
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// Removes the secrets of a purpose that were made before a moment; gives how many.
///
/// # Errors
/// The store does not answer.
pub fn remove_older(
    conn: &mut Connection,
    purpose: SecretPurpose,
    before: Instant,
) -> Result<usize, Fault> {
    let old = shared_secrets::table
        .filter(shared_secrets::purpose.eq(purpose.word()))
        .filter(shared_secrets::created_at.lt(before.millis()));
    diesel::delete(old).execute(conn).map_err(at(TABLE))
}
