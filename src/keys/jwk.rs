//! Public JWKs (RFC 7517, RFC 7518 §6): reading one for verifying, with bounds, and its thumbprint.

use foundation::base64url;
use foundation::digest::sha256;
use josekit::JoseError;
use josekit::jwk::Jwk;
use josekit::jws::{ES256, EdDSA, JwsVerifier, PS256, RS256};
use protocol::client_metadata::SignatureAlgorithm;
use serde_json::{Map, Value};

/// Bytes of an RSA modulus: 2048 to 8192 bits. Shorter ones are weak (RFC 7518 §3.3), longer ones
/// let a stranger's key cost us time.
const RSA_MODULUS: std::ops::RangeInclusive<usize> = 256..=1024;
/// Bytes of an RSA public exponent; larger ones cost time as well.
const MAX_RSA_EXPONENT: usize = 8;

/// Whether a key can be used with an algorithm: type, curve, sizes, and what the key says about
/// its own use.
pub(crate) fn fits(jwk: &Map<String, Value>, algorithm: SignatureAlgorithm) -> bool {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let size = |name: &str| {
        text(name)
            .and_then(base64url::decode)
            .map(|bytes| bytes.len())
    };
    let says = |name: &str, value: &str| jwk.get(name).is_none_or(|v| v.as_str() == Some(value));
    let may_verify = jwk.get("key_ops").is_none_or(|operations| {
        operations
            .as_array()
            .is_some_and(|o| o.iter().any(|op| op.as_str() == Some("verify")))
    });
    let right_kind = match algorithm {
        SignatureAlgorithm::RS256 | SignatureAlgorithm::PS256 => {
            text("kty") == Some("RSA")
                && size("n").is_some_and(|n| RSA_MODULUS.contains(&n))
                && size("e").is_some_and(|e| (1..=MAX_RSA_EXPONENT).contains(&e))
        }
        SignatureAlgorithm::ES256 => {
            text("kty") == Some("EC")
                && text("crv") == Some("P-256")
                && size("x") == Some(32)
                && size("y") == Some(32)
        }
        SignatureAlgorithm::EdDSA | SignatureAlgorithm::Ed25519 => {
            text("kty") == Some("OKP") && text("crv") == Some("Ed25519") && size("x") == Some(32)
        }
    };
    let says_algorithm = jwk.get("alg").is_none_or(|name| {
        let named = name.as_str().and_then(SignatureAlgorithm::parse);
        named.is_some_and(|named| named.is_same_as(algorithm))
    });
    right_kind && may_verify && says("use", "sig") && says_algorithm
}

/// A verifier for one algorithm from a public key that [`fits`].
pub(crate) fn verifier(
    jwk: &Map<String, Value>,
    algorithm: SignatureAlgorithm,
) -> Result<Box<dyn JwsVerifier>, JoseError> {
    let mut members = jwk.clone();
    // josekit knows Ed25519 by one of its names only; `fits` has looked at it.
    members.remove("alg");
    let jwk = Jwk::from_map(members)?;
    Ok(match algorithm {
        SignatureAlgorithm::RS256 => Box::new(RS256.verifier_from_jwk(&jwk)?),
        SignatureAlgorithm::PS256 => Box::new(PS256.verifier_from_jwk(&jwk)?),
        SignatureAlgorithm::ES256 => Box::new(ES256.verifier_from_jwk(&jwk)?),
        SignatureAlgorithm::EdDSA | SignatureAlgorithm::Ed25519 => {
            Box::new(EdDSA.verifier_from_jwk(&jwk)?)
        }
    })
}

