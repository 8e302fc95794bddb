//! Signing keys, and those who keep a copy of the JWKS for as long as they were told they may.

use domain::signing_key::{KeyKind, KeyState, SigningKey};
use flow::administer::signing_keys::RotateWhen;
use foundation::clock::{Instant, Span};
use foundation::id::Position;
use serde_json::json;
use store::faultpoint;

use crate::world::program::{Program, Tokens};
use crate::world::reply::Reply;
use crate::world::{World, in_both_worlds, jwt};

fn jobs(w: &World) -> Program {
    w.client(json!({ "grant_types": ["client_credentials"], "redirect_uris": [] }))
}

/// The kid under which a program's tokens are signed now.
fn signing_kid(program: &Program) -> String {
    let tokens = Tokens::of(&program.client_credentials(&[]));
    let header = jwt::header(&tokens.access);
    header["kid"].as_str().expect("a kid").to_owned()
}

fn kids(jwks: &Reply) -> Vec<String> {
    let keys = jwks.json()["keys"].as_array().expect("keys").clone();
    let kid = |key: &serde_json::Value| key["kid"].as_str().map(str::to_owned);
    keys.iter().filter_map(kid).collect()
}

/// How long an answer may be kept.
fn max_age(reply: &Reply) -> Span {
    let control = reply.header("cache-control").expect("it is said");
    match control.split_once("max-age=") {
        Some((_, seconds)) => Span::seconds(seconds.parse().expect("seconds")),
        None => Span::seconds(0),
    }
}

fn next_keys(w: &World) -> Vec<SigningKey> {
    let mut keys = w.operator(w.signing_keys().list());
    keys.retain(|key| key.state == KeyState::Next);
    keys
}

/// From when both next keys sign.
fn signs_from(w: &World) -> Instant {
    let from = next_keys(w).iter().filter_map(SigningKey::signs_from).max();
    from.expect("they are confirmed")
}

/// Rotates if no copy of the JWKS is without the next keys; else, why not.
fn rotates(w: &World) -> Result<(), String> {
    let rotated = w.wait(w.signing_keys().rotate(RotateWhen::CopiesHaveThem));
    let rotated = rotated.expect("no fault");
    rotated.map(drop).map_err(|refusal| refusal.to_string())
}

in_both_worlds! {
    /// Whoever verifies with a copy that is fresh by our own max-age finds the key of every token,
    /// however eagerly the operator rotates.
    fn every_copy_that_may_be_kept_has_the_key_that_signs(w: &World) {
        let jobs = jobs(w);
        let (mut copies, mut rotations) = (Vec::new(), 0);
        for _ in 0..45 {
            let copy = w.get("/jwks");
            copies.push((w.now() + max_age(&copy), kids(&copy)));
            rotations += u32::from(rotates(w).is_ok());
            let (kid, now) = (signing_kid(&jobs), w.now());
            copies.retain(|(until, _)| now < *until);
            assert!(!copies.is_empty(), "copies may be kept");
            for (_, kids) in &copies {
                assert!(kids.contains(&kid), "a copy is without {kid}: {kids:?}");
            }
            w.seconds_pass(30);
        }
        assert!(rotations >= 3, "{rotations} rotations are too few to show anything");
    }

    fn a_rotation_that_comes_too_early_says_when_it_will_not(w: &World) {
        let jobs = jobs(w);
        for _ in 0..2 {
            let before = signing_kid(&jobs);
            let refused = rotates(w).expect_err("the next keys were published a moment ago");
            let from = signs_from(w);
            assert!(refused.contains(&from.rfc3339()) && refused.contains("--now"), "{refused}");
            w.passes(Span::millis(from.since(w.now()).as_millis() - 1));
            assert_eq!(rotates(w), Err(refused), "it says the same until then");
            assert_eq!(signing_kid(&jobs), before);
            w.passes(Span::millis(1));
            assert_eq!(rotates(w), Ok(()));
            assert_ne!(signing_kid(&jobs), before);
        }
    }

    fn who_cannot_wait_rotates_now_and_hears_until_when_it_may_fail(w: &World) {
        let jobs = jobs(w);
        let before = signing_kid(&jobs);
        rotates(w).expect_err("too early");
        let from = signs_from(w);
        let rotated = w.operator(w.signing_keys().rotate(RotateWhen::Now));
        assert_eq!(rotated.may_fail_until, Some(from));
        assert_ne!(signing_kid(&jobs), before);
        rotates(w).expect_err("too early again");
        w.passes(signs_from(w).since(w.now()));
        let rotated = w.operator(w.signing_keys().rotate(RotateWhen::Now));
        assert_eq!(rotated.may_fail_until, None);
    }

    /// A key that somebody has got hold of signs nothing any more, whoever has copies of what.
    fn revoking_a_key_waits_for_nobody(w: &World) {
        let jobs = jobs(w);
        rotates(w).expect_err("too early");
        let stolen = signing_kid(&jobs);
        w.operator(w.signing_keys().revoke(&stolen));
        assert_ne!(signing_kid(&jobs), stolen);
        assert!(!kids(&w.get("/jwks")).contains(&stolen));
    }

    fn a_next_key_is_confirmed_once_every_live_node_has_it(w: &World) {
        let (services, behind) = (w.services(), w.services().upkeep.new_node_id());
        let is_confirmed = |w: &World| next_keys(w).iter().all(|key| key.confirmed_at.is_some());
        let at = |keys_seen| w.wait(services.upkeep.heartbeat(behind, keys_seen)).expect("it lives");
        at(Position(0));
        w.wait(services.signing_keys.rotate_by_age()).expect("no fault");
        w.wait(services.signing_keys.rotate_by_age()).expect("no fault");
        assert_eq!(next_keys(w).len(), KeyKind::ALL.len());
        assert!(!is_confirmed(w), "a node is behind");
        w.seconds_pass(20);
        at(Position(i64::MAX));
        w.soon("this node has them as well", || {
            w.wait(services.signing_keys.rotate_by_age()).expect("no fault");
            is_confirmed(w)
        });
        let confirmed = next_keys(w).iter().all(|key| key.confirmed_at == Some(w.now()));
        assert!(confirmed, "not before the last of them had it");
        w.wait(services.upkeep.retire_node(behind)).expect("it leaves");
    }

    /// It may be without a key that the others have published meanwhile.
    fn a_node_that_may_be_behind_lets_nobody_keep_its_jwks(w: &World) {
        let control = || w.get("/jwks").header("cache-control").map(str::to_owned);
        assert_eq!(control().as_deref(), Some("public, max-age=300"));
        w.store_fails(faultpoint::READ);
        w.clock_runs_ahead(2);
        let reply = w.get("/jwks");
        assert_eq!((reply.status, reply.header("cache-control")), (200, Some("no-cache")));
        w.store_works();
        w.soon("it follows the log again", || control().as_deref() == Some("public, max-age=300"));
    }
}
