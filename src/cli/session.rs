//! `portico session …`

use clap::Subcommand;
use domain::session::Session as Record;
use serde_json::{Value, json};

use super::context::Context;
use super::output::{Output, Problem, lines, table};

#[derive(Debug, Subcommand)]
pub(super) enum SessionCommand {
    /// List where a person is signed in
    List {
        /// The username
        #[arg(long, value_name = "USERNAME")]
        user: String,
    },
    /// Show a session, going on or ended, and the programs that got tokens in it
    Show {
        /// Its id, as `list` has it
        id: String,
    },
    /// End a session, and with it everything it made
    End {
        /// Its id, as `list` has it
        id: String,
    },
    /// Let a session's time be over now: the server ends it as it does every session whose time has come
    Expire {
        /// Its id, as `list` has it
        id: String,
    },
}

pub(super) fn run(
    command: SessionCommand,
    context: &Context,
    output: &Output,
) -> Result<(), Problem> {
    match command {
        SessionCommand::List { user } => {
            let sessions = context.act(context.administration().list_sessions(&user))?;
            let shown: Vec<Value> = sessions
                .iter()
                .map(|s| {
                    json!({
                        "id": s.id,
                        "created_at": s.created_at.rfc3339(),
                        "authenticated_at": s.authentication.at().rfc3339(),
                        "last_seen_at": s.last_seen_at.rfc3339(),
                        "expires_at": s.expires_at.rfc3339(),
                        "user_agent": s.user_agent,
                    })
                })
                .collect();
            output.print(&json!({ "sessions": shown }), || {
                let rows: Vec<Vec<String>> = sessions
                    .iter()
                    .map(|s| {
                        vec![
                            s.id.to_string(),
                            s.created_at.rfc3339(),
                            s.last_seen_at.rfc3339(),
                            s.user_agent.clone(),
                        ]
                    })
                    .collect();
                table(&["id", "since", "last seen", "browser"], &rows)
            })
        }
        SessionCommand::Show { id } => show(&id, context, output),
        SessionCommand::End { id } => {
            let id = context.act(context.administration().end_session_by_operator(&id))?;
            output.print(&json!({ "id": id, "ended": true }), || {
                format!("The session {id} is ended.")
            })
        }
        SessionCommand::Expire { id } => {
            let id = context.act(context.administration().expire_session(&id))?;
            output.print(&json!({ "id": id, "expired": true }), || {
                format!("The time of the session {id} is over.")
            })
        }
    }
}

fn show(id: &str, context: &Context, output: &Output) -> Result<(), Problem> {
    let (session, programs) = context.act(context.administration().show_session(id))?;
    let ended = session
        .ended
        .map(|(at, reason)| json!({ "at": at.rfc3339(), "reason": reason.word() }));
    let shown: Vec<Value> = programs
        .iter()
        .map(|program| {
            json!({
                "client_id": program.client_id,
                "sid": program.sid,
                "first_at": program.first_at.rfc3339(),
                "last_at": program.last_at.rfc3339(),
                "over_at": program.over_at.map(|at| at.rfc3339()),
            })
        })
        .collect();
    let json = json!({
        "id": session.id,
        "created_at": session.created_at.rfc3339(),
        "authenticated_at": session.authentication.at().rfc3339(),
        "acr": session.authentication.acr(),
        "amr": session.authentication.amr(),
        "last_seen_at": session.last_seen_at.rfc3339(),
        "expires_at": session.expires_at.rfc3339(),
        "user_agent": session.user_agent,
        "ended": ended,
        "programs": shown,
    });
    output.print(&json, || {
        let rows: Vec<Vec<String>> = programs
            .iter()
            .map(|program| {
                vec![
                    program.client_id.to_string(),
                    program.first_at.rfc3339(),
                    program.last_at.rfc3339(),
                    program.sid.clone(),
                ]
            })
            .collect();
        let mut text = lines(&about(&session));
        if !rows.is_empty() {
            text.push('\n');
            text.push_str(&table(HEAD, &rows));
        }
        text
    })
}

const HEAD: &[&str] = &["program", "first tokens", "last tokens", "sid"];

fn about(session: &Record) -> Vec<(&'static str, String)> {
    let how = &session.authentication;
    let mut pairs = vec![
        ("id", session.id.to_string()),
        ("since", session.created_at.rfc3339()),
        (
            "signed in",
            format!("{} ({})", how.at().rfc3339(), how.amr().join(" ")),
        ),
        ("last seen", session.last_seen_at.rfc3339()),
        ("browser", session.user_agent.clone()),
    ];
    pairs.push(match session.ended {
        Some((at, reason)) => ("ended", format!("{} ({})", at.rfc3339(), reason.word())),
        None => ("expires", session.expires_at.rfc3339()),
    });
    pairs
}
