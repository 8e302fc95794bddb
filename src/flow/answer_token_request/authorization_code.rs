//! `authorization_code` (RFC 6749 §4.1.3): a code becomes tokens, once.
//!
//! Everything happens in one transaction, and the code is used up by one conditional update: of any
//! number of requests at once, one wins. The next one ends the family, and with it the tokens that
//! the first one got.

use std::sync::Arc;

use domain::lifetimes::Lifetimes;
use domain::one_time_credential::OneTimeKind;
use domain::refresh_retry::RefreshToken;
use domain::token_family::{Origin, TokenFamily};
use foundation::digest::TokenDigest;
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use foundation::id::{AuditId, Subject, UserId};
use foundation::secret::{SecretKind, SecretText};
use keys::key_ring::Keys;
use protocol::code_grant::{GrantRefusal, PresentedCode, SavedAuthorization, judge_redemption};
use protocol::oauth_error::OAuthError;
use protocol::pkce::CodeVerifier;
use protocol::token_request::TokenRequest;
use store::Store;

use super::grant_handler::{GrantCall, GrantHandler, Redeemed, Redeeming};
use super::judgement::{not_valid, proves, within_authorized};
use super::makings::GrantMakings;
use super::reuse::Reuse;
use crate::answer::Answer;
use crate::family_end::FamilyEnd;
use crate::memory::Memory;
use crate::parents::{Parents, parents};
use crate::participant::take_part;
use crate::subject::subject_in;
use crate::token_authorization::{IssuanceContext, ResourceOwner, TokenAuthorization};

/// The grant.
#[derive(Clone)]
pub(super) struct AuthorizationCodeGrant {
    store: Store,
    memory: Memory,
    keys: Arc<Keys>,
    reuse: Reuse,
    entropy: SharedEntropy,
    lifetimes: Lifetimes,
    issuer: Arc<str>,
}

/// What the request said.
struct CodeRequest {
    code: String,
    /// Needed again if the authorization request had it.
    redirect_uri: Option<String>,
    /// Needed if there was a challenge.
    code_verifier: Option<CodeVerifier>,
    /// Where the token is to be used; part of what was granted.
    resource: Vec<String>,
}

impl CodeRequest {
    fn read(request: &TokenRequest<'_>) -> Result<Self, OAuthError> {
        let verifier = request.optional("code_verifier")?;
        Ok(Self {
            code: request.required("code")?.to_owned(),
            redirect_uri: request.optional("redirect_uri")?.map(str::to_owned),
            code_verifier: verifier.map(CodeVerifier::parse).transpose()?,
            resource: request.resource.clone(),
        })
    }
}

/// What the transaction needs, all of it made or read before it begins.
struct Redemption {
    grant: AuthorizationCodeGrant,
    context: IssuanceContext,
    request: CodeRequest,
    kind: OneTimeKind,
    code: TokenDigest,
    refresh_token: Option<(SecretText, TokenDigest)>,
    burn: FamilyEnd,
    audit: AuditId,
}

/// What a redemption entitles to, with the names of the person that it read or made.
struct Won {
    authorization: TokenAuthorization,
    user_id: UserId,
    names: Vec<(String, Subject)>,
}

impl AuthorizationCodeGrant {
    pub(super) fn make(makings: &GrantMakings<'_>) -> Box<dyn GrantHandler> {
        let parts = makings.parts;
        Box::new(Self {
            store: parts.store.clone(),
            memory: makings.memory.clone(),
            keys: Arc::clone(&parts.keys),
            reuse: Reuse::new(makings),
            entropy: Arc::clone(&parts.entropy),
            lifetimes: parts.policy.lifetimes,
            issuer: Arc::clone(&parts.policy.issuer),
        })
    }

    fn prepared(&self, call: &GrantCall<'_>) -> Result<Redemption, OAuthError> {
        let (request, context) = (CodeRequest::read(&call.request)?, call.context.clone());
        let (kind, code) =
            read_code(&request.code).ok_or_else(|| not_valid("it has not the shape of a code"))?;
        let entropy = self.entropy.as_ref();
        let refreshes = context.requester.gets_refresh_tokens();
        Ok(Redemption {
            grant: self.clone(),
            request,
            kind,
            code,
            refresh_token: refreshes.then(|| SecretKind::RefreshToken.issue(entropy)),
            burn: self.reuse.end(context.now),
            audit: AuditId::new(context.now, entropy),
            context,
        })
    }
}

/// Which kind of code this is, and its digest: a host hands on one of its own kind.
fn read_code(text: &str) -> Option<(OneTimeKind, TokenDigest)> {
    let of = |secret: SecretKind, kind| Some((kind, secret.digest_of(text)?));
    of(
        SecretKind::AuthorizationCode,
        OneTimeKind::AuthorizationCode,
    )
    .or_else(|| of(SecretKind::LaunchCode, OneTimeKind::LaunchCode))
}

