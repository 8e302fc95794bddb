//! [`Store`]: opens a database, and is where blocking and transactions begin.
//!
//! Every call answers within the store's timeout. What takes longer is a fault then; whether a
//! write that was under way got through is unknown to its caller, but it never got through by half.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use domain::log_history::{Followed, LogView};
use foundation::clock::{Reading, SharedClock, Span};
use foundation::database_url::DatabaseUrl;
use foundation::entropy::{SharedEntropy, SystemEntropy};
use foundation::fault::Fault;
use foundation::id::Position;
use tokio::sync::{oneshot, watch};

use crate::connection::Connection;
use crate::dialect::{self, SchemaState, Target};
use crate::environment::Environment;
use crate::fault::{STORE, unavailable};
use crate::faultpoint::{self, Faultpoints};
use crate::histories;
use crate::installation::InstallationIdentity;
use crate::log_guard::LogGuard;
use crate::log_reader::LogReader;
use crate::pool::{Pool, PoolFigures, PoolParts};
use crate::transaction::{self, Transaction, Written};
use crate::wakeups::Wakeups;
use crate::writer::{Workshop, WriteKind, Writer};

/// The longest timeout: "Pool and statement timeouts ≤ 1 s".
const LONGEST_TIMEOUT: Duration = Duration::from_secs(1);

/// Where the database is, and how patient we are with it.
#[derive(Clone)]
pub struct StoreSettings {
    /// Where it is.
    pub url: DatabaseUrl,
    /// How many connections read at once (SQLite), or read and write at once (PostgreSQL).
    pub readers: u32,
    /// How long a call may take; more than a second is a second.
    pub timeout: Duration,
    /// Where a test makes the store fail.
    pub faultpoints: Faultpoints,
    /// In place of PostgreSQL's clock, where a test moves it.
    pub database_clock: Option<SharedClock>,
    /// What is drawn comes from here.
    pub entropy: SharedEntropy,
}

impl StoreSettings {
    /// The usual ones for a database.
    pub fn new(url: DatabaseUrl) -> Self {
        Self {
            url,
            readers: 4,
            timeout: LONGEST_TIMEOUT,
            faultpoints: Faultpoints::default(),
            database_clock: None,
            entropy: Arc::new(SystemEntropy),
        }
    }
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store(pub(crate) Arc<StoreInner>);

pub(crate) struct StoreInner {
    url: DatabaseUrl,
    pub(crate) target: Target,
    pub(crate) timeout: Duration,
    environment: Environment,
    faultpoints: Faultpoints,
    wakeups: Arc<Wakeups>,
    log_guard: Arc<LogGuard>,
    pool: Pool,
    /// SQLite's; on PostgreSQL every pooled connection writes.
    writer: Option<Writer>,
}

impl Store {
    /// Opens a database. A SQLite file is made if there is none; its folder must be there.
    ///
    /// # Errors
    /// The URL is none of ours, the database is not there, or it is too old.
    pub fn open(settings: StoreSettings, clock: SharedClock) -> Result<Store, Fault> {
        let environment = Environment::new(clock, settings.database_clock, settings.entropy);
        let target = Target::new(settings.url.clone())?;
        let timeout = settings.timeout.min(LONGEST_TIMEOUT);
        target.prepare(timeout)?;
        let wakeups = Arc::new(Wakeups::new());
        let log_guard = Arc::new(LogGuard::default());
        let workshop = Workshop {
            target: target.clone(),
            timeout,
            environment: environment.clone(),
            faultpoints: settings.faultpoints.clone(),
            wakeups: Arc::clone(&wakeups),
            log_guard: Arc::clone(&log_guard),
        };
        let writer = target
            .is_sqlite()
            .then(|| Writer::start(workshop))
            .transpose()?;
        let parts = PoolParts {
            target: target.clone(),
            size: settings.readers.max(1),
            timeout,
            environment: environment.clone(),
        };
        Ok(Store(Arc::new(StoreInner {
            url: settings.url,
            pool: Pool::new(parts, Arc::clone(&log_guard))?,
            target,
            timeout,
            environment,
            faultpoints: settings.faultpoints,
            wakeups,
            log_guard,
            writer,
        })))
    }

