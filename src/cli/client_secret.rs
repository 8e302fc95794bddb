//! `portico client secret …` and `portico mini-program secret …`: one command under two nouns.

use clap::Subcommand;
use serde_json::json;

use super::context::Context;
use super::output::{Output, Problem};

#[derive(Debug, Subcommand)]
pub(super) enum SecretCommand {
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
    secret: SecretCommand,
    context: &Context,
    output: &Output,
) -> Result<(), Problem> {
    let acts = context.administration();
    match secret {
        SecretCommand::Add { id } => {
            let (secret_id, registered) = context.act(acts.add_client_secret(&id))?;
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
        SecretCommand::Retire { id, secret } => {
            let client = context.act(acts.retire_client_secret(&id, secret.as_deref()))?;
            output.print(&json!({ "client_id": client, "retired": true }), || {
                format!("The secret of {client} is retired.")
            })
        }
    }
}
