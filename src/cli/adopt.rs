//! `portico adopt`

use std::sync::Arc;

use domain::administrator::Administrator;
use foundation::clock::{SharedClock, SystemClock};
use foundation::entropy::{SharedEntropy, SystemEntropy};
use serde_json::json;

use super::context;
use super::output::{Output, Problem};
use crate::app::App;
use crate::config::{Config, Sources};

pub(super) fn run(
    sources: &Sources,
    operator: &Administrator,
    output: &Output,
) -> Result<(), Problem> {
    let config = Config::load(sources)?;
    context::log_what_is_wrong();
    let clock: SharedClock = Arc::new(SystemClock);
    let entropy: SharedEntropy = Arc::new(SystemEntropy);
    let before = App::adopt(&config, &clock, &entropy, operator.by())?;
    let issuer = &config.server.issuer;
    output.print(&json!({ "issuer": issuer, "before": before }), || match &before {
        Some(before) if before == issuer => format!("It is the installation of {issuer} already."),
        Some(before) => format!(
            "It was the installation of {before} and is that of {issuer} now. All sessions and tokens of \
             before are worth nothing in it."
        ),
        None => format!("It is the installation of {issuer} now."),
    })
}
