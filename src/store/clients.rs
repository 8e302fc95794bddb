//! Rows of `clients`: registrations, read whole with their publishers and live secrets.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use domain::client::{Client, ClientSecret};
use domain::mini_program::MiniProgramState;
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::{ClientId, PublisherId};
use protocol::client_metadata::ClientMetadata;

use crate::client_secrets;
use crate::column::{Key, Place, json};
use crate::connection::Connection;
use crate::fault::at;
use crate::pages::{ESCAPE, containing, folded};
use crate::publishers::PublisherRow;
use crate::schema::{clients, publishers};

const TABLE: &str = "clients";

/// How many ids one statement looks for.
const AT_ONCE: usize = 500;

#[derive(Queryable, Insertable)]
#[diesel(table_name = clients, treat_none_as_default_value = false)]
struct ClientRow {
    id: String,
    publisher_id: Option<String>,
    state: String,
    is_host: bool,
    metadata: String,
    created_at: i64,
    updated_at: i64,
    name: String,
    folded_name: String,
    resource: Option<String>,
    backchannel_logout_uri: Option<String>,
}

type Joined = (ClientRow, Option<PublisherRow>);

impl ClientRow {
    fn read(
        self,
        publisher: Option<PublisherRow>,
        secrets: Vec<ClientSecret>,
    ) -> Result<Client, Fault> {
        let place = Place::new(TABLE, Key::Text(&self.id));
        Ok(Client {
            id: place.name_of("id", &self.id)?,
            metadata: place.json("metadata", &self.metadata)?,
            state: place.word("state", &self.state, MiniProgramState::from_word)?,
            publisher: publisher.map(PublisherRow::read).transpose()?,
            secrets,
            created_at: Instant::from_millis(self.created_at),
            updated_at: Instant::from_millis(self.updated_at),
        })
    }
}

/// Puts the live secrets to the rows.
fn whole(conn: &mut Connection, rows: Vec<Joined>) -> Result<Vec<Client>, Fault> {
    let ids: Vec<&str> = rows.iter().map(|(row, _)| row.id.as_str()).collect();
    let mut secrets: HashMap<String, Vec<ClientSecret>> = client_secrets::live_of(conn, &ids)?;
    rows.into_iter()
        .map(|(row, publisher)| {
            let secrets = secrets.remove(&row.id).unwrap_or_default();
            row.read(publisher, secrets)
        })
        .collect()
}

/// Adds a client with its secrets.
///
/// # Errors
/// The store does not answer, or what the row refers to is not there.
pub fn insert(conn: &mut Connection, client: &Client) -> Result<(), Fault> {
    let row = ClientRow {
        id: client.id.to_string(),
        publisher_id: client.publisher.as_ref().map(|p| p.id.to_string()),
        state: client.state.word().to_owned(),
        is_host: client.metadata.host,
        metadata: json(TABLE, &client.metadata)?,
        created_at: client.created_at.millis(),
        updated_at: client.updated_at.millis(),
        name: client.name().to_owned(),
        folded_name: folded(client.name()),
        resource: client.metadata.resource.clone(),
        backchannel_logout_uri: client.metadata.backchannel_logout_uri.clone(),
    };
    diesel::insert_into(clients::table)
        .values(&row)
        .execute(conn)
        .map_err(at(TABLE))?;
    for secret in &client.secrets {
        client_secrets::insert(conn, &client.id, secret)?;
    }
    Ok(())
}

/// A client by id, whole, which nobody else changes until the transaction ends: what is read after this
/// is what stands.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn lock(conn: &mut Connection, id: &ClientId) -> Result<Option<Client>, Fault> {
    let row = clients::table
        .filter(clients::id.eq(id.as_str()))
        .select(clients::id);
    let found: Option<String> = match conn {
        // The one that writes is alone.
        Connection::Sqlite(conn) => row.get_result(conn),
        // Rows that refer to the client are not kept waiting.
        Connection::Postgres(conn) => row.for_no_key_update().get_result(conn),
    }
    .optional()
    .map_err(at(TABLE))?;
    match found {
        Some(_) => find(conn, id),
        None => Ok(None),
    }
}

