//! `portico session …`

use clap::Subcommand;
use serde_json::{Value, json};

use super::context::Context;
use super::output::{Output, Problem, table};

#[derive(Debug, Subcommand)]
pub(super) enum Session {
    /// List where a person is signed in
    List {
        /// The username
        #[arg(long, value_name = "USERNAME")]
        user: String,
    },
    /// End a session, and with it everything it made
    End {
        /// Its id, as `list` has it
        id: String,
    },
}

pub(super) fn run(command: Session, context: &Context, output: &Output) -> Result<(), Problem> {
    match command {
        Session::List { user } => {
            let sessions = context.act(context.services().administration.list_sessions(&user))?;
            let shown: Vec<Value> = sessions
                .iter()
                .map(|s| {
                    json!({
                        "id": s.id,
                        "created_at": s.created_at.rfc3339(),
                        "authenticated_at": s.authenticated_at.rfc3339(),
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
        Session::End { id } => {
            let id = context.act(
                context
                    .services()
                    .administration
                    .end_session_by_operator(&id),
            )?;
            output.print(&json!({ "id": id, "ended": true }), || {
                format!("The session {id} is ended.")
            })
        }
    }
}
