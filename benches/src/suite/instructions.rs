//! How many instructions a request costs, Portico and its ceiling: a figure that a busy machine does
//! not change, so that one commit can be compared with the one before. Never between machines:
//! libraries look at the processor that they run on.
//!
//! Each server runs under callgrind and answers N requests, then, started anew, 2N of them. The
//! difference by N is what one costs: start, warm-up and end fall out.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::house::{SQLITE_CONNECTIONS, at};
use super::launches::{self, LaunchRequests};
use super::{Access, Around, CodeFlow, Issued, Part, Portico, Server, Suite, VISITS, requests};
use crate::Outcome;
use crate::child::Start;
use crate::load::Script;
use crate::population::Population;
use crate::report::Instructions;
use crate::requests::Counted;

/// Connections that are open at once: fewer than where time is measured, because everything takes
/// fifty times as long, and nobody is to run into a timeout.
const CONNECTIONS: usize = 8;
/// The longest that one run may take.
const LONGEST: Duration = Duration::from_secs(600);

/// What only the thread that follows the log calls.
const FOLLOWER: &str = "portico::job::tail::Follower";

/// A path, asked of both servers.
struct Contest<'c, P, C> {
    name: &'static str,
    /// What Portico is asked before, and what it is asked.
    portico: (Vec<Vec<u8>>, P),
    ceiling: C,
    /// How the ceiling is started.
    shape: &'c [String],
}

