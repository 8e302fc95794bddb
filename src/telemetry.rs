//! What Portico tells about itself: the log and the metrics.
//!
//! Owns the subscriber and the exporter; what is worth a line or a number is decided where it
//! happens. No secret, no token and no query string is logged: secret types print nothing, and
//! spans name a route, never a whole address.

use std::io::IsTerminal as _;
use std::sync::{Arc, OnceLock};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::fmt::{FormatEvent, FormatFields, SubscriberBuilder};
use tracing_subscriber::{EnvFilter, Registry};

use crate::config::{LogFormat, TelemetrySettings};

mod described;
mod log_sink;
mod process;

use log_sink::{LogSink, log_sink};

/// What is logged, which can be changed while the process runs.
pub struct LogFilter(Box<dyn Fn(EnvFilter) + Send>);

impl LogFilter {
    /// Logs what these settings say from now on. How a line looks stays.
    pub fn follow(&self, settings: &TelemetrySettings) {
        (self.0)(EnvFilter::new(&settings.log));
    }
}

/// Begins to log to standard error, as the settings say. A process has one log: the first call
/// counts.
pub fn start_log(settings: &TelemetrySettings) -> LogFilter {
    let filter = EnvFilter::new(&settings.log);
    let builder = SubscriberBuilder::default()
        .with_env_filter(filter)
        .with_writer(log_sink as fn() -> LogSink)
        .with_ansi(std::io::stderr().is_terminal());
    match settings.format {
        LogFormat::Human => begin(builder.with_target(false)),
        LogFormat::Json => begin(builder.json().flatten_event(true)),
    }
}

fn begin<N, E>(builder: SubscriberBuilder<N, E, EnvFilter, fn() -> LogSink>) -> LogFilter
where
    N: for<'writer> FormatFields<'writer> + Send + Sync + 'static,
    E: FormatEvent<Registry, N> + Send + Sync + 'static,
{
    let builder = builder.with_filter_reloading();
    let handle = builder.reload_handle();
    // A second call is not an error: tests start several servers in one process.
    let _ = builder.try_init();
    LogFilter(Box::new(move |filter| {
        // It fails where the log is not this one, and then there is nothing to change.
        let _ = handle.reload(filter);
    }))
}

/// The text of `/metrics`.
pub type MetricsText = Arc<dyn Fn() -> String + Send + Sync>;

/// The numbers of this process.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Begins to count; `None` where something else counts already. A process has one set of
    /// numbers, which its servers share.
    pub fn start() -> Option<Self> {
        static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
        let handle = HANDLE.get_or_init(|| {
            let builder = described::with_buckets(PrometheusBuilder::new()).ok()?;
            let recorder = builder.build_recorder();
            let handle = recorder.handle();
            metrics::set_global_recorder(recorder).ok()?;
            described::describe();
            Some(handle)
        });
        handle.clone().map(Self)
    }

    /// For the route that shows them. What the system says of the process is asked at each look.
    pub fn text(&self) -> MetricsText {
        let handle = self.0.clone();
        Arc::new(move || {
            process::measure();
            handle.render()
        })
    }

    /// Folds what was measured since the last time, so that memory stays bounded even if nobody
    /// reads. To be called every few seconds.
    pub fn fold(&self) {
        self.0.run_upkeep();
    }
}
