//! Rows of `destinations`: clients to whom somebody delivers at this moment, or has failed to. A node that
//! has claimed one is alone with it until `due_at`; one that is not claimed is left alone until then.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text};
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::{ClientId, NodeId};

use crate::column::{Key, Place, bytes};
use crate::connection::Connection;
use crate::dialect::{execute_sql, for_update_of_free_rows, insert_unless_there, load_sql};
use crate::fault::at;
use crate::schema::destinations;

const TABLE: &str = "destinations";

/// A client for whom deliveries are due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Which client.
    pub client_id: ClientId,
    /// How often in a row its receiver failed.
    pub failures: u32,
}

/// A destination that one node has for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Which client.
    pub client_id: ClientId,
    /// How often in a row its receiver failed.
    pub failures: u32,
    /// Which node.
    pub by: NodeId,
    /// Until when.
    pub until: Instant,
}

#[derive(QueryableByName)]
struct DestinationRow {
    #[diesel(sql_type = Text)]
    client_id: String,
    #[diesel(sql_type = Integer)]
    failures: i32,
}

impl DestinationRow {
    fn read(self) -> Result<Destination, Fault> {
        let place = Place::new(TABLE, Key::Text(&self.client_id));
        Ok(Destination {
            client_id: place.name_of("client_id", &self.client_id)?,
            failures: u32::try_from(self.failures).map_err(|_| place.broken("failures"))?,
        })
    }
}

/// Clients for whom something is due and whom nobody has claimed, those first who did not fail lately.
/// However many wait for one client, it is found by one look at the index.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn due(conn: &mut Connection, now: Instant, limit: i64) -> Result<Vec<Destination>, Fault> {
    let sql = "WITH RECURSIVE waiting (client_id) AS (
             SELECT min(client_id) FROM deliveries WHERE dead_at IS NULL
             UNION ALL
             SELECT (SELECT min(d.client_id) FROM deliveries d
                     WHERE d.dead_at IS NULL AND d.client_id > waiting.client_id)
             FROM waiting WHERE waiting.client_id IS NOT NULL
         )
         SELECT w.client_id, coalesce(t.failures, 0) AS failures FROM waiting w
         LEFT JOIN destinations t ON t.client_id = w.client_id
         WHERE w.client_id IS NOT NULL AND coalesce(t.due_at, 0) <= $1 AND EXISTS (
             SELECT 1 FROM deliveries d
             WHERE d.client_id = w.client_id AND d.dead_at IS NULL AND d.due_at <= $1)
         ORDER BY 2, 1 LIMIT $2";
    let rows: Vec<DestinationRow> =
        load_sql!(conn, sql, [BigInt: now.millis(), BigInt: limit]).map_err(at(TABLE))?;
    rows.into_iter().map(DestinationRow::read).collect()
}

/// Claims those of these that nobody else has claimed or is claiming.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn claim(
    conn: &mut Connection,
    wanted: &[ClientId],
    by: NodeId,
    now: Instant,
    until: Instant,
) -> Result<Vec<Claim>, Fault> {
    let mut claims = Vec::new();
    for client_id in wanted {
        let row = (
            destinations::client_id.eq(client_id.as_str()),
            destinations::due_at.eq(0),
            destinations::failures.eq(0),
        );
        insert_unless_there!(conn, destinations::table, row).map_err(at(TABLE))?;
        let sql = format!(
            "SELECT client_id, failures FROM destinations WHERE client_id = $1 AND due_at <= $2 {}",
            for_update_of_free_rows(conn)
        );
        let free: Vec<DestinationRow> =
            load_sql!(conn, sql.as_str(), [Text: client_id.as_str(), BigInt: now.millis()])
                .map_err(at(TABLE))?;
        let Some(row) = free.into_iter().next() else {
            continue;
        };
        let failures = row.read()?.failures;
        diesel::update(destinations::table.find(client_id.as_str()))
            .set((
                destinations::due_at.eq(until.millis()),
                destinations::claimed_by.eq(Some(bytes(&by))),
            ))
            .execute(conn)
            .map_err(at(TABLE))?;
        claims.push(Claim {
            client_id: client_id.clone(),
            failures,
            by,
            until,
        });
    }
    Ok(claims)
}

