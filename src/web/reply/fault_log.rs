//! Faults at the boundary: logged here, once, with an id that the caller sees.

use foundation::entropy::{self, SystemEntropy};
use foundation::fault::Fault;

/// Logs a fault and gives the id under which it stands in the log.
pub(crate) fn log_fault(fault: &Fault) -> String {
    let id = foundation::base64url::encode(&entropy::bytes::<9>(&SystemEntropy));
    tracing::error!(error_id = %id, cause = %fault.chain(), "a request failed");
    metrics::counter!("portico_faults_total").increment(1);
    id
}
