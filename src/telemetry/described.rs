//! What each number means, and how histograms are cut: the `# HELP` lines of `/metrics`. A name that
//! is counted somewhere and not described here fails a test.
//!
//! Everything is a counter, a gauge or a histogram with fixed buckets, so that what several nodes say
//! can be added up. What is the same on every node (sessions that live) is not a gauge here: it would
//! be counted once per node. What waits to be delivered is the exception, and says so.

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder};

/// What kind of number it is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum MetricKind {
    /// Without labels: zero from the start, so that its first rise is seen as one.
    Total,
    /// With labels: each is there once it was counted.
    Counter,
    Gauge,
    Histogram(&'static [f64]),
}

/// Seconds that an answer takes: half a millisecond is a good one, ten seconds is the longest.
const SECONDS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
/// Requests that one commit makes durable: 64 at most.
const GROUP: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];

const DESCRIBED: &[(&str, MetricKind, &str)] = &[
    (
        "portico_http_requests_total",
        MetricKind::Counter,
        "Requests answered, by route and class of status.",
    ),
    (
        "portico_http_request_seconds",
        MetricKind::Histogram(SECONDS),
        "How long answers took, by route.",
    ),
    (
        "portico_panics_total",
        MetricKind::Total,
        "Answers that a panic took away: a mistake of ours, always.",
    ),
    (
        "portico_faults_total",
        MetricKind::Total,
        "Requests that failed because something was broken or away.",
    ),
    (
        "portico_connections",
        MetricKind::Gauge,
        "Connections of clients that are open.",
    ),
    (
        "portico_connections_refused_total",
        MetricKind::Counter,
        "Connections that were closed at once, by where there was no room: all, address.",
    ),
    (
        "portico_streams",
        MetricKind::Gauge,
        "Streams of session events that are open, by whose they are: host, program, backend.",
    ),
    (
        "portico_streams_refused_total",
        MetricKind::Counter,
        "Streams that were refused, by where there was no room: all, client.",
    ),
    (
        "portico_stream_events_total",
        MetricKind::Counter,
        "Events said over streams, by event.",
    ),
    (
        "portico_log_lines_dropped_total",
        MetricKind::Total,
        "Lines of the log that could not be written: a full disk, or nobody who reads.",
    ),
    (
        "portico_sign_ins_total",
        MetricKind::Counter,
        "Tries to sign in, by result: signed_in, no_match.",
    ),
    (
        "portico_throttled_total",
        MetricKind::Counter,
        "Tries that were not looked at, by what they were counted under: name, account, session, address.",
    ),
    (
        "portico_sessions_started_total",
        MetricKind::Total,
        "Sessions that began.",
    ),
    (
        "portico_sessions_ended_total",
        MetricKind::Counter,
        "Sessions that ended, by reason.",
    ),
    (
        "portico_consents_total",
        MetricKind::Counter,
        "Scopes that people decided about, by decision: allowed, refused.",
    ),
    (
        "portico_pages_total",
        MetricKind::Counter,
        "Pages that authorization requests were led to, by page.",
    ),
    (
        "portico_token_requests_total",
        MetricKind::Counter,
        "Token requests answered, by grant type and result.",
    ),
    (
        "portico_deliveries_total",
        MetricKind::Counter,
        "Tries to tell a client that a session is over, by result: delivered, refused, failed; and dead, those that are not tried again.",
    ),
    (
        "portico_deliveries",
        MetricKind::Gauge,
        "What clients are to be told, by state: waiting, dead. Every node says the same: not to be added up.",
    ),
    (
        "portico_deliveries_oldest_seconds",
        MetricKind::Gauge,
        "How long the oldest of those that wait has waited. Every node says the same.",
    ),
    (
        "portico_fresh",
        MetricKind::Gauge,
        "1 while this node may trust its memory.",
    ),
    (
        "portico_writable",
        MetricKind::Gauge,
        "1 while the last heartbeat of this node could be written.",
    ),
    (
        "portico_log_position",
        MetricKind::Gauge,
        "The position of the event log that this node has confirmed.",
    ),
    (
        "portico_ended_entries",
        MetricKind::Gauge,
        "Endings that this node holds in memory.",
    ),
    (
        "portico_clients_cached",
        MetricKind::Gauge,
        "Clients that this node holds in memory.",
    ),
    (
        "portico_store_connections",
        MetricKind::Gauge,
        "Connections of the pool to the database, by state: idle, in_use.",
    ),
    (
        "portico_store_connections_max",
        MetricKind::Gauge,
        "Connections that the pool may have (database.connections).",
    ),
    (
        "portico_store_group_size",
        MetricKind::Histogram(GROUP),
        "Requests that one commit of SQLite's writer made durable.",
    ),
    (
        "portico_store_lost_groups_total",
        MetricKind::Total,
        "Groups of writes that could not be committed.",
    ),
    (
        "process_cpu_seconds_total",
        MetricKind::Counter,
        "Seconds that this process has worked on processors.",
    ),
    (
        "process_resident_memory_bytes",
        MetricKind::Gauge,
        "Memory that this process has in use.",
    ),
    (
        "process_virtual_memory_bytes",
        MetricKind::Gauge,
        "Memory that this process has reserved.",
    ),
    (
        "process_threads",
        MetricKind::Gauge,
        "Threads of this process.",
    ),
    (
        "process_open_fds",
        MetricKind::Gauge,
        "Files and connections that this process has open.",
    ),
    (
        "process_max_fds",
        MetricKind::Gauge,
        "Files and connections that this process may have open.",
    ),
    (
        "process_start_time_seconds",
        MetricKind::Gauge,
        "When this process started, in seconds since 1970.",
    ),
];

