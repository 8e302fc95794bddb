//! What happens by itself: the thread that follows the log, and timers.
//!
//! A job decides *when*; what it does is a flow's. Nothing waits for a job, and every job may run
//! on several nodes at once.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use flow::Flows;
use foundation::fault::Fault;
use foundation::id::NodeId;
use tokio::sync::watch;
use tokio::task::JoinSet;

mod expire_sessions;
mod heartbeat;
mod sweep;
pub(crate) mod tail;

use tail::Progress;

/// How often what was last used is written.
const LAST_USED: Duration = Duration::from_secs(5);
/// How often the age of keys is looked at, and how long after the start for the first time: a
/// server answers first.
const KEYS: Duration = Duration::from_secs(60);

/// The running timers.
pub(crate) struct Jobs {
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
    node: NodeId,
    flows: Flows,
}

impl Jobs {
    /// Starts them on the runtime of the caller.
    pub(crate) fn start(flows: &Flows, progress: &Arc<Progress>) -> Self {
        let stop = watch::Sender::new(false);
        let mut tasks = JoinSet::new();
        let node = flows.new_node_id();
        tasks.spawn(until(
            &stop,
            heartbeat::run(flows.clone(), node, Arc::clone(progress)),
        ));
        tasks.spawn(until(&stop, expire_sessions::run(flows.clone())));
        tasks.spawn(until(&stop, sweep::run(flows.clone())));
        let of = flows.clone();
        tasks.spawn(until(
            &stop,
            every(KEYS, "keys", move || {
                let flows = of.clone();
                async move { flows.rotate_by_age().await }
            }),
        ));
        let of = flows.clone();
        tasks.spawn(until(
            &stop,
            every(LAST_USED, "last used", move || {
                let flows = of.clone();
                async move { flows.flush_last_used().await.map(drop) }
            }),
        ));
        Self {
            tasks,
            stop,
            node,
            flows: flows.clone(),
        }
    }

    /// Ends them, and writes what they still hold.
    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
        report("last used", self.flows.flush_last_used().await.map(drop));
        // The others need not wait for it.
        report("heartbeat", self.flows.retire_node(self.node).await);
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
