//! `portico demo`: a super app and three mini-programs with Portico, on one port of this machine.
//!
//! What is served is `demo`'s; this module makes the folder, registers people and programs through
//! the same flows as an operator, and prints the tour.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use demo::{DemoAddresses, DemoSettings, addresses, tour};
use foundation::clock::SystemClock;
use foundation::entropy::SystemEntropy;
use url::Url;

use super::context::Context;
use super::output::{Output, Problem};
use crate::app::{App, Mount, Signals};
use crate::config::{Config, Sources};
use crate::telemetry;

mod folder;
mod registration;

use folder::Folder;
use registration::register;

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Forget everything first
    #[arg(long)]
    reset: bool,
    /// Put the mini-programs on the super app's own site
    #[arg(long)]
    one_site: bool,
    /// Use this database (postgres://…) instead of a file in the folder
    #[arg(long, value_name = "URL", conflicts_with = "reset")]
    database: Option<String>,
}

pub(super) fn run(command: &Demo, output: &Output) -> Result<(), Problem> {
    let folder = Folder::here();
    let process = Sources::of_process(None);
    // The port first: who cannot have it has not lost anything, and a demonstration that runs is
    // not emptied under its feet.
    let listener = App::listen(&settings(&process, folder.path(), command, None)?)?;
    let listen = listener
        .local_addr()
        .map_err(|e| Problem::said(format!("the listener has no address: {e}")))?;
    folder.prepare(command.reset)?;
    let at = addresses(listen.port(), command.one_site);
    let config = settings(&process, folder.path(), command, Some(&at))?;
    telemetry::start_log(&config.telemetry);
    let context = Context::with(&config)?;
    let known = register(&context, &folder, &at, listen.port(), command.one_site)?;
    let issuer =
        Url::parse(&at.portico).map_err(|e| Problem::said(format!("{}: {e}", at.portico)))?;
    let settings = DemoSettings {
        listen,
        portico_issuer: issuer,
        portico_address: reachable(listen),
        port: listen.port(),
        one_site: command.one_site,
        clients: known.clients.clone(),
    };
    let shown =
        serde_json::to_value(&known).map_err(|e| Problem::said(format!("demo.json: {e}")))?;
    let routes = demo::routes(&settings, Arc::new(SystemClock), Arc::new(SystemEntropy));
    let mount: Mount = Arc::new(routes.map_err(|e| Problem::said(e.to_string()))?);
    serve(context.into_app(), listener, mount, || {
        output.print(&shown, || {
            format!(
                "{}\nCtrl-C ends it.\n",
                tour(listen.port(), command.one_site)
            )
        })
    })
}

fn serve(
    app: App,
    listener: TcpListener,
    mount: Mount,
    ready: impl FnOnce() -> Result<(), Problem>,
) -> Result<(), Problem> {
    let signals = Signals::take()?;
    let running = app.serve(listener, Some(mount))?;
    ready()?;
    Ok(running.until(signals)?)
}

/// The settings of the demonstration: of the process's own, only those that cannot lead it out of
/// its folder.
fn settings(
    process: &Sources,
    folder: &Path,
    command: &Demo,
    at: Option<&DemoAddresses>,
) -> Result<Config, Problem> {
    const KEPT: [&str; 6] = [
        "PORTICO_LISTEN",
        "PORTICO_RATE_LIMITS",
        "PORTICO_TELEMETRY__",
        "PORTICO_SESSION__",
        "PORTICO_TOKEN__",
        "PORTICO_SERVER__WORKERS",
    ];
    let mut environment = vec![("PORTICO_TELEMETRY__LOG".to_owned(), "warn".to_owned())];
    environment.extend(
        process
            .environment
            .iter()
            .filter(|(n, _)| KEPT.iter().any(|k| n.starts_with(k)))
            .cloned(),
    );
    let mut set = |name: &str, value: String| environment.push((name.to_owned(), value));
    set("PORTICO_DATA_DIR", folder.display().to_string());
    set("PORTICO_SERVER__BRAND", "Nova".to_owned());
    if let Some(url) = &command.database {
        set("PORTICO_DATABASE_URL", url.clone());
    }
    if let Some(at) = at {
        set("PORTICO_ISSUER", at.portico.clone());
    }
    Ok(Config::load(&Sources {
        file: None,
        environment,
    })?)
}

/// Where a program on this machine reaches a listener.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let mut address = listen;
    if listen.ip().is_unspecified() {
        match listen {
            SocketAddr::V4(_) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            SocketAddr::V6(_) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        }
    }
    address
}
