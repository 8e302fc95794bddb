//! `portico serve` and `portico migrate`.

use std::sync::Arc;

use foundation::clock::{SharedClock, SystemClock};
use foundation::entropy::SystemEntropy;
use serde_json::json;

use super::output::{Output, Problem};
use crate::app::{App, Signals};
use crate::config::{Config, Sources};
use crate::telemetry;

pub(super) fn run(sources: &Sources) -> Result<(), Problem> {
    let config = Config::load(sources)?;
    let log = telemetry::start_log(&config.telemetry);
    // The port and the files first: nothing is migrated by a server that cannot serve.
    let listener = App::listen(&config)?;
    let clock: SharedClock = Arc::new(SystemClock);
    App::look_before_the_start(&config, &clock, &SystemEntropy)?;
    let app = App::open(&config, clock, Arc::new(SystemEntropy))?;
    let database = app.database_place()?;
    let (look, sources) = (app.certificate_look(), sources.clone());
    let signals = Signals::take()?.on_hangup(move || {
        tracing::info!("SIGHUP: the certificate and the log's filter are read again");
        look();
        match Config::load(&sources) {
            Ok(config) => log.follow(&config.telemetry),
            Err(error) => tracing::error!(%error, "the log stays as it is"),
        }
    })?;
    let running = app.serve(listener, None)?;
    tracing::info!(
        issuer = config.server.issuer,
        address = %running.address(),
        database,
        tls = config.tls.is_some(),
        "ready"
    );
    Ok(running.until(signals)?)
}

pub(super) fn migrate(sources: &Sources, output: &Output) -> Result<(), Problem> {
    let config = Config::load(sources)?;
    let database = App::migrate(&config, Arc::new(SystemClock))?;
    output.print(&json!({ "database": database, "migrated": true }), || {
        format!("The database {database} has the schema of this version.")
    })
}
