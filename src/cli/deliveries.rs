//! `portico deliveries …`

use clap::{Args, Subcommand};
use domain::delivery::Delivery;
use flow::administer::deliveries::{DeliveryQuery, Retried};
use serde_json::{Value, json};

use super::context::Context;
use super::list::print_page;
use super::output::{Output, Problem};

#[derive(Debug, Subcommand)]
pub(super) enum DeliveriesCommand {
    /// List what clients are still to be told, the oldest first
    List {
        /// Only what is not tried any more
        #[arg(long)]
        dead: bool,
        /// Only what this client is to be told
        #[arg(long, value_name = "CLIENT_ID")]
        client: Option<String>,
        /// Only what comes after this one
        #[arg(long, value_name = "ID")]
        after: Option<i64>,
        /// At most so many
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..=1000))]
        limit: i64,
    },
    /// Try again at once, as if it were new
    Retry(Retry),
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Retry {
    /// One, by its id, as `list` has it
    id: Option<i64>,
    /// What this client is to be told
    #[arg(long, value_name = "CLIENT_ID")]
    client: Option<String>,
    /// Everything that waits or is not tried any more
    #[arg(long)]
    all: bool,
}

pub(super) fn run(
    command: DeliveriesCommand,
    context: &Context,
    output: &Output,
) -> Result<(), Problem> {
    match command {
        DeliveriesCommand::List {
            dead,
            client,
            after,
            limit,
        } => {
            let query = DeliveryQuery {
                dead,
                client,
                after,
                limit,
            };
            list(query, context, output)
        }
        DeliveriesCommand::Retry(retry) => {
            let which = match (retry.id, retry.client) {
                (Some(id), _) => Retried::One(id),
                (None, Some(client)) => Retried::Client(client),
                (None, None) => Retried::All,
            };
            let retried = context.act(context.administration().retry_deliveries(which))?;
            output.print(&json!({ "retried": retried }), || match retried {
                0 => "There is nothing to try again.".to_owned(),
                1 => "One is tried again.".to_owned(),
                more => format!("{more} are tried again."),
            })
        }
    }
}

const HEAD: &[&str] = &["id", "client", "since", "state", "tried", "problem"];

fn list(query: DeliveryQuery, context: &Context, output: &Output) -> Result<(), Problem> {
    let page = context.act(context.administration().list_deliveries(query))?;
    print_page(output, "deliveries", &page, shown, (HEAD, row))
}

fn shown(delivery: &Delivery) -> Value {
    json!({
        "id": delivery.id,
        "client_id": delivery.client_id,
        "sid": delivery.sid,
        "created_at": delivery.created_at.rfc3339(),
        "attempts": delivery.attempts,
        "problem": delivery.problem,
        "dead_at": delivery.dead_at.map(|at| at.rfc3339()),
    })
}

fn row(delivery: &Delivery) -> Vec<String> {
    let state = match delivery.dead_at {
        Some(at) => format!("dead since {}", at.rfc3339()),
        None => "waiting".to_owned(),
    };
    vec![
        delivery.id.to_string(),
        delivery.client_id.to_string(),
        delivery.created_at.rfc3339(),
        state,
        delivery.attempts.to_string(),
        delivery.problem.clone().unwrap_or_default(),
    ]
}
