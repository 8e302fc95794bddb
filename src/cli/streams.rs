//! `portico streams …`

use clap::Subcommand;
use domain::open_streams::ClientStreams;
use flow::administer::streams::StreamQuery;
use serde_json::{Value, json};

use super::context::Context;
use super::list::print_page;
use super::output::{Output, Problem};

#[derive(Debug, Subcommand)]
pub(super) enum StreamsCommand {
    /// List how many streams each client has open at all nodes, as of ten seconds ago
    List {
        /// Only those of this client
        #[arg(long, value_name = "CLIENT_ID")]
        client: Option<String>,
        /// Only those of clients after this one: the "next" of the page before
        #[arg(long, value_name = "CLIENT_ID")]
        after: Option<String>,
        /// At most so many clients
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..=1000))]
        limit: i64,
    },
}

const HEAD: &[&str] = &["client", "hosts", "programs", "backends", "nodes"];

pub(super) fn run(
    command: StreamsCommand,
    context: &Context,
    output: &Output,
) -> Result<(), Problem> {
    let StreamsCommand::List {
        client,
        after,
        limit,
    } = command;
    let query = StreamQuery {
        client,
        after,
        limit,
    };
    let page = context.act(context.administration().list_streams(query))?;
    print_page(output, "streams", &page, shown, (HEAD, row))
}

fn shown(client: &ClientStreams) -> Value {
    json!({
        "client_id": client.client_id,
        "hosts": client.open.hosts,
        "programs": client.open.programs,
        "backends": client.open.backends,
        "nodes": client.nodes,
    })
}

fn row(client: &ClientStreams) -> Vec<String> {
    let open = client.open;
    let numbers = [open.hosts, open.programs, open.backends, client.nodes];
    let numbers = numbers.map(|number| number.to_string());
    [client.client_id.to_string()]
        .into_iter()
        .chain(numbers)
        .collect()
}
