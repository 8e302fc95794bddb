//! How soon every one of three nodes on one PostgreSQL says that a token is worth nothing, whichever of them
//! ended its session. All of them have the core of the servers, and their database as well.

use std::time::Duration;

use tokio::time::sleep;

use super::house::fresh_database;
use super::{Server, Suite, p99};
use crate::host::{Host, Launched, Stay};
use crate::load::Connection;
use crate::population::{PROGRAMS_OF_A_PERSON, Population};
use crate::requests::introspections;
use crate::stopwatch::Stopwatch;
use crate::{Outcome, seed};

const POPULATION: Population = Population {
    people: 300,
    programs: PROGRAMS_OF_A_PERSON,
};
/// Between two questions to one node.
const PAUSE: Duration = Duration::from_millis(1);
/// Whoever says so later is not within any bound.
const LONGEST: Duration = Duration::from_secs(5);

impl Suite<'_> {
    /// Ends one session after the other, each on the next node.
    pub(super) fn nodes(&mut self, url: &str) -> Outcome<()> {
        let database = fresh_database(url, "portico_bench_nodes")?;
        let portico = self.prepare("node-1", Some(database), POPULATION)?;
        let host = Host(POPULATION.programs);
        seed::add_host(portico.database(), host)?;
        let nodes = [
            portico.start(&self.load)?,
            portico.beside("node-2")?.start(&self.load)?,
            portico.beside("node-3")?.start(&self.load)?,
        ];
        let stays = host.stays(&self.load, &nodes[0], 0..POPULATION.people)?;
        let wanted: Vec<(&Stay, u64)> = stays
            .iter()
            .map(|stay| (stay, stay.person % POPULATION.programs))
            .collect();
        let mut launched = host.launched(&self.load, &nodes[0], &wanted)?;
        launched.sort_unstable_by_key(|launched| launched.person);
        eprintln!("measuring three nodes");
        let times = self.load.run(end(&nodes, host, &stays, &launched))?;
        let what = "session end → every one of three nodes says inactive, p99";
        self.report.limit(what, p99(times)?, 100.0, "ms");
        Ok(())
    }
}

async fn end(
    nodes: &[Server; 3],
    host: Host,
    stays: &[Stay],
    launched: &[Launched],
) -> Outcome<Vec<Duration>> {
    let addresses = || nodes.iter().map(|node| node.address);
    let mut asked = Vec::new();
    for address in addresses() {
        asked.push(Connection::open(address).await?);
    }
    let mut times = Vec::new();
    for ((stay, launched), at) in stays.iter().zip(launched).zip(addresses().cycle()) {
        let question = introspections(&[(launched.token.clone(), launched.program)]).concat();
        for connection in &mut asked {
            if !is_active(connection, &question).await? {
                return Err("a token was worth nothing from the start".into());
            }
        }
        let [one, two, three] = asked.as_mut_slice() else {
            return Err("there are three nodes".into());
        };
        let mut ending = Connection::open(at).await?;
        let request = host.sign_out(stay);
        let watch = Stopwatch::start();
        let ends = async {
            match ending.exchange(&request).await?.status {
                200 => Ok(()),
                status => Err(format!("the end of a session: {status}").into()),
            }
        };
        tokio::try_join!(
            ends,
            becomes_inactive(one, &question, watch),
            becomes_inactive(two, &question, watch),
            becomes_inactive(three, &question, watch),
        )?;
        times.push(watch.elapsed());
    }
    Ok(times)
}

async fn becomes_inactive(
    connection: &mut Connection,
    question: &[u8],
    watch: Stopwatch,
) -> Outcome<()> {
    while is_active(connection, question).await? {
        if watch.elapsed() > LONGEST {
            return Err("a node goes on saying that a token is active".into());
        }
        sleep(PAUSE).await;
    }
    Ok(())
}

async fn is_active(connection: &mut Connection, question: &[u8]) -> Outcome<bool> {
    let answer = connection.exchange(question).await?;
    match (answer.status, answer.text()?) {
        (200, text) if text.contains("\"active\":true") => Ok(true),
        (200, text) if text.contains("\"active\":false") => Ok(false),
        (status, text) => Err(format!("{status}: {text}").into()),
    }
}
