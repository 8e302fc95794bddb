//! Chaos: nodes on PostgreSQL, and one with commands beside it on SQLite, with people, programs and
//! operators at work, while nodes are killed, paused and asked to end, the way to the database is cut
//! or goes silent, single clocks jump, and copies of before are put back.
//!
//! Nothing that was acknowledged is lost, nothing works twice, no token is taken for good a second
//! after its end was acknowledged, no stream of session events is silent about it, and five seconds after the last fault everything is ready without
//! help. `scripts/chaos` runs it; it takes longer than a test, and wants the machine for itself.
//!
//! `PORTICO_TEST_SEED` repeats the choices of an earlier run, `PORTICO_TEST_SECONDS` says how long it
//! goes on, on each database; threads and processes keep their own time.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use foundation::clock::{Clock as _, SystemClock};

use super::acts::{Actor, Program};
use super::chance::Chance;
use super::ledger::{Fate, Ledger, Tally};
use super::server::Place;
use super::visit::Http;
use super::{PEOPLE, chance, number, register, runtime};
use crate::database::Database;

pub(super) mod cluster;
mod fault;
mod listeners;
mod watch;

use cluster::{Cluster, Node};
use fault::Fault;
use listeners::Listeners;
use watch::Watch;

/// How long it goes on, unless `PORTICO_TEST_SECONDS` says.
const SECONDS: i64 = 60;
const NODES: usize = 3;
/// What an answer at one node needs to be known at the others, and a little.
const SETTLED: Duration = Duration::from_millis(1500);
const LOOK: Duration = Duration::from_millis(10);
/// After one round in so many a copy is put back.
const GOES_BACK: usize = 5;
/// One act in so many is an operator's.
const OPERATOR: usize = 80;

/// Whoever looks on while people work.
#[derive(Clone, Copy)]
struct Eyes<'a> {
    watch: &'a Watch,
    listeners: &'a Listeners,
}

fn seconds() -> i64 {
    number("PORTICO_TEST_SECONDS").map_or(SECONDS, |n| i64::try_from(n).expect("small"))
}

/// A number of milliseconds.
fn millis(chance: &Chance, from: usize, to: usize) -> Duration {
    let drawn = from + chance.below(to - from);
    Duration::from_millis(u64::try_from(drawn).expect("small"))
}

/// Acts at one node until the round is over, or an answer does not come: then nobody knows, and
/// the check after the round finds out.
async fn works(actor: &mut Actor<'_>, place: &Place, over: &AtomicBool, eyes: Eyes<'_>) {
    let http = Http::new(place.address, place.issuer());
    while !over.load(Ordering::SeqCst) {
        if actor.chance.below(OPERATOR) == 0 {
            an_operator_revokes(actor, place);
            // What a node gives out before it has heard of it is worthless as well: a token rests on
            // what its node knew. One that stood still says when it knows all again.
            tokio::time::sleep(SETTLED).await;
            while !place.is_ready() && !over.load(Ordering::SeqCst) {
                tokio::time::sleep(LOOK).await;
            }
        } else if actor.act(&http).await.is_err() {
            actor.ledger.tally.cut_off += 1;
            return;
        }
        eyes.watch.hears_of(actor);
        eyes.listeners.follow(actor);
    }
}

/// All tokens of a person are made worthless by a command.
fn an_operator_revokes(actor: &mut Actor<'_>, place: &Place) {
    let fate = match place.does(&["revoke", "--user", &actor.username]) {
        true => Fate::Ended,
        false => Fate::Unknown,
    };
    for family in &mut actor.ledger.families {
        if family.fate == Fate::Stands {
            family.fate = fate;
        }
    }
    actor.ledger.tally.revocations += usize::from(fate == Fate::Ended);
}

