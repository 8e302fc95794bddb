//! Streams of session events, abused: bounded, and nobody else suffers.

use foundation::clock::Span;
use serde_json::json;

use crate::database::Database;
use crate::world::at_once::at_once;
use crate::world::listener::Listener;
use crate::world::program::Tokens;
use crate::world::{World, on_postgres, on_sqlite};

/// Acts on both databases, in a world with room for so many connections.
fn on_both(connections: usize, test: fn(&World)) {
    on_sqlite(|database| with_room(database, connections), test);
    on_postgres(|database| with_room(database, connections), test);
}

/// A server with room for so many connections, all of which may come from one address.
fn with_room(database: Database, connections: usize) -> World {
    World::with(database, |config| {
        config.server.connections = connections;
        config.server.connections_per_address = connections;
    })
}

#[test]
fn a_thousand_streams_of_one_token_are_eight() {
    on_both(4000, |w| {
        let market = w.mini_program("market", "openid");
        let (ada, bob) = (w.person("ada"), w.person("bob"));
        let (of_ada, of_bob) = (ada.uses(&market), bob.uses(&market));
        let mut at_bob = w.listens(&of_bob.access).once_ready();
        let mut streams: Vec<_> = (0..1000).map(|_| w.listens(&of_ada.access)).collect();
        assert_eq!(w.streams().programs, 8 + 1);
        for closed in &mut streams[..992] {
            assert_eq!(closed.hears_the_rest(), ["ready"]);
        }
        assert_eq!(market.userinfo(&of_bob.access).status, 200);
        ada.signs_out();
        for open in &mut streams[992..] {
            assert_eq!(open.hears_the_rest(), ["ready", "session_ended"]);
        }
        bob.signs_out();
        assert_eq!(at_bob.hears_the_rest(), ["session_ended"]);
    });
}

/// Everybody listens, and the server begins again.
#[test]
fn a_crowd_that_comes_back_at_once_is_let_in_and_others_are_answered() {
    on_both(1000, |w| {
        let (ada, bob) = (w.person("ada"), w.person("bob"));
        let held: Vec<Tokens> = (0..40)
            .map(|number| ada.uses(&w.mini_program(&format!("p{number}"), "openid")))
            .collect();
        let taxi = w.mini_program("taxi", "openid");
        let of_bob = bob.uses(&taxi);
        let ids: Vec<_> = held
            .iter()
            .map(|tokens| w.listens(&tokens.access).once_ready().leaves())
            .collect();
        w.restart();
        let crowd = 40 * 6;
        let answered = at_once(crowd + 20, |number| {
            if number >= crowd {
                return (taxi.userinfo(&of_bob.access).status == 200, None);
            }
            let at = number % 40;
            let mut back = w.comes_back(&held[at].access, &ids[at]);
            (back.hears().name == "ready", Some(back))
        });
        assert!(answered.iter().all(|(is_answered, _)| *is_answered));
        ada.signs_out();
        for mut stream in answered.into_iter().filter_map(|(_, stream)| stream) {
            assert_eq!(stream.hears_the_rest(), ["session_ended"]);
        }
    });
}

/// A client takes what it may, and there is room for others.
#[test]
fn a_client_has_so_many_streams_and_others_have_theirs() {
    on_both(1000, |w| {
        let market = w.mini_program_with(
            "market",
            "openid portico:events",
            json!({ "grant_types": ["authorization_code", "refresh_token", "client_credentials"] }),
        );
        let taxi = w.mini_program("taxi", "openid");
        let of_taxi = w.person("bob").uses(&taxi);
        let own = Tokens::of(&market.client_credentials(&[("scope", "portico:events")])).access;
        let streams: Vec<_> = (0..64).map(|_| w.listens(&own).once_ready()).collect();
        let mut refused = w.listens(&own);
        assert_eq!(refused.status(), 429);
        assert!(refused.head.contains("retry-after: 5"), "{}", refused.head);
        assert_eq!(refused.refusal()["error"], "temporarily_unavailable");
        assert_eq!(w.listens(&of_taxi.access).once_ready().status(), 200);
        drop(streams);
        // Its connections are closed; the server notices when it says something.
        market.is_suspended();
        w.soon("they are given back", || w.streams().backends == 0);
    });
}

/// Streams leave room for requests.
#[test]
fn a_node_has_so_many_streams() {
    on_both(16, |w| {
        let (ada, bob) = (w.person("ada"), w.person("bob"));
        let programs: Vec<_> = ["p0", "p1"]
            .map(|name| w.mini_program(name, "openid"))
            .into();
        let tokens: Vec<_> = programs.iter().map(|program| ada.uses(program)).collect();
        let of_bob = bob.uses(&programs[0]);
        let streams: Vec<_> = (0..12)
            .map(|number| w.listens(&tokens[number % 2].access).once_ready())
            .collect();
        assert_eq!(w.listens(&of_bob.access).status(), 503);
        assert_eq!(programs[0].userinfo(&of_bob.access).status, 200);
        drop(streams);
    });
}

#[test]
fn what_a_request_carries_is_bounded() {
    on_both(100, |w| {
        let market = w.mini_program("market", "openid");
        let tokens = w.person("ada").uses(&market);
        let giant = "x".repeat(20_000);
        let headers = format!(
            "Authorization: Bearer {}\r\nLast-Event-ID: {giant}\r\n",
            tokens.access
        );
        assert_eq!(Listener::begin(w, &headers).status(), 431);
        w.passes(Span::seconds(1));
        assert_eq!(w.listens(&tokens.access).once_ready().status(), 200);
    });
}
