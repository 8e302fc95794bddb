//! From what a grant ends in to tokens (RFC 9068, OpenID Connect Core §2).
//!
//! Reads one value and nothing of who asked how: whether tokens are due is decided by the grant. Nothing
//! is stored here; an access token carries its sealed handle, and what it may do later is asked then.

use std::sync::Arc;

use domain::lifetimes::Lifetimes;
use domain::token_handle::TokenHandle;
use foundation::base64url;
use foundation::digest::sha256;
use foundation::entropy;
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use keys::key_ring::{KeyRing, Keys};
use protocol::access_token::{ACCESS_TOKEN_TYPE, AccessTokenClaims, ActorClaim};
use protocol::audience::Audience;
use protocol::client_metadata::AccessTokenFormat;
use protocol::dpop::ConfirmationClaim;
use protocol::id_token::{ID_TOKEN_TYPE, IdTokenClaims};
use protocol::scope::{self, ScopeSet};
use protocol::scope_catalog::ScopeCatalog;
use protocol::token_response::TokenResponse;
use serde_json::{Map, Value};
use store::Store;

use crate::last_used::LastUsed;
use crate::parts::Parts;
use crate::shared_data::{RequestedClaims, claims_of, judges_names};
use crate::subject::PairwiseSubjects;
use crate::token_authorization::{ResourceOwner, TokenAuthorization};

/// Issues tokens.
#[derive(Clone)]
pub(crate) struct Issuance {
    store: Store,
    catalog: Arc<ScopeCatalog>,
    keys: Arc<Keys>,
    subjects: PairwiseSubjects,
    last_used: Arc<LastUsed>,
    entropy: SharedEntropy,
    lifetimes: Lifetimes,
    issuer: Arc<str>,
}

impl Issuance {
    pub(crate) fn new(parts: &Parts, subjects: &PairwiseSubjects) -> Self {
        Self {
            store: parts.store.clone(),
            catalog: Arc::clone(&parts.policy.catalog),
            keys: Arc::clone(&parts.keys),
            subjects: subjects.clone(),
            last_used: Arc::clone(&parts.last_used),
            entropy: Arc::clone(&parts.entropy),
            lifetimes: parts.policy.lifetimes,
            issuer: Arc::clone(&parts.policy.issuer),
        }
    }

    /// Makes the tokens of an authorization.
    ///
    /// # Errors
    /// A key is missing, or the store does not answer where a name of the person is not in memory.
    pub(crate) async fn issue(
        &self,
        authorization: TokenAuthorization,
    ) -> Result<TokenResponse, Fault> {
        let keys = self.keys.current();
        let (handle, mut access) = self.access_token_claims(&authorization).await?;
        let registered = &authorization.recipient.metadata;
        let token = match registered.access_token_format {
            AccessTokenFormat::Jwt => {
                access.jti = keys.seal_handle(&handle, self.entropy.as_ref());
                let algorithm = registered.access_token_signed_response_alg;
                keys.sign(algorithm, ACCESS_TOKEN_TYPE, &access)?
            }
            AccessTokenFormat::Opaque => {
                keys.seal_token(&handle, &access, self.entropy.as_ref())?
            }
        };
        let id_token = match &authorization.resource_owner {
            Some(person)
                if authorization.scope.contains(scope::OPENID)
                    && authorization.exchanged.is_none() =>
            {
                Some(self.id_token(&keys, &authorization, person, &token).await?)
            }
            _ => None,
        };
        if let Some(person) = &authorization.resource_owner {
            self.last_used
                .note(person.handle.grant_id, authorization.now);
        }
        Ok(TokenResponse {
            access_token: token,
            token_type: authorization.binding.token_type().to_owned(),
            expires_in: access.exp - access.iat,
            refresh_token: authorization
                .refresh_token
                .map(|token| token.expose().to_owned()),
            id_token,
            scope: Some(authorization.scope).filter(|scope| !scope.is_empty()),
            exchanged: authorization.exchanged,
        })
    }

