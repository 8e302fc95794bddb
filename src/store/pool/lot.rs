//! A lot of connections that stand and fall together, with the threads that wait for their answers.
//!
//! A connection that was lost takes all older ones of its lot with it, so that after a restart of the
//! server one request fails and not one per connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel::connection::SimpleConnection as _;
use foundation::clock::Span;
use foundation::fault::Fault;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Semaphore;

use super::PoolParts;
use super::waiting::Waiting;
use crate::connection::Connection;
use crate::dialect::Role;
use crate::fault::STORE;
use crate::log_guard::Shown;

/// How long libpq may take to connect, before what is said first on the connection.
const CONNECT: Span = Span::seconds(2);

/// The connections. Dropped, those that are idle are closed, and those that are lent when they come
/// back; nobody waits for that.
pub(crate) struct Lot {
    pool: r2d2::Pool<Manager>,
    era: Arc<AtomicU64>,
    parts: PoolParts,
    pub(super) waiting: Arc<Waiting>,
    /// As many as there may be connections: what does not get one waits here, not on a thread.
    permits: Arc<Semaphore>,
    /// Of its own: one on which nobody answers is lost with the lot, and not to everybody.
    threads: Option<Runtime>,
}

/// A pooled connection, and the era in which it was opened.
pub(super) struct Pooled {
    pub(super) conn: Connection,
    era: u64,
    lost: bool,
    /// That its log continues what was followed, if it has shown it.
    pub(super) shown: Option<Shown>,
}

struct Manager {
    parts: PoolParts,
    era: Arc<AtomicU64>,
    waiting: Arc<Waiting>,
}

/// A fault as r2d2 wants to have errors.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.reason())]
struct Refused(Fault);

impl Lot {
    /// Opens nothing yet but the first connection, in the background, on threads of its own.
    pub(super) fn new(parts: &PoolParts) -> Result<Self, Fault> {
        let (era, waiting) = (Arc::new(AtomicU64::new(0)), Arc::new(Waiting::default()));
        let manager = Manager {
            parts: parts.clone(),
            era: Arc::clone(&era),
            waiting: Arc::clone(&waiting),
        };
        let size = parts.size.max(1);
        // Only its threads for blocking work are used.
        let threads = Builder::new_current_thread()
            .max_blocking_threads(size as usize)
            .thread_name("store")
            .build()
            .map_err(|error| Fault::unavailable(STORE, error))?;
        let pool = r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(1))
            .connection_timeout(parts.timeout)
            .test_on_check_out(true)
            .error_handler(Box::new(Log))
            .build_unchecked(manager);
        Ok(Self {
            pool,
            era,
            parts: parts.clone(),
            waiting,
            permits: Arc::new(Semaphore::new(size as usize)),
            threads: Some(threads),
        })
    }

    /// Whose turn it is to borrow a connection.
    pub(crate) fn permits(&self) -> Arc<Semaphore> {
        Arc::clone(&self.permits)
    }

    /// Where who borrows may block.
    ///
    /// # Errors
    /// It is being dropped.
    pub(crate) fn threads(&self) -> Result<&Handle, Fault> {
        let threads = self.threads.as_ref().map(Runtime::handle);
        threads.ok_or_else(|| crate::fault::unavailable("it is closing"))
    }

    pub(super) fn state(&self) -> r2d2::State {
        self.pool.state()
    }

    /// Lends a connection to a closure.
    pub(super) fn lend<T>(
        &self,
        f: impl FnOnce(&mut Pooled) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.parts.target.check_place()?;
        let mut lent = self
            .pool
            .get()
            .map_err(|error| Fault::unavailable(STORE, error))?;
        let _wait = self.waiting.begin(self.parts.due_after(Span::millis(0)))?;
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

impl Drop for Lot {
    fn drop(&mut self) {
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}

impl r2d2::ManageConnection for Manager {
    type Connection = Pooled;
    type Error = Refused;

    fn connect(&self) -> Result<Pooled, Refused> {
        let era = self.era.load(Ordering::SeqCst);
        let parts = &self.parts;
        let _wait = self
            .waiting
            .begin(parts.due_after(CONNECT))
            .map_err(Refused)?;
        let conn = parts
            .target
            .connect(Role::Pooled, parts.timeout)
            .map_err(Refused)?;
        Ok(Pooled {
            conn,
            era,
            lost: false,
            shown: None,
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

impl PoolParts {
    /// When an answer is due to who begins now: a little before the end of the timeout, which whoever
    /// asked began to count a little earlier.
    fn due_after(&self, before: Span) -> Span {
        let patience = self.timeout.mul_f32(0.75).as_millis();
        let patience = i64::try_from(patience).unwrap_or(i64::MAX);
        Span::millis(
            self.environment
                .uptime()
                .as_millis()
                .saturating_add(before.as_millis())
                .saturating_add(patience),
        )
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
