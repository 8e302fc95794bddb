//! IssuanceContext: from what a grant entitles to, to signed tokens (RFC 9068, OpenID Connect Core §2).
//!
//! Decides nothing about whether: that is done by the grant. Nothing is stored here; an access token
//! carries its sealed handle, and what it may do later is asked then.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::authentication::Authentication;
use domain::client::Client;
use domain::lifetimes::Lifetimes;
use domain::log_history::LogCursor;
use domain::subject::Sector;
use domain::token_family::TokenFamily;
use domain::token_handle::{OnBehalfOf, TokenHandle};
use foundation::base64url;
use foundation::clock::Instant;
use foundation::digest::sha256;
use foundation::entropy;
use foundation::entropy::SharedEntropy;
use foundation::fault::Fault;
use foundation::secret::SecretText;
use keys::key_ring::{KeyRing, Keys};
use protocol::access_token::{ACCESS_TOKEN_TYPE, AccessTokenClaims};
use protocol::audience::Audience;
use protocol::claim::ClaimNeed;
use protocol::id_token::{ID_TOKEN_TYPE, IdTokenClaims};
use protocol::scope::{self, ScopeSet};
use protocol::scope_catalog::ScopeCatalog;
use protocol::token_response::TokenResponse;
use serde_json::{Map, Value};
use store::Store;

use crate::last_used::LastUsed;
use crate::parents::Parents;
use crate::parts::Parts;
use crate::shared_data::{RequestedClaims, claims_of, judges_names};
use crate::subject::PairwiseSubjects;

/// To whom tokens are issued, and when.
#[derive(Clone, Debug)]
pub(crate) struct IssuanceContext {
    /// The authenticated client.
    pub(crate) client: Arc<Client>,
    /// How far this node had confirmed the log before anything was read for this request: what is
    /// written to the log after it kills the tokens, whether it was seen here or not.
    pub(crate) read: LogCursor,
    /// Now.
    pub(crate) now: Instant,
}

/// What a grant entitles its client to.
#[derive(Debug)]
pub(crate) struct Entitled {
    /// What the token may do.
    pub(crate) scope: ScopeSet,
    /// Where it may be used; the client's default audience if there is none (RFC 8707).
    pub(crate) resource: Vec<String>,
    /// For whom it speaks; nobody for client credentials.
    pub(crate) person: Option<Person>,
    /// The refresh token that goes with it, already stored or about to be.
    pub(crate) refresh_token: Option<SecretText>,
}

/// The person that a token speaks for, as the authorization recorded it.
#[derive(Debug)]
pub(crate) struct Person {
    /// What the token hangs on.
    pub(crate) handle: OnBehalfOf,
    /// When the first of those ends by itself.
    pub(crate) ends_at: Instant,
    /// How and when they proved who they are.
    pub(crate) authentication: Authentication,
    /// By which `sid` the client knows the session in which they authorized; none once that is
    /// forgotten.
    pub(crate) sid: Option<String>,
    /// Of the authorization request; in the first id_token only.
    pub(crate) nonce: Option<String>,
    /// What was asked for by name in the id_token.
    pub(crate) named: BTreeMap<String, ClaimNeed>,
    /// What they authorized: a token with less was narrowed by its client.
    pub(crate) authorized_scope: ScopeSet,
    /// All that they allow this client now.
    pub(crate) grant_scope: ScopeSet,
}

impl Person {
    /// The person of a family whose parents stand.
    pub(crate) fn of(family: &TokenFamily, parents: Parents, sid: Option<String>) -> Self {
        Self {
            handle: OnBehalfOf {
                user_id: family.user_id,
                grant_id: family.grant_id,
                session_id: family.session_id,
                family_id: Some(family.id),
            },
            ends_at: parents.ends_at,
            authentication: family.authorized.authentication.clone(),
            sid,
            nonce: None,
            named: family.authorized.claims.id_token.clone(),
            authorized_scope: family.authorized.scope.clone(),
            grant_scope: parents.grant_scope,
        }
    }
}

/// The `aud` of an access token.
#[derive(Debug, PartialEq)]
struct TokenAudience {
    named: Vec<String>,
    /// Whether it is the client's default one, said or left unsaid.
    is_default: bool,
}

impl TokenAudience {
    fn of(client: &Client, entitled: &Entitled, issuer: &str) -> Self {
        let default = client.default_audience(&entitled.scope, issuer);
        match entitled.resource.as_slice() {
            [] => Self {
                named: vec![default],
                is_default: true,
            },
            named => Self {
                is_default: *named == [default],
                named: named.to_vec(),
            },
        }
    }

    /// Whether a token opens userinfo: one for the client itself, or for the issuer, where userinfo
    /// is. One that others may receive opens nothing here ("access tokens SHOULD be
    /// audience-restricted", RFC 9700 §2.3).
    fn opens_userinfo(&self, issuer: &str) -> bool {
        self.is_default || self.named == [issuer]
    }

    /// In whose circle the `sub` of an access token stands: the client's own, if only the client
    /// reads it; else one of its own for the client with this audience.
    fn sector(&self, client: &Client) -> Sector {
        if self.is_default {
            return client.sector();
        }
        let mut sorted: Vec<&str> = self.named.iter().map(String::as_str).collect();
        sorted.sort_unstable();
        Sector::Audience(client.id.clone(), sorted.join(" "))
    }
}

