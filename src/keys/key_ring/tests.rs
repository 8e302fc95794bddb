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

/// Somebody else's rows, or damaged ones: each is named, and nobody is kept from starting.
#[test]
fn what_does_not_open_and_is_not_in_use_is_set_aside() {
    let damaged = |state, seed| SigningKey {
        sealed_private: vec![0; 60],
        ..key(KeyKind::P256, state, seed)
    };
    let foreign = [
        damaged(KeyState::Active, 3),
        damaged(KeyState::Next, 4),
        damaged(KeyState::Retired, 5),
    ];
    let mut later: Vec<SharedSecret> = secrets(2, NOW + foundation::clock::Span::days(1));
    for secret in &mut later {
        secret.sealed[20] ^= 1;
    }
    let keys = [KEYS.to_vec(), foreign.to_vec()].concat();
    let all = [secrets(1, NOW), later.clone()].concat();
    let ring = KeyRing::open(keys, all, &master()).expect("what is in use opens");
    let named: Vec<String> = ring.set_aside().iter().map(Fault::chain).collect();
    for key in &foreign {
        let id = key.id.to_string();
        assert!(named.iter().any(|text| text.contains(&id)), "{named:?}");
    }
    for secret in &later {
        let id = secret.id.to_string();
        assert!(named.iter().any(|text| text.contains(&id)), "{named:?}");
    }
    // It goes on as if they were not there.
    let usual = usual();
    assert_eq!(ring.jwk_set(), usual.jwk_set());
    assert_eq!(
        usual.verify_step("a step", &ring.sign_step("a step", b"payload")),
        Some(b"payload".to_vec())
    );
    let alone = KeyRing::open(foreign[..1].to_vec(), secrets(1, NOW), &master());
    let fault = alone.expect_err("nothing of its kind signs").chain();
    assert!(fault.contains(&foreign[0].id.to_string()), "{fault}");
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
