//! Where the lines of the log go: to standard error, as far as it takes them.
//!
//! A full disk, or a reader that is gone, costs lines and nothing else: whoever logs goes on as if it had
//! been written.

use std::io::{self, Write};

/// Takes every line; those that cannot be written are dropped and counted.
pub(super) struct LogSink;

/// As what logs asks for it.
pub(super) fn log_sink() -> LogSink {
    LogSink
}

impl Write for LogSink {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if io::stderr().write_all(line).is_err() {
            metrics::counter!("portico_log_lines_dropped_total").increment(1);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
