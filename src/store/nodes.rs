//! Rows of `nodes`: which processes serve, and how far they have read.

use diesel::prelude::*;
use domain::log_history::LogCursor;
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::{HistoryId, Mark, NodeId, Position};

use crate::column::{Key, Place, bytes};
use crate::connection::Connection;
use crate::dialect::insert_or_replace;
use crate::fault::at;
use crate::schema::nodes;

const TABLE: &str = "nodes";

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = nodes)]
struct NodeRow {
    id: Vec<u8>,
    seen_at: i64,
    confirmed: i64,
    keys_seen: i64,
    history: i64,
    mark: i64,
}

/// A process that serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its id, new at each start.
    pub id: NodeId,
    /// When it last said that it is there.
    pub seen_at: Instant,
    /// How far it has read the log.
    pub confirmed: LogCursor,
    /// The position of the last change of keys that it has acted upon.
    pub keys_seen: Position,
}

impl NodeRow {
    fn read(self) -> Result<Node, Fault> {
        let place = Place::new(TABLE, Key::Bytes(&self.id));
        Ok(Node {
            id: place.bytes("id", &self.id)?,
            seen_at: Instant::from_millis(self.seen_at),
            confirmed: LogCursor {
                history: HistoryId(self.history),
                number: Position(self.confirmed),
                mark: Mark(self.mark),
            },
            keys_seen: Position(self.keys_seen),
        })
    }
}

/// Notes that a node is there, and how far it is.
///
/// # Errors
/// The store does not answer.
pub fn heartbeat(
    conn: &mut Connection,
    id: NodeId,
    now: Instant,
    confirmed: LogCursor,
    keys_seen: Position,
) -> Result<(), Fault> {
    let row = NodeRow {
        id: bytes(&id),
        seen_at: now.millis(),
        confirmed: confirmed.number.0,
        keys_seen: keys_seen.0,
        history: confirmed.history.0,
        mark: confirmed.mark.0,
    };
    insert_or_replace!(conn, nodes::table, nodes::id, &row).map_err(at(TABLE))?;
    Ok(())
}

/// The nodes that were there at a moment or later.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn live(conn: &mut Connection, since: Instant) -> Result<Vec<Node>, Fault> {
    let rows: Vec<NodeRow> = nodes::table
        .filter(nodes::seen_at.ge(since.millis()))
        .order(nodes::id)
        .load(conn)
        .map_err(at(TABLE))?;
    rows.into_iter().map(NodeRow::read).collect()
}

/// Removes the nodes that were last there before a moment; gives how many.
///
/// # Errors
/// The store does not answer.
pub fn remove(conn: &mut Connection, before: Instant) -> Result<usize, Fault> {
    diesel::delete(nodes::table.filter(nodes::seen_at.lt(before.millis())))
        .execute(conn)
        .map_err(at(TABLE))
}

/// Removes a node that stops.
///
/// # Errors
/// The store does not answer.
pub fn leave(conn: &mut Connection, id: NodeId) -> Result<(), Fault> {
    diesel::delete(nodes::table.filter(nodes::id.eq(id.as_bytes().as_slice())))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// Removes all nodes: in a copy that is put back there are none, whatever it says.
///
/// # Errors
/// The store does not answer.
pub fn remove_all(conn: &mut Connection) -> Result<usize, Fault> {
    diesel::delete(nodes::table)
        .execute(conn)
        .map_err(at(TABLE))
}
