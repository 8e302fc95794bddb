//! Goes through the participants of what ends more than one transaction could, page by page.

use std::sync::Arc;
use std::time::Duration;

use flow::deliver::Deliveries;

use super::report;
use super::tail::TailProgress;

/// The longest between two looks: for what a node left that died in the middle.
const LOOK: Duration = Duration::from_secs(1);

pub(super) async fn run(deliveries: Deliveries, progress: Arc<TailProgress>) {
    let mut news = progress.news.subscribe();
    loop {
        news.mark_unchanged();
        let next = match deliveries.announce().await {
            Ok((any, next)) => {
                if any {
                    progress.ring();
                    news.mark_unchanged();
                }
                next
            }
            Err(fault) => {
                report("announce", Err(fault));
                None
            }
        };
        let pause = next.map_or(LOOK, |next| next.since(deliveries.now()).as_std());
        let looks_again = tokio::time::sleep(pause.clamp(Duration::from_millis(1), LOOK));
        tokio::select! {
            _ = news.changed() => {}
            () = looks_again => {}
        }
    }
}
