//! Losing nothing: `kill -9` at random moments, on both databases, against the real binary.
//!
//! People sign in, open programs, decide, take back and sign out, their programs redeem, refresh
//! and revoke, from several threads over HTTP, until the process is killed. *Acknowledged* is what
//! was answered completely. After each kill the server is started again, without help, and then
//! nothing that was acknowledged is lost and no code works twice.
//!
//! `PORTICO_TEST_KILLS` makes the run longer (the default is a few kills for every day), and
//! `PORTICO_TEST_SEED` repeats the choices of an earlier one; threads and processes keep their own
//! time.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use flow::administer::clients::Allowed;
use flow::administer::users::NewUser;
use foundation::clock::SystemClock;
use foundation::entropy::{self, SystemEntropy};
use foundation::secret::SecretText;
use portico::app::App;
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use crate::database::Database;
use crate::world::operator;

mod acts;
mod chance;
mod chaos;
mod checks;
mod deliveries;
mod ending;
mod ledger;
pub(crate) mod server;
mod visit;

use acts::{Actor, CALLBACK, PASSWORD, Program};
use chance::Chance;
use ledger::{Ledger, Tally};
use server::{Place, Server};
use visit::Http;

/// Kills in one run, unless `PORTICO_TEST_KILLS` says more.
const KILLS: usize = 4;
/// People, each on a thread of their own.
const PEOPLE: usize = 4;
/// Acts of all of them before a kill: at least, and how many more at most.
const FEWEST_ACTS: usize = 60;
const MORE_ACTS: usize = 120;
/// Acts of one person before the server is asked to end.
const ACTS_BEFORE_ITS_END: usize = 12;
/// A first start is killed within so many milliseconds.
const WITHIN_START: usize = 250;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|e| panic!("{variable}: {e}")))
}

fn kills() -> usize {
    number("PORTICO_TEST_KILLS").map_or(KILLS, |n| usize::try_from(n).expect("small"))
}

/// Choices of a fresh seed, or of the one that is named; printed, so that they can be repeated.
fn chance() -> Chance {
    let fresh = || u64::from_be_bytes(entropy::bytes(&SystemEntropy));
    let seed = number("PORTICO_TEST_SEED").unwrap_or_else(fresh);
    eprintln!("PORTICO_TEST_SEED={seed}");
    Chance::of(seed)
}

fn runtime() -> Runtime {
    let built = Builder::new_current_thread().enable_all().build();
    built.expect("a runtime")
}

/// Registers people and programs as the operator's commands do, before the first start.
fn register(place: &Place) -> Vec<Program> {
    let clock = std::sync::Arc::new(SystemClock);
    let app = App::open(&place.config(), clock, std::sync::Arc::new(SystemEntropy));
    let app = app.expect("it opens");
    let services = app.services();
    runtime().block_on(async {
        for person in 0..PEOPLE {
            let new = NewUser {
                username: format!("person{person}"),
                password: SecretText::new(PASSWORD),
                email: None,
                phone: None,
                name: None,
                verified: false,
                profile: Some(json!({
                    "name": "A Person", "phone_number": format!("+3752912345{person:02}"),
                    "phone_number_verified": true,
                })),
            };
            services
                .administration
                .by(operator())
                .add_user(new)
                .await
                .expect("no fault")
                .expect("new");
        }
        let publisher = services
            .administration
            .by(operator())
            .add_publisher("Programs & Sons", true)
            .await;
        let publisher = publisher.expect("no fault").expect("new").id;
        let mut programs = Vec::new();
        for (name, rotates) in [("Market", false), ("Taxi", true)] {
            let manifest = json!({
                "client_name": name, "publisher": publisher.as_str(), "state": "released",
                "entry_uri": "https://programs.example/open",
                "origins": ["https://programs.example"], "redirect_uris": [CALLBACK],
                "scope": "openid profile.basic phone.verified",
                "token_endpoint_auth_method": "client_secret_post",
                "grant_types": ["authorization_code", "refresh_token"],
                "portico:rotate_refresh_tokens": rotates,
            });
            let both_at_one_origin = Allowed {
                again: true,
                ..Allowed::default()
            };
            let added = services
                .administration
                .by(operator())
                .add_mini_program(&manifest, both_at_one_origin)
                .await;
            let added = added.expect("no fault").expect("good");
            programs.push(Program {
                id: added.client.id.to_string(),
                secret: added.secret.expect("it has one").expose().to_owned(),
            });
        }
        programs
    })
}

