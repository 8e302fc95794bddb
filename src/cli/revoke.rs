//! `portico revoke`

use clap::Args;
use flow::administer::revoke::TokensOf;
use serde_json::json;

use super::context::Context;
use super::output::{Output, Problem};

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Revoke {
    /// All tokens of this client
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// All tokens of this person
    #[arg(long, value_name = "USERNAME")]
    user: Option<String>,
    /// All tokens of everybody
    #[arg(long)]
    all: bool,
}

pub(super) fn run(command: Revoke, context: &Context, output: &Output) -> Result<(), Problem> {
    let (tokens, whose) = match (command.client, command.user) {
        (Some(client), _) => (TokensOf::Client(client.clone()), format!("of {client}")),
        (None, Some(user)) => (TokensOf::User(user.clone()), format!("of {user}")),
        (None, None) => (TokensOf::All, "of everybody".to_owned()),
    };
    context.act(context.administration().revoke_tokens(tokens))?;
    output.print(&json!({ "revoked": true }), || {
        format!("All tokens {whose} that were given out until now are worthless.")
    })
}
