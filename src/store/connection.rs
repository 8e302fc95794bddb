//! The connection that every query runs on: to SQLite or to PostgreSQL, as one type.
//!
//! How it is opened and where the two differ is [`crate::dialect`]'s.

mod any;

/// An open connection to either database. All queries of this layer take one.
pub type Connection = any::AnyConnection;
