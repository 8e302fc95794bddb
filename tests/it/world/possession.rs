//! A client's key whose possession it proves (RFC 9449), and requests that carry a proof.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::World;
use super::jwt::{ClientKey, encoded};
use super::reply::Reply;

static NUMBER: AtomicU64 = AtomicU64::new(1);

/// A key, with the last nonce that its holder was given.
#[derive(Clone)]
pub(crate) struct ProofKey {
    key: ClientKey,
    nonce: Arc<Mutex<Option<String>>>,
}

impl ProofKey {
    /// A new one.
    pub(crate) fn new() -> Self {
        Self {
            key: ClientKey::new("proof-key"),
            nonce: Arc::default(),
        }
    }

    /// Its thumbprint (RFC 7638 §3).
    pub(crate) fn thumbprint(&self) -> String {
        let jwk = self.key.public();
        let required =
            json!({ "crv": jwk["crv"], "kty": jwk["kty"], "x": jwk["x"], "y": jwk["y"] });
        let members: std::collections::BTreeMap<String, Value> =
            serde_json::from_value(required).expect("an object");
        let text = serde_json::to_string(&members).expect("JSON");
        encoded(Sha256::digest(text))
    }

    /// The nonce of the last answer.
    pub(crate) fn nonce(&self) -> Option<String> {
        let nonce = self.nonce.lock().unwrap_or_else(PoisonError::into_inner);
        nonce.clone()
    }

    /// A proof for a request, with the last nonce, and these claims over the usual ones; null ones are
    /// left out.
    pub(crate) fn proof(&self, world: &World, (method, path): (&str, &str), more: Value) -> String {
        let mut claims = json!({
            "htm": method, "htu": format!("{}{path}", world.issuer()), "iat": world.now().seconds(),
            "jti": format!("proof-{}", NUMBER.fetch_add(1, Ordering::SeqCst)), "nonce": self.nonce(),
        });
        let members = claims.as_object_mut().expect("an object");
        members.extend(more.as_object().expect("an object").clone());
        members.retain(|_, value| !value.is_null());
        let mut jwk = self.key.public();
        jwk.as_object_mut().expect("an object").remove("kid");
        let header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk });
        self.key.sign_with_header(&header, &claims)
    }

    /// The `ath` of an access token (RFC 9449 §4.2).
    pub(crate) fn hash_of(access_token: &str) -> String {
        encoded(Sha256::digest(access_token))
    }

    /// Sends a request with a proof as a client library does: once more with the nonce that it is given,
    /// if the server wants that.
    pub(crate) fn sends(
        &self,
        world: &World,
        target: (&str, &str),
        access_token: Option<&str>,
        request: impl Fn(String) -> RequestBuilder,
    ) -> Reply {
        let ath = access_token.map(Self::hash_of);
        let send = || {
            let proof = self.proof(world, target, json!({ "ath": ath }));
            let reply = world.send(request(proof));
            self.notes(&reply);
            reply
        };
        let reply = send();
        match reply.body.contains("use_dpop_nonce") {
            true => send(),
            false => reply,
        }
    }

    /// Keeps the nonce of an answer.
    pub(crate) fn notes(&self, reply: &Reply) {
        let given = reply.header("dpop-nonce").map(str::to_owned);
        assert!(given.is_some(), "no nonce: {reply:?}");
        *self.nonce.lock().unwrap_or_else(PoisonError::into_inner) = given;
    }
}
