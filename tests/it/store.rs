//! The store: one suite, run on both databases, each test in a fresh one.
//!
//! SQLite needs nothing. PostgreSQL is the server that `PORTICO_TEST_POSTGRES` names (a URL whose
//! user may create databases); without it the second half is skipped, and says so.

/// Makes two tests of each function: one per database.
macro_rules! on_both_databases {
    ($($(#[doc = $doc:expr])* fn $name:ident($database:ident: &Database) $body:block)*) => {$(
        mod $name {
            use super::*;

            $(#[doc = $doc])*
            fn check($database: &Database) $body

            #[test]
            fn sqlite() {
                check(&Database::sqlite());
            }

            #[test]
            fn postgres() {
                if let Some(database) = Database::postgres() {
                    check(&database);
                }
            }
        }
    )*};
}

use crate::{database, gate};

mod anothers;
mod faults;
mod fixture;
mod judgements;
mod liveness;
mod log;
mod migrations;
mod outages;
mod races;
mod replaced;
mod rows;
mod silence;
