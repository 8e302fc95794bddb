//! Follows the log and feeds `live`: the one thread that may say what this node knows.
//!
//! Besides start-up, which is its first step, nobody else writes `live::ended`, invalidates clients
//! or confirms freshness. It never guesses: while it cannot read the log it confirms nothing, and a
//! second later the node asks the database again. Each look also says what time it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use domain::event::effect::{Effect, NotBefore, Reload};
use domain::event::{LoggedEvent, TooNew};
use domain::lifetimes::Lifetimes;
use domain::log_history::{Continuity, Followed};
use flow::refresh_keys::KeyRefresh;
use flow::renew_history::LogHistory;
use flow::upkeep::Upkeep;
use foundation::clock::{Clock as _, Span};
use foundation::fault::Fault;
use foundation::id::{HistoryId, Position};
use live::Live;
use live::node_time::CatchingUp;
use store::{LogReader, Store};
use tokio::sync::Notify;

use super::witness::Witness;

/// The longest between two looks, which covers a lost wake-up.
const POLL: Duration = Duration::from_millis(100);
/// The pause after a look that failed.
const PAUSE: Duration = Duration::from_millis(100);
/// Events read at once.
const PAGE: i64 = 1000;
/// How often the witness is written, at most.
const WITNESS: Span = Span::seconds(1);
/// How often memory is freed of what ended.
const FORGET: Span = Span::minutes(1);

/// How far this node has followed; what it tells the others.
#[derive(Debug, Default)]
pub(crate) struct TailProgress {
    keys_seen: AtomicI64,
    /// Rung when there are new keys: the others wait for this node to say so.
    pub(super) keys_changed: Notify,
}

impl TailProgress {
    /// The last event about keys that this node has acted on.
    pub(crate) fn keys_seen(&self) -> Position {
        Position(self.keys_seen.load(Ordering::Acquire))
    }
}

/// What the tail reads and what it feeds.
pub(crate) struct TailParts {
    /// Where the log is.
    pub(crate) store: Store,
    /// What it feeds.
    pub(crate) live: Arc<Live>,
    /// How keys are read again.
    pub(crate) keys: KeyRefresh,
    /// What is done where the clock went back.
    pub(crate) upkeep: Upkeep,
    /// What is done where the log went back.
    pub(crate) log_history: LogHistory,
    /// How far the log was read when it was last followed.
    pub(crate) witness: Witness,
}

/// A started tail.
pub(crate) struct Tail {
    thread: JoinHandle<()>,
    stop: Arc<AtomicBool>,
    progress: Arc<TailProgress>,
}

