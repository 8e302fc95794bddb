//! The house as a whole, in one process and on SQLite: what a start makes and refuses, and what a
//! server hears of commands and of the clock.

use domain::administrator::Administrator;
use domain::audit::{CameFrom, OperatorName};
use std::path::Path;
use std::time::Duration;

use domain::authentication::Authentication;
use domain::session::{EndReason, Session};
use flow::administer::clients::Allowed;
use flow::administer::revoke::TokensOf;
use flow::administer::users::NewUser;
use foundation::clock::{Clock as _, Instant, ManualClock, Span};
use foundation::digest::TokenDigest;
use foundation::entropy::SystemEntropy;
use foundation::id::{ClientId, SessionId};
use foundation::secret::SecretText;
use serde_json::json;

use super::*;

mod keys;
mod parts;
mod served;

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
    let jwks = app.services().keys.current();
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

/// Who acts.
fn operator() -> Administrator {
    let name = OperatorName::parse("grace").expect("a name");
    Administrator::at_command_line(name, CameFrom::INSIDE)
}

async fn add_mini_program(services: &Services) -> ClientId {
    let acts = services.administration.by(operator());
    let publisher = acts.add_publisher("Harbour", false).await;
    let publisher = publisher.expect("no fault").expect("good").id;
    let manifest = json!({
        "client_name": "Market", "publisher": publisher, "state": "released",
        "entry_uri": "https://market.example/", "origins": ["https://market.example"],
        "redirect_uris": ["https://market.example/cb"],
    });
    let added = acts.add_mini_program(&manifest, Allowed::default()).await;
    added.expect("no fault").expect("good").client.id
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
    let id = add_mini_program(command.services()).await;
    let server = running.services();
    let seen = async |id: &ClientId| {
        server
            .clients
            .find(id)
            .await
            .expect("no fault")
            .map(|c| c.state.word())
    };
    assert_eq!(
        seen(&id).await,
        Some("released"),
        "an unknown client is looked up"
    );
    assert!(running.live().clients.get(&id).is_some(), "and remembered");
    let ended = running.live().ended.len();
    command
        .services()
        .administration
        .by(operator())
        .suspend(id.as_str())
        .await
        .expect("no fault")
        .expect("it is there");
    soon("the suspension", async || {
        seen(&id).await == Some("suspended")
    })
    .await;
    soon("the cut", async || running.live().ended.len() > ended).await;
    assert!(server.health.is_fresh());
    running.stop().expect("a clean end");
}

#[tokio::test]
async fn an_act_inside_a_server_is_in_its_memory_when_it_is_done() {
    let mut world = World::new();
    let running = world.serve();
    for turn in 1..=20 {
        running
            .services()
            .administration
            .by(operator())
            .revoke_tokens(TokensOf::All)
            .await
            .expect("no fault")
            .expect("possible");
        let end = running
            .store()
            .read(store::events::end)
            .await
            .expect("no fault");
        assert!(running.live().freshness.position() >= end, "turn {turn}");
    }
}

#[tokio::test]
async fn a_session_ends_by_the_clock_with_an_event() {
    let mut world = World::new();
    let running = world.serve();
    let services = running.services();
    services
        .administration
        .by(operator())
        .add_user(new_user("ada"))
        .await
        .expect("no fault")
        .expect("new");
    let now = world.clock.now();
    let id = SessionId::new(now, &SystemEntropy);
    let stored = running.store().write(move |tx| {
        let user = store::users::find_by_username(tx, "ada")?.expect("just added");
        let session = Session {
            id,
            user_id: user.id,
            authentication: Authentication::by_password(now),
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
        let found = running
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
    soon("the event", async || !running.live().ended.is_empty()).await;
}

#[tokio::test]
async fn what_is_refused_says_why() {
    let world = World::new();
    let app = world.open();
    let services = app.services();
    services
        .administration
        .by(operator())
        .add_user(new_user("ada"))
        .await
        .expect("no fault")
        .expect("new");
    let refusal = services
        .administration
        .by(operator())
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
            services
                .administration
                .by(operator())
                .disable_user("bob")
                .await
                .expect("no fault")
                .err(),
            "there is no user \"bob\"",
        ),
        (
            services
                .administration
                .by(operator())
                .suspend("?")
                .await
                .expect("no fault")
                .err(),
            "there is no client \"?\"",
        ),
        (
            services
                .administration
                .by(operator())
                .revoke_tokens(TokensOf::Client("c".into()))
                .await
                .expect("no fault")
                .err(),
            "there is no client \"c\"",
        ),
        (
            services
                .administration
                .by(operator())
                .verify_publisher("p", false)
                .await
                .expect("no fault")
                .err(),
            "there is no publisher \"p\"",
        ),
        (
            services
                .signing_keys
                .revoke("k")
                .await
                .expect("no fault")
                .err(),
            "there is no key \"k\"",
        ),
    ] {
        assert_eq!(said.expect("refused").to_string(), expected);
    }
}
