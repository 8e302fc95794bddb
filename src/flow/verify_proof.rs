//! Proofs of possession (RFC 9449): from what was presented to a key that its holder has proved, and the
//! nonces that proofs are made with.
//!
//! A nonce is the time at which it was given, under a code that all nodes share: no row is kept, and any
//! node takes what another gave. Whose key it must be is for those who ask to say.

use std::sync::Arc;

use foundation::clock::{Instant, SharedClock, Span};
use foundation::digest::TokenDigest;
use foundation::fault::Fault;
use keys::dpop_proof::verify_proof;
use keys::key_ring::Keys;
use protocol::discovery::Endpoints;
use protocol::dpop::{self, KeyThumbprint, ProofClaims, ProofExpectation};
use protocol::oauth_error::{OAuthError, invalid_token};
use store::Store;

use crate::parts::Parts;
use crate::protected_call::{PresentedProof, ProtectedEndpoint, TokenCall, TokenScheme};

/// What a nonce is signed as.
const NONCE: &str = "dpop nonce";
/// How long a `jti` is remembered beyond its proof's end, so that two nodes whose clocks differ a little
/// cannot both take it.
const REPLAY_MARGIN: Span = Span::minutes(1);

/// A proof that is right, but for its reuse.
pub(crate) struct CheckedProof {
    /// The key that was proved.
    pub(crate) key: KeyThumbprint,
    jti: TokenDigest,
    forget_at: Instant,
}

/// Looks at proofs.
#[derive(Clone)]
pub struct ProofVerifier {
    store: Store,
    keys: Arc<Keys>,
    clock: SharedClock,
    issuer: Arc<str>,
}

impl ProofVerifier {
    pub(crate) fn new(parts: &Parts) -> Self {
        Self {
            store: parts.store.clone(),
            keys: Arc::clone(&parts.keys),
            clock: Arc::clone(&parts.clock),
            issuer: Arc::clone(&parts.policy.issuer),
        }
    }

    /// A nonce for the next proof. "Nonce values MUST be unpredictable." (RFC 9449 §8)
    pub fn fresh_nonce(&self) -> String {
        let given = self.clock.now().millis().to_be_bytes();
        self.keys.current().sign_step(NONCE, &given)
    }

    /// When a nonce of ours was given; `None` for anything else.
    fn given(&self, nonce: &str) -> Option<Instant> {
        let given = self.keys.current().verify_step(NONCE, nonce)?;
        Some(Instant::from_millis(i64::from_be_bytes(
            given.try_into().ok()?,
        )))
    }

    /// Checks a proof that came with a call, and, at a protected resource, with an access token. Its reuse
    /// is looked for last, by [`ProofVerifier::use_up`], once it is known that it is worth remembering.
    ///
    /// # Errors
    /// `invalid_dpop_proof`; `use_dpop_nonce` for one that is right but for its nonce, or has none.
    pub(crate) fn check(
        &self,
        endpoint: &ProtectedEndpoint,
        proof: &PresentedProof,
        access_token: Option<&str>,
    ) -> Result<CheckedProof, OAuthError> {
        let signed = verify_proof(proof.jwt.expose()).map_err(|error| dpop::unreadable(&error))?;
        let claims = ProofClaims::read(signed.claims)?;
        let endpoints = Endpoints::of(&self.issuer);
        claims.check(&ProofExpectation {
            method: &proof.method,
            address: &endpoint.address(&endpoints),
            access_token,
        })?;
        let nonce = claims.nonce.as_deref();
        let given = nonce.and_then(|nonce| self.given(nonce));
        let good_until = dpop::judge_nonce(given, self.clock.now())?;
        Ok(CheckedProof {
            key: signed.key,
            // A thumbprint has no space, so no two pairs of key and `jti` read the same: nobody uses up
            // what another key signs.
            jti: TokenDigest::of(&format!("dpop proof {} {}", signed.key, claims.jti)),
            forget_at: good_until + REPLAY_MARGIN,
        })
    }

    /// Checks that an access token is used as it was issued: with a proof of the key that it is bound to,
    /// or as a bearer token.
    ///
    /// # Errors
    /// `invalid_token` for one that is used otherwise, and as [`ProofVerifier::check`].
    pub(crate) fn of_token(
        &self,
        call: &TokenCall,
        bound_to: Option<KeyThumbprint>,
    ) -> Result<Option<CheckedProof>, OAuthError> {
        let bound_to = match (bound_to, call.credential.scheme) {
            (None, TokenScheme::Bearer) => return Ok(None),
            // "such a protected resource MUST reject a DPoP-bound access token received as a bearer
            // token" (RFC 9449 §7.2)
            (Some(_), TokenScheme::Bearer) => {
                let said =
                    "the access token is bound to a key: it needs the scheme DPoP and a proof";
                return Err(invalid_token(said));
            }
            (None, TokenScheme::DPoP) => {
                return Err(invalid_token("the access token is not bound to a key"));
            }
            (Some(bound_to), TokenScheme::DPoP) => bound_to,
        };
        let proof = call.proof.as_ref().ok_or_else(dpop::proof_is_missing)?;
        let token = call.credential.token.expose();
        let proof = self.check(&call.endpoint, proof, Some(token))?;
        // "confirm that the public key to which the access token is bound matches the public key from the
        // DPoP proof" (RFC 9449 §4.3)
        match proof.key == bound_to {
            true => Ok(Some(proof)),
            false => Err(invalid_token("the access token is bound to another key")),
        }
    }

    /// Remembers that a proof was used: one insert, shared by all nodes. A refusal if it was used before.
    pub(crate) async fn use_up(
        &self,
        proof: CheckedProof,
    ) -> Result<Result<(), OAuthError>, Fault> {
        let CheckedProof { jti, forget_at, .. } = proof;
        let written = self
            .store
            .write(move |tx| store::used_jti::insert(tx, jti, forget_at));
        Ok(match written.await?.value {
            true => Ok(()),
            false => Err(dpop::used_before()),
        })
    }
}
