//! The house as a whole, in one process and on SQLite: what a start makes and refuses, and what a
//! server hears of commands and of the clock.

use std::path::Path;
use std::time::Duration;

use domain::lifetimes::Lifetimes;
use domain::session::{ACR_PASSWORD, EndReason, Session};
use domain::shared_secret::SecretPurpose;
use domain::signing_key::{KeyKind, KeyState, SigningKey};
use flow::administer::revoke::Cut;
use flow::administer::signing_keys::RotateWhen;
use flow::administer::users::NewUser;
use foundation::clock::{Instant, ManualClock, Span};
use foundation::digest::TokenDigest;
use foundation::entropy::SystemEntropy;
use foundation::id::{ClientId, SessionId};
use foundation::secret::SecretText;
use keys::master_key::MasterKey;
use serde_json::json;

use super::*;

struct World {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    listener: Option<TcpListener>,
    config: Config,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let config = Config::for_testing(&folder.path().join("data"), address).expect("settings");
        let clock = Arc::new(ManualClock::at(Instant::from_seconds(1_800_000_000)));
        Self {
            folder,
            clock,
            listener: Some(listener),
            config,
        }
    }

    fn try_open(&self) -> Result<App, Fault> {
        App::open(&self.config, self.clock.clone(), Arc::new(SystemEntropy))
    }

    fn open(&self) -> App {
        self.try_open().expect("it opens")
    }

    fn serve(&mut self) -> Running {
        let listener = self.listener.take().expect("one server only");
        self.open().serve(listener, None).expect("it serves")
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

fn kids(app: &App) -> String {
    let jwks = app.flows().keys();
    String::from_utf8(jwks.jwk_set().to_vec()).expect("JSON")
}

/// Looks again until it is so, for five seconds at most.
async fn soon(what: &str, mut so: impl AsyncFnMut() -> bool) {
    for _ in 0..500 {
        if so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} did not come true");
}

async fn add_client(flows: &Flows) -> ClientId {
    let metadata = json!({ "redirect_uris": ["https://rp.example/cb"], "client_name": "RP" });
    flows
        .add_client(&metadata)
        .await
        .expect("no fault")
        .expect("good")
        .client
        .id
}

fn new_user(username: &str) -> NewUser {
    NewUser {
        username: username.into(),
        password: SecretText::new("difference engine no. 2"),
        email: None,
        phone: None,
        name: None,
        verified: false,
        profile: None,
    }
}

#[test]
fn a_second_start_finds_what_the_first_made() {
    let world = World::new();
    let first = kids(&world.open());
    assert_eq!(first, kids(&world.open()));
}

#[test]
fn another_master_key_is_refused_and_a_lost_one_is_not_replaced() {
    let mut world = World::new();
    drop(world.open());
    let file = world.config.server.master_key_file.clone();
    let kept = world.path().join("kept.key");
    std::fs::rename(&file, &kept).expect("our own file");
    let lost = world.try_open().err().expect("refused").chain();
    assert!(lost.contains("restore that file"), "{lost}");
    assert!(!file.exists());
    world.config.server.master_key = Some(SecretText::new("A".repeat(43)));
    let other = world.try_open().err().expect("refused").chain();
    assert!(other.contains("sealed with another one"), "{other}");
    let text = std::fs::read_to_string(&kept).expect("readable");
    world.config.server.master_key = Some(SecretText::new(text));
    drop(world.open());
}

#[tokio::test]
async fn a_server_hears_of_a_command_typed_beside_it() {
    let mut world = World::new();
    let running = world.serve();
    let command = world.open();
    let id = add_client(command.flows()).await;
    let server = running.flows();
    let seen = async |id: &ClientId| {
        server
            .find_client(id)
            .await
            .expect("no fault")
            .map(|c| c.state.word())
    };
    assert_eq!(
        seen(&id).await,
        Some("released"),
        "an unknown client is looked up"
    );
    assert!(server.live().clients.get(&id).is_some(), "and remembered");
    let ended = server.live().ended.len();
    command
        .flows()
        .suspend(id.as_str())
        .await
        .expect("no fault")
        .expect("it is there");
    soon("the suspension", async || {
        seen(&id).await == Some("suspended")
    })
    .await;
    soon("the cut", async || server.live().ended.len() > ended).await;
    assert!(server.is_fresh());
    running.stop().expect("a clean end");
}

#[tokio::test]
async fn an_act_inside_a_server_is_in_its_memory_when_it_is_done() {
    let mut world = World::new();
    let running = world.serve();
    for turn in 1..=20 {
        running
            .flows()
            .cut(Cut::All)
            .await
            .expect("no fault")
            .expect("possible");
        let end = running
            .flows()
            .store()
            .read(store::events::end)
            .await
            .expect("no fault");
        assert!(
            running.flows().live().freshness.position() >= end,
            "turn {turn}"
        );
    }
}

#[tokio::test]
async fn a_session_ends_by_the_clock_with_an_event() {
    let mut world = World::new();
    let running = world.serve();
    let flows = running.flows();
    flows
        .add_user(new_user("ada"))
        .await
        .expect("no fault")
        .expect("new");
    let now = flows.now();
    let id = SessionId::new(now, &SystemEntropy);
    let stored = flows.store().write(move |tx| {
        let user = store::users::find_by_username(tx, "ada")?.expect("just added");
        let session = Session {
            id,
            user_id: user.id,
            authenticated_at: now,
            acr: ACR_PASSWORD.into(),
            created_at: now,
            last_seen_at: now,
            expires_at: now + Span::seconds(100),
            user_agent: String::new(),
            ended: None,
        };
        store::sessions::insert(tx, &session, TokenDigest::of("a cookie"))
    });
    stored.await.expect("stored");
    let session = async || {
        let found = flows
            .store()
            .read(move |db| store::sessions::find(db, id))
            .await
            .expect("no fault");
        found.expect("it stays as history")
    };
    world.clock.advance(Span::seconds(99));
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(session().await.ended, None);
    world.clock.advance(Span::seconds(1));
    soon("the end", async || session().await.ended.is_some()).await;
    assert_eq!(
        session().await.ended,
        Some((now + Span::seconds(100), EndReason::Expired))
    );
    soon("the event", async || !flows.live().ended.is_empty()).await;
}

#[tokio::test]
async fn keys_rotate_by_age_and_by_command() {
    let mut world = World::new();
    let running = world.serve();
    let flows = running.flows();
    let states = async |kind: KeyKind| -> Vec<&'static str> {
        let mut keys = flows.list_keys().await.expect("no fault");
        keys.retain(|k| k.kind == kind);
        keys.sort_by_key(|k| (k.state == KeyState::Next, k.state == KeyState::Active));
        keys.iter().map(|k| k.state.word()).collect()
    };
    flows.rotate_by_age().await.expect("no fault");
    assert_eq!(states(KeyKind::P256).await, ["active", "next"]);
    world.clock.advance(Span::days(89));
    flows.rotate_by_age().await.expect("no fault");
    assert_eq!(states(KeyKind::P256).await, ["active", "next"]);
    world.clock.advance(Span::days(1));
    flows.rotate_by_age().await.expect("no fault");
    assert_eq!(states(KeyKind::P256).await, ["retiring", "active", "next"]);
    assert_eq!(states(KeyKind::Rsa).await, ["retiring", "active", "next"]);
    world.clock.advance(Lifetimes::ENDED_MEMORY);
    flows.rotate_by_age().await.expect("no fault");
    assert_eq!(states(KeyKind::Rsa).await, ["retired", "active", "next"]);
    soon("that retired ones are not published", async || {
        kids_published(flows).len() == 4
    })
    .await;
    world.clock.advance(flows.policy().lifetimes.session);
    assert_eq!(states(KeyKind::Rsa).await, ["retired", "active", "next"]);
    world.clock.advance(Span::millis(1));
    assert_eq!(states(KeyKind::Rsa).await, ["active", "next"]);
    let before = flows.list_keys().await.expect("no fault");
    let rotated = flows
        .rotate_keys(RotateWhen::CopiesHaveThem)
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
        let published = kids_published(flows);
        let has = |key: &SigningKey| published.contains(&key.id.to_string());
        rotated.iter().all(has)
    })
    .await;
}

