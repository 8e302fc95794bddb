//! The pool of connections: SQLite's readers, or all of PostgreSQL's.
//!
//! A server that is frozen, or a firewall that drops, answers nothing and closes nothing, and libpq has
//! no way to stop waiting. Whoever waits too long goes without an answer; the whole lot of connections
//! is given up then, and another takes its place, with threads of its own.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use foundation::fault::Fault;

use crate::connection::Connection;
use crate::dialect::Target;
use crate::environment::Environment;
use crate::log_guard::LogGuard;

mod lot;
mod waiting;

pub(crate) use lot::Lot;
use waiting::Waiting;

/// How many connections may be waited for in lots that were given up. Beyond that no new lot is tried:
/// the server may have as many places only.
pub const MAX_ABANDONED: usize = 64;

/// Connections to borrow.
pub(crate) struct Pool {
    parts: PoolParts,
    lots: RwLock<Lots>,
    log_guard: Arc<LogGuard>,
}

/// What a lot is made of.
#[derive(Clone)]
pub(crate) struct PoolParts {
    pub(crate) target: Target,
    /// How many connections there may be.
    pub(crate) size: u32,
    pub(crate) timeout: Duration,
    pub(crate) environment: Environment,
}

struct Lots {
    current: Arc<Lot>,
    /// Who still waits in those that were given up.
    abandoned: Vec<Arc<Waiting>>,
    /// Whether too many are waited for; logged when it changes.
    is_too_many: bool,
}

/// How many connections a pool has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolFigures {
    /// Open, and waiting for work.
    pub idle: u32,
    /// Lent.
    pub in_use: u32,
    /// How many there may be.
    pub max: u32,
    /// Waited for in vain, in lots that were given up.
    pub abandoned: u32,
}

impl Pool {
    /// Opens nothing yet but the first connection, in the background.
    pub(crate) fn new(parts: PoolParts, log_guard: Arc<LogGuard>) -> Result<Self, Fault> {
        let lots = Lots {
            current: Arc::new(Lot::new(&parts)?),
            abandoned: Vec::new(),
            is_too_many: false,
        };
        Ok(Self {
            parts,
            lots: RwLock::new(lots),
            log_guard,
        })
    }

    /// The connections of now.
    pub(crate) fn lot(&self) -> Arc<Lot> {
        let lots = self.lots.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&lots.current)
    }

    /// How many connections there are now.
    pub(crate) fn figures(&self) -> PoolFigures {
        let lots = self.lots.read().unwrap_or_else(PoisonError::into_inner);
        let state = lots.current.state();
        PoolFigures {
            idle: state.idle_connections,
            in_use: state.connections.saturating_sub(state.idle_connections),
            max: self.parts.size,
            abandoned: u32::try_from(lots.abandoned()).unwrap_or(u32::MAX),
        }
    }

    /// Lends a connection to a closure. One that is new must first show its log.
    pub(crate) fn with<T>(
        &self,
        f: impl FnOnce(&mut Connection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.lot().lend(|lent| {
            if !self.log_guard.accepts(lent.shown) {
                lent.shown = self.log_guard.check(&mut lent.conn)?;
            }
            f(&mut lent.conn)
        })
    }

    /// The same whatever its log is: for who finds that out, or begins it anew.
    pub(crate) fn with_any_log<T>(
        &self,
        f: impl FnOnce(&mut Connection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.lot().lend(|lent| f(&mut lent.conn))
    }

    /// Somebody went without an answer in time. If it is a connection that does not give it, and not the
    /// queue, nothing is expected of its lot any more. A file does not go silent.
    pub(crate) fn was_late(&self) {
        if self.parts.target.is_sqlite() {
            return;
        }
        let now = self.parts.environment.uptime();
        let mut lots = self.lots.write().unwrap_or_else(PoisonError::into_inner);
        let waiting = Arc::clone(&lots.current.waiting);
        if !waiting.is_overdue(now) {
            return;
        }
        lots.abandoned.retain(|waiting| waiting.count() > 0);
        let before = lots.abandoned();
        let given_up = waiting.give_up(MAX_ABANDONED.saturating_sub(before));
        let abandoned = before + given_up.err().unwrap_or_else(|| waiting.count());
        let is_too_many = given_up.is_err();
        if is_too_many != std::mem::replace(&mut lots.is_too_many, is_too_many) && is_too_many {
            tracing::error!(
                abandoned,
                "the database is silent, and too many connections wait for it; no others are tried until some end"
            );
        }
        if is_too_many {
            return;
        }
        let fresh = match Lot::new(&self.parts) {
            Ok(lot) => Arc::new(lot),
            Err(fault) => {
                // Those that are silent are all that there is.
                waiting.go_on();
                tracing::error!(fault = fault.chain(), "other connections to the database");
                return;
            }
        };
        let silent = std::mem::replace(&mut lots.current, fresh);
        lots.abandoned.push(waiting);
        drop(lots);
        // Closes those that are idle.
        drop(silent);
        tracing::error!(
            abandoned,
            "the database does not answer; all connections to it are made anew"
        );
    }
}

impl Lots {
    fn abandoned(&self) -> usize {
        self.abandoned.iter().map(|waiting| waiting.count()).sum()
    }
}
