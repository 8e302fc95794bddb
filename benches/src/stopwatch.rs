//! Real time: the one place of the benchmark that reads a clock.

use std::time::{Duration, Instant};

/// Runs from its making.
#[derive(Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "a benchmark measures the time that really passes"
        )]
        let now = Instant::now();
        Self(now)
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
