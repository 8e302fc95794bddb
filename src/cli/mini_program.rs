//! `portico mini-program …`

use std::path::PathBuf;

use clap::Subcommand;
use flow::administer::mini_programs::{check_manifest, new_manifest};
use serde_json::json;

use super::client::{print_registered, warn_of_unknown};
use super::context::{Context, read_json};
use super::output::{Output, Problem};
use crate::config::Config;

#[derive(Debug, Subcommand)]
pub(super) enum MiniProgram {
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
    Secret(Secret),
}

#[derive(Debug, Subcommand)]
pub(super) enum Secret {
    /// Add a secret; the old ones go on working until they are retired
    Add {
        /// The client_id
        id: String,
    },
    /// Retire all secrets but the newest, at once
    Retire {
        /// The client_id
        id: String,
        /// Only this one, by its id as `portico client show` has it
        #[arg(long, value_name = "SECRET_ID")]
        secret: Option<String>,
    },
}

pub(super) fn run(
    command: MiniProgram,
    context: impl Fn() -> Result<Context, Problem>,
    config: impl Fn() -> Result<Config, Problem>,
    output: &Output,
) -> Result<(), Problem> {
    match command {
        MiniProgram::New { origin, out } => write_new(&origin, out, output),
        MiniProgram::Check { file } => {
            let checked = check_manifest(&read_json(&file)?, &config()?.scopes)?;
            let name = checked.metadata.client_name.unwrap_or_default();
            let unknown = &checked.not_understood;
            let names: Vec<&str> = unknown.iter().map(|member| member.name.as_str()).collect();
            let answer = json!({ "ok": true, "client_name": name, "not_understood": names });
            warn_of_unknown(unknown);
            output.print(&answer, || format!("The manifest of {name} is good."))
        }
        MiniProgram::Add { manifest } => {
            let manifest = read_json(&manifest)?;
            let context = context()?;
            let administration = &context.services().administration;
            let registered = context.act(administration.add_mini_program(&manifest))?;
            warn_of_unknown(&registered.client.metadata.not_understood(&manifest));
            print_registered(&registered, output)
        }
        MiniProgram::Suspend { id } => {
            let context = context()?;
            let id = context.act(context.services().administration.suspend(&id))?;
            output.print(&json!({ "client_id": id, "state": "suspended" }), || {
                format!("{id} is suspended.")
            })
        }
        MiniProgram::Release { id } => {
            let context = context()?;
            let id = context.act(context.services().administration.release(&id))?;
            output.print(&json!({ "client_id": id, "state": "released" }), || {
                format!("{id} is released.")
            })
        }
        MiniProgram::Secret(secret) => change_secret(secret, &context()?, output),
    }
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

fn change_secret(secret: Secret, context: &Context, output: &Output) -> Result<(), Problem> {
    match secret {
        Secret::Add { id } => {
            let (secret_id, registered) =
                context.act(context.services().administration.add_client_secret(&id))?;
            let mut answer = registered.response();
            if let Some(members) = answer.as_object_mut() {
                members.insert("secret_id".into(), json!(secret_id));
            }
            output.print(&answer, || {
                let text = registered.secret.as_ref().map(|s| s.expose()).unwrap_or_default();
                format!(
                    "A new secret works beside the old ones.\n\n  secret_id      {secret_id}\n  client_secret  {text}\n\n\
                     The secret is not stored: keep it now."
                )
            })
        }
        Secret::Retire { id, secret } => {
            let client = context.act(
                context
                    .services()
                    .administration
                    .retire_client_secret(&id, secret.as_deref()),
            )?;
            output.print(&json!({ "client_id": client, "retired": true }), || {
                format!("The secret of {client} is retired.")
            })
        }
    }
}