    /// What the access token belongs to and what it says, before the one is sealed into the other.
    async fn access_token_claims(
        &self,
        authorization: &TokenAuthorization,
    ) -> Result<(TokenHandle, AccessTokenClaims), Fault> {
        let recipient = &authorization.recipient;
        let person = authorization.resource_owner.as_ref();
        let issuer = &self.issuer;
        let audience = authorization.token_audience(issuer);
        let sub = match person {
            Some(person) => {
                let sector = audience.sector(recipient);
                String::from(self.subjects.of(sector, person.handle.user_id).await?)
            }
            // "In cases of access tokens obtained through grants where no resource owner is
            // involved, such as the client credentials grant, the value of "sub" SHOULD correspond
            // to an identifier the authorization server uses to indicate the client application"
            // (RFC 9068 §2.2)
            None => recipient.id.to_string(),
        };
        let scope = &authorization.scope;
        let handle = TokenHandle {
            client_id: recipient.id.clone(),
            on_behalf_of: person.map(|person| person.handle),
            number: u64::from_be_bytes(entropy::bytes(self.entropy.as_ref())),
            history: authorization.read.history,
            position: authorization.read.number,
            opens_userinfo: person.is_some()
                && scope.contains(scope::OPENID)
                && audience.opens_userinfo(issuer),
        };
        let claims = AccessTokenClaims {
            iss: issuer.to_string(),
            exp: authorization.end_of_access(&self.lifetimes).seconds(),
            // What somebody else reads holds no name of ours for the session.
            sid: person
                .filter(|_| audience.is_default())
                .and_then(|person| person.sid.clone()),
            aud: Audience::of(audience.named),
            sub,
            client_id: recipient.id.clone(),
            iat: authorization.now.seconds(),
            jti: String::new(),
            scope: Some(scope.clone()).filter(|scope| !scope.is_empty()),
            auth_time: person.map(|person| person.authentication.at().seconds()),
            acr: person.map(|person| person.authentication.acr().to_owned()),
            act: authorization.actor.clone().map(|sub| ActorClaim { sub }),
            cnf: authorization
                .binding
                .key()
                .map(|jkt| ConfirmationClaim { jkt }),
        };
        Ok((handle, claims))
    }

    async fn id_token(
        &self,
        keys: &KeyRing,
        authorization: &TokenAuthorization,
        person: &ResourceOwner,
        access_token: &str,
    ) -> Result<String, Fault> {
        let recipient = &authorization.recipient;
        let mut extra = self.named_claims(&authorization.scope, person).await?;
        extra.insert("at_hash".to_owned(), Value::from(at_hash(access_token)));
        let claims = IdTokenClaims {
            iss: self.issuer.to_string(),
            sub: self
                .subjects
                .of(recipient.sector(), person.handle.user_id)
                .await?,
            aud: recipient.id.clone(),
            exp: (authorization.now + self.lifetimes.id_token).seconds(),
            iat: authorization.now.seconds(),
            auth_time: Some(person.authentication.at().seconds()),
            nonce: person.nonce.clone(),
            amr: person.authentication.amr(),
            acr: Some(person.authentication.acr().to_owned()),
            sid: person.sid.clone(),
            extra,
        };
        keys.sign(
            recipient.metadata.id_token_signed_response_alg,
            ID_TOKEN_TYPE,
            &claims,
        )
    }

    /// Profile claims stay out of an id_token unless they were asked for there by name.
    async fn named_claims(
        &self,
        scope: &ScopeSet,
        person: &ResourceOwner,
    ) -> Result<Map<String, Value>, Fault> {
        if person.named.is_empty() {
            return Ok(Map::new());
        }
        let user_id = person.handle.user_id;
        let profile = self
            .store
            .read(move |db| store::profiles::find(db, user_id))
            .await?;
        let allowed = scope.union(&person.grant_scope);
        let nothing = ScopeSet::default();
        let asked = RequestedClaims {
            scope: &nothing,
            named: &person.named,
            grant: judges_names(scope, &person.authorized_scope, &allowed),
            catalog: &self.catalog,
        };
        Ok(claims_of(&profile.unwrap_or_default(), &asked))
    }
}

/// "its value is the base64url encoding of the left-most half of the hash of the octets of the
/// ASCII representation of the access_token value" (OpenID Connect Core §3.1.3.6). Every algorithm
/// that we sign with uses SHA-256.
fn at_hash(access_token: &str) -> String {
    base64url::encode(&sha256(access_token.as_bytes())[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_the_specification_comes_out() {
        // OpenID Connect Core, Appendix A.4.
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        assert_eq!(at_hash(token), "77QmUPtjPfzWtF2AnpK9RQ");
    }
}
