//! The tables of a run, in the form that `docs/performance.md` has them.

use std::time::Duration;

use crate::Outcome;

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

/// The time, in milliseconds, that 99 of 100 of these do not exceed.
pub(crate) fn p99(mut times: Vec<Duration>) -> Outcome<f64> {
    times.sort_unstable();
    let last = times.len().checked_sub(1).ok_or("nothing was measured")?;
    let rank = (times.len() * 99).div_ceil(100) - 1;
    Ok(times[rank.min(last)].as_secs_f64() * 1000.0)
}

/// One contest.
#[derive(Debug)]
pub(crate) struct Row {
    path: String,
    one: Rate,
    other: Rate,
    /// The least that the ratio should be.
    target: Option<f64>,
}

impl Row {
    pub(crate) fn new(path: &str, (one, other): (Rate, Rate), target: Option<f64>) -> Self {
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
        eprintln!("  {path}: {ratio:.2}{}", self.judged());
        self
    }

    fn ratio(&self) -> f64 {
        self.one.per_second / self.other.per_second
    }

    /// The two columns of the target.
    fn judged(&self) -> String {
        match self.target {
            Some(target) => format!(" | ≥ {target:.2} | {}", met(self.ratio() >= target)),
            None => " | |".to_owned(),
        }
    }
}

/// Instructions of one request, Portico's and the ceiling's.
#[derive(Debug)]
pub(crate) struct Instructions {
    pub(crate) path: String,
    pub(crate) portico: f64,
    pub(crate) ceiling: f64,
    /// Portico's at an earlier commit.
    pub(crate) earlier: Option<f64>,
}

impl Instructions {
    fn above(&self) -> f64 {
        self.portico - self.ceiling
    }

    /// Portico's and the ceiling's, in thousands, and how much of Portico's the ceiling's are.
    fn shown(&self) -> String {
        let (portico, ceiling) = (thousands(self.portico), thousands(self.ceiling));
        format!("{portico} · {ceiling} · {:.2}", self.ceiling / self.portico)
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
    instructions: Vec<Instructions>,
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

    /// What one request costs. Said at once, like everything else.
    pub(crate) fn count(&mut self, row: Instructions) {
        eprintln!("  {}: {} thousand instructions", row.path, row.shown());
        self.instructions.push(row);
    }

    pub(crate) fn instructions(&self) -> &[Instructions] {
        &self.instructions
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
            &self.instructions,
        );
        self.print_instructions();
        if !self.limits.is_empty() {
            println!("| what | found | target | |\n|---|---|---|---|");
        }
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
            &[],
        );
        table(
            "path | Portico/s | oidc-provider/s | ratio | target | | busy",
            &self.peers,
            &[],
        );
        for note in &self.notes {
            println!("- {note}");
        }
        println!("- the run took {} s", took.as_secs());
    }

    fn print_instructions(&self) {
        if self.instructions.is_empty() {
            return;
        }
        println!(
            "| thousand instructions of one request | Portico | ceiling | above it | at the earlier commit |"
        );
        println!("|---|---:|---:|---:|---:|");
        for row in &self.instructions {
            println!(
                "| {} | {} | {} | {} | {} |",
                row.path,
                thousands(row.portico),
                thousands(row.ceiling),
                thousands(row.above()),
                row.earlier.map_or_else(String::new, thousands),
            );
        }
        println!();
    }
}

fn thousands(instructions: f64) -> String {
    format!("{:.1}", instructions / 1000.0)
}

/// *busy* is the share of its core that each of the two servers used. Where it is far below 100 %,
/// something else holds that server back: its disk, its database, or the load.
/// Where instructions were counted they stand beside the ratio, in thousands.
fn table(head: &str, rows: &[Row], counted: &[Instructions]) {
    if rows.is_empty() {
        return;
    }
    let (more, line) = match counted {
        [] => ("", ""),
        _ => (
            " thousand instructions: Portico · ceiling · ratio |",
            "---|",
        ),
    };
    println!("| {head} |{more}\n|---|---:|---:|---:|---:|---|---|{line}");
    for row in rows {
        let percent = |share: f64| format!("{:.0}", share * 100.0);
        let beside = counted.iter().find(|one| one.path == row.path);
        let beside = match (counted, beside) {
            ([], _) => String::new(),
            (_, beside) => format!(
                " {} |",
                beside.map_or_else(String::new, Instructions::shown)
            ),
        };
        println!(
            "| {} | {:.0} | {:.0} | {:.2}{} | {} · {} % |{beside}",
            row.path,
            row.one.per_second,
            row.other.per_second,
            row.ratio(),
            row.judged(),
            percent(row.one.server),
            percent(row.other.server),
        );
    }
    println!();
}

const fn met(is: bool) -> &'static str {
    if is { "met" } else { "**not met**" }
}
