//! A publisher: the merchant that owns mini-programs.

use foundation::clock::Instant;
use foundation::id::PublisherId;

/// An owner of one or more mini-programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publisher {
    /// Its id, known to operators.
    pub id: PublisherId,
    /// What people see.
    pub name: String,
    /// Since when the operator vouches for it.
    pub verified_at: Option<Instant>,
    /// When it was added.
    pub created_at: Instant,
}
