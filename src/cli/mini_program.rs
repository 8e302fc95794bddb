//! `portico mini-program …`

use std::path::PathBuf;

use clap::Subcommand;
use domain::display_name::Concern;
use flow::administer::Refusal;
use flow::administer::clients::{Allowed, ClientQuery, Registered};
use flow::administer::mini_programs::{CheckedManifest, check_manifest, new_manifest};
use flow::answer_token_request::BUILT_IN;
use foundation::bounded_text::safe_to_show;
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

#[derive(Debug, Subcommand)]
pub(super) enum MiniProgramCommand {
    /// Write a manifest to begin with, with comments, to standard output or a file
    New {
        /// Where the program's pages are, such as https://market.example
        #[arg(long, value_name = "URL")]
        origin: String,
        /// The file to write; it must not exist yet
        #[arg(long, value_name = "FILE.json")]
        out: Option<PathBuf>,
    },
    /// Check a manifest without registering it
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

pub(super) fn run(
    command: MiniProgramCommand,
    context: impl Fn() -> Result<Context, Problem>,
    config: impl Fn() -> Result<Config, Problem>,
    output: &Output,
) -> Result<(), Problem> {
    // These two are for makers of programs, who have no database.
    match command {
        MiniProgramCommand::New { origin, out } => write_new(&origin, out, output),
        MiniProgramCommand::Check { file } => {
            let checked = check_manifest(&read_json(&file)?, &config()?.scopes, BUILT_IN)?;
            check(&checked, context(), output)
        }
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
        MiniProgramCommand::New { .. } | MiniProgramCommand::Check { .. } => {
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

fn check(
    checked: &CheckedManifest,
    context: Result<Context, Problem>,
    output: &Output,
) -> Result<(), Problem> {
    let concerns = match &context {
        Ok(context) => {
            let acts = context.administration();
            context.act(acts.concerns_of(&checked.metadata))?
        }
        Err(_) => checked.concerns(),
    };
    let not_compared = context.err().map(|problem| problem.to_string());
    let name = checked.metadata.client_name.clone().unwrap_or_default();
    let told: Vec<String> = concerns.iter().map(Concern::to_string).collect();
    let unknown = &checked.not_understood;
    let names: Vec<&str> = unknown.iter().map(|member| member.name.as_str()).collect();
    warn_of_unknown(unknown);
    let answer = json!({
        "ok": concerns.is_empty(),
        "client_name": name,
        "not_understood": names,
        "concerns": told,
        "compared": not_compared.is_none(),
    });
    output.print(&answer, || said(&name, &told, not_compared.as_deref()))?;
    match concerns.is_empty() {
        true => Ok(()),
        false => Err(Problem::said("the name could mislead people")),
    }
}

/// What is said of a manifest that can be read. Names from the file cannot move the cursor.
fn said(name: &str, concerns: &[String], not_compared: Option<&str>) -> String {
    let name = safe_to_show(name);
    let mut text = match concerns {
        [] => format!("The manifest of {name} is good."),
        _ => {
            format!("The manifest of {name} is good but for its name, which could mislead people:")
        }
    };
    for concern in concerns {
        text.push_str(&format!("\n  - {}", safe_to_show(concern)));
    }
    if !concerns.is_empty() {
        text.push_str(
            "\nChange it; or, where it is right all the same, `portico mini-program add` takes it with \
             --allow-lookalike.",
        );
    }
    if let Some(problem) = not_compared {
        text.push_str(&format!(
            "\nIts name was not compared with others: {problem}"
        ));
    }
    text
}

fn write_new(origin: &str, out: Option<PathBuf>, output: &Output) -> Result<(), Problem> {
    use std::io::Write as _;
    let manifest = new_manifest(origin)?;
    let Some(path) = out else {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_database_nobody_compared_names() {
        assert_eq!(said("Market", &[], None), "The manifest of Market is good.");
        assert_eq!(
            said("Market", &[], Some("no database")),
            "The manifest of Market is good.\n\
             Its name was not compared with others: no database"
        );
    }

    #[test]
    fn what_could_mislead_is_said_with_what_to_do() {
        let concerns = ["✓ looks like ours".to_owned()];
        assert_eq!(
            said("✓ Market", &concerns, None),
            "The manifest of ✓ Market is good but for its name, which could mislead people:\n  \
             - ✓ looks like ours\n\
             Change it; or, where it is right all the same, `portico mini-program add` takes it with \
             --allow-lookalike."
        );
    }
}
