//! SQLite's writer: one thread that owns the one writing connection and turns what waits into
//! groups, each of them one durable commit.
//!
//! ```text
//! BEGIN IMMEDIATE ─► (SAVEPOINT ─► closure ─► its events ─► RELEASE | ROLLBACK TO)* ─► COMMIT ─► answers
//! ```
//! A fault of one request rolls back to its savepoint and leaves the others; answers are given
//! after the COMMIT. A group forms by itself while the one before is written to the disk: nobody
//! waits for company.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use foundation::clock::Span;
use foundation::fault::Fault;
use foundation::id::Position;

use crate::connection::Connection;
use crate::dialect::{self, Role, Target};
use crate::environment::Environment;
use crate::fault::{STORE, at, unavailable};
use crate::faultpoint::{self, Faultpoints};
use crate::log_guard::{LogGuard, Shown};
use crate::transaction::{Transaction, Written};
use crate::wakeups::Wakeups;

/// A group closes at this many requests …
const GROUP: usize = 64;
/// … or when its closures have taken this long.
const GROUP_TIME: Span = Span::millis(2);
/// How many requests may wait.
const QUEUE: usize = 1024;

/// The way to the thread.
pub(crate) struct Writer {
    queue: Option<SyncSender<Box<dyn Request>>>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread works with.
pub(crate) struct Workshop {
    pub(crate) target: Target,
    pub(crate) timeout: Duration,
    pub(crate) environment: Environment,
    pub(crate) faultpoints: Faultpoints,
    pub(crate) wakeups: Arc<Wakeups>,
    pub(crate) log_guard: Arc<LogGuard>,
}

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteKind {
    /// Anything, to a log that continues what was followed.
    Usual,
    /// A new history, to whatever log there is.
    Renewal,
}

impl Writer {
    /// Opens the connection and starts the thread.
    pub(crate) fn start(workshop: Workshop) -> Result<Self, Fault> {
        let conn = workshop.target.connect(Role::Writer, workshop.timeout)?;
        let (queue, requests) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                let bench = Bench {
                    conn,
                    shown: None,
                    workshop,
                };
                bench.work(&requests);
            })
            .map_err(|error| Fault::unavailable(STORE, error))?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    /// Whether the thread has ended, which it does only when it is told to, or panics.
    pub(crate) fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Queues a closure. Its answer comes through `answer`, once, from the thread; if the thread is
    /// gone, `answer` is dropped. After `deadline` (by the clock's uptime) nobody waits any more, and
    /// a closure that has not begun is not run.
    pub(crate) fn submit<T, F, A>(
        &self,
        kind: WriteKind,
        deadline: Span,
        f: F,
        answer: A,
    ) -> Result<(), Fault>
    where
        T: Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T, Fault> + Send + 'static,
        A: FnOnce(Result<Written<T>, Fault>) + Send + 'static,
    {
        let request = Write {
            kind,
            deadline,
            span: tracing::Span::current(),
            closure: Some(f),
            value: None,
            answer,
        };
        let queue = self
            .queue
            .as_ref()
            .ok_or_else(|| unavailable("it is closing"))?;
        queue
            .try_send(Box::new(request))
            .map_err(|error| match error {
                TrySendError::Full(_) => unavailable("too many writes are waiting"),
                TrySendError::Disconnected(_) => unavailable("the writer has stopped"),
            })
    }
}

impl Drop for Writer {
    /// What is queued is still written.
    fn drop(&mut self) {
        self.queue = None;
        let Some(thread) = self.thread.take() else {
            return;
        };
        // The last store may be let go by one of the closures: the thread cannot wait for itself.
        if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
            tracing::error!("the store's writer ended with a panic");
        }
    }
}

