//! What the system says of this process, under the names that every Prometheus client library uses.
//! Asked at each look at the metrics; on systems without `/proc` there is nothing to say.

/// Measures now.
#[cfg(target_os = "linux")]
pub(super) fn measure() {
    if let Err(error) = linux() {
        tracing::debug!(%error, "the process cannot be measured");
    }
}

/// Measures now.
#[cfg(not(target_os = "linux"))]
pub(super) fn measure() {}

#[cfg(target_os = "linux")]
#[expect(
    clippy::cast_precision_loss,
    reason = "a gauge is a float; nothing here is near 2^52"
)]
fn linux() -> Result<(), procfs::ProcError> {
    use procfs::process::{LimitValue, Process};

    let process = Process::myself()?;
    let stat = process.stat()?;
    let ticks = procfs::ticks_per_second().max(1);
    metrics::counter!("process_cpu_seconds_total").absolute((stat.utime + stat.stime) / ticks);
    metrics::gauge!("process_resident_memory_bytes").set((stat.rss * procfs::page_size()) as f64);
    metrics::gauge!("process_virtual_memory_bytes").set(stat.vsize as f64);
    metrics::gauge!("process_threads").set(stat.num_threads as f64);
    metrics::gauge!("process_open_fds").set(process.fd_count()? as f64);
    if let LimitValue::Value(most) = process.limits()?.max_open_files.soft_limit {
        metrics::gauge!("process_max_fds").set(most as f64);
    }
    let started = procfs::boot_time_secs()? + stat.starttime / ticks;
    metrics::gauge!("process_start_time_seconds").set(started as f64);
    Ok(())
}