/// A client by id, whole.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn find(conn: &mut Connection, id: &ClientId) -> Result<Option<Client>, Fault> {
    let found: Option<Joined> = clients::table
        .left_join(publishers::table)
        .filter(clients::id.eq(id.as_str()))
        .select((clients::all_columns, publishers::all_columns.nullable()))
        .get_result(conn)
        .optional()
        .map_err(at(TABLE))?;
    let Some(joined) = found else { return Ok(None) };
    Ok(whole(conn, vec![joined])?.pop())
}

/// Those of these clients that exist.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn find_many(conn: &mut Connection, ids: &[ClientId]) -> Result<Vec<Client>, Fault> {
    let mut found = Vec::with_capacity(ids.len());
    for ids in ids.chunks(AT_ONCE) {
        let ids: Vec<&str> = ids.iter().map(ClientId::as_str).collect();
        let rows: Vec<Joined> = clients::table
            .left_join(publishers::table)
            .filter(clients::id.eq_any(ids))
            .select((clients::all_columns, publishers::all_columns.nullable()))
            .load(conn)
            .map_err(at(TABLE))?;
        found.extend(whole(conn, rows)?);
    }
    Ok(found)
}

/// Replaces what a client registered; `false` if there is no such client. Its publisher stays.
///
/// # Errors
/// The store does not answer.
pub fn update_metadata(
    conn: &mut Connection,
    id: &ClientId,
    metadata: &ClientMetadata,
    now: Instant,
) -> Result<bool, Fault> {
    let name = metadata.client_name.as_deref().unwrap_or(id.as_str());
    let updated = diesel::update(clients::table.filter(clients::id.eq(id.as_str())))
        .set((
            clients::metadata.eq(json(TABLE, metadata)?),
            clients::is_host.eq(metadata.host),
            clients::name.eq(name),
            clients::folded_name.eq(folded(name)),
            clients::resource.eq(&metadata.resource),
            clients::backchannel_logout_uri.eq(&metadata.backchannel_logout_uri),
            clients::updated_at.eq(now.millis()),
        ))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(updated == 1)
}

/// Moves a client to a state; `false` if there is no such client.
///
/// # Errors
/// The store does not answer.
pub fn set_state(
    conn: &mut Connection,
    id: &ClientId,
    state: MiniProgramState,
    now: Instant,
) -> Result<bool, Fault> {
    let updated = diesel::update(clients::table.filter(clients::id.eq(id.as_str())))
        .set((
            clients::state.eq(state.word()),
            clients::updated_at.eq(now.millis()),
        ))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(updated == 1)
}

/// Removes a client with its secrets, grants, refusals and token families; receipts and audit
/// entries stay. `false` if there is no such client.
///
/// # Errors
/// The store does not answer.
pub fn delete(conn: &mut Connection, id: &ClientId) -> Result<bool, Fault> {
    let deleted = diesel::delete(clients::table.filter(clients::id.eq(id.as_str())))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(deleted == 1)
}

/// Which clients a list has, and after which one it begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientFilter {
    /// Those only whose name contains this.
    pub search: Option<String>,
    /// Mini-programs only.
    pub mini_programs: bool,
    /// Those of this publisher only.
    pub publisher: Option<PublisherId>,
    /// Those only that come after this one.
    pub after: Option<ClientId>,
}

