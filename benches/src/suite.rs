//! The run: what is measured against what, in which order, and how often.
//!
//! Each contest alternates between the two servers, three times, and takes the medians, so that a
//! machine that becomes slower becomes so for both.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::Outcome;
use crate::child::{self, Server, Start};
use crate::load::{Load, Script};
use crate::population::Population;
use crate::portico::Portico;
use crate::report::{Rate, Report, Row, median, p99};
use crate::requests::{self, Access, Around, CodeFlow, Issued, Once};
use crate::stopwatch::Stopwatch;

mod crowd;
mod deliveries;
mod ends;
mod growth;
mod house;
mod instructions;
mod launches;
mod nodes;
mod peers;
mod start;
mod suspensions;

/// Connections that are open at once.
const CONNECTIONS: usize = 64;
/// How often each of the two sides of a contest is measured.
const ROUNDS: usize = 3;
/// Before the first round each side gets so much, which does not count.
const WARM_UP: Duration = Duration::from_secs(1);
/// Tokens that are introspected around and around.
const SEEN: usize = 1_000;
/// Visits that are made ready for the code flow.
const VISITS: usize = 20_000;

/// How a run is made.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Portico's release binary
    #[arg(long)]
    portico: PathBuf,
    /// An empty folder for databases
    #[arg(long)]
    folder: PathBuf,
    /// The core of the servers; this process is to be on another one
    #[arg(long, default_value_t = 0)]
    server_core: u32,
    /// Seconds of each measurement
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Access tokens of which each is introspected once after a start
    #[arg(long, default_value_t = 12_000)]
    tokens: usize,
    /// A PostgreSQL server, by the URL of a user who may create databases
    #[arg(long)]
    postgres: Option<String>,
    /// The folder of npm's oidc-provider with its packages installed
    #[arg(long)]
    peer: Option<PathBuf>,
    /// Count instructions as well, of so many requests (with valgrind); 0 counts none
    #[arg(long, default_value_t = 0)]
    instructions: usize,
    /// Where an earlier run saved its instructions, to compare with
    #[arg(long)]
    against: Option<PathBuf>,
    /// Where to save the instructions that were counted
    #[arg(long)]
    save: Option<PathBuf>,
    /// Measure only these; without it, everything
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
}

/// What can be measured by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Start to ready, and idle memory
    Start,
    /// The code flow on SQLite
    CodeFlow,
    /// Client credentials
    ClientCredentials,
    /// Introspection of tokens seen before
    SeenBefore,
    /// Introspection of tokens never seen
    FirstSeen,
    /// Beside 4,000 connections that read nothing (`ulimit -n` must allow them)
    Crowd,
    /// Launch tokens
    Launches,
    /// Suspensions, told to 10,000 streams (`ulimit -n` must allow them)
    Suspensions,
    /// Ends of sessions, told to the programs of a person
    Ends,
    /// Logout tokens to receivers on this machine, and beside one that never answers
    Deliveries,
    /// Ends of sessions on three nodes (with `--postgres`)
    Nodes,
    /// Beside npm's oidc-provider (with `--peer`)
    Peers,
    /// The code flow on PostgreSQL (with `--postgres`)
    Postgres,
    /// Growth to a million grants
    Growth,
}

/// What all parts of a run share.
struct Suite<'o> {
    options: &'o Options,
    load: Load,
    report: Report,
}

/// Measures everything and prints the tables.
pub(crate) fn run(options: &Options) -> Outcome<()> {
    let mut suite = Suite {
        options,
        load: Load::new()?,
        report: Report::default(),
    };
    let watch = Stopwatch::start();
    if options.instructions > 0 {
        suite.count_instructions()?;
    }
    suite.house()?;
    if suite.wants(Part::Launches) {
        suite.launches()?;
    }
    if suite.wants(Part::Suspensions) {
        suite.suspensions()?;
    }
    if suite.wants(Part::Ends) {
        suite.ends()?;
    }
    if suite.wants(Part::Deliveries) {
        suite.deliveries()?;
    }
    if let Some(url) = &options.postgres
        && suite.wants(Part::Postgres)
    {
        suite.postgres(url)?;
    }
    if let Some(url) = &options.postgres
        && suite.wants(Part::Nodes)
    {
        suite.nodes(url)?;
    }
    if suite.wants(Part::Growth) {
        suite.growth()?;
    }
    suite.report.print(watch.elapsed());
    Ok(())
}

/// Counts instructions and does nothing else.
pub(crate) fn instructions(options: &Options) -> Outcome<()> {
    let mut suite = Suite {
        options,
        load: Load::new()?,
        report: Report::default(),
    };
    let watch = Stopwatch::start();
    suite.count_instructions()?;
    suite.report.print(watch.elapsed());
    Ok(())
}

impl Suite<'_> {
    fn wants(&self, part: Part) -> bool {
        self.options.only.is_empty() || self.options.only.contains(&part)
    }

    fn prepare(
        &self,
        name: &str,
        database: Option<String>,
        population: Population,
    ) -> Outcome<Portico> {
        eprintln!("preparing {name}: {} grants", population.grants());
        let folder = self.options.folder.join(name);
        let options = self.options;
        Portico::prepare(
            &options.portico,
            options.server_core,
            folder,
            database,
            population,
        )
    }

    /// Starts a ceiling with further arguments.
    fn ceiling(&self, arguments: &[String]) -> Outcome<Server> {
        self.ceiling_as(
            Start::plainly(&self.load, self.options.server_core),
            arguments,
        )
    }

    fn ceiling_as(&self, how: Start<'_>, arguments: &[String]) -> Outcome<Server> {
        let address = child::free_address()?;
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg("ceiling")
            .arg("--listen")
            .arg(address.to_string())
            .args(arguments);
        Server::start(how, &command, address, "/readyz")
    }

    fn time(&self) -> Duration {
        Duration::from_secs(self.options.seconds)
    }

    /// Sends to one server for a time.
    fn measure<S: Script>(
        &self,
        server: &Server,
        scripts: Vec<S>,
        time: Duration,
    ) -> Outcome<Rate> {
        let (watch, busy) = (Stopwatch::start(), server.busy()?);
        let per_second = self.load.drive(server.address, scripts, time)?;
        let used = server.busy()? - busy;
        Ok(Rate {
            per_second,
            server: used.as_secs_f64() / watch.elapsed().as_secs_f64(),
        })
    }

    /// Two servers by turns; gives the medians of both.
    fn by_turns<A: Script, B: Script>(
        &self,
        path: &str,
        (one, ones): (&Server, impl Fn() -> Vec<A>),
        (other, others): (&Server, impl Fn() -> Vec<B>),
    ) -> Outcome<(Rate, Rate)> {
        eprintln!("measuring {path}");
        self.measure(one, ones(), WARM_UP)?;
        self.measure(other, others(), WARM_UP)?;
        let (mut first, mut second) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            first.push(self.measure(one, ones(), self.time())?);
            second.push(self.measure(other, others(), self.time())?);
        }
        Ok((median(first), median(second)))
    }

    /// Lets people visit programs until there are so many access tokens.
    fn collect(
        &self,
        portico: &Portico,
        server: &Server,
        access: Access,
        count: usize,
    ) -> Outcome<Vec<Issued>> {
        let flow = CodeFlow::new(portico.population, access, VISITS, count);
        let most = Duration::from_secs(60);
        let watch = Stopwatch::start();
        while flow.issued().len() < count {
            self.measure(server, flow.scripts(CONNECTIONS), WARM_UP)?;
            if watch.elapsed() > most {
                return Err("collecting tokens takes too long".into());
            }
        }
        Ok(flow.issued())
    }
}