/// The SHA-256 thumbprint of a key that [`fits`] some algorithm (RFC 7638 §3); `None` if a member is
/// missing.
pub(crate) fn thumbprint(jwk: &Map<String, Value>) -> Option<[u8; 32]> {
    // "The required members … in lexicographic order" (RFC 7638 §3.2; RFC 8037 §2 for "OKP"). Their
    // values are base64url or names, so nothing has to be escaped.
    let names: &[&str] = match jwk.get("kty")?.as_str()? {
        "RSA" => &["e", "kty", "n"],
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        _ => return None,
    };
    let members: Option<Vec<String>> = names
        .iter()
        .map(|name| Some(format!(r#""{name}":"{}""#, jwk.get(*name)?.as_str()?)))
        .collect();
    let input = format!("{{{}}}", members?.join(","));
    Some(sha256(input.as_bytes()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn members(value: Value) -> Map<String, Value> {
        value.as_object().expect("an object").clone()
    }

    fn thumbprint_text(jwk: &Map<String, Value>) -> Option<String> {
        thumbprint(jwk).map(|hash| base64url::encode(&hash))
    }

    #[test]
    fn the_thumbprint_is_the_one_of_the_specifications_example() {
        // RFC 7638 §3.1
        let jwk = members(json!({
            "kty": "RSA",
            "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
            "e": "AQAB",
            "alg": "RS256",
            "kid": "2011-04-29",
        }));
        assert_eq!(
            thumbprint_text(&jwk).as_deref(),
            Some("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
        );
        // RFC 8037, Appendix A.3
        let ed25519 = members(json!({
            "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        }));
        assert_eq!(
            thumbprint_text(&ed25519).as_deref(),
            Some("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
        );
    }

    #[test]
    fn weak_and_costly_keys_do_not_fit() {
        let rsa = |n: usize, e: usize| {
            let (n, e) = (
                base64url::encode(&vec![0xff; n]),
                base64url::encode(&vec![0xff; e]),
            );
            fits(
                &members(json!({"kty": "RSA", "n": n, "e": e})),
                SignatureAlgorithm::RS256,
            )
        };
        assert!(rsa(256, 3) && rsa(512, 3));
        assert!(!rsa(128, 3), "1024 bits");
        assert!(!rsa(2048, 3), "16384 bits");
        assert!(!rsa(256, 256), "an exponent as long as the modulus");
    }

    #[test]
    fn a_key_is_used_only_as_it_says() {
        let key = |member: &str, value: Value| {
            let coordinate = base64url::encode(&[1; 32]);
            let mut jwk =
                members(json!({"kty": "EC", "crv": "P-256", "x": coordinate, "y": coordinate}));
            jwk.insert(member.to_owned(), value);
            fits(&jwk, SignatureAlgorithm::ES256)
        };
        assert!(key("use", json!("sig")) && !key("use", json!("enc")) && !key("use", json!(1)));
        assert!(key("alg", json!("ES256")) && !key("alg", json!("ES384")));
        assert!(key("key_ops", json!(["verify"])) && !key("key_ops", json!(["deriveKey"])));
        assert!(!key("kty", json!("oct")) && !key("crv", json!("P-384")));
    }

    #[test]
    fn an_ed25519_key_may_say_either_name_and_no_other_curve() {
        let x = base64url::encode(&[1; 32]);
        for said in [None, Some("EdDSA"), Some("Ed25519")] {
            let mut jwk = members(json!({"kty": "OKP", "crv": "Ed25519", "x": x}));
            if let Some(name) = said {
                jwk.insert("alg".to_owned(), json!(name));
            }
            assert!(fits(&jwk, SignatureAlgorithm::EdDSA), "{said:?}");
            assert!(fits(&jwk, SignatureAlgorithm::Ed25519), "{said:?}");
            assert!(!fits(&jwk, SignatureAlgorithm::ES256), "{said:?}");
        }
        let mut other = members(json!({"kty": "OKP", "crv": "Ed25519", "x": x, "alg": "Ed448"}));
        assert!(!fits(&other, SignatureAlgorithm::Ed25519));
        other.insert("alg".to_owned(), json!("EdDSA"));
        other.insert("crv".to_owned(), json!("Ed448"));
        assert!(!fits(&other, SignatureAlgorithm::EdDSA));
    }
}
