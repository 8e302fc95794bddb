//! Userinfo (OpenID Connect Core §5.3): what a person shares with a client at this moment.
//!
//! The grant is read with the profile, so what was taken back a moment ago is missing already.

use std::sync::Arc;

use domain::client::Client;
use domain::grant::Grant;
use domain::profile::Profile;
use domain::subject::Sector;
use domain::token_handle::OnBehalfOf;
use foundation::clock::SharedClock;
use foundation::fault::Fault;
use protocol::claim;
use protocol::claim::ClaimsRequest;
use protocol::oauth_error::{OAuthError, insufficient_scope, invalid_token};
use protocol::scope::{self, ScopeSet};
use protocol::scope_catalog::ScopeCatalog;
use serde_json::{Map, Value};
use store::Store;

use crate::answer::Answer;
use crate::find_client::ClientLookup;
use crate::last_used::LastUsed;
use crate::parts::Parts;
use crate::protected_call::TokenCall;
use crate::shared_data::{RequestedClaims, claims_of, judges_names};
use crate::subject::PairwiseSubjects;
use crate::verify_access_token::{AccessTokenVerifier, TokenStatus};
use crate::verify_proof::ProofVerifier;

/// What is read for an answer, in one go.
struct UserinfoSubject {
    profile: Profile,
    grant: Grant,
    /// What was authorized by name.
    claims: ClaimsRequest,
    /// What was authorized by scope.
    authorized: ScopeSet,
}

/// Answers UserInfo requests.
#[derive(Clone)]
pub struct Userinfo {
    verifier: AccessTokenVerifier,
    proofs: ProofVerifier,
    clients: ClientLookup,
    subjects: PairwiseSubjects,
    store: Store,
    catalog: Arc<ScopeCatalog>,
    last_used: Arc<LastUsed>,
    clock: SharedClock,
}

impl Userinfo {
    pub(crate) fn new(
        parts: &Parts,
        (verifier, proofs): (&AccessTokenVerifier, &ProofVerifier),
        clients: &ClientLookup,
        subjects: &PairwiseSubjects,
    ) -> Self {
        Self {
            verifier: verifier.clone(),
            proofs: proofs.clone(),
            clients: clients.clone(),
            subjects: subjects.clone(),
            store: parts.store.clone(),
            catalog: Arc::clone(&parts.policy.catalog),
            last_used: Arc::clone(&parts.last_used),
            clock: Arc::clone(&parts.clock),
        }
    }

    /// Answers a userinfo request.
    ///
    /// # Errors
    /// The answer is refused with `invalid_token` (401) for anything but a living access token that
    /// opens userinfo and is used as it was issued, with `invalid_dpop_proof` or `use_dpop_nonce` (401)
    /// where a proof is not right, and with `insufficient_scope` (403) without `openid`. A store that does not
    /// answer is a fault.
    pub async fn answer(&self, call: &TokenCall) -> Result<Answer<Map<String, Value>>, Fault> {
        let presented = call.credential.token.expose();
        let Some(token) = self.verifier.verify(presented).await? else {
            return Ok(refused("it is not an access token of ours, or has expired"));
        };
        let proof = match self.proofs.of_token(call, token.claims.bound_to()) {
            Ok(proof) => proof,
            Err(error) => return Ok(Answer::Refused(error)),
        };
        let handle = &token.handle;
        let person = handle.on_behalf_of;
        let Some(person) = person.filter(|_| call.endpoint.is_opened_by(handle)) else {
            return Ok(refused("it is for another audience, or speaks for nobody"));
        };
        let TokenStatus::Alive(scope) = self.verifier.status(&token).await? else {
            return Ok(refused("what it belongs to has ended"));
        };
        if let Some(proof) = proof
            && let Err(error) = Box::pin(self.proofs.use_up(proof)).await?
        {
            return Ok(Answer::Refused(error));
        }
        let Some(client) = self.clients.find(&token.handle.client_id).await? else {
            return Ok(refused("its client is gone"));
        };
        let Some(known) = self.known_about(person).await? else {
            return Ok(refused("its grant has ended"));
        };
        let allowed = known.grant.scopes.names();
        let scope = scope.intersection(&allowed);
        if !scope.contains(scope::OPENID) {
            return Ok(Answer::Refused(insufficient_scope(
                "the scope openid is needed",
            )));
        }
        self.last_used.note(person.grant_id, self.clock.now());
        let mut answer = Map::new();
        let sub = self.subjects.of(client.sector(), person.user_id).await?;
        answer.insert("sub".to_owned(), Value::from(sub.as_str()));
        let named = &known.claims.userinfo;
        answer.extend(claims_of(
            &known.profile,
            &RequestedClaims {
                scope: &scope,
                named,
                grant: judges_names(&scope, &known.authorized, &allowed),
                catalog: &self.catalog,
            },
        ));
        if let Some(unionid) = self.unionid(&client, &scope, person).await? {
            answer.insert(claim::UNIONID.to_owned(), Value::from(unionid));
        }
        // Much was waited for since the first look.
        if self.verifier.status(&token).await? == TokenStatus::Dead
            || self.clock.now() >= token.expires_at
        {
            return Ok(refused("what it belongs to has ended"));
        }
        Ok(Answer::Given(answer))
    }

    async fn known_about(&self, person: OnBehalfOf) -> Result<Option<UserinfoSubject>, Fault> {
        let read = self.store.read(move |db| {
            let grant = store::grants::find(db, person.grant_id)?.filter(|g| g.ended_at.is_none());
            let Some(grant) = grant else { return Ok(None) };
            let family = match person.family_id {
                Some(family_id) => store::token_families::find(db, family_id)?,
                None => None,
            };
            let (claims, authorized) = family
                .map(|family| (family.authorized.claims, family.authorized.scope))
                .unwrap_or_default();
            Ok(Some(UserinfoSubject {
                profile: store::profiles::find(db, person.user_id)?.unwrap_or_default(),
                grant,
                claims,
                authorized,
            }))
        });
        read.await
    }

    /// The person's name at the publisher, for its mini-programs that may have it.
    async fn unionid(
        &self,
        client: &Arc<Client>,
        scope: &ScopeSet,
        person: OnBehalfOf,
    ) -> Result<Option<String>, Fault> {
        let Some(publisher) = client
            .publisher
            .as_ref()
            .filter(|_| scope.contains(scope::UNIONID))
        else {
            return Ok(None);
        };
        let sector = Sector::Publisher(publisher.id.clone());
        Ok(Some(String::from(
            self.subjects.of(sector, person.user_id).await?,
        )))
    }
}

fn refused(cause: &str) -> Answer<Map<String, Value>> {
    let error: OAuthError = invalid_token("the access token is not valid").because(cause);
    Answer::Refused(error)
}
