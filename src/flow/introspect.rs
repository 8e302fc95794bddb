//! Introspection (RFC 7662): what a token may do now, for those whom it concerns.
//!
//! A caller learns only about tokens that were issued to it or are meant for it; about any other it
//! gets the same answer as about no token at all. On the way of a token seen before, a fresh node
//! asks no database.

use std::borrow::Cow;
use std::sync::Arc;

use domain::client::Client;
use domain::refresh_retry::RefreshToken;
use domain::token_family::TokenFamily;
use foundation::clock::{Instant, SharedClock};
use foundation::digest::TokenDigest;
use foundation::fault::Fault;
use foundation::id::Subject;
use foundation::secret::SecretKind;
use live::verified_tokens::VerifiedToken;
use protocol::access_token::AccessTokenClaims;
use protocol::introspection::IntrospectionResponse;
use protocol::oauth_error::{OAuthError, invalid_client};
use protocol::presented_token::presented_token;
use protocol::scope::ScopeSet;
use store::Store;

use crate::answer::Answer;
use crate::authenticate_client::{AuthenticatedClient, ClientAuthentication};
use crate::memory::Memory;
use crate::parents::parents;
use crate::parts::Parts;
use crate::protected_call::ClientCall;
use crate::subject::PairwiseSubjects;
use crate::verify_access_token::{AccessTokenVerifier, TokenStatus};

/// What a caller may know about a token.
#[derive(Debug)]
pub enum Introspected {
    /// There is no such token, as far as this caller is concerned.
    Inactive,
    /// An access token that is alive.
    AccessToken {
        /// The token. What it says about itself is borrowed, not copied: this answer is given more
        /// often than any other.
        token: Arc<VerifiedToken>,
        /// What is left of its scope, if that is less than it says.
        narrowed_to: Option<ScopeSet>,
        /// The caller's own name for the person, if that is not the one that it says.
        sub: Option<Subject>,
        /// Whether it was issued to the caller.
        is_owner: bool,
    },
    /// A refresh token that is alive, which only its owner learns.
    RefreshToken(Box<LiveRefreshToken>),
}

/// What the owner of a refresh token may know about it.
#[derive(Debug)]
pub struct LiveRefreshToken {
    token: RefreshToken,
    family: TokenFamily,
    /// What it allows now.
    scope: ScopeSet,
    /// The owner's name for the person.
    sub: Subject,
    issuer: String,
}

impl Introspected {
    /// The answer as JSON. What a client is told about a token of its own changes only when
    /// something of it is taken back, so it is written once.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let Self::AccessToken {
            token,
            narrowed_to: None,
            sub: None,
            is_owner: true,
        } = self
        else {
            return serde_json::to_string(&self.response());
        };
        if let Some(known) = token.told_to_its_client.get() {
            return Ok(known.to_string());
        }
        let text = serde_json::to_string(&self.response())?;
        let kept = token.told_to_its_client.get_or_init(|| text.into());
        Ok(kept.to_string())
    }

    /// The answer in the words of RFC 7662 §2.2.
    pub fn response(&self) -> IntrospectionResponse<'_> {
        match self {
            Self::Inactive => IntrospectionResponse::inactive(),
            Self::AccessToken {
                token,
                narrowed_to,
                sub,
                is_owner,
            } => {
                let claims = &token.claims;
                IntrospectionResponse {
                    active: true,
                    scope: said(narrowed_to.as_ref().or(claims.scope.as_ref())),
                    client_id: Some(&claims.client_id),
                    token_type: Some(match claims.cnf {
                        None => "Bearer",
                        Some(_) => "DPoP",
                    }),
                    exp: Some(claims.exp),
                    iat: Some(claims.iat),
                    sub: Some(sub.as_ref().map_or(&claims.sub, Subject::as_str)),
                    aud: Some(&claims.aud),
                    iss: Some(&claims.iss),
                    jti: is_owner.then_some(&claims.jti),
                    auth_time: claims.auth_time,
                    acr: claims.acr.as_deref(),
                    sid: claims.sid.as_deref().filter(|_| *is_owner),
                    act: claims.act.as_ref(),
                    cnf: claims.cnf.as_ref(),
                    ..IntrospectionResponse::default()
                }
            }
            Self::RefreshToken(live) => live.response(),
        }
    }
}

impl LiveRefreshToken {
    fn expires_at(&self) -> Instant {
        self.token.expires_at.min(self.family.expires_at)
    }

    fn response(&self) -> IntrospectionResponse<'_> {
        IntrospectionResponse {
            active: true,
            scope: said(Some(&self.scope)),
            client_id: Some(&self.family.client_id),
            exp: Some(self.expires_at().seconds()),
            iat: Some(self.token.issued_at.seconds()),
            sub: Some(self.sub.as_str()),
            iss: Some(&self.issuer),
            ..IntrospectionResponse::default()
        }
    }
}

/// An empty scope is not said.
fn said(scope: Option<&ScopeSet>) -> Option<&ScopeSet> {
    scope.filter(|scope| !scope.is_empty())
}

/// Answers introspection requests.
#[derive(Clone)]
pub struct Introspection {
    authentication: ClientAuthentication,
    verifier: AccessTokenVerifier,
    subjects: PairwiseSubjects,
    memory: Memory,
    store: Store,
    clock: SharedClock,
    issuer: Arc<str>,
}

