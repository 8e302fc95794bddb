//! Which errors of the database are outages (503) and which are something wrong (500).

use diesel::result::{DatabaseErrorKind, Error};
use foundation::fault::Fault;

/// What an outage says is not there.
pub(crate) const STORE: &str = "the store";

/// Turns an error of a statement on a table into a fault.
pub(crate) fn at(table: &'static str) -> impl FnOnce(Error) -> Fault {
    move |error| match error {
        Error::DatabaseError(kind, _) if is_constraint(&kind) => {
            Fault::broken_by(format!("a constraint of table {table}"), error)
        }
        // Timeouts, lost connections, a full disk, a lock that did not come, a deadlock: the
        // databases' own words are in the cause.
        Error::DatabaseError(..)
        | Error::RollbackTransaction
        | Error::RollbackErrorOnCommit { .. }
        | Error::BrokenTransactionManager
        | Error::AlreadyInTransaction
        | Error::NotInTransaction => Fault::unavailable(STORE, error),
        error => Fault::broken_by(format!("table {table}"), error),
    }
}

/// A fault for something that did not come from a statement.
pub(crate) fn unavailable(why: &'static str) -> Fault {
    Fault::unavailable(STORE, why)
}

fn is_constraint(kind: &DatabaseErrorKind) -> bool {
    matches!(
        kind,
        DatabaseErrorKind::UniqueViolation
            | DatabaseErrorKind::ForeignKeyViolation
            | DatabaseErrorKind::NotNullViolation
            | DatabaseErrorKind::CheckViolation
            | DatabaseErrorKind::RestrictViolation
            | DatabaseErrorKind::ExclusionViolation
    )
}
