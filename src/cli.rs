//! The commands: parsing, one flow each, printing. They open the same database as a running server,
//! which hears of what they did through the log. `serve`, `migrate` and `demo` make the database and
//! change its schema; all others work with the one that is there.
//!
//! One file per noun below `cli/`. Nothing is decided here.

use std::any::TypeId;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

mod adopt;
mod ask;
mod audit;
mod backup;
mod client;
mod client_secret;
mod client_update;
mod config_check;
mod context;
mod deliveries;
mod demo;
mod doctor;
mod json_lines;
mod keys;
mod list;
mod mini_program;
mod operator;
mod output;
mod publisher;
mod revoke;
mod serve;
mod session;
mod streams;
mod user;

use context::Context;
use output::Output;

use crate::app::Make;
use crate::config::Config;

/// Where help lists what every command takes.
const OF_ALL: &str = "With every command";

/// One sign-in for every mini-program.
///
/// Portico is an OAuth 2.1 and OpenID Connect server for super apps. To look around, run `portico
/// demo`. Settings come from portico.toml and from PORTICO_… variables; without any, everything is
/// kept in ./portico-data.
#[derive(Debug, Parser)]
#[command(
    name = "portico",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
struct Cli {
    /// The file with the settings [default: portico.toml, where there is one]
    #[arg(long, global = true, value_name = "FILE", help_heading = OF_ALL)]
    config: Option<PathBuf>,
    /// Print one JSON object instead of text for people
    #[arg(long, global = true, help_heading = OF_ALL)]
    json: bool,
    /// Your name, for the audit [default: what the system calls you]
    #[arg(long = "as", global = true, value_name = "NAME", help_heading = OF_ALL)]
    acting: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show everything: a super app with four mini-programs, at addresses on this machine
    Demo(demo::Demo),
    /// Serve, after bringing the database to this version
    Serve,
    /// Bring the database to this version, and do nothing else
    Migrate,
    /// Make a database this issuer's: a copy of another's installation, or one that moves
    Adopt,
    /// Copy the whole installation into a file, while servers go on
    Backup(backup::Backup),
    /// Put a copy back, where no server runs; everybody signs in again
    Restore(backup::Restore),
    /// Look whether everything is as it should be
    Doctor,
    /// The settings
    #[command(subcommand)]
    Config(config_check::ConfigCommand),
    /// People with accounts
    #[command(subcommand)]
    User(user::UserCommand),
    /// Owners of mini-programs
    #[command(subcommand)]
    Publisher(publisher::PublisherCommand),
    /// Mini-programs, from manifest to release
    #[command(subcommand)]
    MiniProgram(mini_program::MiniProgramCommand),
    /// Clients that are no mini-programs: the super app itself, backends, websites
    #[command(subcommand)]
    Client(client::ClientCommand),
    /// The keys that sign tokens
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Where people are signed in
    #[command(subcommand)]
    Session(session::SessionCommand),
    /// What clients are to be told: that sessions are over
    #[command(subcommand)]
    Deliveries(deliveries::DeliveriesCommand),
    /// Who listens to session events
    #[command(subcommand)]
    Streams(streams::StreamsCommand),
    /// Make tokens that were given out worthless, at once
    Revoke(revoke::Revoke),
    /// Who did what
    Audit(audit::Audit),
}

impl Cli {
    /// Reads a command line; gives the words of its command, too.
    fn read(line: impl IntoIterator<Item = OsString>) -> Result<(Self, String), clap::Error> {
        let mut command = taking_hyphens(Self::command());
        let matches = command.try_get_matches_from_mut(line)?;
        let cli = Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
        Ok((cli, operator::words(&matches)))
    }
}

/// Lets every text begin with `-`: one in 64 ids of before does, and a name may.
fn taking_hyphens(command: clap::Command) -> clap::Command {
    let is_text = |arg: &clap::Arg| arg.get_value_parser().type_id() == TypeId::of::<String>();
    command
        .mut_args(|arg| {
            let text = is_text(&arg);
            arg.allow_hyphen_values(text)
        })
        .mut_subcommands(taking_hyphens)
}

impl Command {
    /// What is made where it is missing. The first people and programs may be put into a database
    /// that was migrated and never served.
    fn makes(&self) -> Make {
        match self {
            Self::User(user::UserCommand::Add(_))
            | Self::Publisher(publisher::PublisherCommand::Add { .. })
            | Self::MiniProgram(mini_program::MiniProgramCommand::Add { .. })
            | Self::Client(client::ClientCommand::Add { .. }) => Make::Keys,
            _ => Make::Nothing,
        }
    }
}

/// Reads the command line, does what it says, and tells how it went.
pub fn run() -> ExitCode {
    let (cli, words) = match Cli::read(std::env::args_os()) {
        Ok(read) => read,
        // Help and version go to stdout with 0, a wrong command line to stderr with 2.
        Err(error) => {
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            // A closed pipe is no reason to fail.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    match dispatch(cli, words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("portico: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(cli: Cli, words: String) -> Result<(), output::Problem> {
    let output = Output::new(cli.json);
    let make = cli.command.makes();
    let operator = operator::operator(cli.acting.as_deref(), words)?;
    let context = || Context::open(cli.config.as_deref(), make, operator.clone());
    let sources = || context::sources(cli.config.as_deref());
    let config = || Ok(Config::load(&sources())?);
    match cli.command {
        Command::Demo(command) => {
            demo::run(&command, cli.config.as_deref(), operator.clone(), &output)
        }
        Command::Serve => serve::run(&sources()),
        Command::Migrate => serve::migrate(&sources(), &output),
        Command::Adopt => adopt::run(&sources(), &operator, &output),
        Command::Backup(command) => backup::back_up(&command, &sources(), &operator, &output),
        Command::Restore(command) => backup::restore(&command, &sources(), &operator, &output),
        Command::Doctor => doctor::run(&sources(), &output),
        Command::Config(command) => config_check::run(&command, &sources(), &output),
        Command::User(command) => user::run(command, &context()?, &output),
        Command::Publisher(command) => publisher::run(command, &context()?, &output),
        Command::MiniProgram(command) => mini_program::run(command, context, config, &output),
        Command::Client(command) => client::run(command, &context()?, &output),
        Command::Keys(command) => keys::run(command, &context()?, &output),
        Command::Session(command) => session::run(command, &context()?, &output),
        Command::Deliveries(command) => deliveries::run(command, &context()?, &output),
        Command::Streams(command) => streams::run(command, &context()?, &output),
        Command::Revoke(command) => revoke::run(command, &context()?, &output),
        Command::Audit(command) => audit::run(command, &context()?, &output),
    }
}

#[cfg(test)]
mod tests;
