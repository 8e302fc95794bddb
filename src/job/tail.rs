//! Follows the log and feeds `live`: the one thread that may say what this node knows.
//!
//! Besides start-up, which is its first step, nobody else writes `live::ended`, invalidates clients
//! or confirms freshness. It never guesses: while it cannot read the log it confirms nothing, and a
//! second later the node asks the database again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use domain::event::{Event, LoggedEvent};
use domain::lifetimes::Lifetimes;
use flow::Flows;
use foundation::clock::{Instant, SharedClock, Span};
use foundation::fault::Fault;
use foundation::id::Position;
use store::LogReader;
use tokio::sync::Notify;

/// The longest between two looks, which covers a lost wake-up.
const POLL: Duration = Duration::from_millis(100);
/// The pause after a look that failed.
const PAUSE: Duration = Duration::from_millis(100);
/// Events read at once.
const PAGE: i64 = 1000;
/// How often memory is freed of what ended.
const FORGET: Span = Span::minutes(1);
/// Clocks of nodes and database may differ by so much: freshness and every `exp` depend on them.
const MAX_SKEW: Span = Span::seconds(1);

/// How far this node has followed; what it tells the others.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    confirmed: AtomicI64,
    keys_seen: AtomicI64,
    /// Rung when there are new keys: the others wait for this node to say so.
    pub(super) keys_changed: Notify,
}

impl Progress {
    /// The last event that this node's memory has.
    pub(crate) fn confirmed(&self) -> Position {
        Position(self.confirmed.load(Ordering::Acquire))
    }

    /// The last event about keys that this node has acted on.
    pub(crate) fn keys_seen(&self) -> Position {
        Position(self.keys_seen.load(Ordering::Acquire))
    }
}

/// A started tail.
pub(crate) struct Tail {
    thread: JoinHandle<()>,
    stop: Arc<AtomicBool>,
    progress: Arc<Progress>,
}

impl Tail {
    /// Loads what ended lately, then follows the log on a thread of its own. When this returns, the
    /// node is fresh.
    ///
    /// With `checks_clock`, a node whose clock is more than a second off the database's confirms
    /// nothing.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(crate) fn start(
        flows: Flows,
        clock: SharedClock,
        checks_clock: bool,
    ) -> Result<Self, Fault> {
        let stop = Arc::new(AtomicBool::new(false));
        let progress = Arc::new(Progress::default());
        let forgot_at = clock.now();
        let mut follower = Follower {
            flows,
            clock,
            checks_clock,
            stop: Arc::clone(&stop),
            progress: Arc::clone(&progress),
            position: Position(0),
            incomplete: true,
            reader: None,
            trouble: None,
            forgot_at,
        };
        follower.look()?;
        let thread = std::thread::Builder::new()
            .name("tail".into())
            .spawn(move || follower.run())
            .map_err(|e| Fault::broken_by("the thread that follows the log", e))?;
        Ok(Self {
            thread,
            stop,
            progress,
        })
    }

    /// How far it is.
    pub(crate) fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }

    /// Ends it.
    pub(crate) fn stop(self) {
        self.stop.store(true, Ordering::Release);
        if self.thread.join().is_err() {
            tracing::error!("the thread that follows the log had panicked");
        }
    }
}

/// Why nothing is confirmed at the moment; logged when it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    Unreadable,
    Skew,
}

struct Follower {
    flows: Flows,
    clock: SharedClock,
    checks_clock: bool,
    stop: Arc<AtomicBool>,
    progress: Arc<Progress>,
    position: Position,
    /// Whether memory was emptied and is not whole again.
    incomplete: bool,
    reader: Option<LogReader>,
    trouble: Option<Trouble>,
    /// When memory was last freed of what ended too long ago to matter.
    forgot_at: Instant,
}

