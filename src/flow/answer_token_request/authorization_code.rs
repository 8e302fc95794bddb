//! `authorization_code` (RFC 6749 §4.1.3): a code becomes tokens, once.
//!
//! Everything happens in one transaction, and the code is used up by one conditional update: of any
//! number of requests at once, one wins. The next one ends the family, and with it the tokens that
//! the first one got.

use std::sync::Arc;

use domain::client::Client;
use domain::one_time_credential::OneTimeKind;
use domain::refresh_retry::RefreshToken;
use domain::token_family::{CodeOrigin, Origin, TokenFamily};
use foundation::clock::Instant;
use foundation::digest::TokenDigest;
use foundation::fault::Fault;
use foundation::id::{Subject, UserId};
use foundation::secret::{SecretKind, SecretText};
use protocol::code_grant::{GrantRefusal, PresentedCode, SavedAuthorization, judge_redemption};
use protocol::pkce::CodeVerifier;

use super::grant_handler::{GrantHandler, Redeemed};
use super::grant_parts::GrantParts;
use super::judgement::{not_valid, within_authorized};
use crate::answer::Answer;
use crate::family_end::FamilyEnd;
use crate::issue::{Entitled, IssuanceContext, Person, sectors};
use crate::parents::{Parents, parents};
use crate::participant::took_part;
use crate::subject::subject_in;

const CODE: OneTimeKind = OneTimeKind::AuthorizationCode;

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
        let found = store::one_time_credentials::find_with_family(tx, CODE, self.code)?;
        let Some((code, family)) = found else {
            return Ok(Answer::Refused(not_valid("there is no such code")));
        };
        let Origin::Code(origin) = &family.origin;
        let judged = match self.judge(&family, origin) {
            Ok(()) => Ok(()),
            Err(GrantRefusal::Unfit(error)) => Err(error),
            // A code that turns up at another client has leaked (attack 18).
            Err(GrantRefusal::IssuedToAnother) => {
                self.burn.write(tx, &family)?;
                return Ok(Answer::Refused(not_valid(
                    "the code was issued to another client",
                )));
            }
        };
        // "If an authorization code is used more than once, the authorization server MUST deny the
        // request and SHOULD revoke (when possible) all tokens previously issued based on that
        // authorization code." (RFC 6749 §4.1.2)
        if code.used_at.is_some() {
            self.burn.write(tx, &family)?;
            return Ok(Answer::Refused(not_valid("the code was redeemed before")));
        }
        if self.now >= code.expires_at {
            return Ok(Answer::Refused(not_valid("the code has expired")));
        }
        if let Err(error) = judged {
            return Ok(Answer::Refused(error));
        }
        let Some(parents) = parents(tx, &self.client, &family, self.now)? else {
            return Ok(Answer::Refused(not_valid(
                "what the code rests on has ended",
            )));
        };
        if !store::one_time_credentials::use_up(tx, CODE, self.code, self.now)? {
            // Somebody else was faster by less than a transaction.
            self.burn.write(tx, &family)?;
            return Ok(Answer::Refused(not_valid(
                "the code was redeemed at the same moment",
            )));
        }
        let family = self.extended(tx, family)?;
        self.keep(tx, &family, parents).map(Answer::Given)
    }

    /// The family, as long as its tokens need it: what the client may do, or how long things live, can
    /// have changed since the code was given out.
    fn extended(
        &self,
        tx: &mut store::Transaction<'_>,
        family: TokenFamily,
    ) -> Result<TokenFamily, Fault> {
        let (lifetimes, refreshes) = (&self.parts.lifetimes, self.refresh_token.is_some());
        let expires_at = TokenFamily::end_of_life(refreshes, lifetimes, family.created_at);
        if expires_at <= family.expires_at {
            return Ok(family);
        }
        store::token_families::extend(tx, family.id, expires_at)?;
        Ok(TokenFamily {
            expires_at,
            ..family
        })
    }

    /// Everything that can be judged from the authorization and the request alone.
    fn judge(&self, family: &TokenFamily, origin: &CodeOrigin) -> Result<(), GrantRefusal> {
        let authorized = &family.authorized;
        let saved = SavedAuthorization {
            client_id: &family.client_id,
            redirect_uri: &origin.redirect_uri,
            redirect_uri_given: origin.redirect_uri_given,
            code_challenge: origin.code_challenge.as_ref(),
            scope: &authorized.scope,
        };
        let presented = PresentedCode {
            client_id: &self.client.id,
            redirect_uri: self.request.redirect_uri.as_deref(),
            code_verifier: self.request.code_verifier.as_ref(),
        };
        judge_redemption(&saved, &presented)?;
        within_authorized(&self.request.resource, &authorized.resource)?;
        Ok(())
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
        let scope = authorized.scope.intersection(&parents.grant_scope);
        let keys = self.parts.keys.current();
        let sid = took_part(tx, &keys, family, parents.participant.as_ref(), self.now)?;
        let mut person = Person::of(family, parents, Some(sid));
        let Origin::Code(origin) = &family.origin;
        person.nonce.clone_from(&origin.nonce);
        let entitled = Entitled {
            scope,
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
