//! Assertions of a client with keys of its own.

use std::sync::LazyLock;

use foundation::base64url;
use josekit::jwk::Jwk;
use josekit::jws::{ES256, EdDSA, HS256, JwsAlgorithm, JwsHeader, JwsSigner, PS256, RS256};
use serde_json::json;

use super::*;

/// A client's key: the signer's private half and the public JWK.
struct Pair {
    private: Jwk,
    public: Value,
}

fn pair(private: Jwk) -> Pair {
    let public = private.to_public_key().expect("a public half");
    Pair {
        private,
        public: Value::Object(public.into()),
    }
}

static RSA: LazyLock<Pair> = LazyLock::new(|| pair(Jwk::generate_rsa_key(2048).expect("a key")));
static P256: LazyLock<Pair> = LazyLock::new(p256);
static ED25519: LazyLock<Pair> = LazyLock::new(|| {
    pair(Jwk::generate_ed_key(josekit::jwk::alg::ed::EdCurve::Ed25519).expect("a key"))
});

fn p256() -> Pair {
    pair(Jwk::generate_ec_key(josekit::jwk::alg::ec::EcCurve::P256).expect("a key"))
}

fn signer(algorithm: SignatureAlgorithm) -> Box<dyn JwsSigner> {
    match algorithm {
        SignatureAlgorithm::RS256 => Box::new(RS256.signer_from_jwk(&RSA.private).expect("fits")),
        SignatureAlgorithm::PS256 => Box::new(PS256.signer_from_jwk(&RSA.private).expect("fits")),
        SignatureAlgorithm::ES256 => Box::new(ES256.signer_from_jwk(&P256.private).expect("fits")),
        SignatureAlgorithm::EdDSA => {
            Box::new(EdDSA.signer_from_jwk(&ED25519.private).expect("fits"))
        }
        SignatureAlgorithm::Ed25519 => Box::new(NewerName(
            EdDSA.signer_from_jwk(&ED25519.private).expect("fits"),
        )),
    }
}

/// josekit's signer for Ed25519 under the name of RFC 9864, which josekit does not know.
#[derive(Clone, Debug)]
struct NewerName(josekit::jws::alg::eddsa::EddsaJwsSigner);

#[derive(Clone, Debug)]
struct Ed25519Name;

impl JwsAlgorithm for Ed25519Name {
    fn name(&self) -> &str {
        "Ed25519"
    }

    fn box_clone(&self) -> Box<dyn JwsAlgorithm> {
        Box::new(self.clone())
    }
}

impl JwsSigner for NewerName {
    fn algorithm(&self) -> &dyn JwsAlgorithm {
        &Ed25519Name
    }

    fn key_id(&self) -> Option<&str> {
        None
    }

