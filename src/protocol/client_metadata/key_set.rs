//! A client's public keys by value: the form of a JWK Set (RFC 7517 §5), without reading the keys.

use serde_json::Value;

use super::MetadataError;

/// Keys in one set.
const MAX_KEYS: usize = 20;

/// Members that only private or symmetric keys have (RFC 7518 §6.2.2, §6.3.2, §6.4).
const PRIVATE_MEMBERS: &[&str] = &["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Checks that the value is a set of public keys. A `kid` is not needed.
pub(super) fn check(jwks: &Value) -> Result<(), MetadataError> {
    let wrong = |description: &str| Err(MetadataError::new("jwks", description));
    let Some(keys) = jwks.get("keys").and_then(Value::as_array) else {
        return wrong("must be an object with an array \"keys\"");
    };
    if keys.is_empty() || keys.len() > MAX_KEYS {
        return wrong("must have 1 to 20 keys");
    }
    for key in keys {
        let Some(members) = key.as_object() else {
            return wrong("must have objects as keys");
        };
        if PRIVATE_MEMBERS
            .iter()
            .any(|name| members.contains_key(*name))
        {
            return wrong("must have public keys only");
        }
        match members.get("kty").and_then(Value::as_str) {
            Some("RSA" | "EC" | "OKP") => {}
            _ => return wrong("must have RSA, EC or OKP keys"),
        }
    }
    Ok(())
}
