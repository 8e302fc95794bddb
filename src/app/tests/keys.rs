//! Signing keys and shared secrets in a server that runs: by age, by command, and met unexpectedly.

use ::keys::master_key::MasterKey;
use domain::lifetimes::Lifetimes;
use domain::shared_secret::SecretPurpose;
use domain::signing_key::{KeyKind, KeyState, SigningKey};
use flow::administer::signing_keys::RotateWhen;

use super::*;

#[tokio::test]
async fn keys_rotate_by_age_and_by_command() {
    let mut world = World::new();
    let running = world.serve();
    let services = running.services();
    let states = async |kind: KeyKind| -> Vec<&'static str> {
        let mut keys = services
            .signing_keys
            .by(operator())
            .list()
            .await
            .expect("no fault")
            .expect("permitted");
        keys.retain(|k| k.kind == kind);
        keys.sort_by_key(|k| (k.state == KeyState::Next, k.state == KeyState::Active));
        keys.iter().map(|k| k.state.word()).collect()
    };
    services
        .signing_keys
        .rotate_by_age()
        .await
        .expect("no fault");
    assert_eq!(states(KeyKind::P256).await, ["active", "next"]);
    world.clock.advance(Span::days(89));
    services
        .signing_keys
        .rotate_by_age()
        .await
        .expect("no fault");
    assert_eq!(states(KeyKind::P256).await, ["active", "next"]);
    world.clock.advance(Span::days(1));
    services
        .signing_keys
        .rotate_by_age()
        .await
        .expect("no fault");
    assert_eq!(states(KeyKind::P256).await, ["retiring", "active", "next"]);
    assert_eq!(states(KeyKind::Rsa).await, ["retiring", "active", "next"]);
    world.clock.advance(Lifetimes::ENDED_MEMORY);
    services
        .signing_keys
        .rotate_by_age()
        .await
        .expect("no fault");
    assert_eq!(states(KeyKind::Rsa).await, ["retired", "active", "next"]);
    soon("that retired ones are not published", async || {
        kids_published(services).len() == 4
    })
    .await;
    world.clock.advance(world.config.lifetimes().session);
    assert_eq!(states(KeyKind::Rsa).await, ["retired", "active", "next"]);
    world.clock.advance(Span::millis(1));
    assert_eq!(states(KeyKind::Rsa).await, ["active", "next"]);
    let before = services
        .signing_keys
        .by(operator())
        .list()
        .await
        .expect("no fault")
        .expect("permitted");
    let rotated = services
        .signing_keys
        .rotate(RotateWhen::CopiesHaveThem)
        .await
        .expect("no fault")
        .expect("everybody has the keys")
        .keys;
    let is_active = |k: &&SigningKey| k.state == KeyState::Active;
    for key in rotated.iter().filter(is_active) {
        assert!(
            before
                .iter()
                .any(|b| b.id == key.id && b.state == KeyState::Next),
            "promoted, not made"
        );
    }
    soon("that the ring has them", async || {
        let published = kids_published(services);
        let has = |key: &SigningKey| published.contains(&key.id.to_string());
        rotated.iter().all(has)
    })
    .await;
}

/// The kids of the JWKS.
fn kids_published(services: &Services) -> Vec<String> {
    let set: serde_json::Value =
        serde_json::from_slice(services.keys.current().jwk_set()).expect("JSON");
    let keys = set["keys"].as_array().expect("a list");
    let kid = |key: &serde_json::Value| key["kid"].as_str().expect("a kid").to_owned();
    keys.iter().map(kid).collect()
}

/// Adds a secret as another node does, and lets no event tell of it.
async fn add_secret_silently(store: &Store, master: &MasterKey, now: Instant) {
    let secret =
        ::keys::shared_secret::generate(SecretPurpose::Handle, master, now, &SystemEntropy);
    let sealed_with = master.fingerprint();
    let added = store.write(move |tx| store::shared_secrets::insert(tx, &secret, &sealed_with));
    added.await.expect("stored");
}

#[tokio::test]
async fn unknown_keys_are_looked_up_at_once_but_not_by_everybody_who_makes_them_up() {
    let mut world = World::new();
    let running = world.serve();
    let services = &running.services().clone();
    let file = &world.config.server.master_key_file;
    let master = MasterKey::load(file).expect("readable").expect("there");
    let store = &running.store().clone();
    let add_secret = async || add_secret_silently(store, &master, world.clock.now()).await;
    let finds = async || services.key_refresh.refresh().await.expect("no fault");
    let passes = async |millis| {
        world.clock.advance(Span::millis(millis));
        soon("freshness", async || services.health.is_fresh()).await;
    };

    // What a server begins with is there.
    services
        .signing_keys
        .rotate_by_age()
        .await
        .expect("no fault");
    soon("the next keys", async || {
        kids_published(services).len() == 4
    })
    .await;
    passes(2000).await;
    // Each new one is found on the first ask, and what was found closes no door.
    for _ in 0..3 {
        add_secret().await;
        assert!(finds().await);
    }
    // Many who ask at once for the same all get it.
    add_secret().await;
    let found = tokio::join!(finds(), finds(), finds(), finds());
    assert_eq!(found, (true, true, true, true));

    // After somebody made one up, the store is left alone for a second.
    passes(2000).await;
    assert!(!finds().await);
    add_secret().await;
    for _ in 0..100 {
        assert!(!finds().await);
    }
    passes(999).await;
    assert!(!finds().await);
    passes(1).await;
    assert!(finds().await);

    // The log tells of new ones meanwhile, whoever asks for what.
    passes(2000).await;
    assert!(!finds().await);
    let before = kids_published(services);
    let rotated = services
        .signing_keys
        .rotate(RotateWhen::Now)
        .await
        .expect("no fault");
    rotated.expect("all nodes have the keys");
    assert_ne!(kids_published(services), before);

    // A node that does not follow the log any more asks each time.
    tokio::task::spawn_blocking(|| running.stop().expect("a clean end"))
        .await
        .expect("no panic");
    world.clock.advance(Span::seconds(2));
    assert!(!services.health.is_fresh() && !finds().await);
    add_secret().await;
    assert!(finds().await);
}

#[tokio::test]
async fn a_revoked_key_verifies_nothing() {
    let mut world = World::new();
    let running = world.serve();
    let services = running.services();
    let claims = json!({ "iss": world.config.server.issuer });
    let algorithm = protocol::client_metadata::SignatureAlgorithm::ES256;
    let token = services
        .keys
        .current()
        .sign(algorithm, "at+jwt", &claims)
        .expect("signed");
    assert!(services.keys.current().verify(&token, &["at+jwt"]).is_ok());
    let keys = services
        .signing_keys
        .by(operator())
        .list()
        .await
        .expect("no fault")
        .expect("permitted");
    let signed = keys
        .iter()
        .find(|k| k.kind == KeyKind::P256)
        .expect("there is one");
    services
        .signing_keys
        .revoke(signed.id.as_str())
        .await
        .expect("no fault")
        .expect("possible");
    assert!(services.keys.current().verify(&token, &["at+jwt"]).is_err());
    assert!(
        services
            .keys
            .current()
            .sign(algorithm, "at+jwt", &claims)
            .is_ok(),
        "another has its place"
    );
}
