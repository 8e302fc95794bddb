//! `portico serve` and `portico migrate`.

use std::sync::Arc;

use foundation::clock::SystemClock;
use foundation::entropy::SystemEntropy;
use serde_json::json;

use super::output::{Output, Problem};
use crate::app::{App, Signals};
use crate::config::{Config, RegistrationMode, Sources};
use crate::telemetry;

pub(super) fn run(sources: &Sources) -> Result<(), Problem> {
    let config = Config::load(sources)?;
    telemetry::start_log(&config.telemetry);
    if config.registration.mode != RegistrationMode::Closed {
        tracing::warn!("this version has no registration endpoint; clients are added by command");
    }
    // The port and the files first: nothing is migrated by a server that cannot serve.
    let listener = App::listen(&config)?;
    App::look_at_files(&config)?;
    let app = App::open(&config, Arc::new(SystemClock), Arc::new(SystemEntropy))?;
    let signals = Signals::take()?;
    let running = app.serve(listener, None)?;
    tracing::info!(
        issuer = config.server.issuer,
        address = %running.address(),
        database = config.database.shown_url(),
        tls = config.tls.is_some(),
        "ready"
    );
    Ok(running.until(signals)?)
}

pub(super) fn migrate(sources: &Sources, output: &Output) -> Result<(), Problem> {
    let config = Config::load(sources)?;
    App::migrate(&config, Arc::new(SystemClock))?;
    let database = config.database.shown_url();
    output.print(&json!({ "database": database, "migrated": true }), || {
        format!("The database {database} has the schema of this version.")
    })
}
