//! What time it is (`live::node_time`): whose clock counts, and what a clock that somebody sets may do.

use domain::event::effect::{Effect, End};
use domain::event::{Event, LoggedEvent};
use flow::administer::revoke::TokensOf;
use foundation::clock::{Clock, Instant, Span, SystemClock};
use foundation::entropy::SystemEntropy;
use foundation::id::Position;
use portico::app::App;
use portico::config::Config;

use crate::database::Database;
use crate::world::{World, in_both_worlds};

mod attacked;

/// Long enough for anything to be removed because of its age.
const SETTLED: Span = Span::minutes(11);
/// How long a node whose clock went back waits.
const WAIT: Span = Span::minutes(2);
const HOURS: [i64; 3] = [2, -4, 2];

/// The clock of a machine, set ahead.
struct SetAhead(Span);

impl Clock for SetAhead {
    fn now(&self) -> Instant {
        SystemClock.now() + self.0
    }

    fn uptime(&self) -> Span {
        SystemClock.uptime()
    }
}

/// The log after a position.
fn logged(store: &store::Store, after: Position) -> Vec<LoggedEvent> {
    let look = |db: &mut _| store::histories::look(db, after);
    let read = store.read_blocking(look).expect("the log").at(after);
    let page = store.tail().and_then(|mut log| log.poll(&read, 10_000));
    page.expect("the log").events
}

fn count(w: &World, is_meant: impl Fn(&LoggedEvent) -> bool) -> usize {
    let events = logged(&w.store(), Position(0));
    events.iter().filter(|logged| is_meant(logged)).count()
}

fn clock_events(w: &World) -> usize {
    count(w, |logged| logged.kind == Event::ClockSetBack.kind())
}

fn ended_sessions(w: &World) -> usize {
    count(w, |logged| {
        matches!(logged.effect, Ok(Effect::End(End::Session(_))))
    })
}

/// Time is set, and the server has noticed.
fn time_is_set(w: &World, span: Span) {
    w.time_is_set_ahead(span);
    let services = w.services();
    w.soon("it goes by the time that was set", || {
        services.upkeep.now() == w.now() && services.health.is_fresh()
    });
}

/// Every answer is a 503, except for those who watch.
fn answers_nothing(w: &World) {
    for path in [
        "/jwks",
        "/account",
        "/authorize",
        "/.well-known/openid-configuration",
    ] {
        let reply = w.get(path);
        assert_eq!(
            (reply.status, reply.text("error").as_str()),
            (503, "temporarily_unavailable")
        );
    }
    let ready = w.get("/readyz");
    assert_eq!(
        (ready.status, ready.json()["clock"].as_bool()),
        (503, Some(false))
    );
    assert_eq!(w.get("/healthz").status, 200);
}

/// The nodes' wall clocks are two hours ahead and two hours behind already; here they are set as well.
#[test]
fn wall_clocks_of_nodes_and_commands_change_nothing_on_postgres() {
    let Some(database) = Database::postgres() else {
        return;
    };
    let first = World::new(database);
    let second = first.another_node();
    for (turn, hours) in HOURS.into_iter().enumerate() {
        first.wall_clock_is_set_ahead(Span::hours(hours));
        second.wall_clock_is_set_ahead(Span::hours(-hours));
        for (here, there, side) in [(&first, &second, "a"), (&second, &first, "b")] {
            let name = format!("ada-{side}-{turn}");
            let ada = here.person(&name);
            let market = here.mini_program(&format!("market-{side}-{turn}"), "openid");
            let (tokens, others) = (ada.uses(&market), ada.uses(&market));
            let finds = |node: &World, token: &str| market.at(node).finds_active(token);
            let claims = tokens.claims();
            assert_eq!(claims["iat"], here.now().seconds());
            for node in [here, there] {
                assert!(finds(node, &tokens.access));
            }
            // Revoked by one, dead for all, and not forgotten while it could live.
            market.revokes(&tokens.access);
            there.soon("it is dead there", || !finds(there, &tokens.access));
            here.seconds_pass(599);
            assert!(finds(here, &others.access) && finds(there, &others.access));
            assert!(!finds(here, &tokens.access) && !finds(there, &tokens.access));
            here.seconds_pass(1);
            assert!(
                !finds(here, &others.access) && !finds(there, &others.access),
                "expired"
            );
            // A command, whose clock is off the other way.
            let again = ada.uses(&market);
            let command = here.command(Span::hours(-hours));
            assert_eq!(command.upkeep.now(), here.now());
            here.operator(
                command
                    .administration
                    .by(crate::world::operator())
                    .revoke_tokens(TokensOf::User(name)),
            );
            for node in [here, there] {
                node.soon("the command's cut has arrived", || {
                    !finds(node, &again.access)
                });
            }
            here.seconds_pass(120);
            assert!(!finds(here, &again.access) && !finds(there, &again.access));
        }
    }
    assert_eq!(clock_events(&first), 0);
}

