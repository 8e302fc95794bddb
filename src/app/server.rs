//! The HTTP server: workers, metrics; and what of the settings `web` needs. Who is let in is
//! `entrance`'s.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::ServiceConfig;
use actix_web::{App as Site, HttpResponse};
use flow::health::Health;
use foundation::clock::Span;
use foundation::fault::Fault;
use live::Live;
use store::Store;
use web::address_limits::AddressLimits;
use web::callers::Callers;
use web::ending::Ending;
use web::state::{WebSettings, WebState};

use super::App;
use super::connection::admission::Connections;
use super::entrance::{self, Entrance, HandshakePace};
use super::tls::Reloading;
use crate::job::watched::WatchedTasks;
use crate::telemetry::{Metrics, MetricsText};

/// Further sites on the same port, each behind a guard on its host.
pub type Mount = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;

/// How long requests that are being answered may take after the server was asked to end.
pub(super) const GRACE_SECONDS: u64 = 10;
/// How often metrics are folded.
const FOLD: Duration = Duration::from_secs(5);
/// Connections to the metrics' own listener, of which each reader needs one.
const METRICS_READERS: usize = 64;
/// Threads of one worker for what takes a processor's time; the store has its own.
const BLOCKING_THREADS: usize = 16;

/// A started server.
pub(super) struct StartedServer {
    handles: Vec<ServerHandle>,
    tasks: WatchedTasks,
    ending: Ending,
}

impl StartedServer {
    /// Starts on the runtime of the caller.
    pub(super) fn start(
        app: &App,
        listener: TcpListener,
        mount: Option<Mount>,
    ) -> Result<Self, Fault> {
        let settings = &app.config.server;
        let metrics = app.config.telemetry.metrics.then(Metrics::start).flatten();
        let own_metrics = settings
            .metrics_listen
            .zip(metrics.as_ref().map(Metrics::text));
        let beside = metrics
            .as_ref()
            .filter(|_| settings.metrics_listen.is_none())
            .map(Metrics::text);
        let ending = Ending::default();
        let state = web_state(app, beside, ending.clone());
        let factory = move || {
            let mount = mount.clone();
            let site = Site::new();
            let site = match mount {
                Some(mount) => site.configure(move |config| mount(config)),
                None => site,
            };
            site.configure(web::configure(state.clone()))
        };
        let builder = actix_server::Server::build()
            .workers(settings.workers)
            .worker_max_blocking_threads(BLOCKING_THREADS)
            .shutdown_timeout(GRACE_SECONDS)
            .disable_signals();
        let reloading = app.config.tls.as_ref().map(Reloading::open).transpose()?;
        let entrance = Entrance {
            connections: Connections::new(
                entrance::room_for(settings.connections),
                settings.connections_per_address,
                settings.trusted_proxies.clone(),
            ),
            tls: reloading.as_ref().map(Reloading::acceptor).transpose()?,
            handshake: HandshakePace::default(),
            keep_alive: settings.keep_alive.as_std(),
        };
        let server = entrance
            .listen(builder, listener, factory)
            .map_err(|e| Fault::broken_by("the server", e))?;
        let mut started = Self {
            handles: vec![server.handle()],
            tasks: WatchedTasks::default(),
            ending,
        };
        started.tasks.spawn("server", served(server));
        if let Some(reloading) = reloading {
            let follows = reloading.watch(Arc::clone(&app.look_again));
            started.tasks.spawn("certificate", follows);
        }
        if let Some((address, text)) = own_metrics {
            started.start_metrics(address, text, settings.keep_alive)?;
        }
        if let Some(metrics) = metrics {
            let (health, live) = (app.services.health.clone(), Arc::clone(&app.live));
            let measures = measure(health, app.store.clone(), live, metrics);
            started.tasks.spawn("metrics", measures);
        }
        Ok(started)
    }

