//! Rows of `one_time_credentials`: what works once, from a code on. A used one stays as long as what it
//! is bound to, so that it is known when it comes again.

use diesel::prelude::*;
use domain::one_time_credential::{OneTimeCredential, OneTimeKind, OneTimeParent};
use domain::token_family::TokenFamily;
use domain::web_session::WebSession;
use foundation::clock::Instant;
use foundation::digest::TokenDigest;
use foundation::fault::Fault;

use crate::column::{bytes, instant, millis};
use crate::connection::Connection;
use crate::fault::at;
use crate::schema::{one_time_credentials, token_families, users, web_sessions};
use crate::token_families::{FamilyRow, history_stands};
use crate::web_sessions::WebSessionRow;

const TABLE: &str = "one_time_credentials";

#[derive(Insertable)]
#[diesel(table_name = one_time_credentials, treat_none_as_default_value = false)]
struct CredentialRow {
    digest: Vec<u8>,
    kind: &'static str,
    family_id: Option<Vec<u8>>,
    web_session_id: Option<Vec<u8>>,
    expires_at: i64,
    used_at: Option<i64>,
}

/// Adds a credential.
///
/// # Errors
/// The store does not answer, or what the credential is bound to is not there.
pub fn insert(conn: &mut Connection, credential: &OneTimeCredential) -> Result<(), Fault> {
    let (family_id, web_session_id) = match &credential.parent {
        OneTimeParent::Family(id) => (Some(bytes(id)), None),
        OneTimeParent::WebSession(id) => (None, Some(bytes(id))),
    };
    let row = CredentialRow {
        digest: bytes(&credential.digest),
        kind: credential.kind.word(),
        family_id,
        web_session_id,
        expires_at: credential.expires_at.millis(),
        used_at: millis(credential.used_at),
    };
    diesel::insert_into(one_time_credentials::table)
        .values(&row)
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(())
}

/// A credential of a kind with its family, whatever has become of them. Their user is not deleted until the
/// transaction ends.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn find_with_family(
    conn: &mut Connection,
    kind: OneTimeKind,
    digest: TokenDigest,
) -> Result<Option<(OneTimeCredential, TokenFamily)>, Fault> {
    let found = one_time_credentials::table
        .inner_join(token_families::table)
        .inner_join(users::table.on(users::id.eq(token_families::user_id)))
        .filter(one_time_credentials::digest.eq(digest.as_bytes().as_slice()))
        .filter(one_time_credentials::kind.eq(kind.word()))
        .filter(history_stands());
    let times = (
        one_time_credentials::expires_at,
        one_time_credentials::used_at,
    );
    let found: Option<(FamilyRow, (i64, Option<i64>))> = match conn {
        // The one that writes is alone.
        Connection::Sqlite(conn) => found
            .select((FamilyRow::as_select(), times))
            .get_result(conn),
        Connection::Postgres(conn) => found
            .select((FamilyRow::as_select(), times))
            .for_key_share()
            .get_result(conn),
    }
    .optional()
    .map_err(at(TABLE))?;
    let Some((family, (expires_at, used_at))) = found else {
        return Ok(None);
    };
    let family = family.read()?;
    let credential = OneTimeCredential {
        digest,
        kind,
        parent: OneTimeParent::Family(family.id),
        expires_at: Instant::from_millis(expires_at),
        used_at: instant(used_at),
    };
    Ok(Some((credential, family)))
}

/// A web ticket with what it opens, whatever has become of them.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn find_web_ticket(
    conn: &mut Connection,
    digest: TokenDigest,
) -> Result<Option<(OneTimeCredential, WebSession)>, Fault> {
    let kind = OneTimeKind::WebTicket;
    let found: Option<(WebSessionRow, i64, Option<i64>)> = one_time_credentials::table
        .inner_join(web_sessions::table)
        .filter(one_time_credentials::digest.eq(digest.as_bytes().as_slice()))
        .filter(one_time_credentials::kind.eq(kind.word()))
        .select((
            WebSessionRow::as_select(),
            one_time_credentials::expires_at,
            one_time_credentials::used_at,
        ))
        .get_result(conn)
        .optional()
        .map_err(at(TABLE))?;
    let Some((web_session, expires_at, used_at)) = found else {
        return Ok(None);
    };
    let web_session = web_session.read()?;
    let credential = OneTimeCredential {
        digest,
        kind,
        parent: OneTimeParent::WebSession(web_session.id),
        expires_at: Instant::from_millis(expires_at),
        used_at: instant(used_at),
    };
    Ok(Some((credential, web_session)))
}

/// Uses a credential up: `true` once, for one caller, while it has not expired.
// "The client MUST NOT use the authorization code more than once" (RFC 6749 §4.1.2)
///
/// # Errors
/// The store does not answer.
pub fn use_up(
    conn: &mut Connection,
    kind: OneTimeKind,
    digest: TokenDigest,
    now: Instant,
) -> Result<bool, Fault> {
    let usable = one_time_credentials::table
        .filter(one_time_credentials::digest.eq(digest.as_bytes().as_slice()))
        .filter(one_time_credentials::kind.eq(kind.word()))
        .filter(one_time_credentials::used_at.is_null())
        .filter(one_time_credentials::expires_at.gt(now.millis()));
    let updated = diesel::update(usable)
        .set(one_time_credentials::used_at.eq(Some(now.millis())))
        .execute(conn)
        .map_err(at(TABLE))?;
    Ok(updated == 1)
}