/// Lets everybody act on a started server, and kills it in the midst of it.
fn act_and_kill(place: &Place, server: Server, actors: &mut [Actor<'_>], chance: &Chance) {
    let (acts, killing) = (AtomicUsize::new(0), AtomicBool::new(false));
    let enough = FEWEST_ACTS + chance.below(MORE_ACTS);
    std::thread::scope(|scope| {
        let act = |actor: &mut Actor<'_>| {
            let http = Http::new(place.address, place.issuer());
            let told = || {
                acts.fetch_add(1, Ordering::Relaxed);
            };
            let how = runtime().block_on(actor.act_until_cut_off(&http, told));
            let killed = killing.load(Ordering::SeqCst);
            assert!(killed, "cut off, and nobody killed it: {how}");
        };
        let all: Vec<_> = actors
            .iter_mut()
            .map(|actor| scope.spawn(move || act(actor)))
            .collect();
        // Nobody acts any more when all have failed; then there is nothing to wait for.
        while acts.load(Ordering::Relaxed) < enough && !all.iter().all(|one| one.is_finished()) {
            std::thread::sleep(Duration::from_micros(200));
        }
        std::thread::sleep(Duration::from_micros(chance.below(3000) as u64));
        killing.store(true, Ordering::SeqCst);
        server.kill();
    });
}

/// Checks everybody on a started server, from as many threads.
fn check(place: &Place, actors: &mut [Actor<'_>]) {
    std::thread::scope(|scope| {
        for actor in actors {
            scope.spawn(|| {
                let http = Http::new(place.address, place.issuer());
                let checked = runtime().block_on(actor.check(&http));
                checked.unwrap_or_else(|lost| panic!("{lost:?}"));
            });
        }
    });
}

fn nothing_is_lost(database: Database) {
    let place = Place::new(database);
    let programs = register(&place);
    let chance = chance();
    let mut actors: Vec<Actor<'_>> = (0..PEOPLE)
        .map(|person| Actor {
            username: format!("person{person}"),
            programs: &programs,
            ledger: Ledger::default(),
            chance: chance.branch(),
        })
        .collect();
    for kill in 0..kills() {
        let server = place.start();
        act_and_kill(&place, server, &mut actors, &chance);
        // Every third time, it is killed while it starts as well.
        if kill % 3 == 2 {
            place.start_and_kill(Duration::from_millis(chance.below(WITHIN_START) as u64));
        }
        let server = place.start();
        check(&place, &mut actors);
        server.kill();
    }
    let tallies = actors.iter().map(|actor| actor.ledger.tally);
    let tally = tallies.fold(Tally::default(), Tally::plus);
    eprintln!("{tally:?}");
    let acknowledged = [
        tally.sign_ins,
        tally.consents,
        tally.redemptions,
        tally.refreshes,
        tally.revocations,
    ];
    assert!(acknowledged.iter().all(|n| *n > 0), "{tally:?}");
    assert!(
        tally.cut_off >= kills(),
        "each kill cut somebody off: {tally:?}"
    );
}

/// A first start makes keys, secrets and tables; killed in the midst of it, the next one goes on.
fn a_first_start_is_made_good(database: impl Fn() -> Database) {
    let chance = chance();
    for _ in 0..kills() {
        let place = Place::new(database());
        place.start_and_kill(Duration::from_millis(chance.below(WITHIN_START) as u64));
        place.start().kill();
        place.start().kill();
    }
}

/// Asked to end, as a terminal or a supervisor asks, it ends cleanly and keeps everything.
fn it_ends_when_it_is_asked(database: Database) {
    let place = Place::new(database);
    let programs = register(&place);
    let mut actor = Actor {
        username: "person0".to_owned(),
        programs: &programs,
        ledger: Ledger::default(),
        chance: chance(),
    };
    for signal in ["TERM", "INT"] {
        let server = place.start();
        let http = Http::new(place.address, place.issuer());
        let acted = runtime().block_on(async {
            actor.check(&http).await?;
            for _ in 0..ACTS_BEFORE_ITS_END {
                actor.act(&http).await?;
            }
            Ok::<_, visit::Lost>(())
        });
        acted.unwrap_or_else(|lost| panic!("{lost:?}"));
        assert_eq!(server.ends(signal), Some(0), "{signal}");
    }
    let server = place.start();
    check(&place, std::slice::from_mut(&mut actor));
    server.kill();
}

#[test]
fn asked_to_end_it_ends_cleanly_on_sqlite() {
    it_ends_when_it_is_asked(Database::sqlite());
}

#[test]
fn asked_to_end_it_ends_cleanly_on_postgres() {
    if let Some(database) = Database::postgres() {
        it_ends_when_it_is_asked(database);
    }
}

#[test]
fn nothing_acknowledged_is_lost_on_sqlite() {
    nothing_is_lost(Database::sqlite());
}

#[test]
fn nothing_acknowledged_is_lost_on_postgres() {
    if let Some(database) = Database::postgres() {
        nothing_is_lost(database);
    }
}

#[test]
fn a_first_start_that_was_killed_is_made_good_by_the_next_on_sqlite() {
    a_first_start_is_made_good(Database::sqlite);
}

#[test]
fn a_first_start_that_was_killed_is_made_good_by_the_next_on_postgres() {
    if Database::postgres().is_some() {
        a_first_start_is_made_good(|| Database::postgres().expect("just asked"));
    }
}
