//! What a host asks besides launching, with its own access token: which programs there are for its person,
//! and that one of them is left.

use std::sync::Arc;

use domain::audit::ActedBy;
use domain::client::Client;
use domain::mini_program::MiniProgramState;
use foundation::fault::Fault;
use foundation::id::{ClientId, UserId};
use protocol::oauth_error::{OAuthError, invalid_request, invalid_token};
use store::Store;
use store::clients::ClientFilter;

use crate::answer::Answer;
use crate::find_client::ClientLookup;
use crate::host_token::{HostSession, HostTokens};
use crate::parts::Parts;
use crate::protected_call::TokenCall;
use crate::sessions::Sessions;
use crate::verify_proof::ProofVerifier;

/// Programs of one page, unless fewer are asked for.
pub const MAX_PROGRAMS: usize = 100;

/// A page of the programs that there are for a person.
#[derive(Debug)]
pub struct ProgramPage {
    /// The programs, in the order of their names. Those that are not for this person are left out, so there
    /// can be fewer than were asked for.
    pub programs: Vec<Client>,
    /// After which one the next page begins, where there is one.
    pub next: Option<ClientId>,
}

/// Answers hosts.
#[derive(Clone)]
pub struct HostEndpoints {
    hosts: HostTokens,
    proofs: ProofVerifier,
    clients: ClientLookup,
    sessions: Sessions,
    store: Store,
}

impl HostEndpoints {
    pub(crate) fn new(
        parts: &Parts,
        (hosts, proofs): (&HostTokens, &ProofVerifier),
        (clients, sessions): (&ClientLookup, &Sessions),
    ) -> Self {
        Self {
            hosts: hosts.clone(),
            proofs: proofs.clone(),
            clients: clients.clone(),
            sessions: sessions.clone(),
            store: parts.store.clone(),
        }
    }

    /// A page of the programs that there are for the person, after one, and at most so many.
    ///
    /// # Errors
    /// The answer is refused with `invalid_token` for anything but a host's own living token. A store that
    /// does not answer is a fault.
    pub async fn programs(
        &self,
        call: &TokenCall,
        after: Option<ClientId>,
        limit: usize,
    ) -> Result<Answer<ProgramPage>, Fault> {
        let host = match self.host(call).await? {
            Ok(host) => host,
            Err(error) => return Ok(Answer::Refused(error)),
        };
        let filter = ClientFilter {
            mini_programs: true,
            after,
            ..ClientFilter::default()
        };
        let limit = limit.clamp(1, MAX_PROGRAMS);
        let rows = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let read = self.store.read(move |db| {
            let username = username(db, host.user_id)?;
            Ok((username, store::clients::list(db, &filter, rows)?))
        });
        let (username, mut programs) = read.await?;
        let is_more = programs.len() > limit;
        programs.truncate(limit);
        let next = programs.last().map(|last| last.id.clone());
        programs.retain(|program| is_shown(program, &username));
        Ok(Answer::Given(ProgramPage {
            programs,
            next: next.filter(|_| is_more),
        }))
    }

    /// One program, if it is there for the person.
    ///
    /// # Errors
    /// As [`HostEndpoints::programs`].
    pub async fn program(
        &self,
        call: &TokenCall,
        id: &str,
    ) -> Result<Answer<Option<Arc<Client>>>, Fault> {
        let host = match self.host(call).await? {
            Ok(host) => host,
            Err(error) => return Ok(Answer::Refused(error)),
        };
        let found = match ClientId::parse(id) {
            Ok(id) => self.clients.find(&id).await?,
            Err(_) => None,
        };
        let read = self.store.read(move |db| username(db, host.user_id));
        let username = read.await?;
        let found = found.filter(|program| is_shown(program, &username));
        Ok(Answer::Given(found))
    }

    /// Lets a program go, as its person does on the pages of signing out: what it has in this session ends,
    /// and the session goes on. There may be nothing to end.
    ///
    /// # Errors
    /// As [`HostEndpoints::programs`]; and `invalid_request` where no client is named, or the host itself.
    pub async fn leave(&self, call: &TokenCall) -> Result<Answer<()>, Fault> {
        let named = match call.parameters.one("client_id") {
            Ok(named) => named.unwrap_or_default(),
            Err(error) => return Ok(Answer::Refused(error.into())),
        };
        let host = match self.host(call).await? {
            Ok(host) => host,
            Err(error) => return Ok(Answer::Refused(error)),
        };
        let Ok(program) = ClientId::parse(named) else {
            return Ok(Answer::Refused(invalid_request("client_id is missing")));
        };
        if program == host.host.id {
            let description = "the host itself is left by revoking its refresh token";
            return Ok(Answer::Refused(invalid_request(description)));
        }
        let by = ActedBy::client(host.host.id.clone(), call.address);
        let session = (host.session_id, host.user_id);
        self.sessions.leave(session, &program, by).await?;
        Ok(Answer::Given(()))
    }

    /// Whose token it is: a host's own, used as it was issued.
    async fn host(&self, call: &TokenCall) -> Result<Result<HostSession, OAuthError>, Fault> {
        let refused = |cause| {
            Ok(Err(
                invalid_token("the access token is not valid").because(cause)
            ))
        };
        let host = match self.hosts.look(call.credential.token.expose()).await? {
            Ok(host) => host,
            Err(problem) => return refused(problem.cause()),
        };
        // Whoever has a bearer token of a public host would be the host: it proves nothing.
        if host.proof_key.is_none() && !host.host.is_confidential() {
            return refused("a public host needs a token that is bound to its key");
        }
        let proof = match self.proofs.of_token(call, host.proof_key) {
            Ok(proof) => proof,
            Err(error) => return Ok(Err(error)),
        };
        Ok(match proof {
            Some(proof) => Box::pin(self.proofs.use_up(proof)).await?.map(|()| host),
            None => Ok(host),
        })
    }
}

/// Whether a person is shown a program: what is not released is its testers' alone; what was suspended says
/// so.
fn is_shown(program: &Client, username: &str) -> bool {
    let is_suspended = program.state == MiniProgramState::Suspended;
    program.mini_program().is_some() && (is_suspended || program.serves(username))
}

fn username(db: &mut store::Connection, user: UserId) -> Result<String, Fault> {
    let user = store::users::find(db, user)?;
    Ok(user.map(|user| user.username).unwrap_or_default())
}
