//! Two nodes on one PostgreSQL: the event log is all that they exchange, and each knows within a
//! second what ended at the other.

use flow::administer::signing_keys::RotateWhen;
use foundation::clock::{Clock as _, Span, SystemClock};
use serde_json::json;

use crate::database::Database;
use crate::spec::opaque_tokens::opaque;
use crate::world::World;
use crate::world::jwt::ASSERTION_TYPE;
use crate::world::program::{Proof, Tokens};

mod endings;
mod wire;

use endings::{ENDINGS, SCOPE, Use};
use wire::Wire;

/// "at most 1 s, guaranteed": no answer to a request that begins later is wrong.
const BOUND: Span = Span::seconds(1);
/// One millisecond more than memory is trusted without a look at the log.
const NO_LONGER_TRUSTED: Span = Span::millis(1001);

fn nodes() -> Option<(World, World)> {
    let first = World::new(Database::postgres()?);
    let second = first.another_node();
    Some((first, second))
}

/// Asks until it is so. The last request that was answered otherwise must have begun within the
/// bound; the clock that the nodes go by keeps pace with the real one.
fn within_a_second(world: &World, what: &str, mut so: impl FnMut() -> bool) {
    let start = SystemClock.uptime();
    let mut moved = start;
    loop {
        let began = SystemClock.uptime();
        world.passes(Span::millis(began.as_millis() - moved.as_millis()));
        moved = began;
        let asked = SystemClock.uptime();
        if so() {
            return;
        }
        let late = asked.as_millis() - start.as_millis();
        assert!(
            late <= BOUND.as_millis(),
            "{what}: still wrong after {late} ms"
        );
    }
}

#[test]
fn each_knows_within_a_second_what_ended_at_the_other() {
    let Some((first, second)) = nodes() else {
        return;
    };
    for (here, there, side) in [(&first, &second, "a"), (&second, &first, "b")] {
        for ending in ENDINGS {
            let held = Use::new(here, &format!("{}-{side}", ending.name));
            assert_eq!(held.scope_at(there), SCOPE, "{}", ending.name);
            assert!(held.refreshes_at(there), "{}", ending.name);
            (ending.happens)(&held, here);
            assert_eq!(held.scope_at(here), ending.leaves, "{}", ending.name);
            within_a_second(here, ending.name, || held.scope_at(there) == ending.leaves);
            assert_eq!(
                held.refreshes_at(there),
                !ending.ends_family,
                "{}",
                ending.name
            );
        }
    }
}

#[test]
fn a_suspended_program_is_closed_at_the_other_node() {
    let Some((first, second)) = nodes() else {
        return;
    };
    let held = Use::new(&first, "market");
    let there = held.program.at(&second);
    let opens = || held.person.at(&second).opens(&there);
    assert_eq!(opens().at(), "program");
    held.program.is_suspended();
    within_a_second(&first, "closed", || opens().page.delivered().is_none());
    held.program.is_released();
    within_a_second(&first, "open again", || opens().page.delivered().is_some());
    assert_eq!(held.scope_at(&second), "", "what it held before stays dead");
}

#[test]
fn a_session_that_ended_here_is_over_there_at_once() {
    let Some((first, second)) = nodes() else {
        return;
    };
    let ada = first.person("ada");
    ada.signs_in();
    // What a thief of the cookie would send.
    let stolen = crate::world::person::Person {
        browser: ada.browser.copied(),
        ..ada.clone()
    };
    assert_eq!(stolen.at(&second).looks_at("/account").path, "/account");
    ada.signs_out();
    assert_eq!(stolen.at(&second).looks_at("/account").path, "/sign-in");
}

#[test]
fn a_node_whose_tail_is_blocked_asks_the_store() {
    let Some(database) = Database::postgres() else {
        return;
    };
    let first = World::new(database);
    let url = first.database().url.clone();
    let wire = Wire::to(&url);
    let second = first.another_node_with(|config| config.database.url = wire.url(&url));
    // Dropped before the node that hangs on it.
    let wire = wire;
    let held = ENDINGS
        .iter()
        .map(|ending| (ending, Use::new(&first, ending.name)));
    let held: Vec<_> = held.collect();
    for (ending, held) in &held {
        assert_eq!(held.scope_at(&second), SCOPE, "{}", ending.name);
    }
    assert_eq!(second.get("/readyz").status, 200);
    wire.block(true);
    for (ending, held) in &held {
        (ending.happens)(held, &first);
        // It cannot know yet, and its memory is still young enough to be trusted: so it is the
        // store that is right below.
        assert_eq!(held.scope_at(&second), SCOPE, "{}", ending.name);
    }
    first.passes(NO_LONGER_TRUSTED);
    for (ending, held) in &held {
        assert_eq!(held.scope_at(&second), ending.leaves, "{}", ending.name);
        assert_eq!(
            held.refreshes_at(&second),
            !ending.ends_family,
            "{}",
            ending.name
        );
    }
    let ready = second.get("/readyz");
    assert_eq!(
        (ready.status, ready.json()["fresh"].as_bool()),
        (503, Some(false))
    );
    wire.block(false);
    second.soon("it follows the log again", || {
        second.get("/readyz").status == 200
    });
    for (ending, held) in &held {
        assert_eq!(held.scope_at(&second), ending.leaves, "{}", ending.name);
    }
}

