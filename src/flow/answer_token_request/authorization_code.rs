//! `authorization_code` (RFC 6749 §4.1.3): a code becomes tokens, once.
//!
//! Everything happens in one transaction, and the code is used up by one conditional update: of any
//! number of requests at once, one wins. The next one ends the family, and with it the tokens that
//! the first one got.

use std::sync::Arc;

use domain::client::Client;
use domain::refresh_retry::RefreshToken;
use domain::token_family::TokenFamily;
use foundation::clock::Instant;
use foundation::digest::TokenDigest;
use foundation::fault::Fault;
use foundation::id::{Subject, UserId};
use foundation::secret::{SecretKind, SecretText};
use protocol::code_grant::{PresentedCode, SavedAuthorization, judge_redemption};
use protocol::oauth_error::OAuthError;
use protocol::pkce::CodeVerifier;

use super::grant_handler::{GrantHandler, Redeemed};
use super::grant_parts::GrantParts;
use super::judgement::{not_valid, within_authorized};
use crate::answer::Answer;
use crate::family_end::FamilyEnd;
use crate::issue::{Entitled, IssuanceContext, Person, sectors};
use crate::parents::{Parents, parents};
use crate::subject::subject_in;

/// What the request said.
pub(super) struct AuthorizationCode {
    pub(super) code: String,
    pub(super) redirect_uri: Option<String>,
    pub(super) code_verifier: Option<CodeVerifier>,
    pub(super) resource: Vec<String>,
}

/// What the transaction needs, all of it made or read before it begins.
struct Redemption {
    parts: GrantParts,
    client: Arc<Client>,
    request: AuthorizationCode,
    code: TokenDigest,
    refresh_token: Option<(SecretText, TokenDigest)>,
    burn: FamilyEnd,
    now: Instant,
}

/// What a redemption entitles to, with the names of the person that it read or made.
struct Won {
    entitled: Entitled,
    user_id: UserId,
    names: Vec<(String, Subject)>,
}

impl GrantHandler for AuthorizationCode {
    /// A public client proves with PKCE that it began the request.
    const CONFIDENTIAL_ONLY: bool = false;

    async fn redeem(
        self,
        parts: &GrantParts,
        issuance: &IssuanceContext,
    ) -> Result<Answer<Redeemed>, Fault> {
        let Some(code) = SecretKind::AuthorizationCode.digest_of(&self.code) else {
            return Ok(Answer::Refused(not_valid("it has not the shape of a code")));
        };
        let client = Arc::clone(&issuance.client);
        let wants_refresh = client.gets_refresh_tokens();
        let redemption = Redemption {
            parts: parts.clone(),
            request: self,
            code,
            refresh_token: wants_refresh
                .then(|| SecretKind::RefreshToken.issue(parts.entropy.as_ref())),
            burn: parts.reuse(issuance.now),
            now: issuance.now,
            client,
        };
        let written = parts.store.write(move |tx| redemption.write(tx)).await?;
        parts.memory.settled(written.position).await;
        Ok(written.value.map(|won| {
            for (sector, subject) in won.names {
                parts
                    .memory
                    .live
                    .subjects
                    .fill(won.user_id, sector, subject);
            }
            Redeemed::Entitled(won.entitled)
        }))
    }
}

impl Redemption {
    /// The whole redemption. What ends the family is a refusal, and commits.
    fn write(self, tx: &mut store::Transaction<'_>) -> Result<Answer<Won>, Fault> {
        let Some(family) = store::token_families::find_by_code(tx, self.code)? else {
            return Ok(Answer::Refused(not_valid("there is no such code")));
        };
        // A code that turns up at another client has leaked (attack 18).
        if family.client_id != self.client.id {
            self.burn.write(tx, &family)?;
            return Ok(Answer::Refused(not_valid(
                "the code was issued to another client",
            )));
        }
        // "If an authorization code is used more than once, the authorization server MUST deny the
        // request and SHOULD revoke (when possible) all tokens previously issued based on that
        // authorization code." (RFC 6749 §4.1.2)
        if family.redeemed_at.is_some() {
            self.burn.write(tx, &family)?;
            return Ok(Answer::Refused(not_valid("the code was redeemed before")));
        }
        if let Err(error) = self.judge(&family) {
            return Ok(Answer::Refused(error));
        }
        let Some(parents) = parents(tx, &self.client, &family, self.now)? else {
            return Ok(Answer::Refused(not_valid(
                "what the code rests on has ended",
            )));
        };
        let expires_at = self.expires_at(&family);
        if !store::token_families::redeem(tx, family.id, self.now, expires_at)? {
            // Somebody else was faster by less than a transaction.
            self.burn.write(tx, &family)?;
            return Ok(Answer::Refused(not_valid(
                "the code was redeemed at the same moment",
            )));
        }
        let redeemed = TokenFamily {
            expires_at,
            ..family
        };
        self.keep(tx, &redeemed, parents).map(Answer::Given)
    }

    /// When the family ends by itself: with its last refresh token, or as it would have if there
    /// is none.
    fn expires_at(&self, family: &TokenFamily) -> Instant {
        match self.refresh_token {
            Some(_) => self.now + self.parts.lifetimes.refresh,
            None => family.expires_at,
        }
    }

    /// Everything that can be judged from the code and the request alone.
    fn judge(&self, family: &TokenFamily) -> Result<(), OAuthError> {
        if self.now >= family.code_expires_at {
            return Err(not_valid("the code has expired"));
        }
        let authorized = &family.authorized;
        let saved = SavedAuthorization {
            client_id: &family.client_id,
            redirect_uri: &authorized.redirect_uri,
            redirect_uri_given: authorized.redirect_uri_given,
            code_challenge: authorized.code_challenge.as_ref(),
            scope: &authorized.scope,
        };
        let presented = PresentedCode {
            client_id: &self.client.id,
            redirect_uri: self.request.redirect_uri.as_deref(),
            code_verifier: self.request.code_verifier.as_ref(),
        };
        judge_redemption(&saved, &presented)?;
        within_authorized(&self.request.resource, &authorized.resource)
    }

    /// Writes what comes with the code, and says what it entitles to.
    fn keep(
        self,
        tx: &mut store::Transaction<'_>,
        family: &TokenFamily,
        parents: Parents,
    ) -> Result<Won, Fault> {
        if let Some((_, digest)) = &self.refresh_token {
            let idle = self.now + self.parts.lifetimes.refresh_idle;
            let first = RefreshToken {
                digest: *digest,
                family_id: family.id,
                number: 1,
                issued_at: self.now,
                expires_at: idle.min(family.expires_at),
                superseded: None,
            };
            store::refresh_tokens::insert(tx, &first)?;
        }
        let authorized = &family.authorized;
        let chosen = self.request.resource;
        let mut person = Person::of(family, parents.ends_at, parents.grant_scope.clone());
        person.nonce = authorized.nonce.clone();
        let entitled = Entitled {
            scope: authorized.scope.intersection(&parents.grant_scope),
            resource: if chosen.is_empty() {
                authorized.resource.clone()
            } else {
                chosen
            },
            person: Some(person),
            refresh_token: self.refresh_token.map(|(token, _)| token),
        };
        let mut names = Vec::new();
        let known = &self.parts.memory.live.subjects;
        for sector in sectors(&self.client, &entitled, &self.parts.issuer) {
            let key = sector.key();
            if known.get(family.user_id, &key).is_none() {
                let keys = self.parts.keys.current();
                names.push((key, subject_in(tx, &keys, &sector, family.user_id)?));
            }
        }
        Ok(Won {
            entitled,
            user_id: family.user_id,
            names,
        })
    }
}
