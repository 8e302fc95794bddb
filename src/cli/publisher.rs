//! `portico publisher …`

use clap::{Args, Subcommand};
use domain::publisher::Publisher as Record;
use serde_json::{Value, json};

use super::context::Context;
use super::list::{List, print_page};
use super::output::{Output, Problem, lines, table};

#[derive(Debug, Subcommand)]
pub(super) enum PublisherCommand {
    /// Add an owner of mini-programs
    Add {
        /// What people see
        #[arg(long)]
        name: String,
        #[command(flatten)]
        lookalike: Lookalike,
    },
    /// List publishers, by name
    List(List),
    /// Show a publisher and its mini-programs
    Show {
        /// Its id
        id: String,
    },
    /// Give a publisher another name, or stop vouching for it
    Update(PublisherUpdate),
    /// Vouch for a publisher: people see "verified" beside its name
    Verify {
        /// Its id
        id: String,
        #[command(flatten)]
        lookalike: Lookalike,
    },
}

#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct Lookalike {
    /// Take a name although it could mislead people: it has signs, letters or words that look like
    /// others', or is like another's
    #[arg(long = "allow-lookalike")]
    pub(super) allow: bool,
}

#[derive(Debug, Args)]
pub(super) struct PublisherUpdate {
    /// Its id
    id: String,
    #[command(flatten)]
    change: PublisherChange,
    #[command(flatten)]
    lookalike: Lookalike,
}

/// One of them, or both.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct PublisherChange {
    /// What people see from now on
    #[arg(long)]
    name: Option<String>,
    /// Stop vouching for it
    #[arg(long)]
    unverify: bool,
}

pub(super) fn run(
    command: PublisherCommand,
    context: &Context,
    output: &Output,
) -> Result<(), Problem> {
    let acts = context.administration();
    match command {
        PublisherCommand::Add { name, lookalike } => {
            let publisher = context.act(acts.add_publisher(&name, lookalike.allow))?;
            output.print(&listed(&publisher), || {
                format!(
                    "{} is publisher {}. Put this id into the manifests of its mini-programs.",
                    publisher.name, publisher.id
                )
            })
        }
        PublisherCommand::List(list) => {
            let page = context.act(acts.list_publishers(list.query()))?;
            print_page(output, "publishers", &page, listed, (HEAD, row))
        }
        PublisherCommand::Show { id } => {
            let (publisher, programs) = context.act(acts.show_publisher(&id))?;
            let mut json = listed(&publisher);
            json["mini_programs"] = programs.rows.iter().map(super::client::listed).collect();
            json["next"] = programs.next.clone().into();
            output.print(&json, || {
                let mut text = lines(&[
                    ("publisher_id", publisher.id.to_string()),
                    ("name", publisher.name.clone()),
                    ("verified", verified(&publisher)),
                    ("since", publisher.created_at.rfc3339()),
                ]);
                if !programs.rows.is_empty() {
                    let rows: Vec<_> = programs.rows.iter().map(super::client::row).collect();
                    text.push('\n');
                    text.push_str(&table(super::client::HEAD, &rows));
                }
                if let Some(next) = &programs.next {
                    text.push_str(&format!(
                        "There are more: portico mini-program list --publisher {id} --after {next}\n"
                    ));
                }
                text
            })
        }
        PublisherCommand::Update(update) => {
            let (change, allow) = (update.change, update.lookalike.allow);
            let name = change.name.as_deref();
            let act = acts.update_publisher(&update.id, name, change.unverify, allow);
            let publisher = context.act(act)?;
            output.print(&listed(&publisher), || {
                format!(
                    "{} is called {}; verified: {}.",
                    publisher.id,
                    publisher.name,
                    verified(&publisher)
                )
            })
        }
        PublisherCommand::Verify { id, lookalike } => {
            let publisher = context.act(acts.verify_publisher(&id, lookalike.allow))?;
            output.print(&listed(&publisher), || {
                format!("{} is verified.", publisher.name)
            })
        }
    }
}

const HEAD: &[&str] = &["publisher_id", "name", "verified"];

fn verified(publisher: &Record) -> String {
    match publisher.verified_at {
        Some(at) => format!("since {}", at.rfc3339()),
        None => "no".to_owned(),
    }
}

fn row(publisher: &Record) -> Vec<String> {
    vec![
        publisher.id.to_string(),
        publisher.name.clone(),
        verified(publisher),
    ]
}

fn listed(publisher: &Record) -> Value {
    json!({
        "publisher_id": publisher.id,
        "name": publisher.name,
        "verified": publisher.verified_at.is_some(),
        "created_at": publisher.created_at.rfc3339(),
    })
}