/// People work while something goes wrong; when it is over, everything is as they were told.
fn round(
    cluster: &mut Cluster,
    programs: &[Program],
    actors: &mut [Actor<'_>],
    (chance, eyes): (&Chance, Eyes<'_>),
) {
    let over = AtomicBool::new(false);
    let addresses = cluster.addresses();
    let places = cluster.places();
    std::thread::scope(|scope| {
        for (number, actor) in actors.iter_mut().enumerate() {
            let place = &places[number % places.len()];
            let over = &over;
            scope.spawn(move || runtime().block_on(works(actor, place, over, eyes)));
        }
        let branch = chance.branch();
        let (over, addresses) = (&over, &addresses);
        scope.spawn(move || {
            runtime().block_on(eyes.watch.asks(addresses, programs, &branch, over));
        });
        let ends = Ends(over);
        suffers(cluster, chance);
        drop(ends);
    });
    std::thread::sleep(SETTLED);
    everybody_looks(&addresses, actors);
    eyes.listeners.check(actors);
}

/// Each compares what they were told with what some node says.
fn everybody_looks(addresses: &[(SocketAddr, String)], actors: &mut [Actor<'_>]) {
    std::thread::scope(|scope| {
        for actor in actors {
            let (address, issuer) = &addresses[actor.chance.below(addresses.len())];
            let http = Http::new(*address, issuer.clone());
            scope.spawn(move || {
                let checked = runtime().block_on(actor.check(&http));
                checked.unwrap_or_else(|lost| panic!("{lost:?}"));
            });
        }
    });
}

/// A round after which a copy from before it is put back: nobody is signed in then, no token is worth
/// anything, and consents are as they were.
fn goes_back(
    cluster: &mut Cluster,
    programs: &[Program],
    actors: &mut [Actor<'_>],
    (chance, eyes): (&Chance, Eyes<'_>),
) {
    let (first, copy) = (cluster.places().swap_remove(0), "copy");
    let _ = std::fs::remove_file(first.folder().join(copy));
    assert!(first.does(&["backup", copy]), "no copy was made");
    let consents: Vec<_> = actors
        .iter()
        .map(|actor| actor.ledger.consents(programs.len()))
        .collect();
    round(cluster, programs, actors, (chance, eyes));
    eprintln!("  a copy is put back");
    cluster.all(|node| node.is_sent("TERM"));
    cluster.all(Node::has_ended);
    assert!(
        first.does(&["restore", copy, "--yes"]),
        "it was not put back"
    );
    cluster.all(Node::starts);
    cluster.is_ready_at_once();
    for (actor, consents) in actors.iter_mut().zip(consents) {
        actor.ledger.goes_back_to(consents);
        eyes.watch.hears_of(actor);
    }
    everybody_looks(&cluster.addresses(), actors);
    eyes.listeners.check(actors);
}

/// Ends a round, also where it failed: else those who work would go on for ever.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Something goes wrong, or two things at different places, and is over; then all is well at once.
fn suffers(cluster: &mut Cluster, chance: &Chance) {
    std::thread::sleep(millis(chance, 200, 1000));
    let mut faults = vec![Fault::drawn(cluster, chance)];
    let second = Fault::drawn(cluster, chance);
    if chance.below(2) == 0 && faults[0].is_apart_from(second) {
        faults.push(second);
    }
    for fault in &faults {
        eprintln!("  {fault}");
        fault.begins(cluster);
        std::thread::sleep(millis(chance, 0, 500));
    }
    std::thread::sleep(millis(chance, 100, 4000));
    for fault in &faults {
        fault.ends(cluster);
    }
    cluster.is_ready_at_once();
}

fn goes_on_whatever_happens(database: Database, nodes: usize) {
    let until = SystemClock.uptime().as_millis() + 1000 * seconds();
    let first = cluster::place(database);
    let programs = register(&first);
    let mut cluster = Cluster::new(first, nodes);
    cluster.all(Node::starts);
    cluster.is_ready_at_once();
    let (chance, watch) = (chance(), Watch::default());
    let listeners = Listeners::at(&cluster.addresses());
    let eyes = Eyes {
        watch: &watch,
        listeners: &listeners,
    };
    let mut actors: Vec<Actor<'_>> = (0..PEOPLE)
        .map(|person| Actor {
            username: format!("person{person}"),
            programs: &programs,
            ledger: Ledger::default(),
            chance: chance.branch(),
        })
        .collect();
    let mut rounds = 0;
    while SystemClock.uptime().as_millis() < until {
        rounds += 1;
        let goes_on = if rounds % GOES_BACK == 0 {
            goes_back
        } else {
            round
        };
        goes_on(&mut cluster, &programs, &mut actors, (&chance, eyes));
    }
    let tallies = actors.iter().map(|actor| actor.ledger.tally);
    let tally = tallies.fold(Tally::default(), Tally::plus);
    let looks = watch.looks.load(Ordering::Relaxed);
    let heard = listeners.heard.load(Ordering::Relaxed);
    eprintln!(
        "{rounds} rounds, {looks} looks at tokens that had ended, {heard} ends heard, {tally:?}"
    );
    assert!(
        looks > 0 && heard > 0 && tally.revocations > 0,
        "nothing was tried"
    );
}

#[test]
#[ignore = "takes minutes, and the machine for itself: scripts/chaos"]
fn chaos_on_postgres() {
    let database = Database::postgres().expect("PORTICO_TEST_POSTGRES is set");
    goes_on_whatever_happens(database, NODES);
}

#[test]
#[ignore = "takes minutes, and the machine for itself: scripts/chaos"]
fn chaos_on_sqlite() {
    goes_on_whatever_happens(Database::sqlite(), 1);
}