/// Any node opens it, and one whose memory is too old to be trusted asks what has become of it.
#[test]
fn an_opaque_token_is_judged_by_a_node_whose_tail_is_blocked() {
    let Some(database) = Database::postgres() else {
        return;
    };
    let first = World::new(database);
    let url = first.database().url.clone();
    let wire = Wire::to(&url);
    let second = first.another_node_with(|config| config.database.url = wire.url(&url));
    // Dropped before the node that hangs on it.
    let wire = wire;
    let market = opaque(&first, "market");
    let (ada, bob) = (first.person("ada"), first.person("bob"));
    let (ended, stays) = (ada.uses(&market), bob.uses(&market));
    let there = market.at(&second);
    assert!(there.finds_active(&ended.access));
    wire.block(true);
    ada.signs_out();
    first.passes(NO_LONGER_TRUSTED);
    assert!(!there.finds_active(&ended.access));
    assert!(
        there.finds_active(&stays.access),
        "though it was never seen here"
    );
    wire.block(false);
}

#[test]
fn an_assertion_is_used_once_on_all_nodes() {
    let Some((first, second)) = nodes() else {
        return;
    };
    let backend = first.client(json!({
        "token_endpoint_auth_method": "private_key_jwt", "grant_types": ["client_credentials"],
        "redirect_uris": [], "response_types": [],
    }));
    let Proof::Assertion(key) = &backend.proof else {
        panic!("it signs assertions");
    };
    let presents = |node: &World, assertion: &str| {
        let anonymous = crate::world::program::Program {
            proof: Proof::None,
            ..backend.at(node)
        };
        anonymous.token(&[
            ("grant_type", "client_credentials".to_owned()),
            ("client_assertion_type", ASSERTION_TYPE.to_owned()),
            ("client_assertion", assertion.to_owned()),
        ])
    };
    for (here, there) in [(&first, &second), (&second, &first)] {
        let assertion = backend.assertion(key, json!({}));
        assert_eq!(presents(here, &assertion).status, 200);
        for node in [there, here] {
            assert_eq!(presents(node, &assertion).error(), "400 invalid_client");
        }
    }
}

#[test]
fn a_code_redeemed_here_is_used_up_there_and_a_refresh_is_retried_there() {
    let Some((first, second)) = nodes() else {
        return;
    };
    let rotates = json!({ "portico:rotate_refresh_tokens": true });
    let taxi = first.mini_program_with("taxi", SCOPE, rotates);
    let there = taxi.at(&second);
    let visit = first.person("ada").opens(&taxi).signs_in().allows();
    let tokens = visit.tokens();
    let rotated = taxi.refreshes(tokens.refresh());
    assert_eq!(rotated.status, 200);
    assert_eq!(
        there.refreshes(tokens.refresh()).body,
        rotated.body,
        "an honest retry"
    );
    assert_eq!(there.redeems(&visit.code()).error(), "400 invalid_grant");
    assert!(!there.finds_active(&tokens.access));
    within_a_second(&first, "the family's end", || {
        !taxi.finds_active(&tokens.access)
    });
}

#[test]
fn what_a_new_key_signs_here_is_known_there() {
    let Some((first, second)) = nodes() else {
        return;
    };
    let held = Use::new(&first, "market");
    // The keys that sign next are published first; the other node must have seen them.
    first.operator(first.signing_keys().rotate(RotateWhen::Now));
    let after = held.person.uses(&held.program);
    assert!(held.program.at(&second).finds_active(&after.access));
    assert!(held.program.at(&second).finds_active(&held.tokens.access));
}

#[test]
fn what_happens_here_is_heard_by_who_listens_there() {
    let Some((first, second)) = nodes() else {
        return;
    };
    let events =
        json!({ "grant_types": ["authorization_code", "refresh_token", "client_credentials"] });
    let market = first.mini_program_with("market", "openid phone.verified portico:events", events);
    let own = Tokens::of(&market.client_credentials(&[("scope", "portico:events")])).access;
    for (here, there, name) in [(&first, &second, "ada"), (&second, &first, "bob")] {
        let person = here.person(name);
        let tokens = person.uses(&market.at(here));
        let mut at_page = there.listens(&tokens.access).once_ready();
        let mut at_backend = there.listens(&own).once_ready();
        person.takes_back(&market, "phone.verified");
        person.signs_out();
        assert_eq!(at_page.hears_the_rest(), ["grant_changed", "session_ended"]);
        for event in ["grant_changed", "session_ended"] {
            let told = at_backend.hears();
            assert_eq!(
                (told.name.as_str(), &told.data["sid"]),
                (event, &tokens.claims()["sid"])
            );
        }
        // Any node goes on where another one was.
        let back = here.listens_from(&own, at_backend.last_event_id.as_deref());
        assert_eq!(back.once_ready().status(), 200);
    }
}

#[test]
fn a_node_whose_tail_is_blocked_lets_nobody_listen() {
    let Some(database) = Database::postgres() else {
        return;
    };
    let first = World::new(database);
    let url = first.database().url.clone();
    let wire = Wire::to(&url);
    let second = first.another_node_with(|config| config.database.url = wire.url(&url));
    let wire = wire;
    let held = Use::new(&first, "market");
    let mut before = second.listens(&held.tokens.access).once_ready();
    wire.block(true);
    first.passes(NO_LONGER_TRUSTED);
    let mut refused = second.listens(&held.tokens.access);
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.refusal()["error"], "temporarily_unavailable");
    held.person.signs_out();
    wire.block(false);
    // Told late, or closed to be asked again: the end is not missed.
    let told = before.hears_the_rest();
    assert!(told.is_empty() || told == ["session_ended"], "{told:?}");
    second.soon("it follows the log again", || {
        second.get("/readyz").status == 200
    });
    let back = second.listens_from(&held.tokens.access, before.last_event_id.as_deref());
    assert_eq!({ back }.hears_the_rest(), ["session_ended"]);
}
