//! The one row of `installation`: what is true of the whole installation, on all nodes.

use diesel::prelude::*;
use foundation::fault::Fault;

use crate::connection::Connection;
use crate::dialect::{self, insert_unless_there};
use crate::fault::{at, unavailable};
use crate::schema::{histories, installation};

const TABLE: &str = "installation";
const THE_ROW: i32 = 1;

/// What tells one installation from every other: the history that it began with, the master key under
/// which everything is sealed, and its issuer. A copy is the same one until somebody adopts it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub(crate) struct InstallationIdentity {
    first_history: i64,
    sealed_with: Option<Vec<u8>>,
    issuer: Option<String>,
}

impl InstallationIdentity {
    /// Reads that of a database.
    pub(crate) fn read(conn: &mut Connection) -> Result<Self, Fault> {
        let sealed_with = installation::table
            .filter(installation::id.eq(THE_ROW))
            .select(installation::master_key_fingerprint)
            .single_value();
        let issuer = installation::table
            .filter(installation::id.eq(THE_ROW))
            .select(installation::issuer)
            .single_value();
        histories::table
            .order(histories::number)
            .select((histories::id, sealed_with, issuer))
            .limit(1)
            .get_result(conn)
            .map_err(at(TABLE))
    }

    /// Refuses a database that is not this one. What nobody had said yet may have been said since.
    pub(crate) fn must_be(&self, found: &Self) -> Result<(), Fault> {
        let is_same = self.first_history == found.first_history
            && (self.sealed_with.is_none() || self.sealed_with == found.sealed_with)
            && (self.issuer.is_none() || self.issuer == found.issuer);
        if is_same {
            return Ok(());
        }
        let whose = match &found.issuer {
            Some(issuer) => format!("that of {issuer}"),
            None => "nobody's yet".to_owned(),
        };
        let cause = format!(
            "it is another installation than the one that this server was started on: {whose}; nothing is \
             read or written until it is the same again"
        );
        Err(Fault::unavailable("the database", cause))
    }
}

#[derive(Insertable)]
#[diesel(table_name = installation)]
struct InstallationRow<'a> {
    id: i32,
    master_key_fingerprint: &'a [u8],
}

/// The fingerprint of the master key under which everything is sealed; `None` while nothing is.
///
/// # Errors
/// The store does not answer.
pub fn master_key_fingerprint(conn: &mut Connection) -> Result<Option<Vec<u8>>, Fault> {
    installation::table
        .filter(installation::id.eq(THE_ROW))
        .select(installation::master_key_fingerprint)
        .get_result(conn)
        .optional()
        .map_err(at(TABLE))
}

/// Sets the fingerprint once; `false` if there is one already.
///
/// # Errors
/// The store does not answer.
pub fn set_master_key_fingerprint(
    conn: &mut Connection,
    fingerprint: &[u8],
) -> Result<bool, Fault> {
    let row = InstallationRow {
        id: THE_ROW,
        master_key_fingerprint: fingerprint,
    };
    let inserted = insert_unless_there!(conn, installation::table, &row).map_err(at(TABLE))?;
    Ok(inserted == 1)
}

/// Whether what is sealed with a master key belongs here, asked by whoever writes it: the database may
/// be another one than at the start.
///
/// # Errors
/// It does not: this installation is sealed with another master key, or with none yet.
pub(crate) fn must_be_sealed_with(conn: &mut Connection, fingerprint: &[u8]) -> Result<(), Fault> {
    match master_key_fingerprint(conn)? {
        Some(sealed) if sealed == fingerprint => Ok(()),
        _ => Err(unavailable(
            "it is not sealed with this server's master key, and no key is written into it",
        )),
    }
}

/// Whose installation this is: its issuer; `None` until somebody has said so.
///
/// # Errors
/// The database does not answer.
pub fn issuer(conn: &mut Connection) -> Result<Option<String>, Fault> {
    let issuer: Option<Option<String>> = installation::table
        .filter(installation::id.eq(THE_ROW))
        .select(installation::issuer)
        .get_result(conn)
        .optional()
        .map_err(at(TABLE))?;
    Ok(issuer.flatten())
}

/// Says whose installation this is, in place of whoever it was before.
///
/// # Errors
/// It cannot be written.
pub fn set_issuer(conn: &mut Connection, issuer: &str) -> Result<(), Fault> {
    diesel::update(installation::table.filter(installation::id.eq(THE_ROW)))
        .set(installation::issuer.eq(Some(issuer)))
        .execute(conn)
        .map(drop)
        .map_err(at(TABLE))
}

/// Makes this transaction the only one on all nodes that holds the installation, until it ends:
/// for "make the keys if there are none".
///
/// # Errors
/// The store does not answer.
pub fn lock(conn: &mut Connection) -> Result<(), Fault> {
    dialect::lock_installation(conn)
}
