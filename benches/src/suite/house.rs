//! Portico against its ceilings, on SQLite and on PostgreSQL; start and memory on the way.

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection};

use super::{
    Access, Around, CONNECTIONS, CodeFlow, Issued, Once, Part, Portico, ROUNDS, Row, SEEN, Server,
    Suite, VISITS, median, requests,
};
use crate::Outcome;
use crate::population::Population;

/// Connections to the database that are open at once by Portico's default.
pub(super) const SQLITE_CONNECTIONS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 10;

/// The parts that need no second database.
const ALONE: [Part; 7] = [
    Part::Start,
    Part::CodeFlow,
    Part::ClientCredentials,
    Part::SeenBefore,
    Part::FirstSeen,
    Part::Crowd,
    Part::Peers,
];

impl Suite<'_> {
    /// Everything that needs no second database.
    pub(super) fn house(&mut self) -> Outcome<()> {
        if ALONE.into_iter().all(|part| !self.wants(part)) {
            return Ok(());
        }
        let portico = self.prepare("sqlite", None, Population::SMALL)?;
        let beside = self.prepare("sqlite-ceiling", None, Population::SMALL)?;
        let server = match self.wants(Part::Start) {
            true => self.start_and_memory(&portico)?,
            false => portico.start(&self.load)?,
        };
        let issued = self.collect(&portico, &server, Access::Zipf, self.options.tokens)?;
        let ceiling = self.ceiling_of(&server, &portico, &issued, &beside, SQLITE_CONNECTIONS)?;
        if self.wants(Part::CodeFlow) {
            self.code_flow("code flow on SQLite", &portico, &server, &ceiling)?;
        }
        if self.wants(Part::ClientCredentials) {
            self.client_credentials(&portico, &server, &ceiling)?;
        }
        if self.wants(Part::SeenBefore) {
            self.seen_before(&issued, &server, &ceiling)?;
        }
        if self.wants(Part::Peers) {
            self.peers(&portico, &server, &issued)?;
        }
        self.report.note(format!(
            "memory after all of this: {:.1} MiB",
            server.memory()?
        ));
        drop(server);
        if self.wants(Part::FirstSeen) {
            self.first_seen(&portico, &issued, &ceiling)?;
        }
        match self.wants(Part::Crowd) {
            true => self.crowd(&portico),
            false => Ok(()),
        }
    }

    /// The code flow on PostgreSQL, whose server has the core of the servers, too.
    pub(super) fn postgres(&mut self, url: &str) -> Outcome<()> {
        let [portico, beside] = ["portico_bench", "portico_bench_ceiling"].map(|name| {
            let database = fresh_database(url, name)?;
            self.prepare(name, Some(database), Population::SMALL)
        });
        let (portico, beside) = (portico?, beside?);
        let server = portico.start(&self.load)?;
        let issued = self.collect(&portico, &server, Access::Zipf, 1)?;
        let ceiling = self.ceiling_of(&server, &portico, &issued, &beside, POSTGRES_CONNECTIONS)?;
        self.code_flow("code flow on PostgreSQL", &portico, &server, &ceiling)
    }

    /// A ceiling whose answers are as long as Portico's.
    fn ceiling_of(
        &self,
        server: &Server,
        portico: &Portico,
        issued: &[Issued],
        database: &Portico,
        connections: u32,
    ) -> Outcome<Server> {
        self.ceiling(&self.shape(server, portico, issued, database, connections)?)
    }

    /// What a ceiling must be told for its answers to be as long as Portico's.
    pub(super) fn shape(
        &self,
        server: &Server,
        portico: &Portico,
        issued: &[Issued],
        database: &Portico,
        connections: u32,
    ) -> Outcome<Vec<String>> {
        let length = |requests: Vec<Vec<u8>>| {
            let first = requests.first().ok_or("nothing to ask")?;
            let (status, body) = self.load.once(server.address, first)?;
            match status {
                200 => Ok::<_, crate::Problem>(body.len()),
                _ => Err(format!("{status}: {body}").into()),
            }
        };
        let (token, _) = issued.first().ok_or("no token was issued")?;
        Ok(vec![
            format!(
                "--introspection={}",
                length(requests::introspections(&issued[..1]))?
            ),
            format!(
                "--token={}",
                length(requests::client_credentials(
                    portico.population,
                    Access::Zipf,
                    1
                ))?
            ),
            format!("--signed={}", token.len().saturating_sub(87)),
            format!("--database={}", database.database()),
            format!("--connections={connections}"),
        ])
    }

    fn code_flow(
        &mut self,
        path: &str,
        portico: &Portico,
        server: &Server,
        ceiling: &Server,
    ) -> Outcome<()> {
        let flow = CodeFlow::new(portico.population, Access::Zipf, VISITS, 0);
        let scripts = || flow.scripts(CONNECTIONS);
        let rates = self.by_turns(path, (server, scripts), (ceiling, scripts))?;
        self.report.add(Row::new(path, rates, Some(0.8)));
        Ok(())
    }

    fn client_credentials(
        &mut self,
        portico: &Portico,
        server: &Server,
        ceiling: &Server,
    ) -> Outcome<()> {
        let asked = requests::client_credentials(portico.population, Access::Zipf, VISITS);
        let scripts = |path| {
            let around = Around::new(at(path, &asked), "\"access_token\"");
            move || around.scripts(CONNECTIONS)
        };
        let path = "client credentials";
        let rates = self.by_turns(
            path,
            (server, scripts("/token")),
            (ceiling, scripts("/signed")),
        )?;
        self.report.add(Row::new(path, rates, Some(0.85)));
        Ok(())
    }

    fn seen_before(&mut self, issued: &[Issued], server: &Server, ceiling: &Server) -> Outcome<()> {
        let asked = requests::introspections(&issued[..SEEN.min(issued.len())]);
        let scripts = |path| {
            let around = Around::new(at(path, &asked), "\"active\":true");
            move || around.scripts(CONNECTIONS)
        };
        let path = "introspection, seen before";
        let rates = self.by_turns(
            path,
            (server, scripts("/introspect")),
            (ceiling, scripts("/fixed")),
        )?;
        self.report.add(Row::new(path, rates, Some(0.7)));
        Ok(())
    }

    /// Portico is started anew for each round, so that it has seen none of the tokens; its clients
    /// have said something before.
    fn first_seen(
        &mut self,
        portico: &Portico,
        issued: &[Issued],
        ceiling: &Server,
    ) -> Outcome<()> {
        let path = "introspection, first seen";
        eprintln!("measuring {path}");
        let asked = requests::introspections(issued);
        let at_ceiling = at("/verified", &asked);
        let greetings = requests::greetings(0..portico.population.programs);
        let (mut first, mut second) = (Vec::new(), Vec::new());
        let once =
            |asked: &[Vec<u8>]| Once::scripts(asked.to_vec(), "\"active\":true", CONNECTIONS);
        for round in 0..=ROUNDS {
            let server = portico.start(&self.load)?;
            let greeting = Once::scripts(greetings.clone(), "\"active\":false", CONNECTIONS);
            self.measure(&server, greeting, self.time())?;
            let rates = (
                self.measure(&server, once(&asked), self.time())?,
                self.measure(ceiling, once(&at_ceiling), self.time())?,
            );
            // The first round is the warm-up.
            if round > 0 {
                first.push(rates.0);
                second.push(rates.1);
            }
        }
        self.report
            .add(Row::new(path, (median(first), median(second)), Some(0.85)));
        Ok(())
    }
}

/// The same requests, sent to another path.
pub(super) fn at(path: &str, requests: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let moved = |request: &Vec<u8>| {
        let mut words = request.splitn(3, |byte| *byte == b' ');
        let (verb, rest) = (words.next().unwrap_or_default(), words.nth(1));
        [verb, b" ", path.as_bytes(), b" ", rest.unwrap_or_default()].concat()
    };
    requests.iter().map(moved).collect()
}

/// Makes a database in place of an earlier one; gives its URL.
pub(super) fn fresh_database(url: &str, name: &str) -> Outcome<String> {
    let mut server = PgConnection::establish(url)?;
    server.batch_execute(&format!("DROP DATABASE IF EXISTS {name}"))?;
    server.batch_execute(&format!("CREATE DATABASE {name}"))?;
    let mut url = url::Url::parse(url)?;
    url.set_path(name);
    Ok(url.into())
}
