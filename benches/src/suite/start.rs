//! How soon Portico is ready on an existing database, and what it takes while nobody asks.

use std::time::Duration;

use super::{Portico, Server, Suite};
use crate::Outcome;

/// Starts, of which the median counts.
const STARTS: usize = 7;
/// How long nobody asks before memory is read.
const IDLE: Duration = Duration::from_secs(5);

impl Suite<'_> {
    /// Starts Portico several times; gives the last one, which goes on running.
    pub(super) fn start_and_memory(&mut self, portico: &Portico) -> Outcome<Server> {
        eprintln!("measuring start and memory");
        // The very first start makes the keys, and is not the start on an existing database.
        drop(portico.start(&self.load)?);
        let mut times = Vec::with_capacity(STARTS);
        for _ in 0..STARTS {
            times.push(portico.start(&self.load)?.ready_after);
        }
        times.sort_unstable();
        let median = times[STARTS / 2].as_secs_f64() * 1000.0;
        self.report.limit("start to ready", median, 200.0, "ms");
        let server = portico.start(&self.load)?;
        std::thread::sleep(IDLE);
        self.report
            .limit("memory, idle", server.memory()?, 30.0, "MiB");
        Ok(server)
    }
}