    /// Brings the schema up to date: one process at a time, however long it takes.
    ///
    /// # Errors
    /// A migration failed, the database is newer than this program, or a node of the first release
    /// serves on it.
    pub fn migrate(&self) -> Result<(), Fault> {
        self.0.target.migrate(self.0.timeout, self.time()?.time)
    }

    /// Tries whether [`Store::migrate`] would be let. Nothing is changed.
    ///
    /// # Errors
    /// It would not.
    pub fn try_to_migrate(&self) -> Result<(), Fault> {
        let now = self.time()?.time;
        self.0.target.try_to_migrate(self.0.timeout, now)
    }

    /// How the schema stands to this program's. Nothing is changed.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn schema(&self) -> Result<SchemaState, Fault> {
        self.0.pool.with_any_log(dialect::schema)
    }

    /// Where the database is, for people to read: of a server what it says of itself, of its URL
    /// nothing.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn place(&self) -> Result<String, Fault> {
        let said = self.0.pool.with_any_log(dialect::server_place)?;
        Ok(said.unwrap_or_else(|| self.0.url.to_string()))
    }

    /// Reads, on a thread for blocking work.
    ///
    /// # Errors
    /// What the closure gave, or the store did not answer in time.
    pub async fn read<T, F>(&self, f: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, Fault> + Send + 'static,
    {
        self.on_a_blocking_thread(move |inner| inner.read(f)).await
    }

    /// Writes: runs the closure in a transaction, and answers after its commit. A refusal is a
    /// value, and commits; an error rolls back.
    ///
    /// # Errors
    /// What the closure gave, or the store did not commit in time.
    pub async fn write<T, F>(&self, f: F) -> Result<Written<T>, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    {
        self.write_as(WriteKind::Usual, f).await
    }

    /// Writes a new history of the log: the one thing that may be written to a log that went back.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn renew<T, F>(&self, f: F) -> Result<Written<T>, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    {
        self.write_as(WriteKind::Renewal, f).await
    }

    async fn write_as<T, F>(&self, kind: WriteKind, f: F) -> Result<Written<T>, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    {
        let Some(writer) = &self.0.writer else {
            let write = move |inner: &StoreInner| inner.write(kind, f);
            return self.on_a_blocking_thread(write).await;
        };
        let (answer, answered) = oneshot::channel();
        writer.submit(kind, self.0.deadline(), f, move |result| {
            drop(answer.send(result))
        })?;
        match tokio::time::timeout(self.0.timeout, answered).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(unavailable("the writer has stopped")),
            Err(_) => Err(late()),
        }
    }

    /// Reads on this thread, which may block: for commands, jobs with threads of their own, and
    /// start-up.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn read_blocking<T>(
        &self,
        f: impl FnOnce(&mut Connection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.0.read(f)
    }

    /// Writes, and blocks this thread until the commit.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn write_blocking<T, F>(&self, f: F) -> Result<Written<T>, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    {
        self.write_blocking_as(WriteKind::Usual, f)
    }

    /// As [`Store::renew`], blocking this thread until the commit.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn renew_blocking<T, F>(&self, f: F) -> Result<Written<T>, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    {
        self.write_blocking_as(WriteKind::Renewal, f)
    }

    fn write_blocking_as<T, F>(&self, kind: WriteKind, f: F) -> Result<Written<T>, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    {
        let Some(writer) = &self.0.writer else {
            return self.0.write(kind, f);
        };
        let (answer, answered) = sync_channel(1);
        writer.submit(kind, self.0.deadline(), f, move |result| {
            drop(answer.send(result))
        })?;
        answered
            .recv()
            .unwrap_or_else(|_| Err(unavailable("the writer has stopped")))
    }

    /// What a log shows to somebody who has read up to a number, whatever log it is. Blocks.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn look_blocking(&self, number: Position) -> Result<LogView, Fault> {
        let inner = &self.0;
        inner.faultpoints.pass(faultpoint::READ)?;
        inner.pool.with_any_log(|conn| {
            inner.log_guard.check_installation(conn)?;
            histories::look(conn, number)
        })
    }

    /// Waits until nobody reads or writes any more, for the timeout at most: at the end of who serves.
    pub async fn rest(&self) {
        let permits = self.0.pool.lot().permits();
        let all = permits.acquire_many(self.0.pool.figures().max);
        // Who is waited for in vain is left.
        drop(tokio::time::timeout(self.0.timeout, all).await);
    }

    /// Whether the thread that writes to SQLite has ended by itself: nothing is written any more then.
    pub fn has_lost_its_writer(&self) -> bool {
        self.0.writer.as_ref().is_some_and(Writer::has_ended)
    }

    /// How many connections there are now; SQLite's writer has its own beside them.
    pub fn pool(&self) -> PoolFigures {
        self.0.pool.figures()
    }

    /// How far this process has followed the log: from now on nothing is read or written on a
    /// connection that is new before it has shown that its log continues this.
    pub fn has_followed(&self, followed: Followed) {
        self.0.log_guard.set(followed);
    }

    /// Whether the database is a SQLite file.
    pub fn is_sqlite(&self) -> bool {
        self.0.target.is_sqlite()
    }

    /// The time that all nodes on this database have in common.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn time(&self) -> Result<Reading, Fault> {
        let inner = &self.0;
        inner.pool.with_any_log(|conn| inner.environment.read(conn))
    }

    /// From now on nothing is read or written where another installation has taken the place of the one
    /// that is found now.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn keep_to_this_installation(&self) -> Result<(), Fault> {
        let found = self.0.pool.with_any_log(InstallationIdentity::read)?;
        self.0.log_guard.set_installation(found);
        Ok(())
    }

    /// A counter that goes up after each commit of this process that appended events.
    pub fn wakeups(&self) -> watch::Receiver<u64> {
        self.0.wakeups.subscribe()
    }

    /// A reader that follows the log on a connection of its own.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub fn tail(&self) -> Result<LogReader, Fault> {
        let inner = &self.0;
        LogReader::open(
            inner.target.clone(),
            inner.timeout,
            inner.environment.clone(),
            inner.faultpoints.clone(),
            Arc::clone(&inner.wakeups),
            Arc::clone(&inner.log_guard),
        )
    }

    /// The one way to blocking work. It carries the span along, is bounded by the pool's size, and
    /// does not begin when nobody waits for it any more.
    async fn on_a_blocking_thread<T, F>(&self, f: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&StoreInner) -> Result<T, Fault> + Send + 'static,
    {
        let (inner, span) = (Arc::clone(&self.0), tracing::Span::current());
        let (deadline, lot) = (inner.deadline(), inner.pool.lot());
        let work = async {
            let permit = lot.permits().acquire_owned().await;
            let work = move || {
                // The permit goes last: who has all of them knows that nobody holds the store.
                let (_permit, inner) = (permit, inner);
                if deadline < inner.environment.uptime() {
                    return Err(late());
                }
                span.in_scope(|| f(&inner))
            };
            match lot.threads()?.spawn_blocking(work).await {
                Ok(result) => result,
                Err(error) if error.is_panic() => Err(Fault::broken("a query that panicked")),
                Err(error) => Err(Fault::unavailable(STORE, error)),
            }
        };
        tokio::time::timeout(self.0.timeout, work)
            .await
            .unwrap_or_else(|_| {
                self.0.pool.was_late();
                Err(late())
            })
    }
}