impl Suite<'_> {
    /// Counts all paths that are wanted.
    pub(super) fn count_instructions(&mut self) -> Outcome<()> {
        let portico = self.prepare("counted", None, Population::SMALL)?;
        let beside = self.prepare("counted-ceiling", None, Population::SMALL)?;
        let server = portico.start(&self.load)?;
        let issued = self.collect(
            &portico,
            &server,
            Access::Zipf,
            2 * self.options.instructions,
        )?;
        let shape = self.shape(&server, &portico, &issued, &beside, SQLITE_CONNECTIONS)?;
        server.stop()?;
        self.count_paths(&portico, &issued, &shape)?;
        if self.wants(Part::Launches) {
            self.count_launches()?;
        }
        if let Some(file) = &self.options.save {
            std::fs::write(file, saved(self.report.instructions()))?;
        }
        Ok(())
    }

    fn count_paths(
        &mut self,
        portico: &Portico,
        issued: &[Issued],
        shape: &[String],
    ) -> Outcome<()> {
        let greetings = requests::greetings(0..portico.population.programs);
        let active = |asked| Around::new(asked, "\"active\":true");
        if self.wants(Part::ClientCredentials) {
            let asked = requests::client_credentials(portico.population, Access::Zipf, VISITS);
            let token = |path| Around::new(at(path, &asked), "\"access_token\"");
            self.count(
                portico,
                Contest {
                    name: "client credentials",
                    portico: (greetings.clone(), token("/token")),
                    ceiling: token("/signed"),
                    shape,
                },
            )?;
        }
        if self.wants(Part::SeenBefore) {
            let asked = requests::introspections(&issued[..super::SEEN.min(issued.len())]);
            self.count(
                portico,
                Contest {
                    name: "introspection, seen before",
                    portico: (asked.clone(), active(asked.clone())),
                    ceiling: active(at("/fixed", &asked)),
                    shape,
                },
            )?;
        }
        if self.wants(Part::FirstSeen) {
            let asked = requests::introspections(issued);
            self.count(
                portico,
                Contest {
                    name: "introspection, first seen",
                    portico: (greetings.clone(), active(asked.clone())),
                    ceiling: active(at("/verified", &asked)),
                    shape,
                },
            )?;
        }
        if self.wants(Part::CodeFlow) {
            let flow = || CodeFlow::new(portico.population, Access::Zipf, VISITS, 0);
            self.count(
                portico,
                Contest {
                    name: "code flow on SQLite",
                    portico: (greetings, flow()),
                    ceiling: flow(),
                    shape,
                },
            )?;
        }
        Ok(())
    }

    fn count_launches(&mut self) -> Outcome<()> {
        let (portico, beside, host) = self.launch_house("counted-launches")?;
        let server = portico.start(&self.load)?;
        let asked = self.launch_requests(&portico, &server, host, &beside)?;
        server.stop()?;
        let at_portico = LaunchRequests::scripts(&asked.portico);
        self.count(
            &portico,
            Contest {
                name: launches::PATH,
                portico: (asked.portico, at_portico),
                ceiling: LaunchRequests::scripts(&asked.ceiling),
                shape: &asked.shape,
            },
        )
    }

    fn count<P, C>(&mut self, portico: &Portico, contest: Contest<'_, P, C>) -> Outcome<()>
    where
        P: Script + Clone,
        C: Script + Clone,
    {
        let Contest {
            name,
            portico: (before, asked),
            ceiling,
            shape,
        } = contest;
        eprintln!("counting {name}");
        let one = self.per_request(name, "portico", &before, &asked, |how| {
            portico.start_as(how)
        })?;
        let other = self.per_request(name, "ceiling", &[], &ceiling, |how| {
            self.ceiling_as(how, shape)
        })?;
        let earlier = self.options.against.as_deref();
        let earlier = earlier.map(|file| earlier_of(file, name)).transpose()?;
        self.report.count(Instructions {
            path: name.to_owned(),
            portico: one,
            ceiling: other,
            earlier: earlier.flatten(),
        });
        Ok(())
    }

    /// (run of 2N − run of N) / N.
    fn per_request<S: Script + Clone>(
        &self,
        path: &str,
        side: &str,
        before: &[Vec<u8>],
        script: &S,
        start: impl Fn(Start<'_>) -> Outcome<Server>,
    ) -> Outcome<f64> {
        let n = self.options.instructions;
        let run = |units: usize| {
            let file = self.profile(path, side, units);
            let how = Start {
                load: &self.load,
                core: self.options.server_core,
                counted_in: Some(&file),
            };
            let server = start(how)?;
            let warm = Around::new(before.to_vec(), "\"");
            self.load.drive(
                server.address,
                Counted::scripts(&warm, before.len(), CONNECTIONS),
                LONGEST,
            )?;
            let scripts = Counted::scripts(&script.clone(), units, CONNECTIONS);
            self.load.drive(server.address, scripts, LONGEST)?;
            server.stop()?;
            executed(&file)
        };
        let (once, twice) = (run(n)?, run(2 * n)?);
        Ok((twice - once) / n as f64)
    }

    /// Where callgrind's profile of a run stays: for `callgrind_annotate`.
    fn profile(&self, path: &str, side: &str, units: usize) -> PathBuf {
        let path = path.replace([' ', ','], "-");
        let name = format!("callgrind.{path}.{side}.{units}");
        self.options.folder.join(name)
    }
}

/// The instructions that the profiles of a server's threads sum up. One thread is left out: the one that
/// follows the log looks at it so often a second, and says nothing about requests but how long they took.
fn executed(profile: &Path) -> Outcome<f64> {
    let mut sum = 0.0;
    for thread in threads_of(profile)? {
        let text = std::fs::read_to_string(&thread)?;
        if text.contains(FOLLOWER) {
            continue;
        }
        let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
        let total = total.ok_or_else(|| format!("{} has no total", thread.display()))?;
        sum += total.trim().parse::<f64>()?;
    }
    Ok(sum)
}

/// Callgrind writes a file for each thread: the name that it was given, and `-01` and so on.
fn threads_of(profile: &Path) -> Outcome<Vec<PathBuf>> {
    let folder = profile.parent().ok_or("a profile without a folder")?;
    let name = profile.file_name().and_then(|name| name.to_str());
    let start = format!("{}-", name.ok_or("a profile without a name")?);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if name.is_some_and(|name| name.starts_with(&start)) {
            found.push(path);
        }
    }
    match found.is_empty() {
        true => Err(format!("callgrind wrote no {start}NN").into()),
        false => Ok(found),
    }
}

/// A line for each path: its name, Portico's instructions, the ceiling's.
fn saved(counted: &[Instructions]) -> String {
    let mut text = String::new();
    for row in counted {
        let _ = writeln!(text, "{}\t{:.0}\t{:.0}", row.path, row.portico, row.ceiling);
    }
    text
}

/// What an earlier run counted for Portico.
fn earlier_of(file: &Path, path: &str) -> Outcome<Option<f64>> {
    let text =
        std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let line = text.lines().find_map(|line| line.strip_prefix(path));
    let earlier = line.and_then(|rest| rest.split('\t').nth(1));
    Ok(earlier.map(str::parse).transpose()?)
}