impl Tail {
    /// Loads what ended lately, then follows the log on a thread of its own. When this returns, the
    /// node is fresh.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(crate) fn start(parts: TailParts) -> Result<Self, Fault> {
        let stop = Arc::new(AtomicBool::new(false));
        let progress = Arc::new(TailProgress::default());
        let forgot_at = parts.live.time.uptime();
        let followed = parts.witness.said().cloned().unwrap_or_default();
        let mut follower = Follower {
            parts,
            stop: Arc::clone(&stop),
            progress: Arc::clone(&progress),
            followed,
            witnessed_at: forgot_at,
            incomplete: true,
            reader: None,
            is_unreadable: false,
            is_too_old: false,
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
    pub(crate) fn progress(&self) -> &Arc<TailProgress> {
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

struct Follower {
    parts: TailParts,
    stop: Arc<AtomicBool>,
    progress: Arc<TailProgress>,
    followed: Followed,
    /// When the witness was last written, on the boot clock.
    witnessed_at: Span,
    /// Whether memory was emptied and is not whole again.
    incomplete: bool,
    reader: Option<LogReader>,
    /// Whether the last look failed; logged when it changes.
    is_unreadable: bool,
    /// Whether a newer program wrote what this one cannot obey; logged when it changes.
    is_too_old: bool,
    /// When memory was last freed of what ended too long ago to matter, on the boot clock.
    forgot_at: Span,
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
                    if !self.is_unreadable {
                        tracing::error!(
                            fault = fault.chain(),
                            "the log cannot be read; the database is asked instead"
                        );
                        self.is_unreadable = true;
                    }
                    self.reader = None;
                    std::thread::sleep(PAUSE);
                }
            }
        }
        self.parts.witness.write(&self.followed);
    }

    /// Reads all that is new, applies it in order, and confirms.
    fn look(&mut self) -> Result<(), Fault> {
        if self.incomplete {
            self.rebuild()?;
        }
        if self.incomplete {
            return Ok(());
        }
        let reader = match &mut self.reader {
            Some(reader) => reader,
            empty => empty.insert(self.parts.store.tail()?),
        };
        loop {
            let page = reader.poll(&self.followed.read, PAGE)?;
            if page.view.continues(&self.followed) != Continuity::Continues {
                return self.rebuild();
            }
            if let Some(step) = self.parts.live.time.look(&page.time) {
                let milliseconds = step.by.as_millis();
                tracing::error!(
                    milliseconds,
                    "the clock made a step; nothing ends because of time for ten minutes"
                );
                return self.rebuild();
            }
            let more = page.events.len() as i64 >= PAGE;
            for logged in &page.events {
                if let Err(too_new) = apply(&self.parts, &self.progress, logged)? {
                    self.cannot_obey(too_new);
                    return Ok(());
                }
            }
            self.followed.read = page.read;
            if more {
                continue;
            }
            if std::mem::take(&mut self.is_unreadable) | std::mem::take(&mut self.is_too_old) {
                tracing::info!("the log is followed again");
            }
            // What it says may have changed since it began.
            self.confirm(page.time.before);
            return self.catch_up();
        }
    }

    /// Forgets everything and loads what ended lately: at the start, after a step of the clock, and
    /// after a failover or a restore to an older log. Until it is done, this node does not trust its
    /// memory.
    fn rebuild(&mut self) -> Result<(), Fault> {
        let live = &self.parts.live;
        self.incomplete = true;
        live.clear();
        // Read again whoever renewed it: this node, or another that was quicker.
        self.parts
            .log_history
            .renew_if_it_went_back(&self.followed)?;
        let (began, now) = (live.time.uptime(), live.time.now());
        let store = &self.parts.store;
        // However long ago it was written: what it does may still hold.
        if let Some(too_new) = store.read_blocking(store::events::too_new)? {
            self.cannot_obey(too_new);
            return Ok(());
        }
        let window = store
            .read_blocking(move |db| store::events::window(db, now, Lifetimes::ENDED_MEMORY))?;
        for logged in &window.events {
            if let Err(too_new) = live.apply(logged, began) {
                self.cannot_obey(too_new);
                return Ok(());
            }
        }
        self.parts.keys.refresh_blocking()?;
        self.progress
            .keys_seen
            .store(window.view.end.0, Ordering::Release);
        let before = window.over.iter().copied();
        let unnamed = (window.view.history.number > 1).then_some(HistoryId::BEFORE);
        live.history.set(window.view.history, before.chain(unnamed));
        self.followed = Followed {
            read: window.view.at_end(),
            over: window.over,
        };
        self.incomplete = false;
        if let Some(stamp) = window.last_stamp {
            live.time.must_follow(stamp);
        }
        if live.time.is_behind() {
            tracing::error!(%now, "the clock is behind what was written last; no answers until it has caught up, for two minutes at most");
        }
        self.confirm(began);
        tracing::info!(position = %self.followed.read.number, events = window.events.len(), "what ended lately is known");
        Ok(())
    }

    /// A node whose clock went back waits, and goes on when the clock has caught up; or, after two
    /// minutes, when every access token that was given out by the later time is cut off.
    fn catch_up(&self) -> Result<(), Fault> {
        match self.parts.live.time.catches_up() {
            CatchingUp::Not | CatchingUp::Waiting => {}
            CatchingUp::Done => tracing::info!("the clock has caught up"),
            CatchingUp::Over => {
                tracing::error!("the clock has not caught up; all access tokens are cut off");
                // It comes back by the log, as to everybody, and then this node goes on.
                self.parts
                    .upkeep
                    .clock_was_set_back(self.followed.read.number)?;
            }
        }
        Ok(())
    }

    /// A newer program wrote what this one cannot obey: it does not guess, it confirms nothing, and
    /// looks again until a newer one takes its place.
    fn cannot_obey(&mut self, too_new: TooNew) {
        if !std::mem::replace(&mut self.is_too_old, true) {
            tracing::error!(cause = %too_new, "this program is too old for the log; not ready");
        }
    }

    /// What arrived 62 minutes ago, on the boot clock, decides nothing any more: no token of before is
    /// alive by then.
    fn forget(&mut self) {
        let live = &self.parts.live;
        let now = live.time.uptime();
        if now >= self.forgot_at + FORGET {
            live.ended.forget_before(now - Lifetimes::ENDED_MEMORY);
            self.forgot_at = now;
        }
    }

    fn confirm(&mut self, began: Span) {
        self.parts.store.has_followed(self.followed.clone());
        let live = &self.parts.live;
        live.freshness.confirm(self.followed.read, began);
        let now = live.time.uptime();
        let witness = &mut self.parts.witness;
        if witness.said().is_none() || now >= self.witnessed_at + WITNESS {
            witness.write(&self.followed);
            self.witnessed_at = now;
        }
    }
}

/// Obeys an event: in this node's memory, and what is kept beside it.
fn apply(
    parts: &TailParts,
    progress: &TailProgress,
    logged: &LoggedEvent,
) -> Result<Result<(), TooNew>, Fault> {
    let live = &parts.live;
    if let Err(too_new) = live.apply(logged, live.time.uptime()) {
        return Ok(Err(too_new));
    }
    // No access token of the later time is left.
    if logged.effect == Ok(Effect::NotBefore(NotBefore::AccessTokens)) {
        live.time.go_on();
    }
    if logged.effect == Ok(Effect::Reload(Reload::Keys)) {
        parts.keys.refresh_blocking()?;
        // A key may have been revoked: what it signed is looked at again.
        live.verified_tokens.clear();
        progress
            .keys_seen
            .store(logged.position.0, Ordering::Release);
        progress.keys_changed.notify_one();
    }
    Ok(Ok(()))
}
