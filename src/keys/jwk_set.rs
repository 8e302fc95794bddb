//! The published JWK Set (RFC 7517 §5) as ready bytes with an entity tag.

use foundation::base64url;
use foundation::digest::sha256;
use serde_json::{Map, Value, json};

/// The public members that may ever be published (RFC 7517 §4, RFC 7518 §6).
const PUBLIC_MEMBERS: &[&str] = &["kty", "use", "alg", "kid", "crv", "x", "y", "n", "e"];

/// The document at `jwks_uri`.
#[derive(Clone, Debug)]
pub struct JwkSet {
    body: Vec<u8>,
    etag: String,
}

impl JwkSet {
    /// From public keys, in the order given.
    pub(crate) fn of<'a>(keys: impl Iterator<Item = &'a Map<String, Value>>) -> Self {
        let keys: Vec<Value> = keys.map(public_only).collect();
        let body = json!({ "keys": keys }).to_string().into_bytes();
        let etag = format!("\"{}\"", base64url::encode(&sha256(&body)[..16]));
        Self { body, etag }
    }

    /// The JSON.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// A strong entity tag with its quotes (RFC 9110 §8.8.3).
    pub fn etag(&self) -> &str {
        &self.etag
    }
}

/// A second fence around private members: they are not in what is handed in.
fn public_only(jwk: &Map<String, Value>) -> Value {
    PUBLIC_MEMBERS
        .iter()
        .filter_map(|name| {
            jwk.get(*name)
                .map(|value| ((*name).to_owned(), value.clone()))
        })
        .collect::<Map<_, _>>()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_members_are_never_published() {
        let private = json!({"kty": "EC", "kid": "a", "d": "secret", "k": "secret", "p": "secret"});
        let set = JwkSet::of(private.as_object().into_iter());
        let body: Value = serde_json::from_slice(set.body()).expect("JSON");
        assert_eq!(body, json!({"keys": [{"kty": "EC", "kid": "a"}]}));
    }

    #[test]
    fn the_tag_changes_with_the_keys() {
        let key = |kid: &str| {
            json!({"kty": "EC", "kid": kid})
                .as_object()
                .expect("an object")
                .clone()
        };
        let tag = |kids: &[&str]| {
            let keys: Vec<_> = kids.iter().map(|kid| key(kid)).collect();
            JwkSet::of(keys.iter()).etag().to_owned()
        };
        assert_eq!(tag(&["a"]), tag(&["a"]));
        assert_ne!(tag(&["a"]), tag(&["a", "b"]));
        assert!(tag(&[]).starts_with('"') && tag(&[]).ends_with('"'));
    }
}