    fn start_metrics(
        &mut self,
        address: SocketAddr,
        text: MetricsText,
        keep_alive: Span,
    ) -> Result<(), Fault> {
        let factory = move || {
            let text = Arc::clone(&text);
            let show = move || {
                let body = text();
                async move {
                    HttpResponse::Ok()
                        .content_type("text/plain; version=0.0.4")
                        .body(body)
                }
            };
            Site::new().route("/metrics", web::method::get().to(show))
        };
        let builder = actix_server::Server::build().workers(1).disable_signals();
        let entrance = Entrance {
            connections: Connections::new(METRICS_READERS, METRICS_READERS, Vec::new()),
            tls: None,
            handshake: HandshakePace::default(),
            keep_alive: keep_alive.as_std(),
        };
        let server = TcpListener::bind(address)
            .and_then(|listener| entrance.listen(builder, listener, factory))
            .map_err(|e| {
                Fault::unavailable("the address for metrics (server.metrics_listen)", e)
            })?;
        self.handles.push(server.handle());
        self.tasks.spawn("metrics server", served(server));
        Ok(())
    }

    /// Waits until a part of it ends, which none does unless it panics. Gives its name.
    pub(super) async fn lost(&mut self) -> &'static str {
        self.tasks.lost().await
    }

    /// Says that it is about to end, and goes on answering.
    pub(super) fn announce_the_end(&self) {
        self.ending.begin();
    }

    /// Ends it: gracefully, what is being asked is answered first.
    pub(super) async fn stop(self, graceful: bool) {
        for handle in &self.handles {
            handle.stop(graceful).await;
        }
    }
}

/// What of the settings the HTTP layer needs.
fn web_state(app: &App, metrics: Option<MetricsText>, ending: Ending) -> WebState {
    // Cookies of an http issuer, which is on this machine, carry neither `Secure` nor `__Host-`.
    let server = &app.config.server;
    let secure_cookies = server.issuer.starts_with("https:");
    WebState {
        services: app.services.clone(),
        settings: WebSettings {
            issuer: app.config.server.issuer.as_str().into(),
            brand: app.config.server.brand.as_str().into(),
            scopes: Arc::new(app.config.scopes.clone()),
            session_lifetime: app.config.lifetimes().session,
            secure_cookies,
            callers: Arc::new(Callers::new(
                server.trusted_proxies.clone(),
                server.forwarded_header,
            )),
            address_limits: server
                .rate_limits
                .then(|| Arc::new(AddressLimits::new(app.live.time.clone()))),
            ending,
            metrics,
        },
    }
}

/// What memory holds, and how far it is.
#[expect(
    clippy::cast_precision_loss,
    reason = "a gauge is a float; nothing here is near 2^52"
)]
async fn measure(health: Health, store: Store, live: Arc<Live>, metrics: Metrics) {
    loop {
        metrics::gauge!("portico_fresh").set(if health.is_fresh() { 1.0 } else { 0.0 });
        metrics::gauge!("portico_writable").set(if health.is_writable() { 1.0 } else { 0.0 });
        metrics::gauge!("portico_log_position").set(live.freshness.position().0 as f64);
        metrics::gauge!("portico_ended_entries").set(live.ended.len() as f64);
        metrics::gauge!("portico_clients_cached").set(live.clients.len() as f64);
        let streams = live.watches.counts();
        metrics::gauge!("portico_streams", "of" => "host").set(streams.hosts as f64);
        metrics::gauge!("portico_streams", "of" => "program").set(streams.programs as f64);
        metrics::gauge!("portico_streams", "of" => "backend").set(streams.backends as f64);
        let pool = store.pool();
        metrics::gauge!("portico_store_connections", "state" => "idle").set(pool.idle);
        metrics::gauge!("portico_store_connections", "state" => "in_use").set(pool.in_use);
        metrics::gauge!("portico_store_connections", "state" => "abandoned").set(pool.abandoned);
        metrics::gauge!("portico_store_connections_max").set(pool.max);
        metrics.fold();
        tokio::time::sleep(FOLD).await;
    }
}

async fn served(server: actix_server::Server) {
    if let Err(error) = server.await {
        tracing::error!(%error, "the server ended");
    }
}
