//! Tells the other nodes that this one lives, and how far it has followed the log: keys are
//! promoted only when every live node has them. The heartbeat is also how a node learns that its database
//! can be read and not written.

use std::sync::Arc;
use std::time::Duration;

use flow::upkeep::Upkeep;
use foundation::id::NodeId;

use super::report;
use super::tail::TailProgress;

/// A third of the silence after which a node counts as gone.
const PAUSE: Duration = Duration::from_secs(10);
/// After a heartbeat that failed: until the next one, the node is not ready.
const RETRY: Duration = Duration::from_secs(2);

pub(super) async fn run(upkeep: Upkeep, node: NodeId, progress: Arc<TailProgress>) {
    loop {
        let written = upkeep.heartbeat(node, progress.keys_seen()).await;
        let pause = if written.is_ok() { PAUSE } else { RETRY };
        report("heartbeat", written);
        let changed = progress.keys_changed.notified();
        let _ = tokio::time::timeout(pause, changed).await;
    }
}
