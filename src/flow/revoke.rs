//! Revocation (RFC 7009): a client gives back one of its own tokens.
//!
//! An access token dies alone; a refresh token takes its whole family along, and that of a host the session
//! that it holds: whoever signs out in the super app is signed out everywhere. What is not the
//! caller's, or is no token at all, is answered like success: "The authorization server responds
//! with HTTP status code 200 if the token has been revoked successfully or if the client submitted
//! an invalid token" (§2.2). Only a store that fails is a fault, because then nothing is revoked.

use std::sync::Arc;

use domain::audit::ActedBy;
use domain::client::Client;
use domain::event::Event;
use domain::session::EndReason;
use foundation::clock::SharedClock;
use foundation::digest::TokenDigest;
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use foundation::id::AuditId;
use foundation::secret::SecretKind;
use protocol::presented_token::presented_token;
use store::Store;

use crate::answer::Answer;
use crate::authenticate_client::ClientAuthentication;
use crate::family_end::FamilyEnd;
use crate::memory::Memory;
use crate::parts::Parts;
use crate::protected_call::ClientCall;
use crate::sessions::{end_in, ended_entry};
use crate::verify_access_token::{AccessTokenVerifier, TokenStatus};

/// Answers revocation requests.
#[derive(Clone)]
pub struct Revocation {
    authentication: ClientAuthentication,
    verifier: AccessTokenVerifier,
    store: Store,
    memory: Memory,
    clock: SharedClock,
    entropy: SharedEntropy,
}

impl Revocation {
    pub(crate) fn new(
        parts: &Parts,
        memory: &Memory,
        authentication: &ClientAuthentication,
        verifier: &AccessTokenVerifier,
    ) -> Self {
        Self {
            authentication: authentication.clone(),
            verifier: verifier.clone(),
            store: parts.store.clone(),
            memory: memory.clone(),
            clock: Arc::clone(&parts.clock),
            entropy: Arc::clone(&parts.entropy),
        }
    }

    /// Answers a revocation request, of a public client too: whoever holds a token may give it
    /// back. Returns when this node no longer accepts it.
    ///
    /// # Errors
    /// The store does not answer: 503 (attack 51).
    pub async fn revoke(&self, call: ClientCall) -> Result<Answer<()>, Fault> {
        let token = match presented_token(&call.parameters) {
            Ok(token) => token,
            Err(error) => return Ok(Answer::Refused(error)),
        };
        let caller = match self.authentication.authenticate(&call).await? {
            Answer::Given(caller) => caller,
            Answer::Refused(error) => return Ok(Answer::Refused(error)),
        };
        match SecretKind::RefreshToken.digest_of(token) {
            Some(digest) => {
                let by = ActedBy::client(caller.client().id.clone(), call.address);
                self.revoke_refresh_token(caller.client(), digest, by)
                    .await?;
            }
            None => self.revoke_access_token(caller.client(), token).await?,
        }
        Ok(Answer::Given(()))
    }

    async fn revoke_refresh_token(
        &self,
        caller: &Arc<Client>,
        digest: TokenDigest,
        by: ActedBy,
    ) -> Result<(), Fault> {
        let (client, now) = (Arc::clone(caller), self.clock.now());
        let entropy = self.entropy.as_ref();
        let end = FamilyEnd::new(EndReason::Revoked, by.clone(), now, entropy);
        let audit = AuditId::new(now, entropy);
        let written = self.store.write(move |tx| {
            let Some(token) = store::refresh_tokens::find(tx, digest)? else {
                return Ok(());
            };
            let Some(family) = store::token_families::find(tx, token.family_id)? else {
                return Ok(());
            };
            // "verifies whether the token was issued to the client making the revocation request"
            // (RFC 7009 §2.1)
            if family.client_id != client.id || family.ended.is_some() {
                return Ok(());
            }
            // The family goes with the session; an end of its own would be all that is heard.
            match family.session_id.filter(|_| client.is_host()) {
                None => end.write(tx, &family).map(drop)?,
                Some(session) => {
                    let (user, reason) = (family.user_id, EndReason::Logout);
                    if end_in(tx, session, user, now, reason)? {
                        let entry = ended_entry(by, user, reason, now);
                        store::audit::insert(tx, &entry, audit)?;
                    }
                }
            }
            Ok(())
        });
        self.memory.settled(written.await?.position).await;
        Ok(())
    }

    async fn revoke_access_token(&self, caller: &Arc<Client>, token: &str) -> Result<(), Fault> {
        let Some(verified) = self.verifier.verify(token).await? else {
            return Ok(());
        };
        if verified.claims.client_id != caller.id {
            return Ok(());
        }
        // What is dead already needs no second event.
        if self.verifier.status(&verified).await? == TokenStatus::Dead {
            return Ok(());
        }
        let person = verified.handle.on_behalf_of;
        let event = Event::TokenRevoked {
            token: verified.jti,
            client_id: caller.id.clone(),
            user_id: person.map(|person| person.user_id),
            session_id: person.and_then(|person| person.session_id),
        };
        let written = self.store.write(move |tx| {
            tx.append(event);
            Ok(())
        });
        self.memory.settled(written.await?.position).await;
        Ok(())
    }
}
