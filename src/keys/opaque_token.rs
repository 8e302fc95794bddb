//! Access tokens that only this server can read: the handle and the claims, sealed together.
//!
//! ```text
//! token = "pa_" ‖ base64url( as a `jti`, but sealed as a token )
//! plain = length of the handle (1) ‖ handle ‖ JSON of the claims
//! ```
//! What every token of a client says, or its handle, is left out of the JSON, and what nearly every token
//! says has a name of one letter: some caches take no key of more than 512 bytes.

use domain::client::own_audience;
use domain::token_handle::TokenHandle;
use foundation::base64url;
use foundation::digest::sha256;
use foundation::entropy::Entropy;
use foundation::fault::Fault;
use protocol::access_token::AccessTokenClaims;
use serde_json::{Map, Value};

use crate::seal::{self, HandleKey};

/// How such a token begins: one that leaked is recognisable.
const PREFIX: &str = "pa_";

/// The short names of claims. One that is not here keeps its own.
const SHORT: [(&str, &str); 7] = [
    ("exp", "e"),
    ("iat", "i"),
    ("sub", "s"),
    ("scope", "c"),
    ("auth_time", "t"),
    ("sid", "d"),
    ("acr", "a"),
];

/// Whether a token has this shape; whether it is ours is another question.
pub fn is_one(token: &str) -> bool {
    sealed_part(token).is_some()
}

/// The sealed part of a token of this shape.
pub(crate) fn sealed_part(token: &str) -> Option<&str> {
    token.strip_prefix(PREFIX)
}

/// Seals a token.
///
/// # Errors
/// The claims cannot be written as JSON.
pub(crate) fn seal(
    key: &HandleKey,
    (handle, claims): (&TokenHandle, &AccessTokenClaims),
    entropy: &dyn Entropy,
) -> Result<String, Fault> {
    let unwritable = |cause| Fault::broken_by("writing an access token", cause);
    let mut members = match serde_json::to_value(claims).map_err(unwritable)? {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    for (name, implied) in implied(handle, &claims.iss, &claims.jti) {
        if members.get(name) == Some(&implied) {
            members.remove(name);
        }
    }
    renamed(&mut members, SHORT);
    let json = serde_json::to_vec(&members).map_err(unwritable)?;
    Ok(format!("{PREFIX}{}", key.seal_with(handle, &json, entropy)))
}

/// Opens a token of this issuer. Its `jti` is the token's digest.
pub(crate) fn open<'a>(
    keys: impl Iterator<Item = &'a HandleKey>,
    token: &str,
    issuer: &str,
) -> Option<(TokenHandle, AccessTokenClaims)> {
    let (handle, json) = seal::open_with(keys, sealed_part(token)?)?;
    let mut members: Map<String, Value> = serde_json::from_slice(&json).ok()?;
    renamed(&mut members, SHORT.map(|(name, short)| (short, name)));
    let jti = base64url::encode(&sha256(token.as_bytes()));
    for (name, value) in implied(&handle, issuer, &jti) {
        members.entry(name).or_insert(value);
    }
    Some((handle, serde_json::from_value(Value::Object(members)).ok()?))
}

/// What need not be said.
fn implied(handle: &TokenHandle, issuer: &str, jti: &str) -> [(&'static str, Value); 4] {
    let client_id = &handle.client_id;
    [
        ("iss", issuer.into()),
        ("aud", own_audience(client_id, issuer).into()),
        ("client_id", client_id.as_str().into()),
        ("jti", jti.into()),
    ]
}

fn renamed(members: &mut Map<String, Value>, names: [(&str, &str); SHORT.len()]) {
    for (from, to) in names {
        if let Some(value) = members.remove(from) {
            members.insert(to.to_owned(), value);
        }
    }
}
