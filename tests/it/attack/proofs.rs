//! Rows 40 and 64 to 66: proofs of possession.

use foundation::clock::Span;
use serde_json::{Value, json};

use crate::database::Database;
use crate::world::at_once::at_once;
use crate::world::possession::ProofKey;
use crate::world::program::{Program, Tokens};
use crate::world::reply::Reply;
use crate::world::{World, in_both_worlds};

const TOKEN: (&str, &str) = ("POST", "/token");

fn jobs(w: &World) -> Program {
    w.client(json!({ "grant_types": ["client_credentials"], "redirect_uris": [] }))
}

/// A token request with exactly this proof.
fn proved(program: &Program, proof: &str) -> Reply {
    let form = [("grant_type", "client_credentials".to_owned())];
    let request = program.post("/token", &form);
    program.world.send(request.header("dpop", proof))
}

/// A key whose holder was given a nonce.
fn key_with_nonce(program: &Program) -> ProofKey {
    let key = ProofKey::new();
    key.notes(&proved(program, "none yet"));
    key
}

in_both_worlds! {
    fn attack_40_a_bound_refresh_token_is_nothing_without_its_key(w: &World) {
        let (key, thief) = (ProofKey::new(), ProofKey::new());
        let app = w.client(json!({ "token_endpoint_auth_method": "none", "client_name": "phone app" }));
        let owner = app.proving(&key);
        let tokens = w.person("ada").uses(&owner);
        assert_eq!(app.refreshes(tokens.refresh()).error(), "400 invalid_dpop_proof");
        assert_eq!(app.proving(&thief).refreshes(tokens.refresh()).error(), "400 invalid_grant");
        // It stays as it is, and nobody's try has ended it.
        for _ in 0..2 {
            w.passes(Span::minutes(6));
            let refreshed = Tokens::of(&owner.refreshes(tokens.refresh()));
            assert_eq!(refreshed.refresh, None, "it is not rotated");
            assert_eq!(owner.userinfo(&refreshed.access).status, 200);
            assert_eq!(app.proving(&thief).userinfo(&refreshed.access).error(), "401 invalid_token");
        }
        assert_eq!(app.revokes(tokens.refresh()).status, 200);
        assert_eq!(owner.refreshes(tokens.refresh()).error(), "400 invalid_grant");
    }

    /// For as long as its nonce is good, and a minute more.
    fn attack_64_a_proof_works_once_for_as_long_as_it_would_work(w: &World) {
        let jobs = jobs(w);
        let key = key_with_nonce(&jobs);
        let once = key.proof(w, TOKEN, json!({}));
        let given = at_once(16, |_| proved(&jobs, &once).status);
        assert_eq!(given.iter().filter(|status| **status == 200).count(), 1, "{given:?}");
        assert!(given.iter().all(|status| [200, 400].contains(status)), "{given:?}");
        assert_eq!(proved(&jobs, &once).error(), "400 invalid_dpop_proof");
        w.seconds_pass(299);
        w.wait(w.services().upkeep.sweep()).expect("it is swept");
        assert_eq!(proved(&jobs, &once).error(), "400 invalid_dpop_proof", "until its nonce has had its time");
        w.seconds_pass(1);
        assert_eq!(proved(&jobs, &once).error(), "400 use_dpop_nonce");
    }

    fn attack_64_a_proof_with_an_access_token_works_once(w: &World) {
        let key = ProofKey::new();
        let app = w.client(json!({ "token_endpoint_auth_method": "none", "client_name": "phone app" }));
        let token = w.person("ada").uses(&app.proving(&key)).access;
        let proof = key.proof(w, ("GET", "/userinfo"), json!({ "ath": ProofKey::hash_of(&token) }));
        let ask = || {
            let request = w.http("GET", "/userinfo").header("authorization", format!("DPoP {token}"));
            w.send(request.header("dpop", &proof))
        };
        assert_eq!(ask().status, 200);
        assert_eq!(ask().error(), "401 invalid_dpop_proof");
    }

    fn attack_65_nobody_uses_up_what_another_key_signs(w: &World) {
        let jobs = jobs(w);
        let (key, other) = (key_with_nonce(&jobs), key_with_nonce(&jobs));
        let same = json!({ "jti": "the same" });
        let victims = key.proof(w, TOKEN, same.clone());
        assert_eq!(proved(&jobs, &other.proof(w, TOKEN, same.clone())).status, 200);
        // What is wrong with a proof uses nothing up.
        let elsewhere = json!({ "jti": "the same", "htu": "https://other.example/token" });
        assert_eq!(proved(&jobs, &key.proof(w, TOKEN, elsewhere)).error(), "400 invalid_dpop_proof");
        let unsigned = format!("{}x", &victims[..victims.len() - 1]);
        assert_eq!(proved(&jobs, &unsigned).error(), "400 invalid_dpop_proof");
        assert_eq!(proved(&jobs, &victims).status, 200);
        assert_eq!(proved(&jobs, &key.proof(w, TOKEN, same)).error(), "400 invalid_dpop_proof");
    }

    /// A stranger who names a public client writes nothing, however good the proof.
    fn attack_65_a_proof_that_came_with_nothing_good_is_not_remembered(w: &World) {
        let app = w.client(json!({ "token_endpoint_auth_method": "none", "client_name": "phone app" }));
        let key = ProofKey::new();
        let code = w.person("ada").opens(&app).signs_in().allows().code();
        key.notes(&app.proving(&key).refreshes("nothing"));
        let proof = key.proof(w, TOKEN, json!({}));
        let send = |code: &str| {
            let form = [
                ("grant_type", "authorization_code".to_owned()),
                ("code", code.to_owned()),
                ("redirect_uri", app.redirect_uri.clone()),
                ("code_verifier", crate::world::request::VERIFIER.to_owned()),
            ];
            w.send(app.post("/token", &form).header("dpop", &proof))
        };
        let nobodys = format!("{}x", &code[..code.len() - 1]);
        assert_eq!(send(&nobodys).error(), "400 invalid_grant");
        assert_eq!(send(&code).status, 200, "the proof is still good");
    }

    fn attack_66_a_proof_names_this_request_and_no_other(w: &World) {
        let jobs = jobs(w);
        let key = key_with_nonce(&jobs);
        let here = format!("{}/token", w.issuer());
        let port = w.issuer().rsplit(':').next().expect("a port");
        for htu in [
            here.clone(), format!("{here}?a=b#c"), here.replacen("http", "HTTP", 1),
            here.replacen("localhost", "LOCALHOST", 1), here.replacen("token", "%74oken", 1),
        ] {
            let reply = proved(&jobs, &key.proof(w, TOKEN, json!({ "htu": htu })));
            assert_eq!(reply.status, 200, "{htu}: {}", reply.body);
        }
        for htu in [
            json!([here]), json!({ "uri": here }), json!(1), json!(true), json!(""), json!("/token"),
            json!(w.issuer()), json!(format!("{here}/")), json!(format!("{}/userinfo", w.issuer())),
            json!(here.replacen("http:", "https:", 1)), json!(format!("http://evil.example:{port}/token")),
            json!(format!("http://localhost:{port}@evil.example/token")),
            json!(format!("http://evil.example/?{here}")), json!(format!(" {here}")),
        ] {
            let reply = proved(&jobs, &key.proof(w, TOKEN, json!({ "htu": htu })));
            assert_eq!(reply.error(), "400 invalid_dpop_proof", "{htu}");
        }
        for (claim, value) in [
            ("htm", json!("GET")), ("htm", json!("post")), ("htm", Value::Null), ("htu", Value::Null),
            ("iat", Value::Null), ("iat", json!("now")), ("jti", Value::Null), ("jti", json!("")),
            ("jti", json!("x".repeat(257))), ("jti", json!(1)), ("nonce", json!(1)),
        ] {
            let reply = proved(&jobs, &key.proof(w, TOKEN, json!({ claim: value })));
            assert_eq!(reply.error(), "400 invalid_dpop_proof", "{claim} {value}");
        }
        let proof = key.proof(w, TOKEN, json!({}));
        let two = format!("{proof}, {}", key.proof(w, TOKEN, json!({})));
        assert_eq!(proved(&jobs, &two).error(), "400 invalid_dpop_proof");
        let form = [("grant_type", "client_credentials".to_owned())];
        let twice = jobs.post("/token", &form).header("dpop", &proof).header("dpop", &proof);
        assert_eq!(w.send(twice).error(), "400 invalid_dpop_proof");
        assert_eq!(proved(&jobs, &proof).status, 200);
    }
}

/// Nonces are good on every node, and what was used at one is used at all.
#[test]
fn attack_64_two_nodes_share_nonces_and_remember_together() {
    let Some(database) = Database::postgres() else {
        return;
    };
    let first = World::new(database);
    let second = first.another_node();
    let here = jobs(&first);
    let there = here.at(&second);
    let key = key_with_nonce(&here);
    let proof = key.proof(&first, TOKEN, json!({}));
    assert_eq!(proved(&there, &proof).status, 200);
    assert_eq!(proved(&here, &proof).error(), "400 invalid_dpop_proof");
    let again = key.proof(&first, TOKEN, json!({}));
    let given = at_once(8, |n| proved([&here, &there][n % 2], &again).status);
    assert_eq!(
        given.iter().filter(|status| **status == 200).count(),
        1,
        "{given:?}"
    );
}