impl Introspection {
    pub(crate) fn new(
        parts: &Parts,
        authentication: &ClientAuthentication,
        verifier: &AccessTokenVerifier,
        subjects: &PairwiseSubjects,
    ) -> Self {
        Self {
            authentication: authentication.clone(),
            verifier: verifier.clone(),
            subjects: subjects.clone(),
            memory: Memory::new(parts),
            store: parts.store.clone(),
            clock: Arc::clone(&parts.clock),
            issuer: Arc::clone(&parts.policy.issuer),
        }
    }

    /// Answers an introspection request.
    ///
    /// # Errors
    /// The store, where it is needed, does not answer: 503, never a yes.
    pub async fn introspect(&self, call: ClientCall) -> Result<Answer<Introspected>, Fault> {
        let token = match presented_token(&call.parameters) {
            Ok(token) => token,
            Err(error) => return Ok(Answer::Refused(error)),
        };
        let caller = match self.authentication.authenticate(&call).await? {
            Answer::Given(caller) => caller,
            Answer::Refused(error) => return Ok(Answer::Refused(error)),
        };
        if let Err(error) = may_introspect(&caller) {
            return Ok(Answer::Refused(error));
        }
        // A suspended client learns nothing about anybody's token.
        let Ok(caller) = caller.in_service() else {
            return Ok(Answer::Given(Introspected::Inactive));
        };
        let found = match SecretKind::RefreshToken.digest_of(token) {
            // Seldom asked for, and large: on the heap, the future of the others stays small.
            Some(digest) => Box::pin(self.introspect_refresh_token(caller, digest)).await?,
            None => self.introspect_access_token(caller, token).await?,
        };
        Ok(Answer::Given(found.unwrap_or(Introspected::Inactive)))
    }

    async fn introspect_access_token(
        &self,
        caller: &Client,
        token: &str,
    ) -> Result<Option<Introspected>, Fault> {
        let Some(token) = self.verifier.verify(token).await? else {
            return Ok(None);
        };
        if !concerns(caller, &token.claims, &self.issuer) {
            return Ok(None);
        }
        let sub = self.own_sub(caller, &token).await?;
        // Last, so that nothing is waited for between the look and the answer.
        let narrowed_to = match self.verifier.status(&token).await? {
            TokenStatus::Dead => return Ok(None),
            TokenStatus::Alive(Cow::Borrowed(_)) => None,
            TokenStatus::Alive(Cow::Owned(scope)) => Some(scope),
        };
        Ok(Some(Introspected::AccessToken {
            sub,
            is_owner: token.claims.client_id == caller.id,
            narrowed_to,
            token,
        }))
    }

    /// The caller's own name for the person, so that two resource servers that compare their
    /// answers learn nothing. None where the token says it already: one that is meant for the
    /// client it was issued to; a token without a person names its client.
    async fn own_sub(
        &self,
        caller: &Client,
        token: &VerifiedToken,
    ) -> Result<Option<Subject>, Fault> {
        let claims = &token.claims;
        let issuer = &self.issuer;
        let own = claims.client_id == caller.id
            && matches!(claims.aud.as_slice(), [only] if caller.is_itself(only, issuer));
        match token.handle.on_behalf_of {
            Some(person) if !own => {
                let subject = Box::pin(self.subjects.of(caller.sector(), person.user_id)).await?;
                Ok(Some(subject))
            }
            _ => Ok(None),
        }
    }

    /// A refresh token is the business of the client that holds it, and of nobody else.
    async fn introspect_refresh_token(
        &self,
        caller: &Arc<Client>,
        digest: TokenDigest,
    ) -> Result<Option<Introspected>, Fault> {
        let see = || self.live_refresh_token(caller, digest);
        let live = self.memory.seen_lately(see).await?;
        // It may have run out while it was looked at.
        let live = live.filter(|live| self.clock.now() < live.expires_at());
        Ok(live.map(|live| Introspected::RefreshToken(Box::new(live))))
    }

    async fn live_refresh_token(
        &self,
        caller: &Arc<Client>,
        digest: TokenDigest,
    ) -> Result<Option<LiveRefreshToken>, Fault> {
        let (client, now) = (Arc::clone(caller), self.clock.now());
        let found = self.store.read(move |db| {
            let Some(token) = store::refresh_tokens::find(db, digest)? else {
                return Ok(None);
            };
            if token.superseded.is_some() || now >= token.expires_at {
                return Ok(None);
            }
            let Some(family) = store::token_families::find(db, token.family_id)? else {
                return Ok(None);
            };
            if family.client_id != client.id {
                return Ok(None);
            }
            let parents = parents(db, &client, &family, now)?;
            Ok(parents.map(|parents| (token, family, parents.grant_scope)))
        });
        let Some((token, family, grant)) = found.await? else {
            return Ok(None);
        };
        Ok(Some(LiveRefreshToken {
            scope: family.authorized.scope.intersection(&grant),
            sub: self.subjects.of(caller.sector(), family.user_id).await?,
            issuer: self.issuer.to_string(),
            token,
            family,
        }))
    }
}

/// "To prevent token scanning attacks, the endpoint MUST also require some form of authorization
/// to access this endpoint" (RFC 7662 §2.1): a public client proves nothing.
fn may_introspect(caller: &AuthenticatedClient) -> Result<(), OAuthError> {
    match caller.client().is_confidential() {
        true => Ok(()),
        false => Err(invalid_client(
            "introspection needs a client that authenticates",
        )),
    }
}

/// Whether a token is this caller's business: issued to it, or meant for it, as itself or as the
/// resource server that it registered as (attack 53).
fn concerns(caller: &Client, claims: &AccessTokenClaims, issuer: &str) -> bool {
    let meant = |audience: &String| caller.is_meant_by(audience, issuer);
    claims.client_id == caller.id || claims.aud.as_slice().iter().any(meant)
}
