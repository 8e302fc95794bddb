//! `portico demo`: a super app and four mini-programs with Portico, on one port of this machine.
//!
//! What is served is `demo`'s; this module makes the folder, registers people and programs through
//! the same flows as an operator, and prints the tour.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use demo::{DemoAddresses, DemoSettings, addresses, told_hosts, tour};
use domain::administrator::Administrator;
use foundation::clock::{SharedClock, SystemClock};
use foundation::entropy::{SharedEntropy, SystemEntropy};
use url::Url;

use super::context::{self, Context};
use super::output::{Output, Problem};
use crate::app::{App, Mount, Signals};
use crate::config::{Config, Sources};
use crate::telemetry;

mod folder;
mod operator;
mod registration;

use folder::Folder;
use operator::DemoOperator;
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

pub(super) fn run(
    command: &Demo,
    file: Option<&Path>,
    operator: Administrator,
    output: &Output,
) -> Result<(), Problem> {
    if let Some(file) = file {
        return Err(Problem::said(format!(
            "the demonstration has settings of its own and does not read {}: leave --config away",
            file.display()
        )));
    }
    let process = sources();
    // Nothing is forgotten before both the folder and the port are ours.
    let folder = Folder::here()?;
    let listener = App::listen(&settings(&process, folder.path(), command, None)?)?;
    let listen = listener
        .local_addr()
        .map_err(|e| Problem::said(format!("the listener has no address: {e}")))?;
    if command.reset {
        folder.empty()?;
    }
    let at = addresses(listen.port(), command.one_site);
    let config = settings(&process, folder.path(), command, Some(&at))?;
    telemetry::start_log(&config.telemetry);
    let clock: SharedClock = Arc::new(SystemClock);
    let entropy: SharedEntropy = Arc::new(SystemEntropy);
    App::adopt_anothers(&config, &clock, &entropy, operator.by())?;
    let context = Context::with(&config, operator)?;
    let known = register(&context, &folder, &at, listen.port(), command.one_site)?;
    if !known.anew.is_empty() {
        eprintln!(
            "portico: registered anew, so that people are asked again: {}",
            known.anew.join(", ")
        );
    }
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
    let behind = Arc::new(DemoOperator::of(&context)?);
    let routes = demo::routes(&settings, clock, entropy, behind);
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

/// The variables that count: those that cannot lead the demonstration out of its folder.
const KEPT: [&str; 6] = [
    "PORTICO_LISTEN",
    "PORTICO_RATE_LIMITS",
    "PORTICO_TELEMETRY__",
    "PORTICO_SESSION__",
    "PORTICO_TOKEN__",
    "PORTICO_SERVER__WORKERS",
];

fn is_kept(variable: &str) -> bool {
    KEPT.iter().any(|kept| variable.starts_with(kept))
}

/// The settings of this process. Those that are not for the demonstration are said once.
fn sources() -> Sources {
    let sources = context::sources(None);
    for ignored in ignored(&sources) {
        eprintln!("portico: {ignored} is not for the demonstration and is ignored");
    }
    sources
}

fn ignored(sources: &Sources) -> Vec<String> {
    let file = sources.file.iter().map(|path| path.display().to_string());
    let variables = sources.variables_that_set().into_iter();
    let variables = variables.filter(|name| !is_kept(name)).map(str::to_owned);
    file.chain(variables).collect()
}

/// The settings of the demonstration: of the process's own, only those that are kept.
fn settings(
    process: &Sources,
    folder: &Path,
    command: &Demo,
    at: Option<&DemoAddresses>,
) -> Result<Config, Problem> {
    let mut environment = vec![("PORTICO_TELEMETRY__LOG".to_owned(), "warn".to_owned())];
    environment.extend(
        process
            .environment
            .iter()
            .filter(|(name, _)| is_kept(name))
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
    // Its own programs speak http on this machine; nobody else that does is told anything.
    set(
        "PORTICO_OUTBOUND_ALLOW",
        told_hosts(command.one_site).join(","),
    );
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

#[cfg(test)]
mod tests {
    use super::*;

    const DEMO: Demo = Demo {
        reset: false,
        one_site: false,
        database: None,
    };

    #[test]
    fn a_file_of_settings_is_refused() {
        let operator =
            crate::cli::operator::operator(Some("grace"), "demo".into()).expect("a name");
        let file = Path::new("real.toml");
        let refused = run(&DEMO, Some(file), operator, &Output::new(true));
        let said = refused.expect_err("refused").to_string();
        assert!(said.contains("does not read real.toml"), "{said}");
    }

    #[test]
    fn what_would_lead_out_of_the_folder_is_ignored_and_said() {
        let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let process = Sources {
            file: Some("portico.toml".into()),
            environment: vec![
                set("PORTICO_ISSUER", "https://id.example.org"),
                set("PORTICO_TLS_CERT", "cert.pem"),
                set("PORTICO_DATABASE__URL", "postgres://db.example.org/real"),
                set("PORTICO_MASTER_KEY", ""),
                set("PORTICO_OUTBOUND_ALLOW", "intranet.example.org"),
                set("PORTICO_LISTEN", "127.0.0.1:8081"),
                set("PORTICO_TOKEN__ACCESS_LIFETIME", "60"),
                set("PATH", "/bin"),
            ],
        };
        assert_eq!(
            ignored(&process),
            [
                "portico.toml",
                "PORTICO_ISSUER",
                "PORTICO_TLS_CERT",
                "PORTICO_DATABASE__URL",
                "PORTICO_OUTBOUND_ALLOW"
            ]
        );
        let config = settings(&process, Path::new("portico-demo"), &DEMO, None);
        let config = config.expect("good settings");
        assert_eq!(
            config.database.url.to_string(),
            "sqlite://portico-demo/portico.db"
        );
        assert_eq!(config.outbound.allow, ["bank.localhost"]);
        assert_eq!(
            (config.server.listen.port(), config.tls.is_some()),
            (8081, false)
        );
    }
}
