//! What a node does for those who listen to session events: it tells backends what happened to their
//! persons, and closes streams whose token has run out.

use std::time::Duration;

use flow::watch_session::SessionWatching;

use super::report;

/// How often the clock is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// The pause after something that could not be told yet.
const PAUSE: Duration = Duration::from_millis(200);

/// Tells backends, one event after the other.
pub(super) async fn announce(watching: SessionWatching) {
    loop {
        let told = watching.announce_next().await;
        let failed = told.is_err();
        report("tell backends", told);
        if failed {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Closes streams whose token has run out.
pub(super) async fn close_expired(watching: SessionWatching) {
    loop {
        tokio::time::sleep(LOOK).await;
        watching.close_expired();
    }
}
