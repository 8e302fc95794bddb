//! Faults at the boundary: logged here, once, with an id that the caller sees; and addresses that
//! do not exist.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use foundation::fault::Fault;

use crate::reply::page;
use crate::state::WebState;

/// Logs a fault and gives the id under which it stands in the log.
pub(crate) fn log_fault(fault: &Fault) -> String {
    use foundation::entropy::{self, SystemEntropy};
    let id = foundation::base64url::encode(&entropy::bytes::<9>(&SystemEntropy));
    tracing::error!(error_id = %id, cause = %fault.chain(), "a request failed");
    metrics::counter!("portico_faults_total").increment(1);
    id
}

/// Answers an address that does not exist.
pub(crate) async fn no_such_address(request: HttpRequest, state: Data<WebState>) -> HttpResponse {
    page::not_found(&state, &request)
}
