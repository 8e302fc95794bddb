//! Rows of `node_streams`: how many streams of session events each node has open, by client.

use std::collections::BTreeMap;

use diesel::prelude::*;
use domain::open_streams::{ClientStreams, StreamCounts};
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::{ClientId, NodeId};

use crate::column::{Key, Place, bytes};
use crate::connection::Connection;
use crate::dialect::insert_or_replace;
use crate::fault::at;
use crate::schema::{node_streams, nodes};

const TABLE: &str = "node_streams";

#[derive(Queryable, Selectable, Insertable, AsChangeset, Clone, PartialEq, Eq)]
#[diesel(table_name = node_streams)]
struct NodeStreamsRow {
    node_id: Vec<u8>,
    client_id: String,
    hosts: i64,
    programs: i64,
    backends: i64,
}

impl NodeStreamsRow {
    fn new(node: NodeId, client: &ClientId, open: StreamCounts) -> Self {
        let number = |count| i64::try_from(count).unwrap_or(i64::MAX);
        Self {
            node_id: bytes(&node),
            client_id: client.to_string(),
            hosts: number(open.hosts),
            programs: number(open.programs),
            backends: number(open.backends),
        }
    }

    fn read(&self) -> Result<(ClientId, StreamCounts), Fault> {
        let place = Place::new(TABLE, Key::Text(&self.client_id));
        let count = |column, stored| usize::try_from(stored).map_err(|_| place.broken(column));
        let open = StreamCounts {
            hosts: count("hosts", self.hosts)?,
            programs: count("programs", self.programs)?,
            backends: count("backends", self.backends)?,
        };
        Ok((place.name_of("client_id", &self.client_id)?, open))
    }
}

/// Notes what a node has open, which has said that it is there. What is as it was is not written.
///
/// # Errors
/// The store does not answer.
pub fn note(
    conn: &mut Connection,
    node: NodeId,
    open: &BTreeMap<ClientId, StreamCounts>,
) -> Result<(), Fault> {
    let of_node = node_streams::node_id.eq(bytes(&node));
    let before: Vec<NodeStreamsRow> = node_streams::table
        .filter(of_node.clone())
        .select(NodeStreamsRow::as_select())
        .load(conn)
        .map_err(at(TABLE))?;
    let mut before: BTreeMap<String, NodeStreamsRow> = before
        .into_iter()
        .map(|row| (row.client_id.clone(), row))
        .collect();
    for (client, open) in open {
        let row = NodeStreamsRow::new(node, client, *open);
        if before.remove(client.as_str()).as_ref() == Some(&row) {
            continue;
        }
        let key = (node_streams::node_id, node_streams::client_id);
        insert_or_replace!(conn, node_streams::table, key, &row).map_err(at(TABLE))?;
    }
    for client in before.keys() {
        let of_client = node_streams::client_id.eq(client);
        diesel::delete(node_streams::table.filter(of_node.clone().and(of_client)))
            .execute(conn)
            .map_err(at(TABLE))?;
    }
    Ok(())
}

/// Which clients have streams open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamFilter {
    /// This one only.
    pub client: Option<ClientId>,
    /// Those only that come after this one.
    pub after: Option<String>,
}

/// At most `limit` clients with the streams that they have at nodes which were there at a moment or later,
/// by their id.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn list(
    conn: &mut Connection,
    since: Instant,
    filter: &StreamFilter,
    limit: i64,
) -> Result<Vec<ClientStreams>, Fault> {
    let nodes: i64 = nodes::table
        .filter(nodes::seen_at.ge(since.millis()))
        .count()
        .get_result(conn)
        .map_err(at(TABLE))?;
    let mut query = node_streams::table
        .inner_join(nodes::table)
        .filter(nodes::seen_at.ge(since.millis()))
        .order((node_streams::client_id, node_streams::node_id))
        .select(NodeStreamsRow::as_select())
        // No client has more rows than there are nodes.
        .limit(limit.saturating_mul(nodes))
        .into_boxed();
    if let Some(client) = &filter.client {
        query = query.filter(node_streams::client_id.eq(client.as_str()));
    }
    if let Some(after) = &filter.after {
        query = query.filter(node_streams::client_id.gt(after));
    }
    let rows: Vec<NodeStreamsRow> = query.load(conn).map_err(at(TABLE))?;
    let mut clients: Vec<ClientStreams> = Vec::new();
    for row in &rows {
        let (client_id, open) = row.read()?;
        match clients.last_mut() {
            Some(last) if last.client_id == client_id => {
                last.open = last.open.and(open);
                last.nodes += 1;
            }
            _ => clients.push(ClientStreams {
                client_id,
                open,
                nodes: 1,
            }),
        }
    }
    clients.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(clients)
}