    fn signature_len(&self) -> usize {
        self.0.signature_len()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, josekit::JoseError> {
        self.0.sign(message)
    }

    fn box_clone(&self) -> Box<dyn JwsSigner> {
        Box::new(self.clone())
    }
}

fn public(algorithm: SignatureAlgorithm) -> Value {
    match algorithm {
        SignatureAlgorithm::RS256 | SignatureAlgorithm::PS256 => RSA.public.clone(),
        SignatureAlgorithm::ES256 => P256.public.clone(),
        SignatureAlgorithm::EdDSA | SignatureAlgorithm::Ed25519 => ED25519.public.clone(),
    }
}

fn assertion(signer: &dyn JwsSigner, header: Value) -> String {
    let header = JwsHeader::from_map(header.as_object().expect("an object").clone());
    let claims = json!({"iss": "market"}).to_string();
    josekit::jws::serialize_compact(claims.as_bytes(), &header.expect("a header"), signer)
        .expect("signed")
}

fn with(mut jwk: Value, member: &str, value: &str) -> Value {
    jwk[member] = json!(value);
    jwk
}

fn check(compact: &str, keys: &[Value]) -> Result<Value, JwtProblem> {
    verify_assertion(compact, &json!({ "keys": keys }), ALGORITHMS)
}

#[test]
fn every_algorithm_is_accepted_with_and_without_kid() {
    for algorithm in ALGORITHMS.iter().copied() {
        let (signer, public) = (signer(algorithm), public(algorithm));
        let plain = assertion(signer.as_ref(), json!({}));
        let named = assertion(signer.as_ref(), json!({"kid": "a"}));
        let key_named_a = with(public.clone(), "kid", "a");
        let claims = Ok(json!({"iss": "market"}));
        for (compact, key) in [
            (&plain, &public),
            (&plain, &key_named_a),
            (&named, &public),
            (&named, &key_named_a),
        ] {
            assert_eq!(
                check(compact, std::slice::from_ref(key)),
                claims,
                "{algorithm:?}"
            );
        }
        let key_named_b = with(public, "kid", "b");
        assert_eq!(
            check(&named, &[key_named_b]),
            Err(JwtProblem::UnknownKey),
            "{algorithm:?}"
        );
    }
}

#[test]
fn the_fitting_key_is_found_among_others() {
    let compact = assertion(signer(SignatureAlgorithm::ES256).as_ref(), json!({}));
    let keys = [
        RSA.public.clone(),
        ED25519.public.clone(),
        p256().public,
        P256.public.clone(),
    ];
    assert!(check(&compact, &keys).is_ok());
    assert_eq!(check(&compact, &keys[..3]), Err(JwtProblem::Signature));
    assert_eq!(check(&compact, &keys[..2]), Err(JwtProblem::UnknownKey));
    assert_eq!(check(&compact, &[]), Err(JwtProblem::UnknownKey));
}

#[test]
fn no_more_than_ten_keys_are_tried() {
    let compact = assertion(signer(SignatureAlgorithm::ES256).as_ref(), json!({}));
    let mut keys: Vec<Value> = (0..10).map(|_| p256().public).collect();
    keys.push(P256.public.clone());
    assert_eq!(check(&compact, &keys), Err(JwtProblem::Signature));
    keys.remove(0);
    assert!(check(&compact, &keys).is_ok());
}

#[test]
fn attack_24_unsigned_and_hmac_assertions_are_refused() {
    let payload = base64url::encode(json!({"iss": "market"}).to_string().as_bytes());
    for alg in ["none", "HS256"] {
        let header = base64url::encode(json!({ "alg": alg }).to_string().as_bytes());
        let compact = format!("{header}.{payload}.");
        assert_eq!(
            check(&compact, std::slice::from_ref(&RSA.public)),
            Err(JwtProblem::Algorithm),
            "{alg}"
        );
    }
    let secret = RSA.public.to_string().into_bytes();
    let hmac = HS256.signer_from_bytes(&secret).expect("long enough");
    let compact = assertion(&hmac, json!({}));
    let symmetric = json!({"kty": "oct", "k": base64url::encode(&secret)});
    for key in [RSA.public.clone(), symmetric] {
        assert_eq!(check(&compact, &[key]), Err(JwtProblem::Algorithm));
    }
}

#[test]
fn only_the_registered_algorithm_counts_where_there_is_one() {
    let compact = assertion(signer(SignatureAlgorithm::RS256).as_ref(), json!({}));
    let jwks = json!({"keys": [RSA.public.clone()]});
    let check = |allowed: SignatureAlgorithm| verify_assertion(&compact, &jwks, &[allowed]);
    assert!(check(SignatureAlgorithm::RS256).is_ok());
    assert_eq!(check(SignatureAlgorithm::PS256), Err(JwtProblem::Algorithm));
    let bound = json!({"keys": [with(RSA.public.clone(), "alg", "PS256")]});
    let refused = verify_assertion(&compact, &bound, ALGORITHMS);
    assert_eq!(
        refused,
        Err(JwtProblem::UnknownKey),
        "the key says another algorithm"
    );
}

#[test]
fn ed25519_is_one_algorithm_by_either_name() {
    use SignatureAlgorithm::{ES256, Ed25519, EdDSA};
    for sent in [EdDSA, Ed25519] {
        let compact = assertion(signer(sent).as_ref(), json!({}));
        for said in [EdDSA, Ed25519] {
            let key = with(ED25519.public.clone(), "alg", said.as_str());
            let jwks = json!({ "keys": [key] });
            for registered in [EdDSA, Ed25519] {
                let checked = verify_assertion(&compact, &jwks, &[registered]);
                assert!(
                    checked.is_ok(),
                    "{sent:?} sent, {said:?} in the key, {registered:?} registered"
                );
            }
            assert_eq!(
                verify_assertion(&compact, &jwks, &[ES256]),
                Err(JwtProblem::Algorithm)
            );
        }
    }
}

#[test]
fn attack_61_other_types_and_critical_extensions_are_refused() {
    let signer = signer(SignatureAlgorithm::ES256);
    let keys = [P256.public.clone()];
    for typ in ["JWT", "jwt", "application/jwt", "client-authentication+jwt"] {
        assert!(
            check(&assertion(signer.as_ref(), json!({ "typ": typ })), &keys).is_ok(),
            "{typ}"
        );
    }
    for typ in ["at+jwt", "dpop+jwt", "logout+jwt", "secevent+jwt", ""] {
        let compact = assertion(signer.as_ref(), json!({ "typ": typ }));
        assert_eq!(check(&compact, &keys), Err(JwtProblem::Type), "{typ}");
    }
    let compact = assertion(signer.as_ref(), json!({"crit": ["exp"], "exp": 1}));
    assert_eq!(check(&compact, &keys), Err(JwtProblem::Malformed));
}

#[test]
fn a_key_in_the_header_is_never_used() {
    let own = p256();
    let signer = ES256.signer_from_jwk(&own.private).expect("fits");
    let compact = assertion(&signer, json!({"jwk": own.public}));
    assert_eq!(
        check(&compact, std::slice::from_ref(&P256.public)),
        Err(JwtProblem::Signature)
    );
}

#[test]
fn a_key_that_cannot_be_read_verifies_nothing() {
    let compact = assertion(signer(SignatureAlgorithm::ES256).as_ref(), json!({}));
    let beside_the_curve = with(P256.public.clone(), "y", &base64url::encode(&[1; 32]));
    assert_eq!(
        check(&compact, &[beside_the_curve]),
        Err(JwtProblem::Signature)
    );
    for jwks in [
        json!({}),
        json!([]),
        json!({"keys": {}}),
        json!({"keys": [1, null, "a", []]}),
    ] {
        let refused = verify_assertion(&compact, &jwks, ALGORITHMS);
        assert_eq!(refused, Err(JwtProblem::UnknownKey), "{jwks}");
    }
}
