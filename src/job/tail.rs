//! Follows the log and feeds `live`: the one thread that may say what this node knows.
//!
//! Besides start-up, which is its first step, nobody else writes `live::ended`, invalidates clients
//! or confirms freshness. It never guesses: while it cannot read the log it confirms nothing, and a
//! second later the node asks the database again. Each look also says what time it is.
//!
//! The thread is watched. One that hears nothing from the database for two seconds, because the
//! connection went silent, is given up, and another takes its turn.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use domain::log_history::Followed;
use flow::health::Health;
use flow::refresh_keys::KeyRefresh;
use flow::renew_history::LogHistory;
use flow::upkeep::Upkeep;
use foundation::clock::Span;
use foundation::fault::Fault;
use foundation::id::Position;
use live::Live;
use store::{MAX_ABANDONED, Store};
use tokio::sync::{Notify, oneshot, watch};

use super::witness::Witness;

mod follower;

use follower::Follower;

/// The longest between two looks, which covers a lost wake-up.
const POLL: Duration = Duration::from_millis(100);
/// The pause after a look that failed.
const PAUSE: Duration = Duration::from_millis(100);
/// Who hears nothing from the database for so long is given up.
const SILENCE: Duration = Duration::from_secs(2);
/// Events read at once.
const PAGE: i64 = 1000;
/// How often the witness is written, at most.
const WITNESS: Span = Span::seconds(1);
/// What it is called.
pub(crate) const NAME: &str = "tail";
/// How often memory is freed of what ended.
const FORGET: Span = Span::minutes(1);

/// How far this node has followed; what it tells the others.
#[derive(Debug, Default)]
pub(crate) struct TailProgress {
    keys_seen: AtomicI64,
    /// Rung when there are new keys: the others wait for this node to say so.
    pub(super) keys_changed: Notify,
    /// A counter that goes up when the log has grown, whoever wrote it, and when there is more to deliver.
    pub(super) news: watch::Sender<u64>,
}

impl TailProgress {
    /// The last event about keys that this node has acted on.
    pub(crate) fn keys_seen(&self) -> Position {
        Position(self.keys_seen.load(Ordering::Acquire))
    }

    /// There is something to tell, or there may be.
    pub(super) fn ring(&self) {
        self.news.send_modify(|count| *count += 1);
    }

    fn keys_are_seen(&self, position: Position) {
        self.keys_seen.store(position.0, Ordering::Release);
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
    /// Who is told while nobody follows.
    pub(crate) health: Health,
}

/// What a follower finds, and leaves to the one after it.
struct Shared {
    parts: TailParts,
    stop: AtomicBool,
    progress: Arc<TailProgress>,
    /// How far the log was read.
    followed: Mutex<Followed>,
    /// The same, for the next start.
    witness: Mutex<Witness>,
    /// Threads of followers that have not ended.
    threads: AtomicUsize,
}

impl Shared {
    fn followed(&self) -> Followed {
        let followed = self.followed.lock();
        followed.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn has_followed(&self, followed: &Followed) {
        self.parts.store.has_followed(followed.clone());
        *self.followed.lock().unwrap_or_else(PoisonError::into_inner) = followed.clone();
    }

    fn is_unwitnessed(&self) -> bool {
        let witness = self.witness.lock();
        let witness = witness.unwrap_or_else(PoisonError::into_inner);
        witness.said().is_none()
    }
}

/// A started tail.
pub(crate) struct Tail {
    watch: JoinHandle<()>,
    /// Closed when the thread that watches has ended.
    gone: oneshot::Receiver<()>,
    shared: Arc<Shared>,
}

impl Tail {
    /// Loads what ended lately, then follows the log on a thread of its own. When this returns, the
    /// node is fresh.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(crate) fn start(parts: TailParts, witness: Witness) -> Result<Self, Fault> {
        let shared = Arc::new(Shared {
            parts,
            stop: AtomicBool::new(false),
            progress: Arc::default(),
            followed: Mutex::new(witness.said().cloned().unwrap_or_default()),
            witness: Mutex::new(witness),
            threads: AtomicUsize::new(0),
        });
        let (answered, answers) = sync_channel(1);
        let mut follower = Follower::new(&shared, answered);
        follower.look()?;
        follow(&shared, follower)?;
        let watched = Arc::clone(&shared);
        let (goes, gone) = oneshot::channel();
        let watch = std::thread::Builder::new()
            .name("tail-watch".into())
            .spawn(move || {
                let _goes: oneshot::Sender<()> = goes;
                watch(&watched, answers);
            })
            .map_err(|e| Fault::broken_by("the thread that watches who follows the log", e))?;
        Ok(Self {
            watch,
            gone,
            shared,
        })
    }

    /// Waits until nobody sees to it any more that the log is followed, which is so only if a thread
    /// panicked. To be asked once.
    pub(crate) async fn lost(&mut self) {
        let _ = (&mut self.gone).await;
    }

    /// How far it is.
    pub(crate) fn progress(&self) -> &Arc<TailProgress> {
        &self.shared.progress
    }

    /// Ends it. Who waits for a silent database is not waited for.
    pub(crate) fn stop(self) {
        self.shared.stop.store(true, Ordering::Release);
        if self.watch.join().is_err() {
            tracing::error!("the thread that watches who follows the log had panicked");
        }
    }
}

/// Starts the thread of a follower.
fn follow(shared: &Arc<Shared>, follower: Follower) -> Result<(), Fault> {
    let thread = FollowerThread::new(shared);
    let gone = follower.answers();
    std::thread::Builder::new()
        .name("tail".into())
        .spawn(move || {
            // Let go last: when it is heard that this one is gone, the database is closed.
            let _gone = gone;
            let _thread = thread;
            follower.run();
        })
        .map(drop)
        .map_err(|e| Fault::broken_by("the thread that follows the log", e))
}

/// A thread that has not ended.
struct FollowerThread(Arc<Shared>);

impl FollowerThread {
    fn new(shared: &Arc<Shared>) -> Self {
        shared.threads.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(shared))
    }
}

impl Drop for FollowerThread {
    fn drop(&mut self) {
        self.0.threads.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Hears whether somebody follows the log, and sees to it that somebody does, until the tail is told to
/// stop.
fn watch(shared: &Arc<Shared>, mut answers: Receiver<()>) {
    let health = &shared.parts.health;
    let mut is_missing = false;
    loop {
        let why = match answers.recv_timeout(SILENCE) {
            Ok(()) => {
                if std::mem::take(&mut is_missing) {
                    health.finds(NAME);
                }
                continue;
            }
            Err(_) if shared.stop.load(Ordering::Acquire) => return,
            Err(RecvTimeoutError::Timeout) => "the database does not answer who follows the log",
            Err(RecvTimeoutError::Disconnected) => {
                is_missing = true;
                health.misses(NAME);
                "the thread that follows the log has ended"
            }
        };
        let threads = shared.threads.load(Ordering::Acquire);
        tracing::error!(threads, "{why}; another takes its place");
        std::thread::sleep(PAUSE);
        // Memory is trusted for a second after the last look, so nobody goes by it meanwhile.
        if threads > MAX_ABANDONED {
            continue;
        }
        let (answered, new_answers) = sync_channel(1);
        match follow(shared, Follower::new(shared, answered)) {
            Ok(()) => answers = new_answers,
            Err(fault) => tracing::error!(fault = fault.chain(), "nobody follows the log"),
        }
    }
}
