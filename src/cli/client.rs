//! `portico client …`

use std::path::PathBuf;

use clap::Subcommand;
use domain::client::Client as Registration;
use domain::mini_program::MiniProgramState;
use flow::administer::clients::{PAGE, Registered, information};
use foundation::id::ClientId;
use serde_json::{Value, json};

use super::context::{Context, read_json};
use super::output::{Output, Problem, table};

#[derive(Debug, Subcommand)]
pub(super) enum Client {
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
    /// List all clients, mini-programs among them
    List {
        /// Only those after this client_id
        #[arg(long, value_name = "ID")]
        after: Option<String>,
    },
    /// Delete a client with everything that hangs on it
    Delete {
        /// The client_id
        id: String,
    },
}

pub(super) fn run(command: Client, context: &Context, output: &Output) -> Result<(), Problem> {
    match command {
        Client::Add { metadata } => {
            let metadata = read_json(&metadata)?;
            let add = context.services().administration.add_client(&metadata);
            let registered = context.act(add)?;
            warn_of_unknown(&registered.client.metadata.not_understood(&metadata));
            print_registered(&registered, output)
        }
        Client::Show { id } => {
            let client = context.act(context.services().administration.show_client(&id))?;
            let mut shown = information(&client);
            let secrets: Vec<Value> = client
                .secrets
                .iter()
                .map(|s| json!({ "id": s.id, "created_at": s.created_at.rfc3339() }))
                .collect();
            if let Some(members) = shown.as_object_mut() {
                members.insert("state".into(), json!(client.state.word()));
                members.insert("secrets".into(), secrets.into());
            }
            output.print(&shown, || format!("{shown:#}"))
        }
        Client::List { after } => {
            let after = after
                .map(|id| ClientId::parse(&id))
                .transpose()
                .map_err(|e| Problem::said(format!("--after: {e}")))?;
            let clients = context.ask(context.services().administration.list_clients(after))?;
            let json: Vec<Value> = clients.iter().map(listed).collect();
            let next = (clients.len() as i64 == PAGE)
                .then(|| clients.last())
                .flatten();
            output.print(
                &json!({ "clients": json, "next": next.map(|c| &c.id) }),
                || {
                    let rows: Vec<_> = clients.iter().map(row).collect();
                    table(&["client_id", "name", "kind", "state"], &rows)
                },
            )
        }
        Client::Delete { id } => {
            let id = context.act(context.services().administration.delete_client(&id))?;
            output.print(&json!({ "client_id": id, "deleted": true }), || {
                format!("{id} is deleted.")
            })
        }
    }
}

/// Names what is ignored, beside the answer: a misspelt member would be missed by nobody.
pub(super) fn warn_of_unknown(members: &[impl std::fmt::Display]) {
    for member in members {
        eprintln!("portico: warning: {member}");
    }
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

fn kind(client: &Registration) -> &'static str {
    match client.mini_program() {
        Some(_) => "mini-program",
        None if client.is_host() => "host",
        None => "client",
    }
}

fn listed(client: &Registration) -> Value {
    json!({
        "client_id": client.id,
        "client_name": client.name(),
        "kind": kind(client),
        "state": client.state.word(),
    })
}

fn row(client: &Registration) -> Vec<String> {
    vec![
        client.id.to_string(),
        client.name().to_owned(),
        kind(client).to_owned(),
        client.state.word().to_owned(),
    ]
}
