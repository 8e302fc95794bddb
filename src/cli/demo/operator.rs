//! The operator behind the drawer's buttons: does what the commands do, by the same flows, inside the
//! server. The audit has them by the name `demo`.

use demo::{Deeds, Operator, OperatorAct, StayAt};
use flow::administer::Administration;
use flow::administer::pages::PageQuery;
use flow::administer::signing_keys::{RotateWhen, SigningKeys};

use crate::cli::context::Context;
use crate::cli::operator::operator;
use crate::cli::output::Problem;

/// How many people one look for a session brings.
const PEOPLE: i64 = 100;

/// The operator.
pub(super) struct DemoOperator {
    administration: Administration,
    signing_keys: SigningKeys,
}

impl DemoOperator {
    /// One who acts in the opened house.
    pub(super) fn of(context: &Context) -> Result<Self, Problem> {
        let named = operator(Some("demo"), "demo".to_owned())?;
        let (administration, signing_keys) = context.in_the_hands_of(&named);
        Ok(Self {
            administration,
            signing_keys,
        })
    }

    async fn does(&self, act: OperatorAct) -> Result<String, Problem> {
        let acts = &self.administration;
        Ok(match act {
            OperatorAct::Suspend { client_id } => {
                let id = acts.suspend(&client_id).await??;
                format!("portico mini-program suspend {id}")
            }
            OperatorAct::Release { client_id } => {
                let id = acts.release(&client_id).await??;
                format!("portico mini-program release {id}")
            }
            OperatorAct::EndSession(stay) => {
                let id = self.session_of(&stay).await?;
                acts.end_session_by_operator(&id).await??;
                format!("portico session end {id}")
            }
            OperatorAct::ExpireSession(stay) => {
                let id = self.session_of(&stay).await?;
                acts.expire_session(&id).await??;
                format!("portico session expire {id}")
            }
            // The websites here ask for the keys again when they meet one that they do not know.
            OperatorAct::RotateKeys => {
                self.signing_keys.rotate(RotateWhen::Now).await??;
                "portico keys rotate --now".to_owned()
            }
        })
    }

    /// The session that a client knows by a `sid`, found as an operator would: person by person.
    async fn session_of(&self, stay: &StayAt) -> Result<String, Problem> {
        let acts = &self.administration;
        let mut query = PageQuery {
            limit: PEOPLE,
            ..PageQuery::default()
        };
        loop {
            let page = acts.list_users(query.clone()).await??;
            for person in page.rows {
                for session in acts.list_sessions(person.username.as_str()).await?? {
                    let id = session.id.to_string();
                    let (_, programs) = acts.show_session(&id).await??;
                    if programs.iter().any(|program| {
                        program.client_id.as_str() == stay.client_id && program.sid == stay.sid
                    }) {
                        return Ok(id);
                    }
                }
            }
            query.after = page.next;
            if query.after.is_none() {
                return Err(Problem::said("the session has ended already"));
            }
        }
    }
}

impl Operator for DemoOperator {
    fn act(&self, act: OperatorAct) -> Deeds<'_> {
        Box::pin(async move { self.does(act).await.map_err(|problem| problem.to_string()) })
    }
}
