//! `urn:ietf:params:oauth:grant-type:token-exchange` (RFC 8693): a host launches a mini-program. It gives
//! its own access token and gets a token for the program's page, or a code for its backend.
//!
//! Who asks and for which program is found here; what that may have, and what is written for it, stands in
//! `token_exchange/launch.rs`. A launch token of a program that was launched in the session before, and
//! within the minute, costs one read and no write.

use std::sync::Arc;

use domain::client::Client;
use domain::lifetimes::Lifetimes;
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use foundation::id::ClientId;
use keys::key_ring::Keys;
use protocol::oauth_error::{ErrorCode, OAuthError, unauthorized_client};
use protocol::scope_catalog::ScopeCatalog;
use protocol::token_exchange::ExchangeRequest;
use store::Store;

use super::grant_handler::{GrantCall, GrantHandler, Redeemed, Redeeming};
use super::judgement::proves;
use super::makings::GrantMakings;
use crate::answer::Answer;
use crate::find_client::ClientLookup;
use crate::host_token::{HostSession, HostTokenProblem, HostTokens};
use crate::memory::Memory;
use crate::token_authorization::IssuanceContext;

mod ask;
mod launch;
mod refusals;

use launch::{Launch, LaunchLook, WrittenLaunch};
use refusals::{not_available, unusable};

/// The grant.
pub(super) struct TokenExchangeGrant {
    store: Store,
    memory: Memory,
    hosts: HostTokens,
    clients: ClientLookup,
    keys: Arc<Keys>,
    catalog: Arc<ScopeCatalog>,
    entropy: SharedEntropy,
    lifetimes: Lifetimes,
    issuer: Arc<str>,
}

impl TokenExchangeGrant {
    pub(super) fn make(makings: &GrantMakings<'_>) -> Box<dyn GrantHandler> {
        let parts = makings.parts;
        Box::new(Self {
            store: parts.store.clone(),
            memory: makings.memory.clone(),
            hosts: makings.hosts.clone(),
            clients: makings.clients.clone(),
            keys: Arc::clone(&parts.keys),
            catalog: Arc::clone(&parts.policy.catalog),
            entropy: Arc::clone(&parts.entropy),
            lifetimes: parts.policy.lifetimes,
            issuer: Arc::clone(&parts.policy.issuer),
        })
    }

    async fn answer(&self, call: &GrantCall<'_>) -> Result<Answer<Redeemed>, Fault> {
        let asked = match ExchangeRequest::read(&call.request) {
            Ok(asked) => asked,
            Err(error) => return Ok(Answer::Refused(error)),
        };
        let host = match self.host(&call.context, asked.subject_token).await? {
            Ok(host) => host,
            Err(error) => return Ok(Answer::Refused(error)),
        };
        let Some(program) = self.program(asked.audience).await? else {
            return Ok(Answer::Refused(not_available("there is no such client")));
        };
        let launch = Arc::new(self.prepared(call, asked, &host, program));
        let look = Arc::clone(&launch);
        match self.store.read(move |db| look.look(db)).await? {
            LaunchLook::Refused(error) => Ok(Answer::Refused(error)),
            LaunchLook::Undecided(_) => self.noted(launch).await,
            LaunchLook::Ready(ready) => match launch.settled(&ready) {
                // Nothing is to be noted: most launches of a program that is in use.
                Some(authorization) => Ok(Answer::Given(Redeemed::Authorized(authorization))),
                None => self.noted(launch).await,
            },
        }
    }

    /// Writes what a launch leaves behind.
    async fn noted(&self, launch: Arc<Launch>) -> Result<Answer<Redeemed>, Fault> {
        let (keys, drawn) = (self.keys.current(), launch.draw(self.entropy.as_ref()));
        let written = self
            .store
            .write(move |tx| launch.write(tx, &keys, drawn))
            .await?;
        self.memory.settled(written.position).await;
        Ok(match written.value {
            WrittenLaunch::Token(authorization) => {
                Answer::Given(Redeemed::Authorized(*authorization))
            }
            WrittenLaunch::HandedOver(response) => Answer::Given(Redeemed::Answered(*response)),
            WrittenLaunch::Refused(error) => Answer::Refused(error),
        })
    }

    /// Whose session the subject token stands for, if it is the requester's own.
    async fn host(
        &self,
        context: &IssuanceContext,
        subject_token: &str,
    ) -> Result<Result<HostSession, OAuthError>, Fault> {
        let host = match self.hosts.look(subject_token).await? {
            Ok(host) if host.host.id == context.requester.id => host,
            Ok(_) => {
                let cause = "it was issued to another client";
                return Ok(Err(unusable(HostTokenProblem::NotAccepted(cause))));
            }
            Err(problem) => return Ok(Err(unusable(problem))),
        };
        // Whoever has a bearer token of a public host would be the host: it proves nothing.
        if host.proof_key.is_none() && !context.requester.is_confidential() {
            let description = "a public host needs a token that is bound to its key";
            return Ok(Err(unauthorized_client(description)));
        }
        let proved = proves(context.binding, host.proof_key);
        Ok(proved.map(|()| host).map_err(|error| match error.code() {
            ErrorCode::InvalidGrant => {
                unusable(HostTokenProblem::NotAccepted("it is bound to another key"))
            }
            _ => error,
        }))
    }

    async fn program(&self, audience: &str) -> Result<Option<Arc<Client>>, Fault> {
        match ClientId::parse(audience) {
            Ok(id) => self.clients.find(&id).await,
            Err(_) => Ok(None),
        }
    }

    fn prepared(
        &self,
        call: &GrantCall<'_>,
        asked: ExchangeRequest<'_>,
        host: &HostSession,
        program: Arc<Client>,
    ) -> Launch {
        let registered = &program.metadata;
        let as_registered = |scope| self.catalog.as_registered(registered, &scope);
        Launch::new(
            call.context.clone(),
            (host.user_id, host.session_id),
            launch::LaunchWish {
                launch_type: asked.requested,
                scope: asked.scope.map(as_registered),
                again: asked.again,
                nonce: asked.nonce,
                code_challenge: asked.code_challenge,
                expires_in: asked.expires_in,
                dpop_jkt: asked.dpop_jkt,
                ui_locales: asked.ui_locales,
                interaction_mode: asked.interaction_mode,
            },
            program,
            launch::LaunchRules {
                issuer: Arc::clone(&self.issuer),
                catalog: Arc::clone(&self.catalog),
                lifetimes: self.lifetimes,
            },
        )
    }
}

impl GrantHandler for TokenExchangeGrant {
    fn redeem<'a>(&'a self, call: &'a GrantCall<'a>) -> Redeeming<'a> {
        Box::pin(self.answer(call))
    }
}