/// With PostgreSQL's own clock, which no test moves: what is stamped and what is told is its time.
#[test]
fn on_postgres_time_is_the_servers() {
    let Some(database) = Database::postgres() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let address = "127.0.0.1:9".parse().expect("an address");
    let mut config = Config::for_testing(&folder.path().join("data"), address).expect("settings");
    config.database.url = database.settings().url;
    for hours in HOURS {
        let clock = std::sync::Arc::new(SetAhead(Span::hours(hours)));
        let app = App::open(&config, clock, std::sync::Arc::new(SystemEntropy)).expect("it opens");
        let off = |time: Instant| time.since(SystemClock.now()).as_millis().abs();
        assert!(
            off(app.services().upkeep.now()) < 5_000,
            "the database is on this machine"
        );
        let store = app.store();
        let written = store.write_blocking(|tx| {
            tx.append(Event::AllTokensRevoked);
            Ok(())
        });
        let position = written.expect("written").position.expect("an event");
        let stamped = logged(store, Position(position.0 - 1))[0].at;
        assert!(off(stamped) < 5_000, "{stamped}");
    }
}

in_both_worlds! {
    fn what_was_revoked_stays_so_when_the_clock_jumps_ahead_and_back(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let (tokens, others) = (ada.uses(&market), ada.uses(&market));
        market.revokes(&tokens.access);
        for minutes in [2, 120, 90 * 24 * 60] {
            time_is_set(w, Span::minutes(minutes));
            assert!(!market.finds_active(&tokens.access));
            // Long enough to forget, by a clock that was wrong.
            w.seconds_pass(61);
            time_is_set(w, Span::minutes(-minutes));
            answers_nothing(w);
            w.passes(WAIT);
            w.soon("it answers again", || w.get("/readyz").status == 200);
            assert!(!market.finds_active(&tokens.access), "{minutes} minutes");
        }
        assert!(!market.finds_active(&others.access), "it may live for too long");
        assert_eq!(market.refreshes(others.refresh()).status, 200, "what sessions gave stands");
        assert_eq!(ada.looks_at("/account").path, "/account", "so do they");
        assert!(market.finds_active(&ada.uses(&market).access));
        assert_eq!(clock_events(w), 2, "two minutes are caught up with");
    }

    fn a_clock_that_catches_up_costs_nothing_but_the_wait(w: &World) {
        let market = w.mini_program("market", "openid");
        let tokens = w.person("ada").uses(&market);
        time_is_set(w, Span::minutes(-5));
        answers_nothing(w);
        w.seconds_pass(30);
        answers_nothing(w);
        time_is_set(w, Span::minutes(5));
        w.soon("it answers again", || w.get("/readyz").status == 200);
        assert!(market.finds_active(&tokens.access));
        // A second or less is no step.
        time_is_set(w, Span::millis(-1000));
        assert!(market.finds_active(&tokens.access));
        assert_eq!(clock_events(w), 0);
    }

    fn who_starts_before_the_last_event_waits_for_the_time(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let (tokens, others) = (ada.uses(&market), ada.uses(&market));
        market.revokes(&tokens.access);
        w.restart_after(|| w.time_is_set_ahead(Span::minutes(-30)));
        answers_nothing(w);
        time_is_set(w, Span::minutes(30));
        w.soon("it answers again", || w.get("/readyz").status == 200);
        assert!(!market.finds_active(&tokens.access) && market.finds_active(&others.access));
        assert_eq!(clock_events(w), 0);

        w.restart_after(|| w.time_is_set_ahead(Span::minutes(-30)));
        answers_nothing(w);
        w.passes(WAIT);
        w.soon("it answers again", || w.get("/readyz").status == 200);
        assert!(!market.finds_active(&tokens.access) && !market.finds_active(&others.access));
        assert_eq!(market.refreshes(others.refresh()).status, 200);
        assert_eq!(clock_events(w), 1);
        w.restart();
        assert_eq!(w.get("/readyz").status, 200, "the last event is that one now");
    }

    fn nothing_ends_by_time_soon_after_a_step(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let visit = ada.opens(&market).signs_in().allows();
        w.passes(SETTLED);
        time_is_set(w, Span::days(100));
        // What has run out is refused all the same.
        assert_eq!(visit.program().redeems(&visit.code()).error(), "400 invalid_grant");
        assert_eq!(ada.looks_at("/account").path, "/sign-in");
        w.wait(w.services().upkeep.expire_sessions()).expect("no fault");
        w.wait(w.services().upkeep.sweep()).expect("no fault");
        w.wait(w.services().signing_keys.rotate_by_age()).expect("no fault");
        let keys = w.operator(w.signing_keys().list());
        assert!(keys.iter().all(|key| key.state.word() != "retiring"), "none retires");
        assert_eq!(ended_sessions(w), 0);
        time_is_set(w, Span::days(-100));
        w.passes(WAIT);
        w.soon("it answers again", || w.get("/readyz").status == 200);
        assert_eq!(ada.looks_at("/account").path, "/account");

        time_is_set(w, Span::days(100));
        w.passes(SETTLED);
        w.soon("it ends", || ended_sessions(w) == 1);
    }
}