/// The kids of the JWKS.
fn kids_published(flows: &Flows) -> Vec<String> {
    let set: serde_json::Value = serde_json::from_slice(flows.keys().jwk_set()).expect("JSON");
    let keys = set["keys"].as_array().expect("a list");
    let kid = |key: &serde_json::Value| key["kid"].as_str().expect("a kid").to_owned();
    keys.iter().map(kid).collect()
}

/// Adds a secret as another node does, and lets no event tell of it.
async fn add_secret_silently(flows: &Flows, master: &MasterKey) {
    let secret =
        keys::shared_secret::generate(SecretPurpose::Handle, master, flows.now(), &SystemEntropy);
    let added = flows
        .store()
        .write(move |tx| store::shared_secrets::insert(tx, &secret));
    added.await.expect("stored");
}

#[tokio::test]
async fn unknown_keys_are_looked_up_at_once_but_not_by_everybody_who_makes_them_up() {
    let mut world = World::new();
    let running = world.serve();
    let flows = &running.flows().clone();
    let file = &world.config.server.master_key_file;
    let master = MasterKey::load(file).expect("readable").expect("there");
    let finds = async || flows.refresh_keys().await.expect("no fault");
    let passes = async |millis| {
        world.clock.advance(Span::millis(millis));
        soon("freshness", async || flows.is_fresh()).await;
    };

    // What a server begins with is there.
    flows.rotate_by_age().await.expect("no fault");
    soon("the next keys", async || kids_published(flows).len() == 4).await;
    passes(2000).await;
    // Each new one is found on the first ask, and what was found closes no door.
    for _ in 0..3 {
        add_secret_silently(flows, &master).await;
        assert!(finds().await);
    }
    // Many who ask at once for the same all get it.
    add_secret_silently(flows, &master).await;
    let found = tokio::join!(finds(), finds(), finds(), finds());
    assert_eq!(found, (true, true, true, true));

    // After somebody made one up, the store is left alone for a second.
    passes(2000).await;
    assert!(!finds().await);
    add_secret_silently(flows, &master).await;
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
    let before = kids_published(flows);
    let rotated = flows.rotate_keys(RotateWhen::Now).await.expect("no fault");
    rotated.expect("all nodes have the keys");
    assert_ne!(kids_published(flows), before);

    // A node that does not follow the log any more asks each time.
    tokio::task::spawn_blocking(|| running.stop().expect("a clean end"))
        .await
        .expect("no panic");
    world.clock.advance(Span::seconds(2));
    assert!(!flows.is_fresh() && !finds().await);
    add_secret_silently(flows, &master).await;
    assert!(finds().await);
}

