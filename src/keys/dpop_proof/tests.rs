//! Proofs of all sorts of keys, and what is none.

use foundation::base64url;
use josekit::jwk::Jwk;
use josekit::jwk::alg::ec::EcCurve;
use josekit::jwk::alg::ed::EdCurve;
use josekit::jws::{ES256, EdDSA, HS256, JwsSigner, PS256, RS256};
use serde_json::json;

use super::*;

/// The proof of RFC 9449 §4.2, and the thumbprint of its key (§6.1).
const EXAMPLE: &str = concat!(
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6Ik",
    "VDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCR",
    "nMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JE",
    "QSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIj",
    "oiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwia",
    "WF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg",
    "4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
);
const EXAMPLE_KEY: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

struct Pair {
    private: Jwk,
    public: Value,
}

fn pair(private: Result<Jwk, josekit::JoseError>) -> Pair {
    let private = private.expect("a key");
    let public = private.to_public_key().expect("a public half");
    Pair {
        private,
        public: Value::Object(public.into()),
    }
}

fn p256() -> Pair {
    pair(Jwk::generate_ec_key(EcCurve::P256))
}

/// A proof with this header, signed by whatever signs.
fn signed(header: &Value, signer: &dyn JwsSigner) -> String {
    let encode = |value: &Value| base64url::encode(value.to_string().as_bytes());
    let text = format!("{}.{}", encode(header), encode(&json!({ "jti": "1" })));
    let signature = signer.sign(text.as_bytes()).expect("signed");
    format!("{text}.{}", base64url::encode(&signature))
}

/// A proof of a P-256 key, with these members over those of a right header.
fn changed(pair: &Pair, more: &Value) -> Result<SignedProof, JwtProblem> {
    let mut header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": pair.public });
    for (name, value) in more.as_object().expect("an object") {
        header[name] = value.clone();
    }
    let signer = ES256.signer_from_jwk(&pair.private).expect("fits");
    verify_proof(&signed(&header, &signer))
}

fn problem(pair: &Pair, more: &Value) -> Option<JwtProblem> {
    changed(pair, more).err()
}

#[test]
fn the_proof_of_the_specification_is_its_keys() {
    let proof = verify_proof(EXAMPLE).expect("a proof");
    assert_eq!(proof.key.to_string(), EXAMPLE_KEY);
    assert_eq!(proof.claims["jti"], "-BwC3ESc6acc2lTc");
    let at = EXAMPLE.len() - 10;
    let other = if &EXAMPLE[at..=at] == "A" { "B" } else { "A" };
    let changed = format!("{}{other}{}", &EXAMPLE[..at], &EXAMPLE[at + 1..]);
    assert_eq!(verify_proof(&changed), Err(JwtProblem::Signature));
}

#[test]
fn every_algorithm_that_is_offered_is_accepted() {
    let rsa = pair(Jwk::generate_rsa_key(2048));
    let ed25519 = pair(Jwk::generate_ed_key(EdCurve::Ed25519));
    let (p256, other) = (p256(), self::p256());
    let signer = |algorithm: &str| -> (Box<dyn JwsSigner>, &Pair) {
        match algorithm {
            "RS256" => (
                Box::new(RS256.signer_from_jwk(&rsa.private).expect("fits")),
                &rsa,
            ),
            "PS256" => (
                Box::new(PS256.signer_from_jwk(&rsa.private).expect("fits")),
                &rsa,
            ),
            "ES256" => (
                Box::new(ES256.signer_from_jwk(&p256.private).expect("fits")),
                &p256,
            ),
            _ => (
                Box::new(EdDSA.signer_from_jwk(&ed25519.private).expect("fits")),
                &ed25519,
            ),
        }
    };
    let mut keys = Vec::new();
    for algorithm in SIGNING_ALGORITHMS.iter().map(|known| known.as_str()) {
        let (signer, pair) = signer(algorithm);
        let header = json!({ "typ": "dpop+jwt", "alg": algorithm, "jwk": pair.public });
        let proof = verify_proof(&signed(&header, signer.as_ref()));
        keys.push(
            proof
                .unwrap_or_else(|error| panic!("{algorithm}: {error}"))
                .key,
        );
        let others = json!({ "typ": "dpop+jwt", "alg": algorithm, "jwk": other.public });
        let refused = verify_proof(&signed(&others, signer.as_ref()));
        assert!(refused.is_err(), "{algorithm} with another's key");
    }
    assert_eq!((keys[0], keys[3]), (keys[1], keys[4]), "one key is one key");
}

