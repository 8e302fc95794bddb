//! Sends logout tokens as soon as the log says that something ended, whoever wrote it: many clients at
//! once, and one thing after the other to each. Whoever answers slowly is waited for by nobody else.

use std::time::Duration;

use flow::deliver::Deliveries;
use foundation::fault::Fault;
use foundation::id::NodeId;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::report;

/// The longest between two looks: for what is tried again, and what another node had claimed when it died.
const LOOK: Duration = Duration::from_secs(1);
/// Clients that one node tells at once …
const AT_ONCE: usize = 256;
/// … and those beside them that failed the last time.
const FAILING_AT_ONCE: usize = 64;

pub(super) async fn run(deliveries: Deliveries, node: NodeId, mut news: watch::Receiver<u64>) {
    let (mut well, mut failing) = (JoinSet::new(), JoinSet::new());
    loop {
        // What is rung from here on leads to another look.
        news.mark_unchanged();
        let (room, room_for_failing) = (AT_ONCE - well.len(), FAILING_AT_ONCE - failing.len());
        match deliveries.claim(node, room, room_for_failing).await {
            Ok(claimed) => {
                for claimed in claimed {
                    let tasks = if claimed.is_failing() {
                        &mut failing
                    } else {
                        &mut well
                    };
                    let deliveries = deliveries.clone();
                    tasks
                        .spawn(async move { report("deliver", deliveries.deliver(claimed).await) });
                }
            }
            Err(fault) => report("claim deliveries", Err(fault)),
        }
        tokio::select! {
            Some(done) = well.join_next() => said(done),
            Some(done) = failing.join_next() => said(done),
            _ = news.changed() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// What panicked is claimed until its time is over, and tried again then.
fn said(done: Result<(), tokio::task::JoinError>) {
    if let Err(error) = done {
        tracing::error!(%error, "a delivery ended by itself");
    }
}

/// Says how many wait.
#[expect(
    clippy::cast_precision_loss,
    reason = "a gauge is a float; nothing here is near 2^52"
)]
pub(super) async fn measure(deliveries: &Deliveries) -> Result<(), Fault> {
    let figures = deliveries.figures().await?;
    let waits = figures
        .oldest
        .map_or(0, |since| deliveries.now().since(since).as_millis().max(0));
    metrics::gauge!("portico_deliveries", "state" => "waiting").set(figures.waiting as f64);
    metrics::gauge!("portico_deliveries", "state" => "dead").set(figures.dead as f64);
    metrics::gauge!("portico_deliveries_oldest_seconds").set(waits as f64 / 1000.0);
    Ok(())
}