/// Keeps a claim for longer, after its receiver took something; `false` if it is another's by now.
///
/// # Errors
/// The store does not answer.
pub fn keep(conn: &mut Connection, claim: &Claim, until: Instant) -> Result<bool, Fault> {
    let sql = "UPDATE destinations SET due_at = $1, failures = 0
         WHERE client_id = $2 AND claimed_by = $3 AND due_at = $4";
    let kept = execute_sql!(conn, sql, [
        BigInt: until.millis(), Text: claim.client_id.as_str(),
        diesel::sql_types::Binary: claim.by.as_bytes().as_slice(), BigInt: claim.until.millis(),
    ]);
    Ok(kept.map_err(at(TABLE))? == 1)
}

/// Lets go of a destination whose receiver is as it should be.
///
/// # Errors
/// The store does not answer.
pub fn release(conn: &mut Connection, claim: &Claim) -> Result<(), Fault> {
    let ours = destinations::table
        .filter(destinations::client_id.eq(claim.client_id.as_str()))
        .filter(destinations::claimed_by.eq(Some(bytes(&claim.by))))
        .filter(destinations::due_at.eq(claim.until.millis()));
    diesel::delete(ours)
        .execute(conn)
        .map(drop)
        .map_err(at(TABLE))
}

/// Lets go of a destination whose receiver failed, and leaves it alone for a while.
///
/// # Errors
/// The store does not answer.
pub fn put_off(conn: &mut Connection, claim: &Claim, due_at: Instant) -> Result<(), Fault> {
    let ours = destinations::table
        .filter(destinations::client_id.eq(claim.client_id.as_str()))
        .filter(destinations::claimed_by.eq(Some(bytes(&claim.by))))
        .filter(destinations::due_at.eq(claim.until.millis()));
    diesel::update(ours)
        .set((
            destinations::due_at.eq(due_at.millis()),
            destinations::claimed_by.eq(None::<Vec<u8>>),
            destinations::failures.eq(destinations::failures + 1),
        ))
        .execute(conn)
        .map(drop)
        .map_err(at(TABLE))
}

/// Lets go of everything that a node has claimed: it ends.
///
/// # Errors
/// The store does not answer.
pub fn release_all(conn: &mut Connection, by: NodeId) -> Result<(), Fault> {
    diesel::update(destinations::table.filter(destinations::claimed_by.eq(Some(bytes(&by)))))
        .set((
            destinations::due_at.eq(0),
            destinations::claimed_by.eq(None::<Vec<u8>>),
        ))
        .execute(conn)
        .map(drop)
        .map_err(at(TABLE))
}

/// Does not leave receivers alone any longer because they failed: of one client, or of all.
///
/// # Errors
/// The store does not answer.
pub fn try_now(conn: &mut Connection, client: Option<&ClientId>) -> Result<(), Fault> {
    let resting = destinations::table.filter(destinations::claimed_by.is_null());
    let set = destinations::due_at.eq(0);
    match client {
        Some(client) => diesel::update(resting.filter(destinations::client_id.eq(client.as_str())))
            .set(set)
            .execute(conn),
        None => diesel::update(resting).set(set).execute(conn),
    }
    .map(drop)
    .map_err(at(TABLE))
}

/// Removes those for whom nothing has been due since a moment; gives how many.
///
/// # Errors
/// The store does not answer.
pub fn purge(conn: &mut Connection, before: Instant) -> Result<usize, Fault> {
    let sql = "DELETE FROM destinations WHERE due_at < $1 AND NOT EXISTS (
             SELECT 1 FROM deliveries d
             WHERE d.client_id = destinations.client_id AND d.dead_at IS NULL)";
    execute_sql!(conn, sql, [BigInt: before.millis()]).map_err(at(TABLE))
}
