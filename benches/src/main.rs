//! `portico-bench`: how fast Portico is, as ratios to ceilings measured in the same run.
//!
//! Owns the load, the ceilings and the table. Portico itself is a process that is started and
//! spoken to over HTTP; of its crates only those are used that fill a database and that the
//! ceiling of the code flow stands on. What is measured and why: `docs/performance.md`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod ceiling;
mod child;
mod host;
mod load;
mod peer;
mod population;
mod portico;
mod report;
mod requests;
mod seed;
mod stopwatch;
mod streams;
mod suite;

/// Why the benchmark cannot go on.
type Problem = Box<dyn std::error::Error + Send + Sync>;

/// What a step of the benchmark gives.
type Outcome<T> = Result<T, Problem>;

/// Measures Portico against ceilings on one machine, in one run.
#[derive(Debug, Parser)]
#[command(name = "portico-bench")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure everything and print the tables
    Run(suite::Options),
    /// Count the instructions of each path, Portico's and its ceiling's, by valgrind
    Instructions(suite::Options),
    /// Serve what a ceiling serves (started by `run`)
    Ceiling(ceiling::Options),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(options) => suite::run(&options),
        Command::Instructions(options) => suite::instructions(&options),
        Command::Ceiling(options) => ceiling::serve(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("portico-bench: {problem}");
            ExitCode::FAILURE
        }
    }
}
