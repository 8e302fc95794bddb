//! Tells the other nodes that this one lives, and how far it has followed the log: keys are
//! promoted only when every live node has them.

use std::sync::Arc;
use std::time::Duration;

use flow::Flows;
use foundation::id::NodeId;

use super::report;
use super::tail::Progress;

/// A third of the silence after which a node counts as gone.
const PAUSE: Duration = Duration::from_secs(10);

pub(super) async fn run(flows: Flows, node: NodeId, progress: Arc<Progress>) {
    loop {
        report(
            "beat",
            flows
                .beat(node, progress.confirmed(), progress.keys_seen())
                .await,
        );
        let changed = progress.keys_changed.notified();
        let _ = tokio::time::timeout(PAUSE, changed).await;
    }
}
