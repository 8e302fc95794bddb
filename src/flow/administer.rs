//! What an operator does: one file per noun, each act in one transaction with its event and its
//! audit entry. Called by `cli` in a process of its own, beside running servers, which hear of it
//! through the log; and by tests and jobs inside a server.
//!
//! Whoever calls hands in who acts, and what they may do: an operator at the command line, who has the
//! database, may do everything. What was done is noted with their name.

use std::sync::Arc;

use domain::administrator::{Administrator, Permission};
use domain::audit::{ActedBy, AuditEntry};
use domain::display_name::Concern;
use foundation::bounded_text::safe_to_show;
use foundation::clock::SharedClock;
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use foundation::id::{AuditId, ClientId, UserId};
use protocol::scope_catalog::ScopeCatalog;
use serde_json::Value;
use store::Store;

use crate::answer_token_request::GrantTable;
use crate::memory::Memory;
use crate::parts::Parts;
use crate::passwords::Passwords;

pub mod audit;
mod client_secrets;
pub mod client_updates;
pub mod clients;
pub mod deliveries;
pub mod manifest_faults;
pub mod mini_programs;
mod names;
pub mod new_manifest;
pub mod pages;
pub mod publishers;
pub mod revoke;
pub mod sessions;
pub mod shown_users;
pub mod signing_keys;
pub mod streams;
mod user_changes;
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
    /// A name that could mislead people.
    #[error("the name could mislead people: {}. If it is right all the same, say --allow-lookalike", listed(.0))]
    Misleading(Vec<Concern>),
    /// The publisher has a program like it: perhaps that one is meant.
    #[error(
        "{known}. Change that one with `portico mini-program update {id}`, or add another one with --again"
    )]
    AddedBefore {
        /// What there is, in words.
        known: String,
        /// Its id.
        id: ClientId,
    },
    /// They may not.
    #[error("this takes the permission {}", .0.word())]
    NotPermitted(Permission),
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

fn listed(concerns: &[Concern]) -> String {
    let told: Vec<String> = concerns
        .iter()
        .map(|c| safe_to_show(&c.to_string()))
        .collect();
    told.join("; ")
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
        self.entry = self.entry.of_user(user);
        self
    }

    pub(crate) fn of_client(mut self, client: &ClientId) -> Self {
        self.entry = self.entry.of_client(client);
        self
    }

    pub(crate) fn with(mut self, detail: Value) -> Self {
        self.entry = self.entry.with(detail);
        self
    }

    pub(crate) fn insert(&self, tx: &mut store::Transaction<'_>) -> Result<(), Fault> {
        store::audit::insert(tx, &self.entry, self.id)
    }
}

/// Does what somebody who administers asks for. Each verb says which permission it takes, and
/// `permitted` is the one place where it is looked for.
#[derive(Clone)]
pub struct Administration {
    by: Arc<Administrator>,
    brand: Arc<str>,
    store: Store,
    catalog: Arc<ScopeCatalog>,
    grants: GrantTable,
    memory: Memory,
    passwords: Passwords,
    clock: SharedClock,
    entropy: SharedEntropy,
}

impl Administration {
    pub(crate) fn new(
        parts: &Parts,
        memory: &Memory,
        passwords: &Passwords,
        grants: GrantTable,
    ) -> Self {
        // Nobody has said who they are yet: nothing is permitted.
        let nobody = Administrator::new(ActedBy::SYSTEM, []);
        Self {
            by: Arc::new(nobody),
            brand: Arc::clone(&parts.policy.brand),
            store: parts.store.clone(),
            catalog: Arc::clone(&parts.policy.catalog),
            grants,
            memory: memory.clone(),
            passwords: passwords.clone(),
            clock: Arc::clone(&parts.clock),
            entropy: Arc::clone(&parts.entropy),
        }
    }

    /// The same acts, by this administrator.
    #[must_use]
    pub fn by(&self, administrator: Administrator) -> Self {
        Self {
            by: Arc::new(administrator),
            ..self.clone()
        }
    }

    /// Whether whoever acts may do this.
    pub(crate) fn permitted(&self, permission: Permission) -> Result<(), Refusal> {
        match self.by.may(permission) {
            true => Ok(()),
            false => Err(Refusal::NotPermitted(permission)),
        }
    }

    /// A look at something.
    pub(crate) async fn look<T: Send + 'static>(
        &self,
        permission: Permission,
        at: impl FnOnce(&mut store::Connection) -> Result<Result<T, Refusal>, Fault> + Send + 'static,
    ) -> Administered<T> {
        match self.permitted(permission) {
            Ok(()) => self.store.read(at).await,
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// One act of the operator: a transaction, and, inside a server, the wait until its own memory
    /// has what was done.
    pub(crate) async fn administer<T: Send + 'static>(
        &self,
        permission: Permission,
        act: impl FnOnce(&mut store::Transaction<'_>) -> Result<Result<T, Refusal>, Fault>
        + Send
        + 'static,
    ) -> Administered<T> {
        if let Err(refusal) = self.permitted(permission) {
            return Ok(Err(refusal));
        }
        let written = self.store.write(act).await?;
        // A command's own process follows no log.
        if self.memory.is_fresh() {
            self.memory.settled(written.position).await;
        }
        Ok(written.value)
    }

    pub(crate) fn audited(&self, action: &'static str) -> Audited {
        let at = self.clock.now();
        Audited {
            entry: AuditEntry::new(at, self.by.by().clone(), action),
            id: AuditId::new(at, self.entropy.as_ref()),
        }
    }
}
