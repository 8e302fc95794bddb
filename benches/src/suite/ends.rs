//! How soon a person's own programs hear that the session is over: by ten streams of launch tokens, beside
//! those of everybody else.

use std::time::Duration;

use super::{Server, Suite, p99};
use crate::host::{Host, Launched, Stay};
use crate::load::Connection;
use crate::population::{PROGRAMS_OF_A_PERSON, Population};
use crate::stopwatch::Stopwatch;
use crate::streams::{Ear, Streams};
use crate::{Outcome, Problem, seed};

const POPULATION: Population = Population {
    people: 300,
    programs: PROGRAMS_OF_A_PERSON,
};

/// How long things took, from the request that ends a session.
#[derive(Default)]
struct Times {
    /// To the last of the streams.
    heard: Vec<Duration>,
    /// To the answer.
    answered: Vec<Duration>,
}

impl Suite<'_> {
    /// Signs one person out after the other.
    pub(super) fn ends(&mut self) -> Outcome<()> {
        let portico = self.prepare("ends", None, POPULATION)?;
        let host = Host(POPULATION.programs);
        seed::add_host(portico.database(), host)?;
        let server = portico.start(&self.load)?;
        let stays = host.stays(&self.load, &server, 0..POPULATION.people)?;
        let wanted: Vec<(&Stay, u64)> = stays
            .iter()
            .flat_map(|stay| (0..POPULATION.programs).map(move |program| (stay, program)))
            .collect();
        let launched = host.launched(&self.load, &server, &wanted)?;
        eprintln!("measuring ends of sessions");
        let times = self.load.run(end(&server, host, &stays, &launched))?;
        let report = &mut self.report;
        let what = "session end → the person's own ten mini-programs, p99";
        report.limit(what, p99(times.heard)?, 50.0, "ms");
        let answered = p99(times.answered)?;
        report.note(format!(
            "the answer to whoever ends a session, p99: {answered:.1} ms"
        ));
        Ok(())
    }
}

async fn end(server: &Server, host: Host, stays: &[Stay], launched: &[Launched]) -> Outcome<Times> {
    let ears: Vec<_> = launched
        .iter()
        .map(|launched| Ear {
            person: launched.person,
            token: &launched.token,
        })
        .collect();
    let streams = Streams::open(server.address, &ears, "session_ended").await?;
    let programs = launched.len() / stays.len();
    let mut connection = Connection::open(server.address).await?;
    let mut times = Times::default();
    for stay in stays {
        let request = host.sign_out(stay);
        let watch = Stopwatch::start();
        let answer = async {
            match connection.exchange(&request).await?.status {
                200 => Ok::<_, Problem>(watch.elapsed()),
                status => Err(format!("the end of a session: {status}").into()),
            }
        };
        let hear = async {
            streams.hear(programs).await?;
            Ok(watch.elapsed())
        };
        let (answered, heard) = tokio::try_join!(answer, hear)?;
        times.answered.push(answered);
        times.heard.push(heard);
    }
    Ok(times)
}
