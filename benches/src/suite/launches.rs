//! Launch tokens: a host opens programs that it opened before in the same session, and within the minute, so
//! that nothing is left to write.

use super::house::SQLITE_CONNECTIONS;
use super::{Around, CONNECTIONS, Portico, Row, Server, Suite};
use crate::host::{Host, Stay};
use crate::population::{self, Population};
use crate::requests::{basic, post};
use crate::{Outcome, seed};

/// People who open programs, each the ten that they allowed something: fewer than live there, because
/// everybody's use is written down once a minute.
const PEOPLE: u64 = 100;
/// What is longer in an access token than what is signed of it: a dot and two numbers of 32 bytes.
const SIGNATURE: usize = 87;
pub(super) const PATH: &str = "launch token";

/// What Portico is asked, and what its ceiling.
pub(super) struct LaunchRequests {
    pub(super) portico: Vec<Vec<u8>>,
    pub(super) ceiling: Vec<Vec<u8>>,
    /// How the ceiling is started.
    pub(super) shape: Vec<String>,
}

impl LaunchRequests {
    pub(super) fn scripts(requests: &[Vec<u8>]) -> Around {
        Around::new(requests.to_vec(), "\"access_token\"")
    }
}

impl Suite<'_> {
    /// Against the ceiling.
    pub(super) fn launches(&mut self) -> Outcome<()> {
        let (portico, beside, host) = self.launch_house("launches")?;
        let server = portico.start(&self.load)?;
        let asked = self.launch_requests(&portico, &server, host, &beside)?;
        let ceiling = self.ceiling(&asked.shape)?;
        let at_portico = LaunchRequests::scripts(&asked.portico);
        let at_ceiling = LaunchRequests::scripts(&asked.ceiling);
        let rates = self.by_turns(
            PATH,
            (&server, || at_portico.scripts(CONNECTIONS)),
            (&ceiling, || at_ceiling.scripts(CONNECTIONS)),
        )?;
        self.report.add(Row::new(PATH, rates, Some(0.85)));
        Ok(())
    }

    /// A database with a host, and one for the ceiling.
    pub(super) fn launch_house(&self, name: &str) -> Outcome<(Portico, Portico, Host)> {
        let portico = self.prepare(name, None, Population::SMALL)?;
        let beside = self.prepare(&format!("{name}-ceiling"), None, Population::SMALL)?;
        let host = Host(portico.population.programs);
        seed::add_host(portico.database(), host)?;
        seed::take_part(beside.database(), beside.population, PEOPLE)?;
        Ok((portico, beside, host))
    }

    /// Signs people in at a host, and makes the requests of both sides, which are as long as each other.
    pub(super) fn launch_requests(
        &self,
        portico: &Portico,
        server: &Server,
        host: Host,
        beside: &Portico,
    ) -> Outcome<LaunchRequests> {
        let stays = host.stays(&self.load, server, 0..PEOPLE)?;
        let population = portico.population;
        let wanted: Vec<(&Stay, u64)> = stays
            .iter()
            .flat_map(|stay| {
                let programs = population.programs_of(stay.person);
                programs.map(move |program| (stay, program))
            })
            .collect();
        let first = host.launched(&self.load, server, &wanted)?;
        let portico: Vec<_> = wanted
            .iter()
            .map(|(stay, program)| host.launch(stay, *program))
            .collect();
        let ceiling = wanted.iter().zip(&portico);
        let ceiling =
            ceiling.map(|((stay, program), request)| at_ceiling(stay, *program, request.len()));
        let (status, body) = self.load.once(server.address, &portico[0])?;
        if status != 200 {
            return Err(format!("{status}: {body}").into());
        }
        let signed = first[0].token.len().saturating_sub(SIGNATURE);
        Ok(LaunchRequests {
            ceiling: ceiling.collect(),
            shape: vec![
                format!("--launch={}", body.len()),
                format!("--signed={signed}"),
                format!("--database={}", beside.database()),
                format!("--connections={SQLITE_CONNECTIONS}"),
            ],
            portico,
        })
    }
}

/// What the ceiling is to read, in a request of so many bytes.
fn at_ceiling(stay: &Stay, program: u64, bytes: usize) -> Vec<u8> {
    let session = population::person(stay.person).session_id;
    let client = population::program(program).client_id;
    let of = |filling: usize| {
        let filling = "x".repeat(filling);
        let body = format!("session={session}&client={client}&filling={filling}");
        post("/launch", &basic("host", "secret"), &body)
    };
    let bare = of(0).len();
    // The length of the body is a few figures longer then.
    of(bytes.saturating_sub(bare + 1))
}
