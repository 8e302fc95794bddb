//! Revocation (RFC 7009): a client gives back one of its own tokens.
//!
//! An access token dies alone; a refresh token takes its whole family along. What is not the
//! caller's, or is no token at all, is answered like success: "The authorization server responds
//! with HTTP status code 200 if the token has been revoked successfully or if the client submitted
//! an invalid token" (§2.2). Only a store that fails is a fault, because then nothing is revoked.

use std::sync::Arc;

use domain::audit::{Actor, AuditEntry};
use domain::client::Client;
use domain::event::Event;
use domain::session::EndReason;
use domain::token_family::TokenFamily;
use foundation::clock::Instant;
use foundation::digest::TokenDigest;
use foundation::fault::Fault;
use foundation::id::AuditId;
use foundation::secret::SecretKind;
use protocol::client_credential::PresentedCredential;
use serde_json::json;

use crate::Flows;
use crate::answer::Answer;
use crate::authenticate_client::ClientEndpoint;
use crate::verify_access_token::TokenStatus;

/// The end of a family, prepared outside the transaction that writes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FamilyEnd {
    reason: EndReason,
    actor: Actor,
    at: Instant,
    audit: AuditId,
}

impl FamilyEnd {
    /// Ends it: one row, one event, one audit entry. False if it had ended before.
    pub(crate) fn write(
        self,
        tx: &mut store::Transaction<'_>,
        family: &TokenFamily,
    ) -> Result<bool, Fault> {
        let ended = store::token_families::end(tx, family.id, self.at, self.reason)?;
        if ended {
            tx.append(Event::FamilyEnded {
                family_id: family.id,
                user_id: family.user_id,
                client_id: family.client_id.clone(),
                reason: self.reason,
            });
            let entry = AuditEntry {
                at: self.at,
                actor: self.actor,
                action: "token_family.ended",
                user_id: Some(family.user_id),
                client_id: Some(family.client_id.clone()),
                detail: json!({ "reason": self.reason.word() }),
            };
            store::audit::insert(tx, &entry, self.audit)?;
        }
        Ok(ended)
    }
}

impl Flows {
    /// Prepares the end of a family.
    pub(crate) fn family_end(&self, reason: EndReason, actor: Actor) -> FamilyEnd {
        let at = self.now();
        FamilyEnd {
            reason,
            actor,
            at,
            audit: AuditId::new(at, self.entropy()),
        }
    }

    /// Answers a revocation request, of a public client too: whoever holds a token may give it
    /// back. Returns when this node no longer accepts it.
    ///
    /// # Errors
    /// The store does not answer: 503 (attack 51).
    pub async fn revoke(
        &self,
        presented: PresentedCredential,
        token: &str,
    ) -> Result<Answer<()>, Fault> {
        let authenticated = self.authenticate_client(ClientEndpoint::Revocation, presented);
        let caller = match authenticated.await? {
            Answer::Given(caller) => caller,
            Answer::Refused(error) => return Ok(Answer::Refused(error)),
        };
        match SecretKind::RefreshToken.digest_of(token) {
            Some(digest) => self.revoke_refresh_token(caller.client(), digest).await?,
            None => self.revoke_access_token(caller.client(), token).await?,
        }
        Ok(Answer::Given(()))
    }

    async fn revoke_refresh_token(
        &self,
        caller: &Arc<Client>,
        digest: TokenDigest,
    ) -> Result<(), Fault> {
        let client = Arc::clone(caller);
        let end = self.family_end(EndReason::Revoked, Actor::Client);
        let written = self.store().write(move |tx| {
            let Some(token) = store::refresh_tokens::find(tx, digest)? else {
                return Ok(());
            };
            let Some(family) = store::token_families::find(tx, token.family_id)? else {
                return Ok(());
            };
            // "verifies whether the token was issued to the client making the revocation request"
            // (RFC 7009 §2.1)
            if family.client_id == client.id {
                end.write(tx, &family)?;
            }
            Ok(())
        });
        self.settled(written.await?.position).await;
        Ok(())
    }

    async fn revoke_access_token(&self, caller: &Arc<Client>, token: &str) -> Result<(), Fault> {
        let Some(verified) = self.verify_access_token(token).await? else {
            return Ok(());
        };
        if verified.claims.client_id != caller.id {
            return Ok(());
        }
        // What is dead already needs no second event.
        if self.standing(&verified).await? == TokenStatus::Dead {
            return Ok(());
        }
        let event = Event::TokenRevoked {
            token: verified.jti,
            client_id: caller.id.clone(),
        };
        let written = self.store().write(move |tx| {
            tx.append(event);
            Ok(())
        });
        self.settled(written.await?.position).await;
        Ok(())
    }
}
