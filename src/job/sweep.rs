//! Removes rows that have served their time: used assertion ids, old interactions, answers kept for
//! honest retries, codes that nobody used, throttles, events. What memory remembers as ended is `job/tail`'s to forget.

use std::time::Duration;

use flow::upkeep::Upkeep;

use super::report;

/// Between two sweeps of what must be gone soon after its window.
const SOON: Duration = Duration::from_secs(10);
/// So many of those between two sweeps of the rest.
const REST: u32 = 30;

pub(super) async fn run(upkeep: Upkeep) {
    let mut turn: u32 = 0;
    loop {
        tokio::time::sleep(SOON).await;
        report("forget answers", upkeep.forget_retry_answers().await);
        report("forget unused codes", upkeep.forget_unused_codes().await);
        if turn.is_multiple_of(REST) {
            report("sweep", upkeep.sweep().await);
        }
        turn = turn.wrapping_add(1);
    }
}
