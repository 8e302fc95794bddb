//! Rows of `publishers`: the owners of mini-programs.

use diesel::prelude::*;
use domain::publisher::Publisher;
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::PublisherId;

use crate::column::{Key, Place, instant, millis};
use crate::connection::Connection;
use crate::fault::at;
use crate::pages::{ESCAPE, containing, folded};
use crate::schema::publishers;

const TABLE: &str = "publishers";

#[derive(Queryable, Insertable)]
#[diesel(table_name = publishers, treat_none_as_default_value = false)]
pub(crate) struct PublisherRow {
    id: String,
    name: String,
    verified_at: Option<i64>,
    created_at: i64,
    folded_name: String,
}

impl PublisherRow {
    pub(crate) fn read(self) -> Result<Publisher, Fault> {
        let place = Place::new(TABLE, Key::Text(&self.id));
        Ok(Publisher {
            id: place.name_of("id", &self.id)?,
            name: self.name,
            verified_at: instant(self.verified_at),
            created_at: Instant::from_millis(self.created_at),
        })
    }
}

/// Adds a publisher.
///
/// # Errors
/// The store does not answer.
pub fn insert(conn: &mut Connection, publisher: &Publisher) -> Result<(), Fault> {
    let row = PublisherRow {
        id: publisher.id.to_string(),
        name: publisher.name.clone(),
        verified_at: millis(publisher.verified_at),
        created_at: publisher.created_at.millis(),
        folded_name: folded(&publisher.name),
    };
    diesel::insert_into(publishers::table)
        .values(&row)
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// A publisher by id, which nobody else changes until the transaction ends.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn lock(conn: &mut Connection, id: &PublisherId) -> Result<Option<Publisher>, Fault> {
    let row = publishers::table.filter(publishers::id.eq(id.as_str()));
    let found: Option<PublisherRow> = match conn {
        // The one that writes is alone.
        Connection::Sqlite(conn) => row.get_result(conn),
        // Rows that refer to the publisher are not kept waiting.
        Connection::Postgres(conn) => row.for_no_key_update().get_result(conn),
    }
    .optional()
    .map_err(at(TABLE))?;
    found.map(PublisherRow::read).transpose()
}

/// A publisher by id.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn find(conn: &mut Connection, id: &PublisherId) -> Result<Option<Publisher>, Fault> {
    let found: Option<PublisherRow> = publishers::table
        .filter(publishers::id.eq(id.as_str()))
        .get_result(conn)
        .optional()
        .map_err(at(TABLE))?;
    found.map(PublisherRow::read).transpose()
}

/// Notes since when the operator vouches for a publisher, or that they do not; `false` if there is
/// no such publisher.
///
/// # Errors
/// The store does not answer.
pub fn set_verified(
    conn: &mut Connection,
    id: &PublisherId,
    verified_at: Option<Instant>,
) -> Result<bool, Fault> {
    let updated = diesel::update(publishers::table.filter(publishers::id.eq(id.as_str())))
        .set(publishers::verified_at.eq(millis(verified_at)))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(updated == 1)
}

/// Gives a publisher another name; `false` if there is no such publisher.
///
/// # Errors
/// The database.
pub fn set_name(conn: &mut Connection, id: &PublisherId, name: &str) -> Result<bool, Fault> {
    let updated = diesel::update(publishers::table.filter(publishers::id.eq(id.as_str())))
        .set((
            publishers::name.eq(name),
            publishers::folded_name.eq(folded(name)),
        ))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(updated == 1)
}

/// Which publishers a list has, and after which one it begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublisherFilter {
    /// Those only whose name contains this.
    pub search: Option<String>,
    /// Those only that come after this one.
    pub after: Option<PublisherId>,
}

/// At most `limit` publishers, in the order of their names. After one that is not there, there are
/// none.
///
/// # Errors
/// The database, or a row that cannot be read.
pub fn list(
    conn: &mut Connection,
    filter: &PublisherFilter,
    limit: i64,
) -> Result<Vec<Publisher>, Fault> {
    let mut query = publishers::table.into_boxed();
    if let Some(text) = &filter.search {
        let found = publishers::folded_name.like(containing(text));
        query = query.filter(found.escape(ESCAPE));
    }
    if let Some(after) = &filter.after {
        let last: Option<String> = publishers::table
            .filter(publishers::id.eq(after.as_str()))
            .select(publishers::folded_name)
            .get_result(conn)
            .optional()
            .map_err(at(TABLE))?;
        let Some(last) = last else {
            return Ok(Vec::new());
        };
        let same_name = publishers::folded_name
            .eq(last.clone())
            .and(publishers::id.gt(after.to_string()));
        query = query.filter(publishers::folded_name.gt(last).or(same_name));
    }
    let rows: Vec<PublisherRow> = query
        .order((publishers::folded_name, publishers::id))
        .limit(limit)
        .load(conn)
        .map_err(at(TABLE))?;
    rows.into_iter().map(PublisherRow::read).collect()
}