impl Follower {
    fn run(mut self) {
        while !self.stop.load(Ordering::Acquire) {
            self.forget();
            match self.look() {
                Ok(()) => {
                    if let Some(reader) = &mut self.reader {
                        reader.wait(POLL);
                    }
                }
                Err(fault) => {
                    if self.trouble != Some(Trouble::Unreadable) {
                        tracing::error!(
                            fault = fault.chain(),
                            "the log cannot be read; the database is asked instead"
                        );
                        self.trouble = Some(Trouble::Unreadable);
                    }
                    self.reader = None;
                    std::thread::sleep(PAUSE);
                }
            }
        }
    }

    /// Reads all that is new, applies it in order, and confirms.
    fn look(&mut self) -> Result<(), Fault> {
        if self.incomplete {
            self.rebuild()?;
        }
        let reader = match &mut self.reader {
            Some(reader) => reader,
            empty => empty.insert(self.flows.store().tail()?),
        };
        loop {
            // Before the query: what it says may have changed by the time it is read.
            let began = self.clock.uptime();
            let page = reader.poll(self.position, PAGE)?;
            if page.end < self.position {
                tracing::error!(end = %page.end, position = %self.position, "the log is shorter than it was; reading all anew");
                return self.rebuild();
            }
            let skew = page.database_now.since(self.clock.now());
            let more = page.events.len() as i64 >= PAGE;
            for logged in &page.events {
                apply(&self.flows, &self.progress, logged)?;
                self.position = logged.position;
            }
            if more {
                continue;
            }
            self.position = self.position.max(page.end);
            if self.checks_clock && (skew > MAX_SKEW || Span::millis(-skew.as_millis()) > MAX_SKEW)
            {
                if self.trouble != Some(Trouble::Skew) {
                    tracing::error!(
                        milliseconds = skew.as_millis(),
                        "this clock and the database's differ; not ready"
                    );
                    self.trouble = Some(Trouble::Skew);
                }
                return Ok(());
            }
            if self.trouble.take().is_some() {
                tracing::info!("the log is followed again");
            }
            self.confirm(began);
            return Ok(());
        }
    }

    /// Forgets everything and loads what ended lately: at the start, and after a failover or a
    /// restore to an older log. Until it is done, this node does not trust its memory.
    fn rebuild(&mut self) -> Result<(), Fault> {
        let live = self.flows.live();
        self.incomplete = true;
        live.clear();
        let began = self.clock.uptime();
        let since = self.clock.now() - Lifetimes::ENDED_MEMORY;
        let (events, end) = self
            .flows
            .store()
            .read_blocking(move |db| store::events::window(db, since))?;
        for logged in &events {
            live.apply(logged);
        }
        self.flows.refresh_keys_blocking()?;
        self.progress.keys_seen.store(end.0, Ordering::Release);
        self.position = end;
        self.incomplete = false;
        self.confirm(began);
        tracing::info!(position = %end, events = events.len(), "what ended lately is known");
        Ok(())
    }

    /// "An entry is dropped 62 minutes after its event": no token of before is alive by then.
    fn forget(&mut self) {
        let now = self.clock.now();
        if now.since(self.forgot_at) >= FORGET {
            self.flows
                .live()
                .ended
                .forget_before(now - Lifetimes::ENDED_MEMORY);
            self.forgot_at = now;
        }
    }

    fn confirm(&self, began: Span) {
        self.progress
            .confirmed
            .store(self.position.0, Ordering::Release);
        self.flows.live().freshness.confirm(self.position, began);
    }
}

/// Takes an event into this node's memory, new keys included.
fn apply(flows: &Flows, progress: &Progress, logged: &LoggedEvent) -> Result<(), Fault> {
    flows.live().apply(logged);
    if let Event::KeysChanged { .. } = &logged.event {
        flows.refresh_keys_blocking()?;
        // A key may have been revoked: what it signed is looked at again.
        flows.live().verified_tokens.clear();
        progress
            .keys_seen
            .store(logged.position.0, Ordering::Release);
        progress.keys_changed.notify_one();
    }
    Ok(())
}
