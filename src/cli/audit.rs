//! `portico audit`

use clap::Args;
use flow::administer::audit::{AuditQuery, ShownEntry};
use foundation::clock::Instant;
use serde_json::{Value, json};

use super::context::Context;
use super::output::{Output, Problem, table};

#[derive(Debug, Args)]
pub(super) struct Audit {
    /// Only what concerned this person
    #[arg(long, value_name = "USERNAME")]
    user: Option<String>,
    /// Only what concerned this client
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// Only what happened since (2026-11-20, or 2026-11-20T14:32:00Z)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// At most so many entries, the newest
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(i64).range(1..=10_000))]
    limit: i64,
}

pub(super) fn run(command: Audit, context: &Context, output: &Output) -> Result<(), Problem> {
    let since = match &command.since {
        Some(text) => Some(Instant::parse_rfc3339(text).ok_or_else(|| {
            Problem::said(format!(
                "--since {text:?} is not a date (2026-11-20) or a time (2026-11-20T14:32:00Z)"
            ))
        })?),
        None => None,
    };
    let query = AuditQuery {
        user: command.user,
        client: command.client,
        since,
        limit: command.limit,
    };
    let entries = context.act(context.services().administration.audit(query))?;
    let shown: Vec<Value> = entries.iter().map(ShownEntry::to_json).collect();
    output.print(&json!({ "entries": shown }), || {
        table(
            &["at", "actor", "action", "user", "client", "detail"],
            &entries.iter().map(row).collect::<Vec<_>>(),
        )
    })
}

fn row(entry: &ShownEntry) -> Vec<String> {
    vec![
        entry.at.rfc3339(),
        entry.actor.clone(),
        entry.action.clone(),
        entry.user.clone().unwrap_or_default(),
        entry
            .client
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        if entry.detail.is_null() {
            String::new()
        } else {
            entry.detail.to_string()
        },
    ]
}
