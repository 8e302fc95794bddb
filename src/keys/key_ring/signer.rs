//! Signing with the active keys. What is the same for every token is made ready beforehand.

use std::borrow::Cow;

use domain::signing_key::{KeyKind, SigningKey};
use foundation::base64url;
use foundation::fault::Fault;
use foundation::id::KeyId;
use foundation::secret::KeyBytes;
use josekit::JoseError;
use josekit::jws::{EdDSA, JwsSigner, PS256, RS256};
use protocol::client_metadata::SignatureAlgorithm;
use serde::Serialize;
use serde_json::json;

use crate::es256::Es256Signer;

/// The types that are signed all the time; their headers are encoded once.
pub(super) const FREQUENT_TYPES: [&str; 4] =
    ["at+jwt", "JWT", "logout+jwt", "token-introspection+jwt"];

/// Bytes that the claims of most tokens fit into, and so do the 86 characters of their signatures.
const USUAL_CLAIMS: usize = 768;
const USUAL_SIGNATURE: usize = 88;

/// An active key with one of its algorithms.
pub(super) struct ActiveSigner {
    algorithm: SignatureAlgorithm,
    kid: KeyId,
    signer: Box<dyn JwsSigner>,
    /// Encoded headers with the dot behind them, in the order of [`FREQUENT_TYPES`].
    headers: [String; FREQUENT_TYPES.len()],
}

impl ActiveSigner {
    /// A signer for each algorithm of a key.
    pub(super) fn all_of(key: &SigningKey, private: &KeyBytes) -> Result<Vec<Self>, Fault> {
        let algorithms: &[SignatureAlgorithm] = match key.kind {
            KeyKind::Rsa => &[SignatureAlgorithm::RS256, SignatureAlgorithm::PS256],
            KeyKind::P256 => &[SignatureAlgorithm::ES256],
        };
        let ready = |algorithm: &SignatureAlgorithm| {
            let signer = signer(*algorithm, private.expose())
                .map_err(|error| Fault::broken_by(format!("signing key {}", key.id), error))?;
            let headers = FREQUENT_TYPES.map(|typ| header(*algorithm, &key.id, typ));
            Ok(Self {
                algorithm: *algorithm,
                kid: key.id.clone(),
                signer,
                headers,
            })
        };
        algorithms.iter().map(ready).collect()
    }

    pub(super) fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The compact serialisation (RFC 7515 §7.1).
    pub(super) fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, Fault> {
        let mut json = Vec::with_capacity(USUAL_CLAIMS);
        serde_json::to_writer(&mut json, claims)
            .map_err(|error| Fault::broken_by(format!("the claims of a {typ}"), error))?;
        let header = match FREQUENT_TYPES.iter().position(|frequent| *frequent == typ) {
            Some(index) => Cow::Borrowed(self.headers[index].as_str()),
            None => Cow::Owned(header(self.algorithm, &self.kid, typ)),
        };
        let expected = header.len() + json.len() * 4 / 3 + USUAL_SIGNATURE;
        let mut compact = String::with_capacity(expected);
        compact.push_str(&header);
        base64url::append(&mut compact, &json);
        let signature = self
            .signer
            .sign(compact.as_bytes())
            .map_err(|error| Fault::broken_by(format!("signing with {}", self.kid), error))?;
        compact.push('.');
        base64url::append(&mut compact, &signature);
        Ok(compact)
    }

    /// The signature over any text, for tests that make what we never would.
    #[cfg(test)]
    pub(super) fn raw(&self, input: &str) -> String {
        base64url::encode(&self.signer.sign(input.as_bytes()).expect("a ready key"))
    }
}

fn signer(algorithm: SignatureAlgorithm, pkcs8: &[u8]) -> Result<Box<dyn JwsSigner>, JoseError> {
    Ok(match algorithm {
        SignatureAlgorithm::RS256 => Box::new(RS256.signer_from_der(pkcs8)?),
        SignatureAlgorithm::PS256 => Box::new(PS256.signer_from_der(pkcs8)?),
        SignatureAlgorithm::ES256 => Box::new(Es256Signer::from_pkcs8(pkcs8)?),
        SignatureAlgorithm::EdDSA | SignatureAlgorithm::Ed25519 => {
            Box::new(EdDSA.signer_from_der(pkcs8)?)
        }
    })
}

/// A header, encoded, with the dot behind it.
pub(super) fn header(algorithm: SignatureAlgorithm, kid: &KeyId, typ: &str) -> String {
    let header = json!({ "alg": algorithm.as_str(), "kid": kid, "typ": typ });
    format!("{}.", base64url::encode(header.to_string().as_bytes()))
}
