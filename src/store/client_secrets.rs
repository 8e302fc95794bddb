//! Rows of `client_secrets`: digests of generated secrets. Retired ones stay as rows, and open
//! nothing.

use std::collections::HashMap;

use diesel::prelude::*;
use domain::client::ClientSecret;
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::{ClientId, CredentialId};

use crate::column::{Key, Place, bytes};
use crate::connection::Connection;
use crate::fault::at;
use crate::schema::client_secrets;

const TABLE: &str = "client_secrets";

#[derive(Queryable, Insertable)]
#[diesel(table_name = client_secrets, treat_none_as_default_value = false)]
struct ClientSecretRow {
    id: Vec<u8>,
    client_id: String,
    digest: Vec<u8>,
    created_at: i64,
    retired_at: Option<i64>,
}

impl ClientSecretRow {
    fn read(&self) -> Result<ClientSecret, Fault> {
        let place = Place::new(TABLE, Key::Bytes(&self.id));
        Ok(ClientSecret {
            id: place.bytes("id", &self.id)?,
            digest: place.bytes("digest", &self.digest)?,
            created_at: Instant::from_millis(self.created_at),
        })
    }
}

/// Gives a client one more secret.
///
/// # Errors
/// The store does not answer, or what the row refers to is not there.
pub fn insert(
    conn: &mut Connection,
    client: &ClientId,
    secret: &ClientSecret,
) -> Result<(), Fault> {
    let row = ClientSecretRow {
        id: bytes(&secret.id),
        client_id: client.to_string(),
        digest: bytes(&secret.digest),
        created_at: secret.created_at.millis(),
        retired_at: None,
    };
    diesel::insert_into(client_secrets::table)
        .values(&row)
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// Retires a secret of a client; `false` if there is no such live one.
///
/// # Errors
/// The store does not answer.
pub fn retire(
    conn: &mut Connection,
    client: &ClientId,
    id: CredentialId,
    now: Instant,
) -> Result<bool, Fault> {
    let live = client_secrets::table
        .filter(client_secrets::id.eq(id.as_bytes().as_slice()))
        .filter(client_secrets::client_id.eq(client.as_str()))
        .filter(client_secrets::retired_at.is_null());
    let updated = diesel::update(live)
        .set(client_secrets::retired_at.eq(Some(now.millis())))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(updated == 1)
}

/// The live secrets of these clients, oldest first.
pub(crate) fn live_of(
    conn: &mut Connection,
    clients: &[&str],
) -> Result<HashMap<String, Vec<ClientSecret>>, Fault> {
    let live = client_secrets::table
        .filter(client_secrets::retired_at.is_null())
        .order((client_secrets::created_at, client_secrets::id));
    // One client is the common case, and one statement that stays prepared.
    let rows: Vec<ClientSecretRow> = match clients {
        [] => Vec::new(),
        [only] => live
            .filter(client_secrets::client_id.eq(only))
            .load(conn)
            .map_err(at(TABLE))?,
        many => live
            .filter(client_secrets::client_id.eq_any(many))
            .load(conn)
            .map_err(at(TABLE))?,
    };
    let mut secrets: HashMap<String, Vec<ClientSecret>> = HashMap::new();
    for row in rows {
        let secret = row.read()?;
        secrets.entry(row.client_id).or_default().push(secret);
    }
    Ok(secrets)
}

/// Removes secrets that were retired before a moment; gives how many.
///
/// # Errors
/// The store does not answer.
pub fn purge(conn: &mut Connection, before: Instant) -> Result<usize, Fault> {
    diesel::delete(client_secrets::table.filter(client_secrets::retired_at.lt(before.millis())))
        .execute(conn)
        .map_err(at(TABLE))
}
