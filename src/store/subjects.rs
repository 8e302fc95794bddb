//! Rows of `subjects`: whom a sector knows under an identifier. Once given, it always leads to the same
//! person; of a person's identifiers in a sector at most one is current, and given out.

use diesel::prelude::*;
use foundation::fault::Fault;
use foundation::id::{Subject, UserId};

use crate::column::{Key, Place, bytes};
use crate::connection::Connection;
use crate::dialect::insert_unless_there;
use crate::fault::at;
use crate::schema::subjects;

const TABLE: &str = "subjects";

#[derive(Insertable)]
#[diesel(table_name = subjects)]
struct SubjectRow<'a> {
    user_id: Vec<u8>,
    sector_key: &'a str,
    subject: &'a str,
}

/// The current identifier of a user in a sector.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn find(
    conn: &mut Connection,
    user: UserId,
    sector_key: &str,
) -> Result<Option<Subject>, Fault> {
    let found: Option<String> = subjects::table
        .filter(subjects::user_id.eq(user.as_bytes().as_slice()))
        .filter(subjects::sector_key.eq(sector_key))
        .filter(subjects::retired_at.is_null())
        .select(subjects::subject)
        .get_result(conn)
        .optional()
        .map_err(at(TABLE))?;
    let place = Place::new(TABLE, Key::Bytes(user.as_bytes()));
    found
        .map(|text| place.name_of("subject", &text))
        .transpose()
}

/// Gives a user an identifier in a sector unless they have one; gives the one that they have then.
///
/// # Errors
/// The store does not answer, or what the row refers to is not there.
pub fn put(
    conn: &mut Connection,
    user: UserId,
    sector_key: &str,
    subject: &Subject,
) -> Result<Subject, Fault> {
    let row = SubjectRow {
        user_id: bytes(&user),
        sector_key,
        subject: subject.as_str(),
    };
    insert_unless_there!(conn, subjects::table, &row).map_err(at(TABLE))?;
    // Nothing was inserted and nothing is there: the identifier belongs to somebody else.
    find(conn, user, sector_key)?
        .ok_or_else(|| Fault::broken(format!("the new subject of user {user}")))
}

/// The user whom a sector knows under an identifier, be it an earlier one.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn find_user(
    conn: &mut Connection,
    sector_key: &str,
    subject: &Subject,
) -> Result<Option<UserId>, Fault> {
    let found: Option<Vec<u8>> = subjects::table
        .filter(subjects::sector_key.eq(sector_key))
        .filter(subjects::subject.eq(subject.as_str()))
        .select(subjects::user_id)
        .get_result(conn)
        .optional()
        .map_err(at(TABLE))?;
    let place = Place::new(TABLE, Key::Text(subject.as_str()));
    found.map(|id| place.bytes("user_id", &id)).transpose()
}
