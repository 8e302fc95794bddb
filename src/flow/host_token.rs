//! A host's access token when it comes back to open something of ours: a launch, the list of programs,
//! leaving one. It stands for one person in one session.

use std::sync::Arc;

use domain::client::Client;
use foundation::fault::Fault;
use foundation::id::{SessionId, UserId};
use live::verified_tokens::VerifiedToken;
use protocol::dpop::KeyThumbprint;
use protocol::scope;

use crate::find_client::ClientLookup;
use crate::parts::Parts;
use crate::verify_access_token::{AccessTokenVerifier, TokenStatus};

/// A host in a session of a person, as its token says, which is alive.
#[derive(Clone, Debug)]
pub(crate) struct HostSession {
    /// The host.
    pub(crate) host: Arc<Client>,
    /// The person.
    pub(crate) user_id: UserId,
    /// Their session.
    pub(crate) session_id: SessionId,
    /// The key that its token is bound to.
    pub(crate) proof_key: Option<KeyThumbprint>,
}

/// Why a token opens nothing of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HostTokenProblem {
    /// It was one, and has expired: refreshing helps.
    Expired,
    /// What it rests on has ended: nothing helps but signing in.
    Ended,
    /// It never was one; why is for the log.
    NotAccepted(&'static str),
}

impl HostTokenProblem {
    /// The word that a host is told.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Ended => "ended",
            Self::NotAccepted(_) => "not_accepted",
        }
    }

    /// The cause.
    pub(crate) const fn cause(self) -> &'static str {
        match self {
            Self::Expired => "the token has expired",
            Self::Ended => "what the token belongs to has ended",
            Self::NotAccepted(cause) => cause,
        }
    }
}

/// Looks at tokens of hosts.
#[derive(Clone)]
pub(crate) struct HostTokens {
    verifier: AccessTokenVerifier,
    clients: ClientLookup,
    issuer: Arc<str>,
}

impl HostTokens {
    pub(crate) fn new(
        parts: &Parts,
        verifier: &AccessTokenVerifier,
        clients: &ClientLookup,
    ) -> Self {
        Self {
            verifier: verifier.clone(),
            clients: clients.clone(),
            issuer: Arc::clone(&parts.policy.issuer),
        }
    }

    /// The session that a token stands for, if it is a host's own, for us, with `portico:launch`, and
    /// alive. What it is, is looked at before whether it has expired, and that before its end: so a token
    /// that never was one says so for ever.
    pub(crate) async fn look(
        &self,
        token: &str,
    ) -> Result<Result<HostSession, HostTokenProblem>, Fault> {
        let Some(token) = self.verifier.recognize(token).await? else {
            let cause = "it is no access token of ours";
            return Ok(Err(HostTokenProblem::NotAccepted(cause)));
        };
        let (user_id, session_id) = match self.says(&token) {
            Ok(said) => said,
            Err(cause) => return Ok(Err(HostTokenProblem::NotAccepted(cause))),
        };
        let host = self.clients.find(&token.claims.client_id).await?;
        let Some(host) = host.filter(|host| host.is_host() && !host.is_suspended()) else {
            let cause = "its client is no host in service";
            return Ok(Err(HostTokenProblem::NotAccepted(cause)));
        };
        if self.verifier.has_expired(&token) {
            return Ok(Err(HostTokenProblem::Expired));
        }
        Ok(match self.verifier.status(&token).await? {
            TokenStatus::Dead => Err(HostTokenProblem::Ended),
            TokenStatus::Alive(scope) if scope.contains(scope::PORTICO_LAUNCH) => Ok(HostSession {
                host,
                user_id,
                session_id,
                proof_key: token.claims.bound_to(),
            }),
            TokenStatus::Alive(_) => {
                let cause = "portico:launch was taken back";
                Err(HostTokenProblem::NotAccepted(cause))
            }
        })
    }

    /// Whose session it is in, if it says all that a host's token says.
    fn says(&self, token: &VerifiedToken) -> Result<(UserId, SessionId), &'static str> {
        let claims = &token.claims;
        if claims.act.is_some() {
            return Err("it was given out for a launch");
        }
        if claims.aud.as_slice() != [&*self.issuer] {
            return Err("it is not for the issuer alone");
        }
        let scope = claims.scope.as_ref();
        if !scope.is_some_and(|scope| scope.contains(scope::PORTICO_LAUNCH)) {
            return Err("it has no portico:launch");
        }
        let person = token.handle.on_behalf_of.ok_or("it speaks for nobody")?;
        let session = person.session_id.ok_or("it belongs to no session")?;
        Ok((person.user_id, session))
    }
}
