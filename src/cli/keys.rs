//! `portico keys …`

use clap::Subcommand;
use domain::signing_key::{KeyKind, SigningKey};
use serde_json::{Value, json};

use super::context::Context;
use super::output::{Output, Problem, table};

#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// List the keys that are published, and retired ones that old id_token_hints are read with
    List,
    /// Sign with the next keys from now on, and publish new next ones
    Rotate,
    /// Make a key worthless, at once: what it signed does not verify any more
    Revoke {
        /// Its kid
        kid: String,
    },
}

pub(super) fn run(command: Keys, context: &Context, output: &Output) -> Result<(), Problem> {
    let flows = context.flows();
    let keys = match command {
        Keys::List => context.ask(flows.list_keys())?,
        Keys::Rotate => context.act(flows.rotate_keys())?,
        Keys::Revoke { kid } => context.act(flows.revoke_key(&kid))?,
    };
    let shown: Vec<Value> = keys
        .iter()
        .map(|key| {
            json!({
                "kid": key.id,
                "alg": algorithm(key),
                "state": key.state.word(),
                "since": key.since.rfc3339(),
            })
        })
        .collect();
    output.print(&json!({ "keys": shown }), || {
        let rows: Vec<Vec<String>> = keys
            .iter()
            .map(|k| {
                vec![
                    k.id.to_string(),
                    algorithm(k).to_owned(),
                    k.state.word().to_owned(),
                    k.since.rfc3339(),
                ]
            })
            .collect();
        table(&["kid", "alg", "state", "since"], &rows)
    })
}

/// The algorithm that a key is used for first; RSA keys serve PS256 too.
fn algorithm(key: &SigningKey) -> &'static str {
    match key.kind {
        KeyKind::Rsa => "RS256",
        KeyKind::P256 => "ES256",
    }
}
