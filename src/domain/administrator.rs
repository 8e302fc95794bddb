//! An administrator: who acts on what belongs to others, from where, and what they may do. Commands,
//! and whatever else administers later, hand one in; `flow::administer` asks it in one place.

use std::collections::BTreeSet;

use crate::audit::{ActedBy, Actor, CameFrom, OperatorName};

/// What may be done to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Look at people and where they are signed in.
    ReadUsers,
    /// Add, change, switch off and delete people, and end their sessions.
    ChangeUsers,
    /// Look at publishers, clients and mini-programs.
    ReadClients,
    /// Add, change, release, suspend and delete them, and their secrets.
    ChangeClients,
    /// Make tokens worthless.
    RevokeTokens,
    /// Look at signing keys.
    ReadKeys,
    /// Rotate and revoke signing keys.
    ChangeKeys,
    /// Read the audit table.
    ReadAudit,
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::ReadUsers,
        Self::ChangeUsers,
        Self::ReadClients,
        Self::ChangeClients,
        Self::RevokeTokens,
        Self::ReadKeys,
        Self::ChangeKeys,
        Self::ReadAudit,
    ];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ReadUsers => "users.read",
            Self::ChangeUsers => "users.change",
            Self::ReadClients => "clients.read",
            Self::ChangeClients => "clients.change",
            Self::RevokeTokens => "tokens.revoke",
            Self::ReadKeys => "keys.read",
            Self::ChangeKeys => "keys.change",
            Self::ReadAudit => "audit.read",
        }
    }
}

/// Somebody who administers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Administrator {
    by: ActedBy,
    permissions: BTreeSet<Permission>,
}

impl Administrator {
    /// Somebody with some permissions.
    pub fn new(by: ActedBy, permissions: impl IntoIterator<Item = Permission>) -> Self {
        Self {
            by,
            permissions: permissions.into_iter().collect(),
        }
    }

    /// An operator at a command line. Whoever has the database and the master key can do everything
    /// anyway; so they may, and are named.
    pub fn at_command_line(name: OperatorName, from: CameFrom) -> Self {
        let by = ActedBy {
            actor: Actor::Operator(name),
            from,
        };
        Self::new(by, Permission::ALL)
    }

    /// Portico itself: rotates keys when their time has come.
    pub fn system() -> Self {
        Self::new(ActedBy::SYSTEM, [Permission::ChangeKeys])
    }

    /// Who, and from where.
    pub fn by(&self) -> &ActedBy {
        &self.by
    }

    /// Whether they may.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_may_more_than_they_were_given() {
        let name = OperatorName::parse("ada").expect("a name");
        let operator = Administrator::at_command_line(name, CameFrom::INSIDE);
        for permission in Permission::ALL {
            assert!(operator.may(permission), "{}", permission.word());
            let only = Administrator::new(ActedBy::SYSTEM, [permission]);
            let allowed = Permission::ALL.into_iter().filter(|p| only.may(*p));
            assert_eq!(allowed.collect::<Vec<_>>(), [permission]);
        }
    }
}
