//! `portico publisher …`

use clap::Subcommand;
use serde_json::json;

use super::context::Context;
use super::output::{Output, Problem};

#[derive(Debug, Subcommand)]
pub(super) enum Publisher {
    /// Add an owner of mini-programs
    Add {
        /// What people see
        #[arg(long)]
        name: String,
    },
    /// Vouch for a publisher: people see "verified" beside its name
    Verify {
        /// Its id
        id: String,
    },
}

pub(super) fn run(command: Publisher, context: &Context, output: &Output) -> Result<(), Problem> {
    match command {
        Publisher::Add { name } => {
            let publisher = context.act(context.services().administration.add_publisher(&name))?;
            output.print(
                &json!({ "publisher_id": publisher.id, "name": publisher.name }),
                || {
                    format!(
                        "{} is publisher {}. Put this id into the manifests of its mini-programs.",
                        publisher.name, publisher.id
                    )
                },
            )
        }
        Publisher::Verify { id } => {
            let publisher = context.act(context.services().administration.verify_publisher(&id))?;
            output.print(
                &json!({ "publisher_id": publisher.id, "verified": true }),
                || format!("{} is verified.", publisher.name),
            )
        }
    }
}
