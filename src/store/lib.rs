//! The database: SQLite or PostgreSQL behind one set of queries.
//!
//! [`Store`] is where blocking and transactions begin, and nowhere else. Below it there is one
//! module per table, named like the table, with free functions that take an open [`Connection`]; a
//! [`Transaction`] is a connection that can also append to the event log. A refusal is a value and
//! commits, a fault is an error and rolls back. Nothing here decides: that is `domain`'s, and what
//! happens when someone asks is `flow`'s.
//!
//! Statements outside a transaction see what was committed when each of them began. Lookups give an
//! `Option`; a row that cannot be read is a fault that names its table, its id and its column.

mod column;
mod connection;
mod dialect;
mod environment;
mod fault;
pub mod faultpoint;
mod log_guard;
mod log_reader;
mod one_of;
mod pool;
mod schema;
mod store;
mod transaction;
mod wakeups;
mod writer;

pub mod announcements;
pub mod audit;
pub mod backup;
pub mod client_secrets;
pub mod clients;
pub mod consent_sheets;
pub mod deliveries;
pub mod destinations;
pub mod events;
pub mod grants;
pub mod histories;
pub mod identities;
pub mod installation;
pub mod interactions;
pub mod known_browsers;
pub mod launches;
pub mod liveness;
pub mod node_streams;
pub mod nodes;
pub mod one_time_credentials;
pub mod outbox;
pub mod pages;
pub mod participants;
pub mod postponements;
pub mod profiles;
pub mod publishers;
pub mod receipts;
pub mod refresh_tokens;
pub mod refusals;
pub mod sessions;
pub mod shared_secrets;
pub mod sign_in_throttles;
pub mod signing_keys;
pub mod subjects;
pub mod token_families;
pub mod used_jti;
pub mod users;
pub mod web_sessions;

pub use connection::Connection;
pub use dialect::SchemaState;
pub use log_reader::{LogPage, LogReader};
pub use pool::{MAX_ABANDONED, PoolFigures};
pub use store::{Store, StoreSettings};
pub use transaction::{Transaction, Written};
