//! How soon everybody hears that a program was suspended: all hosts do, in every session. And what so many
//! open streams take while nothing happens.

use std::time::Duration;

use tokio::time::sleep;

use super::{Server, Suite, p99};
use crate::host::{Host, Stay};
use crate::population::Population;
use crate::stopwatch::Stopwatch;
use crate::streams::{Ear, Streams};
use crate::{Outcome, seed};

/// People at the host, each with a stream.
const STREAMS: u64 = 10_000;
/// Each suspends another program.
const SUSPENSIONS: u64 = 100;
const POPULATION: Population = Population {
    people: STREAMS,
    programs: SUSPENSIONS,
};
/// Of so many connections a client has as many as that for its streams (`server.connections`).
const CONNECTIONS: u32 = 16_384;
/// Between two suspensions: one node notices what another process wrote by looking every few milliseconds,
/// so the pauses are of many lengths.
const PAUSE: Duration = Duration::from_millis(40);

impl Suite<'_> {
    /// Suspends one program after the other.
    pub(super) fn suspensions(&mut self) -> Outcome<()> {
        let portico = self
            .prepare("suspensions", None, POPULATION)?
            .with("PORTICO_SERVER__CONNECTIONS", CONNECTIONS);
        let host = Host(POPULATION.programs);
        seed::add_host(portico.database(), host)?;
        let server = portico.start(&self.load)?;
        let stays = host.stays(&self.load, &server, 0..STREAMS)?;
        eprintln!("measuring suspensions");
        let store = seed::open(portico.database(), 1)?;
        let before = server.memory()?;
        let (times, memory) = self.load.run(suspend(&server, &store, &stays))?;
        let report = &mut self.report;
        let what = "one suspension → the last of 10,000 streams, p99";
        report.limit(what, p99(times)?, 250.0, "ms");
        report.limit("memory with 10,000 open streams", memory, 150.0, "MiB");
        report.note(format!(
            "memory before the 10,000 streams, with everybody signed in: {before:.1} MiB"
        ));
        Ok(())
    }
}

async fn suspend(
    server: &Server,
    store: &store::Store,
    stays: &[Stay],
) -> Outcome<(Vec<Duration>, f64)> {
    let ears = stays.iter().map(|stay| Ear {
        person: stay.person,
        token: &stay.access,
    });
    let ears: Vec<_> = ears.collect();
    let streams = Streams::open(server.address, &ears, "mini_program_suspended").await?;
    let mut times = Vec::new();
    for program in 0..SUSPENSIONS {
        sleep(PAUSE + Duration::from_millis(program * 7 % 25)).await;
        let watch = Stopwatch::start();
        seed::suspend(store, program)?;
        streams.hear(ears.len()).await?;
        times.push(watch.elapsed());
    }
    // After everything, when all that is kept for a stream is there.
    let memory = server.memory()?;
    drop(streams);
    Ok((times, memory))
}
