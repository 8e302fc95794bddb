//! Columns: how typed values become stored ones and come back.
//!
//! Only ids and digests have a form in bytes here, so that nothing secret can be stored by
//! accident. Reading goes through a [`Place`], which knows what to name when a value is not what it
//! should be.

use std::fmt;

use domain::session::EndReason;
use foundation::clock::Instant;
use foundation::digest::TokenDigest;
use foundation::fault::Fault;
use foundation::id::{
    AuditId, ClientId, CredentialId, FamilyId, GrantId, InteractionId, KeyId, NodeId, PublisherId,
    ReceiptId, SecretId, SessionId, Subject, UserId, WebSessionId,
};
use protocol::dpop::KeyThumbprint;
use protocol::scope::ScopeName;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A value that is stored as bytes of a fixed length.
pub(crate) trait Bytes: Sized {
    fn read(bytes: &[u8]) -> Option<Self>;
    fn bytes(&self) -> &[u8];
}

/// A value that is stored as its text.
pub(crate) trait Name: Sized {
    fn read(text: &str) -> Option<Self>;
}

macro_rules! stored_as_bytes {
    ($($type:ident)*) => {$(
        impl Bytes for $type {
            fn read(bytes: &[u8]) -> Option<Self> {
                Self::from_slice(bytes)
            }
            fn bytes(&self) -> &[u8] {
                self.as_bytes()
            }
        }
    )*};
}

macro_rules! stored_as_text {
    ($($type:ident)*) => {$(
        impl Name for $type {
            fn read(text: &str) -> Option<Self> {
                Self::parse(text).ok()
            }
        }
    )*};
}

stored_as_bytes! {
    UserId SessionId GrantId FamilyId InteractionId ReceiptId CredentialId AuditId NodeId SecretId
    WebSessionId TokenDigest KeyThumbprint
}

stored_as_text! { ClientId PublisherId KeyId Subject ScopeName }

/// The stored form of an id or a digest.
pub(crate) fn bytes(value: &impl Bytes) -> Vec<u8> {
    value.bytes().to_vec()
}

/// Bytes in a text: two hexadecimal digits each.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        for half in [byte >> 4, byte & 15] {
            digits.push(char::from(b"0123456789abcdef"[usize::from(half)]));
        }
        digits
    })
}

/// The bytes of such a text; `None` if it is none.
pub(crate) fn unhex(digits: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let half = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let byte = |pair: &[u8; 2]| Some(half(pair[0])? << 4 | half(pair[1])?);
    rest.is_empty().then(|| pairs.iter().map(byte).collect())?
}

/// The stored form of a moment that may not have come.
pub(crate) fn millis(at: Option<Instant>) -> Option<i64> {
    at.map(Instant::millis)
}

/// A moment that may not have come.
pub(crate) fn instant(millis: Option<i64>) -> Option<Instant> {
    millis.map(Instant::from_millis)
}

/// The stored form of a document.
pub(crate) fn json(table: &'static str, document: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(document)
        .map_err(|error| Fault::broken_by(format!("a document for table {table}"), error))
}

/// The key of a row, for errors.
#[derive(Clone, Copy)]
pub(crate) enum Key<'a> {
    Bytes(&'a [u8]),
    Text(&'a str),
    Number(i64),
}

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => f.write_str(&hex(bytes)),
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
        }
    }
}

/// The row that is being read.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    table: &'static str,
    key: Key<'a>,
}

impl<'a> Place<'a> {
    pub(crate) fn new(table: &'static str, key: Key<'a>) -> Self {
        Self { table, key }
    }

    /// The row's own fault: "table grants, row 0190…, column scopes is broken".
    pub(crate) fn broken(&self, column: &str) -> Fault {
        Fault::broken(self.name(column))
    }

    fn name(&self, column: &str) -> String {
        format!("table {}, row {}, column {column}", self.table, self.key)
    }

    pub(crate) fn bytes<T: Bytes>(&self, column: &str, stored: &[u8]) -> Result<T, Fault> {
        T::read(stored).ok_or_else(|| self.broken(column))
    }

    pub(crate) fn bytes_if<T: Bytes>(
        &self,
        column: &str,
        stored: Option<&Vec<u8>>,
    ) -> Result<Option<T>, Fault> {
        stored.map(|stored| self.bytes(column, stored)).transpose()
    }

    pub(crate) fn name_of<T: Name>(&self, column: &str, stored: &str) -> Result<T, Fault> {
        T::read(stored).ok_or_else(|| self.broken(column))
    }

    pub(crate) fn word<T>(
        &self,
        column: &str,
        stored: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Fault> {
        read(stored).ok_or_else(|| self.broken(column))
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, column: &str, stored: &str) -> Result<T, Fault> {
        serde_json::from_str(stored).map_err(|error| Fault::broken_by(self.name(column), error))
    }

    /// When and why something ended: both columns are set, or neither.
    pub(crate) fn ended(
        &self,
        at: Option<i64>,
        reason: Option<&str>,
    ) -> Result<Option<(Instant, EndReason)>, Fault> {
        match (at, reason) {
            (None, None) => Ok(None),
            (Some(at), Some(reason)) => {
                let reason = self.word("end_reason", reason, EndReason::from_word)?;
                Ok(Some((Instant::from_millis(at), reason)))
            }
            _ => Err(self.broken("end_reason")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_in_a_text_are_read_back_and_nothing_else_is() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(unhex(&hex(&bytes)), Some(bytes));
        assert_eq!(hex(&[0x01, 0xab]), "01ab");
        for other in ["0", "0g", "0A", "0x01", " 1", "é"] {
            assert_eq!(unhex(other), None, "{other}");
        }
    }

    #[test]
    fn a_value_that_cannot_be_read_names_table_row_and_column() {
        let place = Place::new("sessions", Key::Bytes(&[0x01, 0xab]));
        let fault = place.bytes::<UserId>("user_id", &[1, 2, 3]).unwrap_err();
        assert_eq!(
            fault.to_string(),
            "table sessions, row 01ab, column user_id is broken"
        );
        assert!(place.ended(Some(1), None).is_err());
        assert!(place.ended(Some(1), Some("no such reason")).is_err());
    }
}
