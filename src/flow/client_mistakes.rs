//! The line of the log about a value that does not fit: a developer asks the operator for it, because
//! answers do not say what was wrong.

use foundation::id::ClientId;
use foundation::log_pace::LogPace;
use protocol::mismatch::Mismatch;
use tracing::Level;

/// The target of the line, so that a filter can name it: `info,client_mistake=off`.
const TARGET: &str = "client_mistake";

/// The pace of this process's log: anybody can send what does not fit, as often as they like.
static PACE: LogPace = LogPace::new(10);

/// Logs what a client sent that does not fit, with what would have.
pub fn log(client_id: Option<&ClientId>, mismatch: &Mismatch) {
    if !tracing::enabled!(target: TARGET, Level::INFO) {
        return;
    }
    if let Some(left_out) = PACE.admits() {
        tracing::info!(
            target: TARGET,
            client_id = client_id.map(ClientId::as_str),
            cause = mismatch.mistake().words(),
            received = ?mismatch.received(),
            registered = ?mismatch.registered(),
            left_out,
            "a client sent what does not fit"
        );
    }
}
