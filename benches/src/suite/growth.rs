//! A hundred thousand mini-programs and a million grants beside a thousand of each kind: is the
//! same Portico slower there? Programs are drawn by Zipf, which has a target, and uniformly, which has none:
//! nothing stays near that is not needed again for long.

use std::time::Duration;

use super::{
    Access, Around, CONNECTIONS, CodeFlow, Once, Portico, Row, Server, Suite, VISITS, requests,
};
use crate::Outcome;
use crate::population::Population;

/// The longest that the larger one is asked by each of its programs once before it is measured: its
/// memory of clients is then as on every day but the first.
const SETTLING: Duration = Duration::from_secs(120);
/// The slowest that the larger one may be.
const TARGET: f64 = 1.0 / 1.1;
/// Tokens that are introspected around and around.
const TOKENS: usize = 5_000;
/// Client credentials requests: more than are sent, so that no round finds its clients in memory
/// because the one before had asked for the same.
const REQUESTS: usize = 300_000;

impl Suite<'_> {
    /// Compares Portico with itself on a larger database.
    pub(super) fn growth(&mut self) -> Outcome<()> {
        let small = self.prepare("small", None, Population::SMALL)?;
        let large = self.prepare("large", None, Population::LARGE)?;
        let (at_small, at_large) = (small.start(&self.load)?, large.start(&self.load)?);
        for (portico, server) in [(&small, &at_small), (&large, &at_large)] {
            let greetings = requests::greetings(0..portico.population.programs);
            let scripts = Once::scripts(greetings, "\"active\":false", CONNECTIONS);
            self.measure(server, scripts, SETTLING)?;
        }
        for access in [Access::Zipf, Access::Uniform] {
            let (small, large) = ((&small, &at_small), (&large, &at_large));
            self.grown_code_flow(access, small, large)?;
            self.grown_client_credentials(access, small, large)?;
            self.grown_introspection(access, small, large)?;
        }
        self.report.note(format!(
            "memory after the growth part: {:.1} MiB with a thousand mini-programs, {:.1} MiB with \
             a hundred thousand",
            at_small.memory()?,
            at_large.memory()?,
        ));
        Ok(())
    }

    fn grown_code_flow(
        &mut self,
        access: Access,
        (small, at_small): (&Portico, &Server),
        (large, at_large): (&Portico, &Server),
    ) -> Outcome<()> {
        let flow = |portico: &Portico| {
            let flow = CodeFlow::new(portico.population, access, VISITS, 0);
            move || flow.scripts(CONNECTIONS)
        };
        let path = &named("code flow on SQLite", access);
        let rates = self.by_turns(path, (at_large, flow(large)), (at_small, flow(small)))?;
        self.report.grown(Row::new(path, rates, target(access)));
        Ok(())
    }

    fn grown_client_credentials(
        &mut self,
        access: Access,
        (small, at_small): (&Portico, &Server),
        (large, at_large): (&Portico, &Server),
    ) -> Outcome<()> {
        let asked = |portico: &Portico| {
            let asked = requests::client_credentials(portico.population, access, REQUESTS);
            let around = Around::new(asked, "\"access_token\"");
            move || around.scripts(CONNECTIONS)
        };
        let path = &named("client credentials", access);
        let (larges, smalls) = (asked(large), asked(small));
        let rates = self.by_turns(path, (at_large, larges), (at_small, smalls))?;
        self.report.grown(Row::new(path, rates, target(access)));
        Ok(())
    }

    fn grown_introspection(
        &mut self,
        access: Access,
        (small, at_small): (&Portico, &Server),
        (large, at_large): (&Portico, &Server),
    ) -> Outcome<()> {
        let asked = |portico: &Portico, server: &Server| {
            let issued = self.collect(portico, server, access, TOKENS)?;
            let asked = requests::introspections(&issued[..TOKENS]);
            let around = Around::new(asked, "\"active\":true");
            Ok::<_, crate::Problem>(move || around.scripts(CONNECTIONS))
        };
        let path = &named("introspection, seen before", access);
        let (larges, smalls) = (asked(large, at_large)?, asked(small, at_small)?);
        let rates = self.by_turns(path, (at_large, larges), (at_small, smalls))?;
        self.report.grown(Row::new(path, rates, target(access)));
        Ok(())
    }
}

fn named(path: &str, access: Access) -> String {
    match access {
        Access::Zipf => path.to_owned(),
        Access::Uniform => format!("{path}, uniform"),
    }
}

const fn target(access: Access) -> Option<f64> {
    match access {
        Access::Zipf => Some(TARGET),
        Access::Uniform => None,
    }
}
