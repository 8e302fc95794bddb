//! Rows of `profiles`: the master profiles of users, one document each.

use diesel::prelude::*;
use domain::profile::Profile;
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::UserId;

use crate::column::{Key, Place, bytes, json};
use crate::connection::Connection;
use crate::dialect::insert_or_replace;
use crate::fault::at;
use crate::schema::profiles;

const TABLE: &str = "profiles";

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = profiles, primary_key(user_id))]
struct ProfileRow {
    user_id: Vec<u8>,
    profile: String,
    changed_at: i64,
}

/// A user's profile, with `changed_at` filled in.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn find(conn: &mut Connection, user: UserId) -> Result<Option<Profile>, Fault> {
    let found: Option<ProfileRow> = profiles::table
        .filter(profiles::user_id.eq(user.as_bytes().as_slice()))
        .get_result(conn)
        .optional()
        .map_err(at(TABLE))?;
    let Some(row) = found else { return Ok(None) };
    let place = Place::new(TABLE, Key::Bytes(&row.user_id));
    let profile: Profile = place.json("profile", &row.profile)?;
    Ok(Some(Profile {
        changed_at: Some(Instant::from_millis(row.changed_at)),
        ..profile
    }))
}

/// Stores a user's profile in place of what was there.
///
/// # Errors
/// The store does not answer, or what the row refers to is not there.
pub fn put(
    conn: &mut Connection,
    user: UserId,
    profile: &Profile,
    now: Instant,
) -> Result<(), Fault> {
    let row = ProfileRow {
        user_id: bytes(&user),
        profile: json(TABLE, profile)?,
        changed_at: now.millis(),
    };
    insert_or_replace!(conn, profiles::table, profiles::user_id, &row).map_err(at(TABLE))?;
    Ok(())
}