impl StoreInner {
    /// When nobody waits any more for a call that begins now, by the clock's uptime.
    fn deadline(&self) -> Span {
        let timeout = i64::try_from(self.timeout.as_millis()).unwrap_or(i64::MAX);
        Span::millis(
            self.environment
                .uptime()
                .as_millis()
                .saturating_add(timeout),
        )
    }

    /// Reads on a pooled connection.
    fn read<T>(&self, f: impl FnOnce(&mut Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        self.faultpoints.pass(faultpoint::READ)?;
        self.pool.with(f)
    }

    /// Writes on a pooled connection (PostgreSQL).
    fn write<T>(
        &self,
        kind: WriteKind,
        f: impl FnOnce(&mut Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<Written<T>, Fault> {
        let run =
            |conn: &mut Connection| transaction::run(conn, &self.environment, &self.faultpoints, f);
        let written = match kind {
            WriteKind::Usual => self.pool.with(run)?,
            WriteKind::Renewal => self.pool.with_any_log(|conn| {
                self.log_guard.check_installation(conn)?;
                run(conn)
            })?,
        };
        if written.position.is_some() {
            self.wakeups.ring();
        }
        self.faultpoints
            .pass(faultpoint::AFTER_COMMIT_BEFORE_ANSWER)?;
        Ok(written)
    }
}

fn late() -> Fault {
    unavailable("it did not answer in time")
}
