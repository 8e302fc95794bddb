//! Introspection (RFC 7662): what a token may do now, for those whom it concerns.
//!
//! A caller learns only about tokens that were issued to it or are meant for it; about any other it
//! gets the same answer as about no token at all. On the way of a token seen before, a fresh node
//! asks no database.

use std::sync::Arc;

use domain::client::Client;
use domain::refresh_retry::RefreshToken;
use domain::token_family::TokenFamily;
use foundation::digest::TokenDigest;
use foundation::fault::Fault;
use foundation::secret::SecretKind;
use live::verified_tokens::VerifiedToken;
use protocol::access_token::AccessTokenClaims;
use protocol::client_credential::PresentedCredential;
use protocol::introspection::IntrospectionResponse;
use protocol::oauth_error::{OAuthError, invalid_client};
use protocol::scope::ScopeSet;

use crate::Flows;
use crate::answer::Answer;
use crate::answer_token_request::parents::parents;
use crate::authenticate_client::AuthenticatedClient;
use crate::verify_access_token::Standing;

impl Flows {
    /// Answers an introspection request. The hint is not needed: "An authorization server MAY
    /// ignore this parameter, particularly if it is able to detect the token type automatically"
    /// (RFC 7009 §2.1, RFC 7662 §2.1); a wrong one never hides a token.
    ///
    /// # Errors
    /// The store, where it is needed, does not answer: 503, never a yes.
    pub async fn introspect(
        &self,
        presented: PresentedCredential,
        token: &str,
        _hint: Option<&str>,
    ) -> Result<Answer<IntrospectionResponse>, Fault> {
        let caller = match self.authenticate_client(presented).await? {
            Answer::Given(caller) => caller,
            Answer::Refused(error) => return Ok(Answer::Refused(error)),
        };
        if let Err(error) = may_introspect(&caller) {
            return Ok(Answer::Refused(error));
        }
        // A suspended client learns nothing about anybody's token.
        let Ok(caller) = caller.in_service() else {
            return Ok(Answer::Given(IntrospectionResponse::inactive()));
        };
        let response = match SecretKind::RefreshToken.digest_of(token) {
            Some(digest) => self.introspect_refresh_token(caller, digest).await?,
            None => self.introspect_access_token(caller, token).await?,
        };
        Ok(Answer::Given(
            response.unwrap_or_else(IntrospectionResponse::inactive),
        ))
    }

    async fn introspect_access_token(
        &self,
        caller: &Client,
        token: &str,
    ) -> Result<Option<IntrospectionResponse>, Fault> {
        let Some(token) = self.verify_access_token(token).await? else {
            return Ok(None);
        };
        if !concerns(caller, &token.claims) {
            return Ok(None);
        }
        let Standing::Alive(scope) = self.standing(&token).await? else {
            return Ok(None);
        };
        let scope = scope.into_owned();
        let sub = self.sub_for(caller, &token).await?;
        let claims = &token.claims;
        let is_owner = claims.client_id == caller.id;
        Ok(Some(IntrospectionResponse {
            active: true,
            scope: Some(scope).filter(|scope| !scope.is_empty()),
            client_id: Some(claims.client_id.clone()),
            token_type: Some("Bearer".to_owned()),
            exp: Some(claims.exp),
            iat: Some(claims.iat),
            sub: Some(sub),
            aud: Some(claims.aud.clone()),
            iss: Some(claims.iss.clone()),
            jti: is_owner.then(|| claims.jti.clone()),
            auth_time: claims.auth_time,
            acr: claims.acr.clone(),
            ..IntrospectionResponse::default()
        }))
    }

    /// The caller's own name for the person, so that two resource servers that compare their
    /// answers learn nothing. In a token that is meant for the client it was issued to, it already
    /// stands in the token; a token without a person names its client.
    async fn sub_for(&self, caller: &Client, token: &VerifiedToken) -> Result<String, Fault> {
        let claims = &token.claims;
        let own = claims.client_id == caller.id && claims.aud.as_slice() == [caller.id.as_str()];
        match token.handle.on_behalf_of {
            Some(person) if !own => {
                let subject = self.subject(caller.sector(), person.user_id).await?;
                Ok(subject.as_str().to_owned())
            }
            _ => Ok(claims.sub.clone()),
        }
    }

    /// A refresh token is the business of the client that holds it, and of nobody else.
    async fn introspect_refresh_token(
        &self,
        caller: &Arc<Client>,
        digest: TokenDigest,
    ) -> Result<Option<IntrospectionResponse>, Fault> {
        let (client, now) = (Arc::clone(caller), self.now());
        let found = self.store().read(move |db| {
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
        let sub = self.subject(caller.sector(), family.user_id).await?;
        let response = refresh_token_response(&token, &family, &grant);
        Ok(Some(IntrospectionResponse {
            sub: Some(sub.as_str().to_owned()),
            iss: Some(self.policy().issuer.clone()),
            ..response
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
fn concerns(caller: &Client, claims: &AccessTokenClaims) -> bool {
    claims.client_id == caller.id
        || claims.aud.contains(caller.id.as_str())
        || caller
            .metadata
            .resource
            .as_ref()
            .is_some_and(|resource| claims.aud.contains(resource))
}

fn refresh_token_response(
    token: &RefreshToken,
    family: &TokenFamily,
    grant: &ScopeSet,
) -> IntrospectionResponse {
    let scope = family.authorized.scope.intersection(grant);
    IntrospectionResponse {
        active: true,
        scope: Some(scope).filter(|scope| !scope.is_empty()),
        client_id: Some(family.client_id.clone()),
        exp: Some(token.expires_at.min(family.expires_at).seconds()),
        iat: Some(token.issued_at.seconds()),
        ..IntrospectionResponse::default()
    }
}