/// A queued write, whatever it gives.
trait Request: Send {
    fn kind(&self) -> WriteKind;
    fn deadline(&self) -> Span;
    /// Runs the closure and keeps what it gives.
    fn run(&mut self, transaction: &mut Transaction<'_>) -> Result<(), Fault>;
    /// Hands out what the closure gave, or the fault.
    fn answer(self: Box<Self>, outcome: Result<Option<Position>, Fault>);
}

struct Write<T, F, A> {
    kind: WriteKind,
    deadline: Span,
    span: tracing::Span,
    closure: Option<F>,
    value: Option<T>,
    answer: A,
}

impl<T, F, A> Request for Write<T, F, A>
where
    T: Send,
    F: FnOnce(&mut Transaction<'_>) -> Result<T, Fault> + Send,
    A: FnOnce(Result<Written<T>, Fault>) + Send,
{
    fn kind(&self) -> WriteKind {
        self.kind
    }

    fn deadline(&self) -> Span {
        self.deadline
    }

    fn run(&mut self, transaction: &mut Transaction<'_>) -> Result<(), Fault> {
        let closure = self
            .closure
            .take()
            .ok_or_else(|| Fault::broken("a write that ran twice"))?;
        self.value = Some(self.span.in_scope(|| closure(transaction))?);
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<Option<Position>, Fault>) {
        let Self { value, answer, .. } = *self;
        answer(outcome.and_then(|position| match value {
            Some(value) => Ok(Written { value, position }),
            None => Err(Fault::broken("a write without a value")),
        }));
    }
}

/// A request that ran, and how: what it appended, or the fault that rolled it back.
type Ran = (Box<dyn Request>, Result<Option<Position>, Fault>);

/// The thread's own.
struct Bench {
    conn: Connection,
    /// That its log continues what was followed, if the connection has shown it.
    shown: Option<Shown>,
    workshop: Workshop,
}

impl Bench {
    fn work(mut self, requests: &Receiver<Box<dyn Request>>) {
        while let Ok(first) = requests.recv() {
            let mut ran = Vec::new();
            let committed = self.group(first, requests, &mut ran);
            if committed.is_ok()
                && ran
                    .iter()
                    .any(|(_, outcome)| matches!(outcome, Ok(Some(_))))
            {
                self.workshop.wakeups.ring();
            }
            metrics::histogram!("portico_store_group_size").record(ran.len() as f64);
            let committed = committed.and_then(|()| {
                self.workshop
                    .faultpoints
                    .pass(faultpoint::AFTER_COMMIT_BEFORE_ANSWER)
            });
            self.answer(ran, committed);
        }
    }

    fn answer(&mut self, ran: Vec<Ran>, committed: Result<(), Fault>) {
        let Err(fault) = committed else {
            for (request, outcome) in ran {
                request.answer(outcome);
            }
            return;
        };
        // Whatever was read or written in this group never was.
        let cause = fault.reason();
        tracing::error!(cause, requests = ran.len(), "a group of writes was lost");
        metrics::counter!("portico_store_lost_groups_total").increment(1);
        for (request, _) in ran {
            request.answer(Err(Fault::unavailable(STORE, cause.clone())));
        }
    }

    /// Runs a group and commits it. After an error nothing of it is there.
    fn group(
        &mut self,
        first: Box<dyn Request>,
        requests: &Receiver<Box<dyn Request>>,
        ran: &mut Vec<Ran>,
    ) -> Result<(), Fault> {
        let began = self.workshop.environment.uptime();
        if let Err(fault) = self.begin() {
            ran.push((first, Ok(None)));
            return Err(fault);
        }
        let mut next = Some(first);
        while let Some(request) = next {
            if let Err(fault) = self.take(request, ran) {
                self.give_up();
                return Err(fault);
            }
            let elapsed = self.workshop.environment.uptime().as_millis() - began.as_millis();
            let open = ran.len() < GROUP && elapsed < GROUP_TIME.as_millis();
            next = open.then(|| requests.try_recv().ok()).flatten();
        }
        self.commit().inspect_err(|_| self.give_up())
    }

    fn begin(&mut self) -> Result<(), Fault> {
        self.workshop.faultpoints.pass(faultpoint::BEGIN)?;
        dialect::begin(&mut self.conn).map_err(at("events"))
    }

    /// What would be written where nobody finds it is not written.
    fn commit(&mut self) -> Result<(), Fault> {
        self.workshop.target.check_place()?;
        self.workshop.faultpoints.pass(faultpoint::BEFORE_COMMIT)?;
        dialect::commit(&mut self.conn).map_err(at("events"))
    }

    /// Runs one request inside its savepoint. An error means that the whole group is lost: SQLite
    /// ends a transaction by itself when a disk is full or broken, and then the savepoint is not
    /// there any more.
    fn take(&mut self, mut request: Box<dyn Request>, ran: &mut Vec<Ran>) -> Result<(), Fault> {
        if request.deadline() < self.workshop.environment.uptime() {
            ran.push((request, Err(unavailable("it had to wait too long"))));
            return Ok(());
        }
        if let Err(fault) = self.guard(request.kind()) {
            ran.push((request, Err(fault)));
            return Ok(());
        }
        if let Err(error) = self.conn.batch_execute("SAVEPOINT request") {
            ran.push((request, Ok(None)));
            return Err(at("events")(error));
        }
        let outcome = catch_unwind(AssertUnwindSafe(|| self.run(request.as_mut())))
            .unwrap_or_else(|_| Err(Fault::broken("a write that panicked")));
        let end = match &outcome {
            Ok(_) => "RELEASE request",
            Err(_) => "ROLLBACK TO request; RELEASE request",
        };
        ran.push((request, outcome));
        self.conn.batch_execute(end).map_err(at("events"))
    }

    fn guard(&mut self, kind: WriteKind) -> Result<(), Fault> {
        let log_guard = &self.workshop.log_guard;
        match kind {
            WriteKind::Usual if log_guard.accepts(self.shown) => {}
            WriteKind::Usual => self.shown = log_guard.check(&mut self.conn)?,
            WriteKind::Renewal => log_guard.check_installation(&mut self.conn)?,
        }
        Ok(())
    }

    fn run(&mut self, request: &mut dyn Request) -> Result<Option<Position>, Fault> {
        let mut transaction = Transaction::new(&mut self.conn, &self.workshop.environment);
        request.run(&mut transaction)?;
        transaction.finish(&self.workshop.faultpoints)
    }

    /// After a lost group the connection may be in any state: it is closed, which rolls back, and a
    /// new one takes its place.
    fn give_up(&mut self) {
        if let Err(error) = self.conn.batch_execute("ROLLBACK") {
            tracing::debug!(%error, "a rollback");
        }
        match self
            .workshop
            .target
            .connect(Role::Writer, self.workshop.timeout)
        {
            Ok(conn) => (self.conn, self.shown) = (conn, None),
            Err(fault) => tracing::error!(cause = fault.chain(), "the store's writer"),
        }
    }
}