/// At most `limit` clients, in the order of their names. After one that is not there, there are none.
///
/// # Errors
/// The database, or a row that cannot be read.
pub fn list(
    conn: &mut Connection,
    filter: &ClientFilter,
    limit: i64,
) -> Result<Vec<Client>, Fault> {
    let mut query = clients::table
        .left_join(publishers::table)
        .select((clients::all_columns, publishers::all_columns.nullable()))
        .into_boxed();
    if let Some(text) = &filter.search {
        let found = clients::folded_name.like(containing(text));
        query = query.filter(found.escape(ESCAPE));
    }
    if filter.mini_programs {
        query = query.filter(clients::publisher_id.is_not_null());
    }
    if let Some(publisher) = &filter.publisher {
        query = query.filter(clients::publisher_id.eq(publisher.to_string()));
    }
    if let Some(after) = &filter.after {
        let last: Option<String> = clients::table
            .filter(clients::id.eq(after.as_str()))
            .select(clients::folded_name)
            .get_result(conn)
            .optional()
            .map_err(at(TABLE))?;
        let Some(last) = last else {
            return Ok(Vec::new());
        };
        let same_name = clients::folded_name
            .eq(last.clone())
            .and(clients::id.gt(after.to_string()));
        query = query.filter(clients::folded_name.gt(last).or(same_name));
    }
    let rows: Vec<Joined> = query
        .order((clients::folded_name, clients::id))
        .limit(limit)
        .load(conn)
        .map_err(at(TABLE))?;
    whole(conn, rows)
}

/// The name of a client, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedClient {
    /// Its id.
    pub id: ClientId,
    /// Its publisher, if it is a mini-program.
    pub publisher: Option<PublisherId>,
    /// What people see.
    pub name: String,
}

/// At most `limit` names of clients, in the order of the ids, after one.
///
/// # Errors
/// The database, or a row that cannot be read.
pub fn names(
    conn: &mut Connection,
    after: Option<&ClientId>,
    limit: i64,
) -> Result<Vec<NamedClient>, Fault> {
    let rows: Vec<(String, Option<String>, String)> = clients::table
        .filter(clients::id.gt(after.map_or("", ClientId::as_str)))
        .order(clients::id)
        .limit(limit)
        .select((clients::id, clients::publisher_id, clients::name))
        .load(conn)
        .map_err(at(TABLE))?;
    let named = |(id, publisher, name): (String, Option<String>, String)| {
        let place = Place::new(TABLE, Key::Text(&id));
        let publisher = publisher.as_deref();
        Ok(NamedClient {
            id: place.name_of("id", &id)?,
            publisher: publisher
                .map(|publisher| place.name_of("publisher_id", publisher))
                .transpose()?,
            name,
        })
    };
    rows.into_iter().map(named).collect()
}

/// Those of these resources that a client has registered as its own and can serve.
///
/// # Errors
/// The store does not answer.
pub fn registered_resources(
    conn: &mut Connection,
    resources: &[String],
) -> Result<Vec<String>, Fault> {
    let found: Vec<Option<String>> = clients::table
        .filter(clients::resource.eq_any(resources))
        .filter(clients::state.ne(MiniProgramState::Suspended.word()))
        .select(clients::resource)
        .distinct()
        .load(conn)
        .map_err(at(TABLE))?;
    Ok(found.into_iter().flatten().collect())
}

/// The ids of a publisher's clients.
///
/// # Errors
/// The store does not answer.
pub fn of_publisher(conn: &mut Connection, id: &PublisherId) -> Result<Vec<ClientId>, Fault> {
    let ids: Vec<String> = clients::table
        .filter(clients::publisher_id.eq(id.as_str()))
        .order(clients::id)
        .select(clients::id)
        .load(conn)
        .map_err(at(TABLE))?;
    ids.iter()
        .map(|id| Place::new(TABLE, Key::Text(id)).name_of("id", id))
        .collect()
}

/// The super app's own clients.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn hosts(conn: &mut Connection) -> Result<Vec<Client>, Fault> {
    let rows: Vec<Joined> = clients::table
        .left_join(publishers::table)
        .filter(clients::is_host.eq(true))
        .order(clients::id)
        .select((clients::all_columns, publishers::all_columns.nullable()))
        .load(conn)
        .map_err(at(TABLE))?;
    whole(conn, rows)
}

/// The origins of the super app's own clients that are not suspended: who may frame the pages of
/// the programs inside.
///
/// # Errors
/// The store does not answer.
pub fn host_origins(conn: &mut Connection) -> Result<Vec<String>, Fault> {
    let hosts = hosts(conn)?;
    let origins: BTreeSet<String> = hosts
        .iter()
        .filter(|host| !host.is_suspended())
        .flat_map(Client::origins_of_host)
        .collect();
    Ok(origins.into_iter().collect())
}
