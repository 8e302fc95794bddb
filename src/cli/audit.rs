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
    /// Only what this operator did
    #[arg(long, value_name = "NAME")]
    operator: Option<String>,
    /// Only this act, such as user.deleted
    #[arg(long, value_name = "NOUN.VERB")]
    action: Option<String>,
    /// Only what happened since (2026-11-20, or 2026-11-20T14:32:00Z)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// At most so many entries, the newest
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(i64).range(1..=10_000))]
    limit: i64,
    /// Only what is older than this entry: the "next" of the page before
    #[arg(long, value_name = "ID")]
    after: Option<String>,
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
        operator: command.operator,
        action: command.action,
        since,
        after: command.after,
        limit: command.limit,
    };
    let page = context.act(context.administration().audit(query))?;
    let shown: Vec<Value> = page.rows.iter().map(ShownEntry::to_json).collect();
    output.print(&json!({ "entries": shown, "next": page.next }), || {
        let mut text = table(
            &["at", "who", "from", "action", "user", "client", "detail"],
            &page.rows.iter().map(row).collect::<Vec<_>>(),
        );
        if let Some(next) = &page.next {
            text.push_str(&format!("There are more: --after {next}\n"));
        }
        text
    })
}

fn row(entry: &ShownEntry) -> Vec<String> {
    let who = match &entry.identity {
        Some(identity) => format!("{} {identity}", entry.actor),
        None => entry.actor.clone(),
    };
    vec![
        entry.at.rfc3339(),
        who,
        from(entry),
        entry.action.clone(),
        match (&entry.user, entry.user_deleted) {
            (Some(name), true) => format!("{name} (deleted)"),
            (Some(name), false) => name.clone(),
            (None, _) => String::new(),
        },
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

fn from(entry: &ShownEntry) -> String {
    let from = &entry.from;
    match (&from.address, &from.machine, &from.command) {
        (Some(address), _, _) => address.to_string(),
        (None, machine, Some(command)) => {
            let machine = machine.as_deref().unwrap_or("?");
            format!("{machine}: {command}")
        }
        (None, machine, None) => machine.clone().unwrap_or_default(),
    }
}
