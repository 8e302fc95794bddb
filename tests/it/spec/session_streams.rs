//! Streams of session events that break off: what whoever comes back hears, and what nodes do about those
//! who listen.

use foundation::clock::{Clock as _, Span, SystemClock};
use serde_json::json;

use crate::database::Database;
use crate::world::at_once::at_once;
use crate::world::program::{Program, Tokens};
use crate::world::{World, in_both_worlds, on_postgres, on_sqlite};

const SCOPE: &str = "openid phone.verified profile.basic";

fn host(w: &World) -> Program {
    w.client(json!({
        "client_name": "Nova", "portico:host": true, "scope": "openid profile portico:launch",
        "redirect_uris": ["https://nova.example/callback"],
    }))
}

in_both_worlds! {
    fn who_comes_back_hears_what_they_missed_and_then_goes_on(w: &World) {
        let (nova, market, taxi) = (host(w), w.mini_program("market", SCOPE), w.mini_program("taxi", SCOPE));
        let (ada, bob) = (w.person("ada"), w.person("bob"));
        let at_nova = ada.uses(&nova);
        ada.uses(&market);
        bob.uses(&market);
        let id = w.listens(&at_nova.access).once_ready().leaves();
        ada.takes_back(&market, "phone.verified");
        bob.takes_back(&market, "phone.verified");
        taxi.is_suspended();
        ada.removes(&market);
        let mut back = w.listens_from(&at_nova.access, Some(&id));
        let told: Vec<_> = (0..4).map(|_| back.hears().name).collect();
        assert_eq!(told, ["grant_changed", "mini_program_suspended", "session_ended", "ready"]);
        let id = back.last_event_id.clone().expect("a position");
        ada.signs_out();
        assert_eq!(back.hears_the_rest(), ["session_ended"]);
        // Cut off before that came.
        let mut late = w.listens_from(&at_nova.access, Some(&id));
        assert_eq!(late.hears().with("reason"), "session_ended logout");
        assert_eq!(late.next(), None);
    }

    fn a_backend_that_comes_back_hears_of_whom_it_missed(w: &World) {
        let market = w.mini_program_with("market", &format!("{SCOPE} portico:events"), json!({
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        }));
        let (ada, bob) = (w.person("ada"), w.person("bob"));
        let (of_ada, of_bob) = (ada.uses(&market), bob.uses(&market));
        let own = Tokens::of(&market.client_credentials(&[("scope", "portico:events")])).access;
        let id = w.listens(&own).once_ready().leaves();
        ada.signs_out();
        bob.removes(&market);
        let mut back = w.listens_from(&own, Some(&id));
        for (tokens, reason) in [(&of_ada, "logout"), (&of_bob, "withdrawn")] {
            let told = back.hears();
            assert_eq!(told.with("reason"), format!("session_ended {reason}"));
            assert_eq!((&told.data["sub"], &told.data["sid"]), (&tokens.claims()["sub"], &tokens.claims()["sid"]));
        }
        assert_eq!(back.hears().name, "ready");
        // What happened while it listens has its place in the same order.
        let id = back.last_event_id.clone().expect("a position");
        let bob_again = bob.uses(&market);
        bob.signs_out();
        assert_eq!(back.hears().data["sid"], bob_again.claims()["sid"]);
        assert_ne!(back.last_event_id.as_deref(), Some(id.as_str()));
        let back = w.listens_from(&own, back.last_event_id.as_deref());
        assert_eq!(back.once_ready().status(), 200);
    }

    fn a_program_hears_nothing_of_a_stay_before_its_token(w: &World) {
        let market = w.mini_program("market", SCOPE);
        let ada = w.person("ada");
        let first = ada.uses(&market);
        let id = w.listens(&first.access).once_ready().leaves();
        ada.removes(&market);
        let second = ada.uses(&market);
        let mut back = w.listens_from(&second.access, Some(&id)).once_ready();
        ada.signs_out();
        assert_eq!(back.hears_the_rest(), ["session_ended"]);
    }

    fn a_position_that_cannot_be_resumed_is_reset(w: &World) {
        let (nova, market) = (host(w), w.mini_program("market", SCOPE));
        let (ada, bob) = (w.person("ada"), w.person("bob"));
        let (of_ada, of_bob, at_market) = (ada.uses(&nova), bob.uses(&nova), ada.uses(&market));
        let id = w.listens(&of_ada.access).once_ready().leaves();
        let is_reset = |token: &str, id: &str| {
            let mut back = w.listens_from(token, Some(id));
            let first = back.hears().name;
            assert!(first == "ready" || back.hears().name == "ready", "{first}");
            first == "reset"
        };
        assert!(!is_reset(&of_ada.access, &id));
        assert!(is_reset(&of_bob.access, &id), "another person's");
        assert!(is_reset(&at_market.access, &id), "another client's");
        for strange in ["1", "\u{e9}", &"A".repeat(70), &"x".repeat(10_000)] {
            assert!(is_reset(&of_ada.access, strange), "{strange}");
        }
        // More has happened than anybody looks through.
        for _ in 0..10 {
            w.store().write_blocking(|tx| {
                (0..100).for_each(|_| tx.append(domain::event::Event::KeysChanged { revoked: None }));
                Ok(())
            }).expect("it is written");
        }
        assert!(is_reset(&of_ada.access, &id));
    }

    fn a_restart_closes_streams_at_once_and_they_go_on(w: &World) {
        let market = w.mini_program("market", SCOPE);
        let ada = w.person("ada");
        let tokens = ada.uses(&market);
        let mut before = w.listens(&tokens.access).once_ready();
        let asked = SystemClock.uptime();
        w.restart_after(|| assert_eq!(before.next(), None));
        let took = SystemClock.uptime() - asked;
        assert!(took < Span::seconds(8), "nobody waited for a stream to end: {took:?}");
        let mut back = w.listens_from(&tokens.access, before.last_event_id.as_deref()).once_ready();
        ada.signs_out();
        assert_eq!(back.hears_the_rest(), ["session_ended"]);
    }

    fn a_node_that_loads_its_memory_anew_closes_streams_and_nothing_is_missed(w: &World) {
        let market = w.mini_program("market", SCOPE);
        let ada = w.person("ada");
        let tokens = ada.uses(&market);
        let mut before = w.listens(&tokens.access).once_ready();
        w.time_is_set_ahead(Span::seconds(5));
        assert_eq!(before.next(), None, "it does not know what it missed, and says nothing");
        ada.takes_back(&market, "phone.verified");
        let health = w.services().health;
        w.soon("it follows the log again", || health.is_fresh());
        let mut back = w.listens_from(&tokens.access, before.last_event_id.as_deref());
        assert_eq!([back.hears().name, back.hears().name], ["grant_changed", "ready"]);
    }

    fn streams_that_begin_while_a_session_ends_hear_it_all_the_same(w: &World) {
        let market = w.mini_program("market", SCOPE);
        for round in 0..4 {
            let ada = w.person(&format!("ada{round}"));
            let tokens = ada.uses(&market);
            let heard = at_once(6, |number| {
                if number == 0 {
                    ada.signs_out();
                    return Vec::new();
                }
                w.listens(&tokens.access).hears_the_rest()
            });
            for names in &heard[1..] {
                assert_eq!(names.last().map(String::as_str), Some("session_ended"), "{names:?}");
            }
        }
    }

    fn streams_are_found_by_whom_they_are_of_and_given_back(w: &World) {
        let (nova, market) = (host(w), w.mini_program("market", SCOPE));
        let ada = w.person("ada");
        let (of_host, of_market) = (ada.uses(&nova), ada.uses(&market));
        let open = [w.listens(&of_host.access).once_ready(), w.listens(&of_market.access).once_ready()];
        assert_eq!((w.streams().hosts, w.streams().programs), (1, 1));
        drop(open);
        // The connections are closed; the server notices when it says something.
        market.is_suspended();
        ada.signs_out();
        w.soon("nobody listens any more", || w.streams().hosts + w.streams().programs == 0);
    }
}