#[tokio::test]
async fn a_revoked_key_verifies_nothing() {
    let mut world = World::new();
    let running = world.serve();
    let flows = running.flows();
    let claims = json!({ "iss": flows.policy().issuer });
    let algorithm = protocol::client_metadata::SignatureAlgorithm::ES256;
    let token = flows
        .keys()
        .sign(algorithm, "at+jwt", &claims)
        .expect("signed");
    assert!(flows.keys().verify(&token, &["at+jwt"]).is_ok());
    let keys = flows.list_keys().await.expect("no fault");
    let signed = keys
        .iter()
        .find(|k| k.kind == KeyKind::P256)
        .expect("there is one");
    flows
        .revoke_key(signed.id.as_str())
        .await
        .expect("no fault")
        .expect("possible");
    assert!(flows.keys().verify(&token, &["at+jwt"]).is_err());
    assert!(
        flows.keys().sign(algorithm, "at+jwt", &claims).is_ok(),
        "another has its place"
    );
}

#[tokio::test]
async fn what_is_refused_says_why() {
    let world = World::new();
    let app = world.open();
    let flows = app.flows();
    flows
        .add_user(new_user("ada"))
        .await
        .expect("no fault")
        .expect("new");
    let refusal = flows
        .add_user(new_user("ADA"))
        .await
        .expect("no fault")
        .expect_err("taken");
    assert_eq!(
        refusal.to_string(),
        "username \"ada\" belongs to another user"
    );
    for (said, expected) in [
        (
            flows.disable_user("bob").await.expect("no fault").err(),
            "there is no user \"bob\"",
        ),
        (
            flows.suspend("?").await.expect("no fault").err(),
            "there is no client \"?\"",
        ),
        (
            flows
                .cut(Cut::Client("c".into()))
                .await
                .expect("no fault")
                .err(),
            "there is no client \"c\"",
        ),
        (
            flows.verify_publisher("p").await.expect("no fault").err(),
            "there is no publisher \"p\"",
        ),
        (
            flows.revoke_key("k").await.expect("no fault").err(),
            "there is no key \"k\"",
        ),
    ] {
        assert_eq!(said.expect("refused").to_string(), expected);
    }
}
