//! A ring as a whole: what it is made of, what it publishes, how it is exchanged. Its tokens and
//! its sealed values have files of their own.

mod sealed;
mod tokens;

use std::sync::LazyLock;

use foundation::clock::Instant;
use foundation::entropy::SeededEntropy;
use serde_json::json;

use super::*;
use crate::signing_key::generate;

const NOW: Instant = Instant::from_millis(1_795_205_032_000);

fn master() -> MasterKey {
    MasterKey::parse(&"A".repeat(43)).expect("32 bytes")
}

fn key(kind: KeyKind, state: KeyState, seed: u64) -> SigningKey {
    let mut key = generate(kind, &master(), NOW, &SeededEntropy::new(seed)).expect("a key");
    key.state = state;
    key
}

fn secrets(seed: u64, at: Instant) -> Vec<SharedSecret> {
    let entropy = SeededEntropy::new(seed);
    let make = |purpose| shared_secret::generate(purpose, &master(), at, &entropy);
    SecretPurpose::ALL.into_iter().map(make).collect()
}

fn ring(keys: Vec<SigningKey>) -> KeyRing {
    KeyRing::open(keys, secrets(1, NOW), &master()).expect("a whole ring")
}

/// RSA keys take a while to make; all tests share one pair of keys.
static KEYS: LazyLock<[SigningKey; 2]> = LazyLock::new(|| {
    [
        key(KeyKind::P256, KeyState::Active, 1),
        key(KeyKind::Rsa, KeyState::Active, 2),
    ]
});

fn usual() -> KeyRing {
    ring(KEYS.to_vec())
}

fn with_state(key: &SigningKey, state: KeyState) -> SigningKey {
    SigningKey {
        state,
        ..key.clone()
    }
}

#[test]
fn the_jwk_set_has_every_published_key_and_public_members_only() {
    let keys = vec![
        with_state(&KEYS[0], KeyState::Next),
        KEYS[1].clone(),
        key(KeyKind::P256, KeyState::Retiring, 3),
        key(KeyKind::P256, KeyState::Retired, 4),
        key(KeyKind::P256, KeyState::Revoked, 5),
    ];
    let ring = ring(keys.clone());
    let set: Value = serde_json::from_slice(ring.jwk_set()).expect("JSON");
    let published = set["keys"].as_array().expect("a list");
    let kids: Vec<_> = published
        .iter()
        .map(|key| key["kid"].as_str().expect("a kid"))
        .collect();
    assert_eq!(kids.len(), 3);
    for (index, key) in keys.iter().enumerate() {
        assert_eq!(
            kids.contains(&key.id.as_str()),
            index < 3,
            "{:?}",
            key.state
        );
    }
    for key in published {
        assert_eq!(key["use"], "sig");
        let names: Vec<_> = key.as_object().expect("an object").keys().collect();
        assert!(
            names
                .iter()
                .all(|n| !["d", "p", "q", "dp", "dq", "qi", "k"].contains(&n.as_str()))
        );
        assert_eq!(
            key.get("alg"),
            (key["kty"] == "EC").then(|| json!("ES256")).as_ref()
        );
    }
}

#[test]
fn a_row_that_was_tampered_with_does_not_open() {
    let open = |keys, secrets| KeyRing::open(keys, secrets, &master());
    let mut renamed = KEYS[0].clone();
    renamed.id = KEYS[1].id.clone();
    assert!(
        open(vec![renamed], secrets(1, NOW)).is_err(),
        "a sealed key under another kid"
    );

    let mut planted = KEYS[0].clone();
    planted.public_jwk = KEYS[1].public_jwk.clone();
    let ring = open(vec![planted], secrets(1, NOW)).expect("the row's JWK is not used");
    let set: Value = serde_json::from_slice(ring.jwk_set()).expect("JSON");
    assert_eq!(set["keys"][0]["x"], KEYS[0].public_jwk["x"]);

    let mut swapped = secrets(1, NOW);
    swapped[0].purpose = SecretPurpose::Step;
    assert!(
        open(vec![], swapped).is_err(),
        "a secret used for another purpose"
    );
    assert!(
        open(vec![], secrets(1, NOW)[..2].to_vec()).is_err(),
        "no pairwise secret"
    );
    let other = MasterKey::parse(&format!("{}E", "A".repeat(42))).expect("32 bytes");
    assert!(
        KeyRing::open(KEYS.to_vec(), secrets(1, NOW), &other).is_err(),
        "another master key"
    );
}

#[test]
fn a_request_keeps_its_snapshot_while_a_newer_one_takes_over() {
    let keys = Keys::new(ring(vec![KEYS[0].clone()]));
    let mine = keys.current();
    keys.replace(ring(vec![KEYS[1].clone()]));
    assert!(
        mine.sign(SignatureAlgorithm::ES256, "JWT", &json!({}))
            .is_ok()
    );
    assert!(
        keys.current()
            .sign(SignatureAlgorithm::ES256, "JWT", &json!({}))
            .is_err()
    );
    assert!(
        keys.current()
            .sign(SignatureAlgorithm::RS256, "JWT", &json!({}))
            .is_ok()
    );
}