/// Fifteen seconds of the real clock: no other test looks at what nothing happens for.
#[test]
fn a_quiet_stream_says_that_it_lives_and_how_far_it_is() {
    let w = World::new(Database::sqlite());
    let market = w.mini_program_with(
        "market",
        &format!("{SCOPE} portico:events"),
        json!({
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        }),
    );
    let taxi = w.mini_program("taxi", SCOPE);
    let (ada, bob) = (w.person("ada"), w.person("bob"));
    let of_ada = ada.uses(&market).access;
    bob.uses(&taxi);
    let own = Tokens::of(&market.client_credentials(&[("scope", "portico:events")])).access;
    let mut streams = [of_ada, own].map(|token| (w.listens(&token).once_ready(), token));
    // It concerns neither of them.
    bob.removes(&taxi);
    for (stream, token) in &mut streams {
        let begun = stream.last_event_id.clone();
        stream.hears_a_heartbeat();
        assert_ne!(
            stream.last_event_id, begun,
            "what happened to others was looked at"
        );
        let back = w.listens_from(token, stream.last_event_id.as_deref());
        assert_eq!(back.once_ready().status(), 200);
    }
    ada.signs_out();
    for (stream, _) in &mut streams {
        assert_eq!(stream.hears().name, "session_ended");
    }
}

/// A session that ends five minutes after it began.
fn a_session_that_ends_by_time_ends_at_its_second_also_after_a_restart(w: &World) {
    let market = w.mini_program("market", SCOPE);
    let ada = w.person("ada");
    let tokens = ada.uses(&market);
    w.passes(Span::minutes(4));
    w.restart();
    let mut listener = w.listens(&tokens.access);
    let ready = listener.hears();
    let end = ready.data["session_expires_at"].as_i64().expect("a time");
    assert_eq!(end, (w.now() + Span::minutes(1)).millis());
    w.passes(Span::seconds(59));
    w.passes(Span::seconds(1));
    let told = listener.hears();
    assert_eq!(told.name, "session_expired");
    let late = told.data["at"].as_i64().expect("a time") - end;
    assert!((0..1000).contains(&late), "{late} ms");
    assert_eq!(listener.next(), None);
}

mod a_session_that_ends_by_time_ends_at_its_second_also_after_a_restart {
    use super::*;

    fn short(database: Database) -> World {
        World::with(database, |config| {
            config.session.lifetime = Span::minutes(5);
            config.session.idle = Span::minutes(5);
        })
    }

    #[test]
    fn sqlite() {
        let test = super::a_session_that_ends_by_time_ends_at_its_second_also_after_a_restart;
        on_sqlite(short, test);
    }

    #[test]
    fn postgres() {
        let test = super::a_session_that_ends_by_time_ends_at_its_second_also_after_a_restart;
        on_postgres(short, test);
    }
}
