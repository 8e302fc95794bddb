//! The pool of connections: SQLite's readers, or all of PostgreSQL's.
//!
//! A connection that was lost takes all older ones with it, so that after a restart of the server
//! one request fails and not one per connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use foundation::fault::Fault;

use crate::connection::Connection;
use crate::dialect::{Role, Target};
use crate::fault::STORE;
use crate::log_guard::LogGuard;

/// Connections to borrow.
pub(crate) struct Pool {
    pool: r2d2::Pool<Manager>,
    era: Arc<AtomicU64>,
    log_guard: Arc<LogGuard>,
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
}

/// A pooled connection, and the era in which it was opened.
pub(crate) struct Pooled {
    conn: Connection,
    era: u64,
    lost: bool,
    /// Whether it has shown that its log continues what was followed.
    is_guarded: bool,
}

struct Manager {
    target: Target,
    timeout: Duration,
    era: Arc<AtomicU64>,
}

/// A fault as r2d2 wants to have errors.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.reason())]
struct Refused(Fault);

impl Pool {
    /// Opens nothing yet but the first connection, in the background.
    pub(crate) fn new(
        target: Target,
        size: u32,
        timeout: Duration,
        log_guard: Arc<LogGuard>,
    ) -> Self {
        let era = Arc::new(AtomicU64::new(0));
        let manager = Manager {
            target,
            timeout,
            era: Arc::clone(&era),
        };
        let pool = r2d2::Pool::builder()
            .max_size(size.max(1))
            .min_idle(Some(1))
            .connection_timeout(timeout)
            .test_on_check_out(true)
            .error_handler(Box::new(Log))
            .build_unchecked(manager);
        Self {
            pool,
            era,
            log_guard,
        }
    }

    /// How many connections there are now.
    pub(crate) fn figures(&self) -> PoolFigures {
        let state = self.pool.state();
        PoolFigures {
            idle: state.idle_connections,
            in_use: state.connections.saturating_sub(state.idle_connections),
            max: self.pool.max_size(),
        }
    }

    /// Lends a connection to a closure. One that is new must first show its log.
    pub(crate) fn with<T>(
        &self,
        f: impl FnOnce(&mut Connection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.lend(|lent| {
            if !lent.is_guarded {
                lent.is_guarded = self.log_guard.check(&mut lent.conn)?;
            }
            f(&mut lent.conn)
        })
    }

    /// The same whatever its log is: for who finds that out, or begins it anew.
    pub(crate) fn with_any_log<T>(
        &self,
        f: impl FnOnce(&mut Connection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.lend(|lent| f(&mut lent.conn))
    }

    fn lend<T>(&self, f: impl FnOnce(&mut Pooled) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut lent = self
            .pool
            .get()
            .map_err(|error| Fault::unavailable(STORE, error))?;
        let result = f(&mut lent);
        if matches!(&result, Err(fault) if fault.is_unavailable()) {
            self.look_after(&mut lent);
        }
        result
    }

    /// Finds out whether a connection that failed was lost or only slow.
    fn look_after(&self, lent: &mut Pooled) {
        if lent.conn.batch_execute("SELECT 1").is_err() {
            lent.lost = true;
            let next = lent.era + 1;
            self.era.fetch_max(next, Ordering::SeqCst);
        }
    }
}

impl r2d2::ManageConnection for Manager {
    type Connection = Pooled;
    type Error = Refused;

    fn connect(&self) -> Result<Pooled, Refused> {
        let era = self.era.load(Ordering::SeqCst);
        let conn = self
            .target
            .connect(Role::Pooled, self.timeout)
            .map_err(Refused)?;
        Ok(Pooled {
            conn,
            era,
            lost: false,
            is_guarded: false,
        })
    }

    /// No round trip: asked at each loan.
    fn is_valid(&self, pooled: &mut Pooled) -> Result<(), Refused> {
        if pooled.era == self.era.load(Ordering::SeqCst) {
            Ok(())
        } else {
            Err(Refused(crate::fault::unavailable(
                "an older connection was lost",
            )))
        }
    }

    /// A connection whose closure panicked may be in the middle of anything.
    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        pooled.lost || std::thread::panicking()
    }
}

/// Logs why a connection could not be opened; r2d2 tries again by itself.
#[derive(Debug)]
struct Log;

impl r2d2::HandleError<Refused> for Log {
    fn handle_error(&self, error: Refused) {
        tracing::warn!(error = %error, "a connection to the database");
    }
}
