//! The tables of a run, in the form that `docs/performance.md` has them.

use std::time::Duration;

/// What one side of a contest did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    /// Units a second.
    pub(crate) per_second: f64,
    /// The share of a core that the server's process used.
    pub(crate) server: f64,
}

/// The median by units a second.
pub(crate) fn median(mut rates: Vec<Rate>) -> Rate {
    rates.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    rates[rates.len() / 2]
}

/// One contest.
#[derive(Debug)]
pub(crate) struct Row {
    path: String,
    one: Rate,
    other: Rate,
    target: f64,
}

impl Row {
    pub(crate) fn new(path: &str, (one, other): (Rate, Rate), target: f64) -> Self {
        Self {
            path: path.to_owned(),
            one,
            other,
            target,
        }
    }

    /// Said at once, so that a run that breaks off has said what it found.
    fn said(self) -> Self {
        let (path, ratio) = (&self.path, self.ratio());
        eprintln!("  {path}: {ratio:.2}, target {:.2}", self.target);
        self
    }

    fn ratio(&self) -> f64 {
        self.one.per_second / self.other.per_second
    }
}

/// A figure that must not be exceeded.
#[derive(Debug)]
struct Limit {
    what: &'static str,
    found: f64,
    most: f64,
    unit: &'static str,
}

/// Everything that a run found.
#[derive(Debug, Default)]
pub(crate) struct Report {
    ceilings: Vec<Row>,
    limits: Vec<Limit>,
    growth: Vec<Row>,
    peers: Vec<Row>,
    notes: Vec<String>,
}

impl Report {
    /// Portico against a ceiling.
    pub(crate) fn add(&mut self, row: Row) {
        self.ceilings.push(row.said());
    }

    /// Portico on a large database against a small one.
    pub(crate) fn grown(&mut self, row: Row) {
        self.growth.push(row.said());
    }

    /// Portico beside another provider.
    pub(crate) fn beside(&mut self, row: Row) {
        self.peers.push(row.said());
    }

    pub(crate) fn limit(&mut self, what: &'static str, found: f64, most: f64, unit: &'static str) {
        self.limits.push(Limit {
            what,
            found,
            most,
            unit,
        });
    }

    pub(crate) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// Prints it all.
    pub(crate) fn print(&self, took: Duration) {
        table(
            "path | Portico/s | ceiling/s | ratio | target | | busy",
            &self.ceilings,
        );
        println!("| what | found | target | |\n|---|---|---|---|");
        for limit in &self.limits {
            println!(
                "| {} | {:.1} {unit} | < {} {unit} | {} |",
                limit.what,
                limit.found,
                limit.most,
                met(limit.found < limit.most),
                unit = limit.unit,
            );
        }
        println!();
        table(
            "path | at 100,000/s | at 1,000/s | ratio | target | | busy",
            &self.growth,
        );
        table(
            "path | Portico/s | oidc-provider/s | ratio | target | | busy",
            &self.peers,
        );
        for note in &self.notes {
            println!("- {note}");
        }
        println!("- the run took {} s", took.as_secs());
    }
}

/// *busy* is the share of its core that each of the two servers used. Where it is far below 100 %,
/// something else holds that server back: its disk, its database, or the load.
fn table(head: &str, rows: &[Row]) {
    if rows.is_empty() {
        return;
    }
    println!("| {head} |\n|---|---:|---:|---:|---:|---|---|");
    for row in rows {
        let percent = |share: f64| format!("{:.0}", share * 100.0);
        println!(
            "| {} | {:.0} | {:.0} | {:.2} | ≥ {:.2} | {} | {} · {} % |",
            row.path,
            row.one.per_second,
            row.other.per_second,
            row.ratio(),
            row.target,
            met(row.ratio() >= row.target),
            percent(row.one.server),
            percent(row.other.server),
        );
    }
    println!();
}

const fn met(is: bool) -> &'static str {
    if is { "met" } else { "**not met**" }
}
