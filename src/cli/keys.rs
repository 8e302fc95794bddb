//! `portico keys …`

use clap::Subcommand;
use domain::signing_key::{KeyKind, KeyState, SigningKey};
use flow::administer::signing_keys::RotateWhen;
use serde_json::{Value, json};

use super::context::Context;
use super::output::{Output, Problem, table};

#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// List the keys that are published, and retired ones that old id_token_hints are read with
    List,
    /// Sign with the next keys from now on, and publish new next ones
    Rotate {
        /// Even if somebody may still keep a JWKS without the next keys, and refuse what they sign
        #[arg(long)]
        now: bool,
    },
    /// Make a key worthless, at once: what it signed does not verify any more
    Revoke {
        /// Its kid
        kid: String,
    },
}

pub(super) fn run(command: KeysCommand, context: &Context, output: &Output) -> Result<(), Problem> {
    let acts = context.signing_keys();
    let mut may_fail_until = None;
    let keys = match command {
        KeysCommand::List => context.act(acts.list())?,
        KeysCommand::Rotate { now: false } => {
            context.act(acts.rotate(RotateWhen::CopiesHaveThem))?.keys
        }
        KeysCommand::Rotate { now: true } => {
            let rotated = context.act(acts.rotate(RotateWhen::Now))?;
            if let Some(until) = rotated.may_fail_until {
                let until = until.rfc3339();
                eprintln!(
                    "portico: until {until} whoever verifies with an older JWKS may refuse what is signed"
                );
                may_fail_until = Some(until);
            }
            rotated.keys
        }
        KeysCommand::Revoke { kid } => context.act(acts.revoke(&kid))?,
    };
    let shown: Vec<Value> = keys
        .iter()
        .map(|key| {
            json!({
                "kid": key.id,
                "alg": algorithm(key),
                "state": key.state.word(),
                "since": key.since.rfc3339(),
                "signs_from": signs_from(key),
            })
        })
        .collect();
    let mut json = json!({ "keys": shown });
    if let Some(until) = may_fail_until {
        json["may_fail_until"] = until.into();
    }
    output.print(&json, || {
        let rows: Vec<Vec<String>> = keys
            .iter()
            .map(|k| {
                vec![
                    k.id.to_string(),
                    algorithm(k).to_owned(),
                    k.state.word().to_owned(),
                    k.since.rfc3339(),
                    signs_from(k).unwrap_or_default(),
                ]
            })
            .collect();
        table(&["kid", "alg", "state", "since", "signs from"], &rows)
    })
}

/// From when a next key may sign, where that is known.
fn signs_from(key: &SigningKey) -> Option<String> {
    let next = (key.state == KeyState::Next).then(|| key.signs_from());
    next.flatten().map(|from| from.rfc3339())
}

/// The algorithm that a key is used for first; RSA keys serve PS256 too.
fn algorithm(key: &SigningKey) -> &'static str {
    match key.kind {
        KeyKind::Rsa => "RS256",
        KeyKind::P256 => "ES256",
    }
}
