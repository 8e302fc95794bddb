//! JWTs as a client sees and makes them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::jwk::Jwk;
use josekit::jwk::alg::ec::{EcCurve, EcKeyPair};
use josekit::jws::{ES256, JwsHeader};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// RFC 7523 §2.2.
pub(crate) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Base64url without padding.
pub(crate) fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Back from base64url.
pub(crate) fn decoded(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url")
}

/// The S256 challenge of a verifier (RFC 7636 §4.2).
pub(crate) fn s256(verifier: &str) -> String {
    encoded(Sha256::digest(verifier.as_bytes()))
}

/// The three parts of a compact JWT.
pub(crate) fn parts(jwt: &str) -> [&str; 3] {
    let parts: Vec<&str> = jwt.split('.').collect();
    parts.try_into().expect("three parts")
}

/// The header of a JWT, unverified.
pub(crate) fn header(jwt: &str) -> Value {
    serde_json::from_slice(&decoded(parts(jwt)[0])).expect("JSON")
}

/// The claims of a JWT, unverified.
pub(crate) fn payload(jwt: &str) -> Value {
    serde_json::from_slice(&decoded(parts(jwt)[1])).expect("JSON")
}

/// A P-256 key of a client.
#[derive(Clone)]
pub(crate) struct ClientKey(EcKeyPair, String);

impl ClientKey {
    /// A new one.
    pub(crate) fn new(kid: &str) -> Self {
        let pair = EcKeyPair::generate(EcCurve::P256).expect("a key");
        Self(pair, kid.to_owned())
    }

    /// Its public half for `jwks`.
    pub(crate) fn public(&self) -> Value {
        let mut jwk: Jwk = self.0.to_jwk_public_key();
        jwk.set_key_id(&self.1);
        jwk.set_algorithm("ES256");
        serde_json::to_value(jwk).expect("JSON")
    }

    /// Signs claims; `alg` is what the header says.
    pub(crate) fn sign(&self, alg: &str, claims: &Value) -> String {
        let header = serde_json::json!({ "alg": alg, "kid": self.1, "typ": "JWT" });
        self.sign_with_header(&header, claims)
    }

    /// Signs claims under any header.
    pub(crate) fn sign_with_header(&self, header: &Value, claims: &Value) -> String {
        let signer = ES256
            .signer_from_der(self.0.to_der_private_key())
            .expect("a signer");
        let text = format!(
            "{}.{}",
            encoded(header.to_string()),
            encoded(claims.to_string())
        );
        let signature = josekit::jws::JwsSigner::sign(&signer, text.as_bytes()).expect("signed");
        format!("{text}.{}", encoded(signature))
    }
}

/// Verifies a JWT with a key of a published set, as a client does: by `kid`, with the algorithm that
/// its header names. Gives the claims.
pub(crate) fn verified(jwt: &str, jwks: &Value) -> Value {
    let header = header(jwt);
    let keys = jwks["keys"].as_array().expect("keys");
    let key = keys.iter().find(|key| key["kid"] == header["kid"]);
    let key = key.unwrap_or_else(|| panic!("no key {}", header["kid"]));
    let jwk = Jwk::from_map(key.as_object().expect("an object").clone()).expect("a key");
    let algorithm = header["alg"].as_str().expect("alg");
    let (payload, _): (Vec<u8>, JwsHeader) = match algorithm {
        "ES256" => {
            let verifier = ES256.verifier_from_jwk(&jwk).expect("a P-256 key");
            josekit::jws::deserialize_compact(jwt, &verifier).expect("a good signature")
        }
        "RS256" => {
            let verifier = josekit::jws::RS256
                .verifier_from_jwk(&jwk)
                .expect("an RSA key");
            josekit::jws::deserialize_compact(jwt, &verifier).expect("a good signature")
        }
        "PS256" => {
            let verifier = josekit::jws::PS256
                .verifier_from_jwk(&jwk)
                .expect("an RSA key");
            josekit::jws::deserialize_compact(jwt, &verifier).expect("a good signature")
        }
        other => panic!("{other}"),
    };
    serde_json::from_slice(&payload).expect("JSON")
}
