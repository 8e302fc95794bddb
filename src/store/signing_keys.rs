//! Rows of `signing_keys`: key pairs, the private halves sealed.

use diesel::prelude::*;
use domain::signing_key::{KeyKind, KeyState, SigningKey};
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::KeyId;

use crate::column::{Key, Place, json};
use crate::connection::Connection;
use crate::fault::at;
use crate::installation;
use crate::schema::signing_keys;

const TABLE: &str = "signing_keys";

#[derive(Queryable, Insertable)]
#[diesel(table_name = signing_keys)]
struct KeyRow {
    id: String,
    kind: String,
    state: String,
    since: i64,
    created_at: i64,
    public_jwk: String,
    sealed_private: Vec<u8>,
    confirmed_at: Option<i64>,
}

impl KeyRow {
    fn read(self) -> Result<SigningKey, Fault> {
        let place = Place::new(TABLE, Key::Text(&self.id));
        Ok(SigningKey {
            id: place.name_of("id", &self.id)?,
            kind: place.word("kind", &self.kind, KeyKind::from_word)?,
            state: place.word("state", &self.state, KeyState::from_word)?,
            since: Instant::from_millis(self.since),
            created_at: Instant::from_millis(self.created_at),
            confirmed_at: self.confirmed_at.map(Instant::from_millis),
            public_jwk: place.json("public_jwk", &self.public_jwk)?,
            sealed_private: self.sealed_private,
        })
    }
}

/// All keys that are published, the oldest first.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn all(conn: &mut Connection) -> Result<Vec<SigningKey>, Fault> {
    let rows: Vec<KeyRow> = signing_keys::table
        .filter(signing_keys::state.ne(KeyState::Retired.word()))
        .filter(signing_keys::state.ne(KeyState::Revoked.word()))
        .order((signing_keys::created_at, signing_keys::id))
        .load(conn)
        .map_err(at(TABLE))?;
    rows.into_iter().map(KeyRow::read).collect()
}

/// All keys that something is verified with, the oldest first: those that are published, and those
/// that retired at this moment or later.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn verifying(conn: &mut Connection, retired_since: Instant) -> Result<Vec<SigningKey>, Fault> {
    let published = signing_keys::state.ne(KeyState::Retired.word());
    let retired_lately = signing_keys::since.ge(retired_since.millis());
    let rows: Vec<KeyRow> = signing_keys::table
        .filter(signing_keys::state.ne(KeyState::Revoked.word()))
        .filter(published.or(retired_lately))
        .order((signing_keys::created_at, signing_keys::id))
        .load(conn)
        .map_err(at(TABLE))?;
    rows.into_iter().map(KeyRow::read).collect()
}

/// Adds a key, which was sealed with the master key of this fingerprint.
///
/// # Errors
/// The store does not answer, or the installation is sealed with another master key.
pub fn insert(conn: &mut Connection, key: &SigningKey, sealed_with: &[u8]) -> Result<(), Fault> {
    installation::must_be_sealed_with(conn, sealed_with)?;
    let row = KeyRow {
        id: key.id.to_string(),
        kind: key.kind.word().to_owned(),
        state: key.state.word().to_owned(),
        since: key.since.millis(),
        created_at: key.created_at.millis(),
        public_jwk: json(TABLE, &key.public_jwk)?,
        sealed_private: key.sealed_private.clone(),
        confirmed_at: key.confirmed_at.map(Instant::millis),
    };
    diesel::insert_into(signing_keys::table)
        .values(&row)
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// Notes of a next key that every live node has it. The first time counts.
///
/// # Errors
/// The database does not answer.
pub fn confirm(conn: &mut Connection, id: &KeyId, now: Instant) -> Result<(), Fault> {
    let key = signing_keys::table
        .filter(signing_keys::id.eq(id.as_str()))
        .filter(signing_keys::state.eq(KeyState::Next.word()))
        .filter(signing_keys::confirmed_at.is_null());
    diesel::update(key)
        .set(signing_keys::confirmed_at.eq(now.millis()))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// Moves a key from one state to another: `true` for one caller; `false` if it is not in the first.
///
/// # Errors
/// The store does not answer.
pub fn set_state(
    conn: &mut Connection,
    id: &KeyId,
    from: KeyState,
    to: KeyState,
    now: Instant,
) -> Result<bool, Fault> {
    let key = signing_keys::table
        .filter(signing_keys::id.eq(id.as_str()))
        .filter(signing_keys::state.eq(from.word()));
    let updated = diesel::update(key)
        .set((
            signing_keys::state.eq(to.word()),
            signing_keys::since.eq(now.millis()),
        ))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(updated == 1)
}

/// Removes keys that retired or were revoked before a moment; gives how many.
///
/// # Errors
/// The store does not answer.
pub fn purge(conn: &mut Connection, before: Instant) -> Result<usize, Fault> {
    let over = [KeyState::Retired.word(), KeyState::Revoked.word()];
    let old = signing_keys::table
        .filter(signing_keys::state.eq_any(over))
        .filter(signing_keys::since.lt(before.millis()));
    diesel::delete(old).execute(conn).map_err(at(TABLE))
}
