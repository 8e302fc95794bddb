//! What happens by itself: the thread that follows the log, and timers.
//!
//! A job decides *when*; what it does is a service's. Nothing waits for a job, and every job may run
//! on several nodes at once.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use flow::Services;
use flow::deliver::Deliveries;
use flow::upkeep::Upkeep;
use foundation::fault::Fault;
use foundation::id::NodeId;
use store::Store;
use tokio::sync::watch;

mod announce;
mod expire_sessions;
mod heartbeat;
mod send_logouts;
mod sweep;
pub(crate) mod tail;
mod watch_sessions;
pub(crate) mod watched;
pub(crate) mod witness;

use tail::TailProgress;
use watched::WatchedTasks;

/// How often what was last used is written.
const LAST_USED: Duration = Duration::from_secs(5);
/// How often the age of keys is looked at, and how long after the start for the first time: a
/// server answers first.
const KEYS: Duration = Duration::from_secs(60);
/// How often what waits to be delivered is counted.
const FIGURES: Duration = Duration::from_secs(10);
/// How often it is looked whether the store's writer is there.
const WRITER: Duration = Duration::from_secs(1);

/// The running timers.
pub(crate) struct Jobs {
    tasks: WatchedTasks,
    stop: watch::Sender<bool>,
    node: NodeId,
    upkeep: Upkeep,
    deliveries: Deliveries,
}

impl Jobs {
    /// Starts them on the runtime of the caller.
    pub(crate) fn start(services: &Services, store: &Store, progress: &Arc<TailProgress>) -> Self {
        let stop = watch::Sender::new(false);
        let mut tasks = WatchedTasks::default();
        let upkeep = &services.upkeep;
        let node = upkeep.new_node_id();
        // Commands name it by this.
        tracing::info!(%node, "the others hear of this node");
        let beats = heartbeat::run(upkeep.clone(), node, Arc::clone(progress));
        tasks.spawn("heartbeat", until(&stop, beats));
        let expires = expire_sessions::run(upkeep.clone());
        tasks.spawn("expiry", until(&stop, expires));
        tasks.spawn("sweep", until(&stop, sweep::run(upkeep.clone())));
        let watching = &services.session_watching;
        let tells = watch_sessions::announce(watching.clone());
        tasks.spawn("streams of backends", until(&stop, tells));
        let closes = watch_sessions::close_expired(watching.clone());
        tasks.spawn("streams", until(&stop, closes));
        let deliveries = &services.deliveries;
        let sends = send_logouts::run(deliveries.clone(), node, progress.news.subscribe());
        tasks.spawn("deliveries", until(&stop, sends));
        let announces = announce::run(deliveries.clone(), Arc::clone(progress));
        tasks.spawn("announcements", until(&stop, announces));
        let measured = deliveries.clone();
        let measures = every(FIGURES, "delivery figures", move || {
            let deliveries = measured.clone();
            async move { send_logouts::measure(&deliveries).await }
        });
        tasks.spawn("delivery figures", until(&stop, measures));
        let keys = services.signing_keys.clone();
        let rotates = every(KEYS, "keys", move || {
            let keys = keys.clone();
            async move { keys.rotate_by_age().await }
        });
        tasks.spawn("keys", until(&stop, rotates));
        let of = upkeep.clone();
        let flushes = every(LAST_USED, "last used", move || {
            let upkeep = of.clone();
            async move { upkeep.flush_last_used().await.map(drop) }
        });
        tasks.spawn("last used", until(&stop, flushes));
        tasks.spawn("store writer", until(&stop, while_it_writes(store.clone())));
        Self {
            tasks,
            stop,
            node,
            upkeep: upkeep.clone(),
            deliveries: deliveries.clone(),
        }
    }

    /// Waits until one of them ends, which none does unless it panics. Gives its name.
    pub(crate) async fn lost(&mut self) -> &'static str {
        self.tasks.lost().await
    }

    /// Ends them, and writes what they still hold.
    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(true);
        self.tasks.ended().await;
        report("last used", self.upkeep.flush_last_used().await.map(drop));
        // The others need not wait for it.
        report("deliveries", self.deliveries.release_all(self.node).await);
        report("heartbeat", self.upkeep.retire_node(self.node).await);
    }
}

/// Runs a job until it is told to stop; where it waits, it ends.
fn until<J>(stop: &watch::Sender<bool>, job: J) -> impl Future<Output = ()> + Send + use<J>
where
    J: Future<Output = ()> + Send,
{
    let mut stopped = stop.subscribe();
    async move {
        tokio::select! {
            () = job => {}
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
    }
}

/// Does something again and again, with a pause before each time.
async fn every<F, D>(pause: Duration, name: &'static str, act: F)
where
    F: Fn() -> D,
    D: Future<Output = Result<(), Fault>>,
{
    loop {
        tokio::time::sleep(pause).await;
        report(name, act().await);
    }
}

/// Ends when the thread that writes to SQLite has.
async fn while_it_writes(store: Store) {
    while !store.has_lost_its_writer() {
        tokio::time::sleep(WRITER).await;
    }
}

/// A failure is logged here, once; the next time may do better.
fn report(name: &'static str, done: Result<(), Fault>) {
    if let Err(fault) = done {
        tracing::warn!(
            job = name,
            fault = fault.chain(),
            "a job failed; it will be tried again"
        );
    }
}