impl GrantHandler for AuthorizationCodeGrant {
    fn redeem<'a>(&'a self, call: &'a GrantCall<'a>) -> Redeeming<'a> {
        Box::pin(async {
            let redemption = match self.prepared(call) {
                Ok(prepared) => prepared,
                Err(error) => return Ok(Answer::Refused(error)),
            };
            let written = self.store.write(move |tx| redemption.write(tx)).await?;
            self.memory.settled(written.position).await;
            Ok(written.value.map(|won| {
                for (sector, subject) in won.names {
                    let known = &self.memory.live.subjects;
                    known.fill(won.user_id, sector, subject);
                }
                Redeemed::Authorized(won.authorization)
            }))
        })
    }
}

impl Redemption {
    /// The whole redemption. What ends the family is a refusal, and commits.
    fn write(self, tx: &mut store::Transaction<'_>) -> Result<Answer<Won>, Fault> {
        let (client, now) = (Arc::clone(&self.context.requester), self.context.now);
        let found = store::one_time_credentials::find_with_family(tx, self.kind, self.code)?;
        let Some((code, family)) = found else {
            return Ok(Answer::Refused(not_valid("there is no such code")));
        };
        let judged = match self.judge(&family) {
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
        // After a clock that went back nobody knows whether a code of before has run out.
        if now >= code.expires_at || store::token_families::is_of_a_cut_time(tx, family.id)? {
            return Ok(Answer::Refused(not_valid("the code has expired")));
        }
        if let Err(error) = judged {
            return Ok(Answer::Refused(error));
        }
        let Some(parents) = parents(tx, &client, &family, now)? else {
            return Ok(Answer::Refused(not_valid(
                "what the code rests on has ended",
            )));
        };
        if !store::one_time_credentials::use_up(tx, self.kind, self.code, now)? {
            // Somebody else was faster by less than a transaction.
            self.burn.write(tx, &family)?;
            return Ok(Answer::Refused(not_valid(
                "the code was redeemed at the same moment",
            )));
        }
        let family = self.extended(tx, family)?;
        self.keep(tx, &family, &parents).map(Answer::Given)
    }

    /// The family, as long as its tokens need it: what the client may do, or how long things live, can
    /// have changed since the code was given out.
    fn extended(
        &self,
        tx: &mut store::Transaction<'_>,
        family: TokenFamily,
    ) -> Result<TokenFamily, Fault> {
        let (lifetimes, refreshes) = (&self.grant.lifetimes, self.refresh_token.is_some());
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
    fn judge(&self, family: &TokenFamily) -> Result<(), GrantRefusal> {
        let authorized = &family.authorized;
        let saved = SavedAuthorization {
            client_id: &family.client_id,
            sent_to: match &family.origin {
                Origin::Code(code) => Some((&code.redirect_uri, code.redirect_uri_given)),
                // A host handed it over, and whatever a library sends along is not looked at.
                Origin::Launch(_) => None,
            },
            code_challenge: family.origin.code_challenge(),
            scope: &authorized.scope,
        };
        let presented = PresentedCode {
            client_id: &self.context.requester.id,
            redirect_uri: self.request.redirect_uri.as_deref(),
            code_verifier: self.request.code_verifier.as_ref(),
        };
        judge_redemption(&saved, &presented)?;
        within_authorized(&self.request.resource, &authorized.resource)?;
        proves(self.context.binding, family.origin.dpop_jkt())?;
        Ok(())
    }

    /// Writes what comes with the code, and says what it entitles to.
    fn keep(
        self,
        tx: &mut store::Transaction<'_>,
        family: &TokenFamily,
        parents: &Parents,
    ) -> Result<Won, Fault> {
        let now = self.context.now;
        if let Some((_, digest)) = &self.refresh_token {
            let idle = now + self.grant.lifetimes.refresh_idle;
            let first = RefreshToken {
                digest: *digest,
                family_id: family.id,
                number: 1,
                issued_at: now,
                expires_at: idle.min(family.expires_at),
                superseded: None,
                proof_key: self.context.refresh_key(),
            };
            store::refresh_tokens::insert(tx, &first)?;
        }
        let (grant, audit) = (self.grant.clone(), self.audit);
        let keys = grant.keys.current();
        let mut authorization = self.authorization(family, parents);
        let participant = parents.participant.as_ref();
        take_part(tx, &keys, &mut authorization, participant, audit)?;
        let mut names = Vec::new();
        let known = &grant.memory.live.subjects;
        for sector in authorization.sectors(&grant.issuer) {
            let key = sector.key();
            if known.get(family.user_id, &key).is_none() {
                names.push((key, subject_in(tx, &keys, &sector, family.user_id)?));
            }
        }
        Ok(Won {
            authorization,
            user_id: family.user_id,
            names,
        })
    }

    fn authorization(self, family: &TokenFamily, parents: &Parents) -> TokenAuthorization {
        let authorized = &family.authorized;
        let scope = authorized.scope.intersection(&parents.grant_scope);
        let audience = match self.request.resource {
            all if all.is_empty() => authorized.resource.clone(),
            chosen => chosen,
        };
        let person = ResourceOwner {
            nonce: family.origin.nonce().cloned(),
            ..ResourceOwner::of(family, parents)
        };
        TokenAuthorization {
            resource_owner: Some(person),
            actor: family.origin.actor().cloned(),
            until: parents.ends_at,
            refresh_token: self.refresh_token.map(|(token, _)| token),
            ..TokenAuthorization::of_requester(&self.context, scope, audience)
        }
    }
}
