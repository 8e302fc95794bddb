//! What happens by itself: the thread that follows the log, and timers.
//!
//! A job decides *when*; what it does is a service's. Nothing waits for a job, and every job may run
//! on several nodes at once.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use flow::Services;
use flow::upkeep::Upkeep;
use foundation::fault::Fault;
use foundation::id::NodeId;
use tokio::sync::watch;
use tokio::task::JoinSet;

mod expire_sessions;
mod heartbeat;
mod sweep;
pub(crate) mod tail;
pub(crate) mod witness;

use tail::TailProgress;

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
    upkeep: Upkeep,
}

impl Jobs {
    /// Starts them on the runtime of the caller.
    pub(crate) fn start(services: &Services, progress: &Arc<TailProgress>) -> Self {
        let stop = watch::Sender::new(false);
        let mut tasks = JoinSet::new();
        let upkeep = &services.upkeep;
        let node = upkeep.new_node_id();
        tasks.spawn(until(
            &stop,
            heartbeat::run(upkeep.clone(), node, Arc::clone(progress)),
        ));
        tasks.spawn(until(&stop, expire_sessions::run(upkeep.clone())));
        tasks.spawn(until(&stop, sweep::run(upkeep.clone())));
        let keys = services.signing_keys.clone();
        tasks.spawn(until(
            &stop,
            every(KEYS, "keys", move || {
                let keys = keys.clone();
                async move { keys.rotate_by_age().await }
            }),
        ));
        let of = upkeep.clone();
        tasks.spawn(until(
            &stop,
            every(LAST_USED, "last used", move || {
                let upkeep = of.clone();
                async move { upkeep.flush_last_used().await.map(drop) }
            }),
        ));
        Self {
            tasks,
            stop,
            node,
            upkeep: upkeep.clone(),
        }
    }

    /// Waits until one of them ends, which none does unless it panics.
    pub(crate) async fn lost(&mut self) {
        lost(&mut self.tasks).await;
    }

    /// Ends them, and writes what they still hold.
    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
        report("last used", self.upkeep.flush_last_used().await.map(drop));
        // The others need not wait for it.
        report("heartbeat", self.upkeep.retire_node(self.node).await);
    }
}

/// Waits until one of these ends.
async fn lost(tasks: &mut JoinSet<()>) {
    match tasks.join_next().await {
        Some(Err(error)) => tracing::error!(%error, "a job ended by itself"),
        Some(Ok(())) => tracing::error!("a job ended by itself"),
        None => std::future::pending().await,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_job_that_panics_is_missed() {
        let mut tasks = JoinSet::new();
        tasks.spawn(std::future::pending());
        tasks.spawn(async { panic!("a mistake of ours") });
        lost(&mut tasks).await;
        assert_eq!(tasks.len(), 1, "the other one goes on");
    }
}