/// Also `none`, which nothing signs, and a "symmetric" key that the proof brings along (attack 61).
#[test]
fn what_is_not_signed_by_a_public_key_is_no_proof() {
    let pair = p256();
    assert_eq!(
        problem(&pair, &json!({ "alg": "none" })),
        Some(JwtProblem::Algorithm)
    );
    let parts: Vec<&str> = EXAMPLE.split('.').collect();
    let header = base64url::encode(br#"{"typ":"dpop+jwt","alg":"none"}"#);
    let unsigned = verify_proof(&format!("{header}.{}.", parts[1]));
    assert_eq!(unsigned, Err(JwtProblem::Algorithm));
    let secret = Jwk::generate_oct_key(32).expect("a key");
    let signer = HS256.signer_from_jwk(&secret).expect("fits");
    let secret = Value::Object(secret.into());
    for alg in ["HS256", "ES256"] {
        let header = json!({ "typ": "dpop+jwt", "alg": alg, "jwk": secret });
        assert!(verify_proof(&signed(&header, &signer)).is_err(), "{alg}");
    }
}

#[test]
fn the_header_says_what_it_is_and_brings_one_public_key() {
    let (pair, other) = (p256(), self::p256());
    assert!(changed(&pair, &json!({})).is_ok());
    for typ in [
        json!("JWT"),
        json!("at+jwt"),
        json!("DPOP+JWT"),
        json!(""),
        json!(null),
    ] {
        assert!(problem(&pair, &json!({ "typ": typ })).is_some(), "{typ}");
    }
    let private = Value::Object(pair.private.clone().into());
    assert_eq!(
        problem(&pair, &json!({ "jwk": private })),
        Some(JwtProblem::PrivateKey)
    );
    for jwk in [
        json!(null),
        json!([pair.public]),
        json!(pair.public.to_string()),
    ] {
        assert_eq!(
            problem(&pair, &json!({ "jwk": jwk })),
            Some(JwtProblem::Malformed)
        );
    }
    let mut incomplete = pair.public.clone();
    incomplete.as_object_mut().expect("an object").remove("y");
    let mut another_curve = pair.public.clone();
    another_curve["crv"] = json!("P-384");
    for jwk in [json!({}), incomplete, another_curve] {
        assert_eq!(
            problem(&pair, &json!({ "jwk": jwk })),
            Some(JwtProblem::Algorithm)
        );
    }
    assert_eq!(
        problem(&pair, &json!({ "jwk": other.public })),
        Some(JwtProblem::Signature)
    );
    assert_eq!(
        problem(&pair, &json!({ "alg": "PS256" })),
        Some(JwtProblem::Algorithm)
    );
    let crit = json!({ "crit": ["b64"], "b64": false });
    assert_eq!(problem(&pair, &crit), Some(JwtProblem::Malformed));
}

#[test]
fn what_is_no_single_well_formed_jwt_is_no_proof() {
    let two = format!("{EXAMPLE}, {EXAMPLE}");
    for text in [
        "",
        "a.b.c",
        EXAMPLE.trim_end_matches('g'),
        &two,
        &format!("{EXAMPLE}.x"),
    ] {
        assert!(verify_proof(text).is_err(), "{text}");
    }
    let long = format!("{}.{}", "a".repeat(9000), EXAMPLE);
    assert_eq!(verify_proof(&long), Err(JwtProblem::Malformed));
}

/// A point that is not on the curve, and a key that would cost time to verify with.
#[test]
fn a_key_that_is_none_verifies_nothing() {
    let pair = p256();
    let mut beside = pair.public.clone();
    beside["x"] = json!(base64url::encode(&[1; 32]));
    assert!(problem(&pair, &json!({ "jwk": beside })).is_some());
    let huge = base64url::encode(&[0xff; 2048]);
    let rsa = json!({ "kty": "RSA", "n": huge, "e": "AQAB" });
    let header = json!({ "alg": "RS256", "jwk": rsa });
    assert_eq!(problem(&pair, &header), Some(JwtProblem::Algorithm));
}
