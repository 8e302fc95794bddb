//! `portico revoke`

use clap::Args;
use flow::administer::revoke::Cut;
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
    let (cut, whose) = match (command.client, command.user) {
        (Some(client), _) => (Cut::Client(client.clone()), format!("of {client}")),
        (None, Some(user)) => (Cut::User(user.clone()), format!("of {user}")),
        (None, None) => (Cut::All, "of everybody".to_owned()),
    };
    context.act(context.administration().cut(cut))?;
    output.print(&json!({ "revoked": true }), || {
        format!("All tokens {whose} that were given out until now are worthless.")
    })
}
