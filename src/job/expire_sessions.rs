//! Ends sessions at their second, with an event, so that everybody who follows the log hears of it.
//! The wall clock is looked at twice a second: a laptop that was closed wakes up right.

use std::time::Duration;

use flow::upkeep::Upkeep;
use foundation::clock::Instant;

use super::report;

/// The longest between two looks at the clock.
const LOOK: Duration = Duration::from_millis(500);

pub(super) async fn run(upkeep: Upkeep) {
    loop {
        let next = match upkeep.expire_sessions().await {
            Ok(next) => next,
            Err(fault) => {
                report("expire sessions", Err(fault));
                None
            }
        };
        tokio::time::sleep(pause(next, upkeep.now())).await;
    }
}

/// Until the next session ends, or until the clock is worth a look.
fn pause(next: Option<Instant>, now: Instant) -> Duration {
    // A millisecond at least: a session that cannot be ended must not spin.
    next.map_or(LOOK, |next| {
        next.since(now)
            .as_std()
            .clamp(Duration::from_millis(1), LOOK)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use foundation::clock::Span;

    #[test]
    fn a_session_ends_at_its_own_millisecond() {
        let now = Instant::from_seconds(100);
        assert_eq!(pause(None, now), LOOK);
        assert_eq!(pause(Some(now + Span::days(1)), now), LOOK);
        assert_eq!(
            pause(Some(now + Span::millis(120)), now),
            Duration::from_millis(120)
        );
        assert_eq!(
            pause(Some(now - Span::seconds(1)), now),
            Duration::from_millis(1)
        );
    }
}
