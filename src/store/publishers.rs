//! Rows of `publishers`: the owners of mini-programs.

use diesel::prelude::*;
use domain::publisher::Publisher;
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::PublisherId;

use crate::column::{Key, Place, instant, millis};
use crate::connection::Connection;
use crate::fault::at;
use crate::schema::publishers;

const TABLE: &str = "publishers";

#[derive(Queryable, Insertable)]
#[diesel(table_name = publishers, treat_none_as_default_value = false)]
pub(crate) struct PublisherRow {
    id: String,
    name: String,
    verified_at: Option<i64>,
    created_at: i64,
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
pub fn insert(conn: &mut Connection, publisher: &Publisher) -> Result<(), Fault> {
    let row = PublisherRow {
        id: publisher.id.to_string(),
        name: publisher.name.clone(),
        verified_at: millis(publisher.verified_at),
        created_at: publisher.created_at.millis(),
    };
    diesel::insert_into(publishers::table)
        .values(&row)
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// A publisher by id.
pub fn find(conn: &mut Connection, id: &PublisherId) -> Result<Option<Publisher>, Fault> {
    let found: Option<PublisherRow> = publishers::table
        .filter(publishers::id.eq(id.as_str()))
        .first(conn)
        .optional()
        .map_err(at(TABLE))?;
    found.map(PublisherRow::read).transpose()
}

/// Notes since when the operator vouches for a publisher, or that they do not; `false` if there is
/// no such publisher.
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

/// All publishers, in the order of their names.
pub fn list(conn: &mut Connection) -> Result<Vec<Publisher>, Fault> {
    let rows: Vec<PublisherRow> = publishers::table
        .order((publishers::name, publishers::id))
        .load(conn)
        .map_err(at(TABLE))?;
    rows.into_iter().map(PublisherRow::read).collect()
}
