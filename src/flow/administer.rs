//! What an operator does: one file per noun, each act in one transaction with its event and its
//! audit entry. Called by `cli` in a process of its own, beside running servers, which hear of it
//! through the log; and by tests and jobs inside a server.
//!
//! Whoever calls has proved to be the operator by having the database: nothing here asks again.

use std::sync::Arc;

use domain::audit::{Actor, AuditEntry};
use foundation::clock::SharedClock;
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use foundation::id::{AuditId, ClientId, UserId};
use protocol::scope_catalog::ScopeCatalog;
use serde_json::Value;
use store::Store;

use crate::memory::Memory;
use crate::parts::Parts;
use crate::passwords::Passwords;

pub mod audit;
pub mod clients;
pub mod mini_programs;
pub mod publishers;
pub mod revoke;
pub mod sessions;
pub mod signing_keys;
pub mod users;

/// Why an act was not done, in words that say what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such thing.
    #[error("there is no {what} {named:?}")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// By which name.
        named: String,
    },
    /// Another has it already.
    #[error("{what} {value:?} belongs to another user")]
    Taken {
        /// What.
        what: &'static str,
        /// Its value.
        value: String,
    },
    /// A value that cannot be used.
    #[error("{what}: {problem}")]
    Invalid {
        /// Which value.
        what: String,
        /// What is wrong with it.
        problem: String,
    },
    /// It cannot be done as things stand.
    #[error("{0}")]
    NotPossible(String),
}

impl Refusal {
    pub(crate) fn not_found(what: &'static str, named: impl ToString) -> Self {
        Self::NotFound {
            what,
            named: named.to_string(),
        }
    }

    pub(crate) fn invalid(what: impl Into<String>, problem: impl ToString) -> Self {
        Self::Invalid {
            what: what.into(),
            problem: problem.to_string(),
        }
    }
}

/// What came of an act.
pub type Administered<T> = Result<Result<T, Refusal>, Fault>;

/// An audit entry with its id, made before the transaction so that nothing inside it asks for
/// randomness.
pub(crate) struct Audited {
    entry: AuditEntry,
    id: AuditId,
}

impl Audited {
    pub(crate) fn of_user(mut self, user: UserId) -> Self {
        self.entry.user_id = Some(user);
        self
    }

    pub(crate) fn of_client(mut self, client: &ClientId) -> Self {
        self.entry.client_id = Some(client.clone());
        self
    }

    pub(crate) fn with(mut self, detail: Value) -> Self {
        self.entry.detail = detail;
        self
    }

    pub(crate) fn insert(&self, tx: &mut store::Transaction<'_>) -> Result<(), Fault> {
        store::audit::insert(tx, &self.entry, self.id)
    }
}

/// Does what an operator asks for.
#[derive(Clone)]
pub struct Administration {
    store: Store,
    catalog: Arc<ScopeCatalog>,
    memory: Memory,
    passwords: Passwords,
    clock: SharedClock,
    entropy: SharedEntropy,
}

impl Administration {
    pub(crate) fn new(parts: &Parts, memory: &Memory, passwords: &Passwords) -> Self {
        Self {
            store: parts.store.clone(),
            catalog: Arc::clone(&parts.policy.catalog),
            memory: memory.clone(),
            passwords: passwords.clone(),
            clock: Arc::clone(&parts.clock),
            entropy: Arc::clone(&parts.entropy),
        }
    }

    /// One act of the operator: a transaction, and, inside a server, the wait until its own memory
    /// has what was done.
    pub(crate) async fn administer<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut store::Transaction<'_>) -> Result<Result<T, Refusal>, Fault>
        + Send
        + 'static,
    ) -> Administered<T> {
        let written = self.store.write(act).await?;
        // A command's own process follows no log.
        if self.memory.is_fresh() {
            self.memory.settled(written.position).await;
        }
        Ok(written.value)
    }

    pub(crate) fn audited(&self, action: &'static str) -> Audited {
        let at = self.clock.now();
        let entry = AuditEntry {
            at,
            actor: Actor::Operator,
            action,
            user_id: None,
            client_id: None,
            detail: Value::Null,
        };
        Audited {
            entry,
            id: AuditId::new(at, self.entropy.as_ref()),
        }
    }
}
