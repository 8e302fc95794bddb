//! `portico client …`

use std::path::PathBuf;

use clap::Subcommand;
use domain::client::Client as Registration;
use domain::mini_program::MiniProgramState;
use flow::administer::clients::{ClientQuery, Registered, information};
use serde_json::{Value, json};

use super::client_secret::{self, SecretCommand};
use super::client_update::{self, ClientUpdate};
use super::context::{Context, read_json};
use super::list::{List, print_page};
use super::output::{Output, Problem};

#[derive(Debug, Subcommand)]
pub(super) enum ClientCommand {
    /// Register a client from its metadata (RFC 7591); its secret is shown once
    Add {
        /// A JSON object; - reads standard input
        #[arg(long, value_name = "FILE.json")]
        metadata: PathBuf,
    },
    /// Show what is registered
    Show {
        /// The client_id
        id: String,
    },
    /// List all clients, mini-programs among them, by name
    List(List),
    /// Put other metadata in the place of a client's; says first what changes
    Update {
        /// The client_id
        id: String,
        /// The whole metadata, as it is to be; - reads standard input
        #[arg(long, value_name = "FILE.json")]
        metadata: PathBuf,
        #[command(flatten)]
        update: ClientUpdate,
    },
    /// Delete a client with everything that hangs on it
    Delete {
        /// The client_id
        id: String,
    },
    /// The secrets with which a client proves who it is
    #[command(subcommand)]
    Secret(SecretCommand),
}

pub(super) fn run(
    command: ClientCommand,
    context: &Context,
    output: &Output,
) -> Result<(), Problem> {
    let acts = context.administration();
    match command {
        ClientCommand::Add { metadata } => {
            let metadata = read_json(&metadata)?;
            let registered = context.act(acts.add_client(&metadata))?;
            warn_of_unknown(&registered.client.metadata.not_understood(&metadata));
            print_registered(&registered, output)
        }
        ClientCommand::Show { id } => {
            let client = context.act(acts.show_client(&id))?;
            print_client(&client, output)
        }
        ClientCommand::List(list) => {
            let query = ClientQuery {
                page: list.query(),
                mini_programs: false,
                publisher: None,
            };
            let page = context.act(acts.list_clients(query))?;
            print_page(output, "clients", &page, listed, (HEAD, row))
        }
        ClientCommand::Update {
            id,
            metadata,
            update,
        } => {
            let metadata = read_json(&metadata)?;
            let plan = context.act(acts.plan_client_update(&id, &metadata))?;
            warn_of_unknown(&plan.after.metadata.not_understood(&metadata));
            client_update::run(plan, &update, context, output)
        }
        ClientCommand::Delete { id } => {
            let id = context.act(acts.delete_client(&id))?;
            output.print(&json!({ "client_id": id, "deleted": true }), || {
                format!("{id} is deleted.")
            })
        }
        ClientCommand::Secret(secret) => client_secret::run(secret, context, output),
    }
}

/// Names what is ignored, beside the answer: a misspelt member would be missed by nobody.
pub(super) fn warn_of_unknown(members: &[impl std::fmt::Display]) {
    for member in members {
        eprintln!("portico: warning: {member}");
    }
}

/// All that is registered.
pub(super) fn print_client(client: &Registration, output: &Output) -> Result<(), Problem> {
    let mut shown = information(client);
    let secrets: Vec<Value> = client
        .secrets
        .iter()
        .map(|s| json!({ "id": s.id, "created_at": s.created_at.rfc3339() }))
        .collect();
    if let Some(members) = shown.as_object_mut() {
        members.insert("state".into(), json!(client.state.word()));
        members.insert("secrets".into(), secrets.into());
        if let Some(publisher) = &client.publisher {
            members.insert("publisher_name".into(), json!(publisher.name));
            let verified = publisher.verified_at.is_some();
            members.insert("publisher_verified".into(), json!(verified));
        }
    }
    output.print(&shown, || format!("{shown:#}"))
}

/// The answer to a registration; the only time that a secret is seen.
pub(super) fn print_registered(registered: &Registered, output: &Output) -> Result<(), Problem> {
    let response = registered.response();
    output.print(&response, || {
        let mut text = format!(
            "{} is registered.\n\n  client_id      {}\n",
            registered.client.name(),
            registered.client.id
        );
        if let Some(secret) = &registered.secret {
            text.push_str(&format!(
                "  client_secret  {}\n\nThe secret is not stored: keep it now.",
                secret.expose()
            ));
        }
        if registered.client.state == MiniProgramState::Draft {
            text.push_str(&format!(
                "\n\nIt is a draft, for its testers only, until: portico mini-program release {}",
                registered.client.id
            ));
        }
        text
    })
}

pub(super) const HEAD: &[&str] = &["client_id", "name", "kind", "state", "publisher"];

fn kind(client: &Registration) -> &'static str {
    match client.mini_program() {
        Some(_) => "mini-program",
        None if client.is_host() => "host",
        None => "client",
    }
}

pub(super) fn listed(client: &Registration) -> Value {
    json!({
        "client_id": client.id,
        "client_name": client.name(),
        "kind": kind(client),
        "state": client.state.word(),
        "publisher_id": client.publisher.as_ref().map(|p| &p.id),
        "publisher_name": client.publisher.as_ref().map(|p| &p.name),
    })
}

pub(super) fn row(client: &Registration) -> Vec<String> {
    vec![
        client.id.to_string(),
        client.name().to_owned(),
        kind(client).to_owned(),
        client.state.word().to_owned(),
        client
            .publisher
            .as_ref()
            .map(|p| p.name.clone())
            .unwrap_or_default(),
    ]
}
