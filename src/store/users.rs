//! Rows of `users`: people with accounts.

use diesel::prelude::*;
use domain::user::User;
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::UserId;

use crate::column::{Key, Place, bytes, instant, millis};
use crate::connection::Connection;
use crate::dialect::insert_unless_there;
use crate::fault::at;
use crate::pages::{ESCAPE, containing};
use crate::schema::{identities, users};

const TABLE: &str = "users";

#[derive(Queryable, Insertable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
pub(crate) struct UserRow {
    id: Vec<u8>,
    username: String,
    password_hash: Option<String>,
    language: Option<String>,
    disabled_at: Option<i64>,
    created_at: i64,
}

impl UserRow {
    fn new(user: &User) -> Self {
        Self {
            id: bytes(&user.id),
            username: user.username.clone(),
            password_hash: user.password_hash.clone(),
            language: user.language.clone(),
            disabled_at: millis(user.disabled_at),
            created_at: user.created_at.millis(),
        }
    }

    pub(crate) fn read(self) -> Result<User, Fault> {
        let place = Place::new(TABLE, Key::Bytes(&self.id));
        Ok(User {
            id: place.bytes("id", &self.id)?,
            username: self.username,
            password_hash: self.password_hash,
            language: self.language,
            disabled_at: instant(self.disabled_at),
            created_at: Instant::from_millis(self.created_at),
        })
    }
}

/// Adds a user; `false` if the username is taken.
///
/// # Errors
/// The store does not answer.
pub fn insert(conn: &mut Connection, user: &User) -> Result<bool, Fault> {
    let row = UserRow::new(user);
    let inserted = insert_unless_there!(conn, users::table, &row).map_err(at(TABLE))?;
    Ok(inserted == 1)
}

/// A user by id.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn find(conn: &mut Connection, id: UserId) -> Result<Option<User>, Fault> {
    let found: Option<UserRow> = users::table
        .filter(users::id.eq(id.as_bytes().as_slice()))
        .get_result(conn)
        .optional()
        .map_err(at(TABLE))?;
    found.map(UserRow::read).transpose()
}

/// A user by id, whom nobody else writes for until the transaction ends: what is read after this is
/// what stands. Taken before anything else that belongs to the user, so that nobody waits in a ring.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn lock(conn: &mut Connection, id: UserId) -> Result<Option<User>, Fault> {
    let user = users::table.filter(users::id.eq(id.as_bytes().as_slice()));
    let found: Option<UserRow> = match conn {
        // The one that writes is alone.
        Connection::Sqlite(conn) => user.get_result(conn),
        // Rows that refer to the user are not kept waiting.
        Connection::Postgres(conn) => user.for_no_key_update().get_result(conn),
    }
    .optional()
    .map_err(at(TABLE))?;
    found.map(UserRow::read).transpose()
}

/// Makes sure that a user is not deleted until the transaction ends; `false` if there is none. Asked before
/// anything of theirs is written, so that nobody waits in a ring. Whoever changes the user is not kept
/// waiting.
///
/// # Errors
/// The store does not answer.
pub fn keep(conn: &mut Connection, id: UserId) -> Result<bool, Fault> {
    let user = users::table
        .filter(users::id.eq(id.as_bytes().as_slice()))
        .select(users::id);
    let found: Option<Vec<u8>> = match conn {
        Connection::Sqlite(conn) => user.get_result(conn),
        Connection::Postgres(conn) => user.for_key_share().get_result(conn),
    }
    .optional()
    .map_err(at(TABLE))?;
    Ok(found.is_some())
}

/// A user by username, in its stored (lower-case) spelling.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn find_by_username(conn: &mut Connection, username: &str) -> Result<Option<User>, Fault> {
    let found: Option<UserRow> = users::table
        .filter(users::username.eq(username))
        .get_result(conn)
        .optional()
        .map_err(at(TABLE))?;
    found.map(UserRow::read).transpose()
}

/// Switches an account off since a moment, or on again; `false` if it was so already, or is not
/// there.
///
/// # Errors
/// The store does not answer.
pub fn set_disabled(
    conn: &mut Connection,
    id: UserId,
    disabled_at: Option<Instant>,
) -> Result<bool, Fault> {
    let user = users::table.filter(users::id.eq(id.as_bytes().as_slice()));
    let change = users::disabled_at.eq(millis(disabled_at));
    let updated = if disabled_at.is_some() {
        diesel::update(user.filter(users::disabled_at.is_null()))
            .set(change)
            .execute(conn)
    } else {
        diesel::update(user.filter(users::disabled_at.is_not_null()))
            .set(change)
            .execute(conn)
    };
    Ok(updated.map_err(at(TABLE))? == 1)
}

/// Stores a new password hash in place of one that was read; `false` if it is another one by now.
///
/// # Errors
/// The store does not answer.
pub fn replace_password(
    conn: &mut Connection,
    id: UserId,
    before: &str,
    hash: &str,
) -> Result<bool, Fault> {
    let unchanged = users::table
        .filter(users::id.eq(id.as_bytes().as_slice()))
        .filter(users::password_hash.eq(before));
    let updated = diesel::update(unchanged)
        .set(users::password_hash.eq(hash))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(updated == 1)
}

/// Stores a new password hash (PHC string form); `false` if there is no such user.
///
/// # Errors
/// The store does not answer.
pub fn set_password(conn: &mut Connection, id: UserId, hash: &str) -> Result<bool, Fault> {
    let updated = diesel::update(users::table.filter(users::id.eq(id.as_bytes().as_slice())))
        .set(users::password_hash.eq(hash))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(updated == 1)
}

/// Stores the language that a person chose, or that they chose none; `false` if there is no such
/// user.
///
/// # Errors
/// The store does not answer.
pub fn set_language(
    conn: &mut Connection,
    id: UserId,
    language: Option<&str>,
) -> Result<bool, Fault> {
    let updated = diesel::update(users::table.filter(users::id.eq(id.as_bytes().as_slice())))
        .set(users::language.eq(language))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(updated == 1)
}

/// Removes a user with everything that hangs on them; audit entries stay. `false` if there is no such
/// user.
///
/// # Errors
/// The database.
pub fn delete(conn: &mut Connection, id: UserId) -> Result<bool, Fault> {
    let deleted = diesel::delete(users::table.filter(users::id.eq(id.as_bytes().as_slice())))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(deleted == 1)
}

/// Which users a list has, and after which username it begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// Those only of whose names, addresses and numbers one contains this.
    pub search: Option<String>,
    /// Those only whose username comes after this.
    pub after: Option<String>,
}

/// At most `limit` users, in the order of their usernames.
///
/// # Errors
/// The database, or a row that cannot be read.
pub fn list(conn: &mut Connection, filter: &UserFilter, limit: i64) -> Result<Vec<User>, Fault> {
    let mut query = users::table.into_boxed();
    if let Some(text) = &filter.search {
        let found = identities::table
            .filter(identities::user_id.eq(users::id))
            .filter(identities::value.like(containing(text)).escape(ESCAPE));
        query = query.filter(diesel::dsl::exists(found));
    }
    if let Some(after) = &filter.after {
        query = query.filter(users::username.gt(after));
    }
    let rows: Vec<UserRow> = query
        .order(users::username)
        .limit(limit)
        .load(conn)
        .map_err(at(TABLE))?;
    rows.into_iter().map(UserRow::read).collect()
}