/// All circles that the tokens of an entitlement name a person in.
pub(crate) fn sectors(client: &Client, entitled: &Entitled, issuer: &str) -> Vec<Sector> {
    let mut sectors = vec![TokenAudience::of(client, entitled, issuer).sector(client)];
    let own = client.sector();
    if entitled.scope.contains(scope::OPENID) && !sectors.contains(&own) {
        sectors.push(own);
    }
    sectors
}

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

    /// Signs the tokens of an entitlement.
    ///
    /// # Errors
    /// A key is missing, or the store does not answer where a name of the person is not in memory.
    pub(crate) async fn issue(
        &self,
        issuance: &IssuanceContext,
        entitled: Entitled,
    ) -> Result<TokenResponse, Fault> {
        let keys = self.keys.current();
        let access = self.access_token_claims(&keys, issuance, &entitled).await?;
        let algorithm = issuance.client.metadata.access_token_signed_response_alg;
        let token = keys.sign(algorithm, ACCESS_TOKEN_TYPE, &access)?;
        let id_token = match &entitled.person {
            Some(person) if entitled.scope.contains(scope::OPENID) => Some(
                self.id_token(&keys, issuance, &entitled.scope, person, &token)
                    .await?,
            ),
            _ => None,
        };
        if let Some(person) = &entitled.person {
            self.last_used.note(person.handle.grant_id, issuance.now);
        }
        Ok(TokenResponse {
            refresh_token: entitled
                .refresh_token
                .map(|token| token.expose().to_owned()),
            id_token,
            ..TokenResponse::bearer(token, access.exp - access.iat, entitled.scope)
        })
    }

    async fn access_token_claims(
        &self,
        keys: &KeyRing,
        issuance: &IssuanceContext,
        entitled: &Entitled,
    ) -> Result<AccessTokenClaims, Fault> {
        let client = &issuance.client;
        let person = entitled.person.as_ref();
        let issuer = &self.issuer;
        let audience = TokenAudience::of(client, entitled, issuer);
        let sub = match person {
            Some(person) => {
                let sector = audience.sector(client);
                String::from(self.subjects.of(sector, person.handle.user_id).await?)
            }
            // "In cases of access tokens obtained through grants where no resource owner is
            // involved, such as the client credentials grant, the value of "sub" SHOULD correspond
            // to an identifier the authorization server uses to indicate the client application"
            // (RFC 9068 §2.2)
            None => client.id.to_string(),
        };
        let handle = TokenHandle {
            client_id: client.id.clone(),
            on_behalf_of: person.map(|person| person.handle),
            number: u64::from_be_bytes(entropy::bytes(self.entropy.as_ref())),
            history: issuance.read.history,
            position: issuance.read.number,
            opens_userinfo: person.is_some()
                && entitled.scope.contains(scope::OPENID)
                && audience.opens_userinfo(issuer),
        };
        let ends_at = end_of_access(&self.lifetimes, issuance.now, person);
        Ok(AccessTokenClaims {
            iss: issuer.to_string(),
            exp: ends_at.seconds(),
            aud: Audience::of(audience.named),
            sub,
            client_id: client.id.clone(),
            iat: issuance.now.seconds(),
            jti: keys.seal_handle(&handle, self.entropy.as_ref()),
            scope: Some(entitled.scope.clone()).filter(|scope| !scope.is_empty()),
            auth_time: person.map(|person| person.authentication.at().seconds()),
            acr: person.map(|person| person.authentication.acr().to_owned()),
        })
    }

    async fn id_token(
        &self,
        keys: &KeyRing,
        issuance: &IssuanceContext,
        scope: &ScopeSet,
        person: &Person,
        access_token: &str,
    ) -> Result<String, Fault> {
        let client = &issuance.client;
        let mut extra = self.named_claims(scope, person).await?;
        extra.insert("at_hash".to_owned(), Value::from(at_hash(access_token)));
        let claims = IdTokenClaims {
            iss: self.issuer.to_string(),
            sub: self
                .subjects
                .of(client.sector(), person.handle.user_id)
                .await?,
            aud: client.id.clone(),
            exp: (issuance.now + self.lifetimes.id_token).seconds(),
            iat: issuance.now.seconds(),
            auth_time: Some(person.authentication.at().seconds()),
            nonce: person.nonce.clone(),
            amr: person.authentication.amr(),
            acr: Some(person.authentication.acr().to_owned()),
            sid: person.sid.clone(),
            extra,
        };
        keys.sign(
            client.metadata.id_token_signed_response_alg,
            ID_TOKEN_TYPE,
            &claims,
        )
    }

    /// Profile claims stay out of an id_token unless they were asked for there by name.
    async fn named_claims(
        &self,
        scope: &ScopeSet,
        person: &Person,
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

/// "never alive for more than 60 minutes or longer than their session".
fn end_of_access(lifetimes: &Lifetimes, now: Instant, person: Option<&Person>) -> Instant {
    let own = now + lifetimes.access.min(Lifetimes::MAX_ACCESS);
    person.map_or(own, |person| own.min(person.ends_at))
}

/// "its value is the base64url encoding of the left-most half of the hash of the octets of the
/// ASCII representation of the access_token value" (OpenID Connect Core §3.1.3.6). Every algorithm
/// that we sign with uses SHA-256.
fn at_hash(access_token: &str) -> String {
    base64url::encode(&sha256(access_token.as_bytes())[..16])
}

#[cfg(test)]
mod tests;
