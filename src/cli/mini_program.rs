//! `portico mini-program …`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use flow::administer::Refusal;
use flow::administer::clients::{Allowed, ClientQuery, Registered};
use flow::administer::new_manifest::{NewManifest, ProgramKind};
use serde_json::{Value, json};

use super::ask::answered;
use super::client::{HEAD, listed, print_client, print_registered, row, warn_of_unknown};
use super::client_secret::{self, SecretCommand};
use super::client_update::{self, ClientUpdate};
use super::context::{Context, read_json};
use super::list::{List, print_page};
use super::output::{Output, Problem};
use super::publisher::Lookalike;
use crate::config::Config;

mod check;

#[derive(Debug, Subcommand)]
pub(super) enum MiniProgramCommand {
    /// Write a manifest to begin with, with comments, to standard output or a file
    New(New),
    /// Check a manifest without registering it; says what is wrong, and on which line
    ///
    /// Where there is a database, its name is compared with those of others, too.
    Check {
        /// The manifest; - reads standard input
        #[arg(value_name = "FILE.json")]
        file: PathBuf,
    },
    /// Register a mini-program from its manifest; its secret is shown once
    Add {
        /// The manifest; - reads standard input
        #[arg(long, value_name = "FILE.json")]
        manifest: PathBuf,
        /// Register it although its publisher has one of that name or at that origin
        #[arg(long)]
        again: bool,
        #[command(flatten)]
        lookalike: Lookalike,
    },
    /// List mini-programs, by name
    List {
        #[command(flatten)]
        list: List,
        /// Only those of this publisher
        #[arg(long, value_name = "ID")]
        publisher: Option<String>,
    },
    /// Show what is registered
    Show {
        /// Its client_id
        id: String,
    },
    /// Put another manifest in the place of a mini-program's; says first what changes, and what people
    /// will be asked again
    Update {
        /// Its client_id
        id: String,
        /// The whole manifest, as it is to be; - reads standard input
        #[arg(long, value_name = "FILE.json")]
        manifest: PathBuf,
        #[command(flatten)]
        update: ClientUpdate,
        #[command(flatten)]
        lookalike: Lookalike,
    },
    /// Suspend a mini-program, at once: nobody can use it, what it holds is worthless
    Suspend {
        /// Its client_id
        id: String,
    },
    /// Release a mini-program for everybody
    Release {
        /// Its client_id
        id: String,
    },
    /// The secrets with which its backend proves who it is
    #[command(subcommand)]
    Secret(SecretCommand),
}

#[derive(Debug, Args)]
pub(super) struct New {
    /// Where the program's pages are, such as https://market.example
    #[arg(long, value_name = "URL")]
    origin: String,
    /// Its name
    #[arg(long)]
    name: Option<String>,
    /// The publisher's id
    #[arg(long, value_name = "ID")]
    publisher: Option<String>,
    /// Somebody for whom the draft works; may be said several times
    #[arg(long = "tester", value_name = "USERNAME")]
    testers: Vec<String>,
    /// For a page without a backend: it is launched with a token
    #[arg(long)]
    page_only: bool,
    /// For a backend that nobody can reach: it listens to session events
    #[arg(long, conflicts_with = "page_only")]
    listens: bool,
    /// The file to write; it must not exist yet
    #[arg(long, value_name = "FILE.json")]
    out: Option<PathBuf>,
}

pub(super) fn run(
    command: MiniProgramCommand,
    context: impl Fn() -> Result<Context, Problem>,
    config: impl Fn() -> Result<Config, Problem>,
    output: &Output,
) -> Result<(), Problem> {
    // These two are for makers of programs, who have no database.
    match command {
        MiniProgramCommand::New(new) => write_new(new, output),
        MiniProgramCommand::Check { file } => check::run(&file, &config()?, context, output),
        command => administer(command, &context()?, output),
    }
}

fn administer(
    command: MiniProgramCommand,
    context: &Context,
    output: &Output,
) -> Result<(), Problem> {
    let acts = context.administration();
    match command {
        MiniProgramCommand::New(_) | MiniProgramCommand::Check { .. } => {
            Err(Problem::said("this command needs no database"))
        }
        MiniProgramCommand::Add {
            manifest,
            again,
            lookalike,
        } => {
            let allowed = Allowed {
                again,
                lookalike: lookalike.allow,
            };
            let manifest = read_json(&manifest)?;
            let registered = add(&manifest, allowed, context)?;
            warn_of_unknown(&registered.client.metadata.not_understood(&manifest));
            print_registered(&registered, output)
        }
        MiniProgramCommand::List { list, publisher } => {
            let query = ClientQuery {
                page: list.query(),
                mini_programs: true,
                publisher,
            };
            let page = context.act(acts.list_clients(query))?;
            print_page(output, "mini_programs", &page, listed, (HEAD, row))
        }
        MiniProgramCommand::Show { id } => {
            let client = context.act(acts.show_mini_program(&id))?;
            print_client(&client, output)
        }
        MiniProgramCommand::Update {
            id,
            manifest,
            update,
            lookalike,
        } => {
            let manifest = read_json(&manifest)?;
            let plan = acts.plan_mini_program_update(&id, &manifest, lookalike.allow);
            let plan = context.act(plan)?;
            warn_of_unknown(&plan.after.metadata.not_understood(&manifest));
            client_update::run(plan, &update, context, output)
        }
        MiniProgramCommand::Suspend { id } => {
            let id = context.act(acts.suspend(&id))?;
            output.print(&json!({ "client_id": id, "state": "suspended" }), || {
                format!("{id} is suspended.")
            })
        }
        MiniProgramCommand::Release { id } => {
            let id = context.act(acts.release(&id))?;
            output.print(&json!({ "client_id": id, "state": "released" }), || {
                format!("{id} is released.")
            })
        }
        MiniProgramCommand::Secret(secret) => client_secret::run(secret, context, output),
    }
}

/// Registers it. Where its publisher has one like it, the person at the terminal says whether another
/// one is meant.
fn add(manifest: &Value, allowed: Allowed, context: &Context) -> Result<Registered, Problem> {
    let acts = context.administration();
    let add = |allowed| context.act(acts.add_mini_program(manifest, allowed));
    let refused = match add(allowed) {
        Err(Problem::Refused(refused @ Refusal::AddedBefore { .. })) => refused,
        done => return done,
    };
    let again = Allowed {
        again: true,
        ..allowed
    };
    match answered(&format!("portico: {refused}.\nAdd another one?"))? {
        Some(true) => add(again),
        Some(false) => Err(Problem::said("nothing was done")),
        None => Err(refused.into()),
    }
}

fn write_new(new: New, output: &Output) -> Result<(), Problem> {
    use std::io::Write as _;
    let kind = match (new.page_only, new.listens) {
        (true, _) => ProgramKind::PageOnly,
        (false, true) => ProgramKind::Listener,
        (false, false) => ProgramKind::Backend,
    };
    let manifest = NewManifest {
        origin: new.origin,
        kind,
        name: new.name,
        publisher: new.publisher,
        testers: new.testers,
    };
    let manifest = manifest.written()?;
    let Some(path) = new.out else {
        // The manifest is JSON already.
        return output.print(&serde_json::from_str(&manifest).unwrap_or_default(), || {
            manifest
        });
    };
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path);
    file.and_then(|mut file| file.write_all(manifest.as_bytes()))
        .map_err(|e| Problem::said(format!("{} cannot be written: {e}", path.display())))?;
    output.print(&json!({ "file": path }), || {
        format!(
            "{} is written. Fill it in, then run `portico mini-program check {}`.",
            path.display(),
            path.display()
        )
    })
}