/// Gives every histogram its buckets.
pub(super) fn with_buckets(builder: PrometheusBuilder) -> Result<PrometheusBuilder, BuildError> {
    DESCRIBED
        .iter()
        .try_fold(builder, |builder, (name, kind, _)| match kind {
            MetricKind::Histogram(buckets) => {
                builder.set_buckets_for_metric(Matcher::Full((*name).to_owned()), buckets)
            }
            MetricKind::Total | MetricKind::Counter | MetricKind::Gauge => Ok(builder),
        })
}

/// Tells the recorder what the names mean, and begins what has no labels at zero.
pub(super) fn describe() {
    for (name, kind, help) in DESCRIBED {
        match kind {
            MetricKind::Total => {
                metrics::describe_counter!(*name, *help);
                metrics::counter!(*name).increment(0);
            }
            MetricKind::Counter => metrics::describe_counter!(*name, *help),
            MetricKind::Gauge => metrics::describe_gauge!(*name, *help),
            MetricKind::Histogram(_) => metrics::describe_histogram!(*name, *help),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The names that the source counts under.
    fn counted(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("our own folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                counted(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with(file!()) {
                let text = std::fs::read_to_string(&path).expect("our own file");
                for kind in ["counter", "gauge", "histogram"] {
                    let call = format!("metrics::{kind}!(");
                    for (at, _) in text.match_indices(&call) {
                        let name = text[at + call.len()..].split('"').nth(1);
                        found.push(name.expect("a name").to_owned());
                    }
                }
            }
        }
    }

    #[test]
    fn everything_that_is_counted_is_described_and_nothing_else() {
        let mut found = Vec::new();
        counted(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut found,
        );
        found.sort_unstable();
        found.dedup();
        let mut described: Vec<&str> = DESCRIBED.iter().map(|(name, _, _)| *name).collect();
        described.sort_unstable();
        assert_eq!(found, described);
    }

    #[test]
    fn histograms_can_be_added_up_over_nodes_and_totals_begin_at_zero() {
        let builder = with_buckets(PrometheusBuilder::new()).expect("buckets");
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            describe();
            metrics::histogram!("portico_http_request_seconds", "route" => "/token").record(0.003);
        });
        let text = handle.render();
        for line in [
            "# HELP portico_http_request_seconds How long answers took, by route.",
            "# TYPE portico_http_request_seconds histogram",
            "portico_faults_total 0",
            "portico_http_request_seconds_bucket{route=\"/token\",le=\"0.0025\"} 0",
            "portico_http_request_seconds_bucket{route=\"/token\",le=\"0.005\"} 1",
            "portico_http_request_seconds_count{route=\"/token\"} 1",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
    }
}
