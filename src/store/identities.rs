//! Rows of `identities`: what people sign in with.

use diesel::prelude::*;
use domain::identity::{Identity, IdentityKind};
use domain::user::User;
use foundation::fault::Fault;
use foundation::id::UserId;

use crate::column::{Key, Place, bytes, instant, millis};
use crate::connection::Connection;
use crate::dialect::insert_unless_there;
use crate::fault::at;
use crate::schema::{identities, users};
use crate::users::UserRow;

const TABLE: &str = "identities";

#[derive(Queryable, Insertable)]
#[diesel(table_name = identities, treat_none_as_default_value = false)]
struct IdentityRow {
    kind: String,
    value: String,
    user_id: Vec<u8>,
    verified_at: Option<i64>,
}

impl IdentityRow {
    fn read(self) -> Result<Identity, Fault> {
        let place = Place::new(TABLE, Key::Bytes(&self.user_id));
        Ok(Identity {
            kind: place.word("kind", &self.kind, IdentityKind::from_word)?,
            value: self.value,
            verified_at: instant(self.verified_at),
        })
    }
}

/// Gives an identity to a user; `false` if it is taken.
///
/// # Errors
/// The store does not answer, or what the row refers to is not there.
pub fn insert(conn: &mut Connection, user: UserId, identity: &Identity) -> Result<bool, Fault> {
    let row = IdentityRow {
        kind: identity.kind.word().to_owned(),
        value: identity.value.clone(),
        user_id: bytes(&user),
        verified_at: millis(identity.verified_at),
    };
    let inserted = insert_unless_there!(conn, identities::table, &row).map_err(at(TABLE))?;
    Ok(inserted == 1)
}

/// The user of the first of these identities that exists.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn find_user(
    conn: &mut Connection,
    readings: &[(IdentityKind, String)],
) -> Result<Option<User>, Fault> {
    for (kind, value) in readings {
        let found: Option<UserRow> = identities::table
            .inner_join(users::table)
            .filter(identities::kind.eq(kind.word()))
            .filter(identities::value.eq(value))
            .select(users::all_columns)
            .get_result(conn)
            .optional()
            .map_err(at(TABLE))?;
        if let Some(row) = found {
            return row.read().map(Some);
        }
    }
    Ok(None)
}

/// Takes away all identities of one kind that a user has.
///
/// # Errors
/// The database.
pub fn remove(conn: &mut Connection, user: UserId, kind: IdentityKind) -> Result<usize, Fault> {
    let of_user = identities::table
        .filter(identities::user_id.eq(user.as_bytes().as_slice()))
        .filter(identities::kind.eq(kind.word()));
    diesel::delete(of_user).execute(conn).map_err(at(TABLE))
}

/// All identities of a user.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn of_user(conn: &mut Connection, user: UserId) -> Result<Vec<Identity>, Fault> {
    let rows: Vec<IdentityRow> = identities::table
        .filter(identities::user_id.eq(user.as_bytes().as_slice()))
        .order((identities::kind, identities::value))
        .load(conn)
        .map_err(at(TABLE))?;
    rows.into_iter().map(IdentityRow::read).collect()
}
