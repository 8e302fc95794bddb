//! Proofs of possession (RFC 9449): tokens that are worth nothing without the key they are bound to.

use foundation::clock::Span;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::world::jwt;
use crate::world::listener::Listener;
use crate::world::possession::ProofKey;
use crate::world::program::{Program, Tokens};
use crate::world::reply::Reply;
use crate::world::{World, in_both_worlds};

/// An app without a secret.
fn app(w: &World) -> Program {
    w.client(json!({ "token_endpoint_auth_method": "none", "client_name": "phone app" }))
}

/// A client that acts for itself.
fn jobs(w: &World) -> Program {
    w.client(json!({ "grant_types": ["client_credentials"], "redirect_uris": [] }))
}

/// A token request with exactly this proof.
fn proved(program: &Program, proof: &str) -> Reply {
    let form = [("grant_type", "client_credentials".to_owned())];
    let request = program.post("/token", &form);
    program.world.send(request.header("dpop", proof))
}

/// Userinfo with exactly this token, scheme and proof.
fn asked(w: &World, authorization: String, proof: Option<String>) -> Reply {
    let request = w
        .http("GET", "/userinfo")
        .header("authorization", authorization);
    w.send(match proof {
        Some(proof) => request.header("dpop", proof),
        None => request,
    })
}

fn bound_to(token: &str) -> Value {
    jwt::payload(token)["cnf"].clone()
}

in_both_worlds! {
    fn who_proves_a_key_gets_tokens_that_are_bound_to_it(w: &World) {
        let key = ProofKey::new();
        let app = app(w).proving(&key);
        let code = w.person("ada").opens(&app).signs_in().allows().code();
        let reply = app.redeems(&code);
        assert_eq!(reply.text("token_type"), "DPoP");
        let tokens = Tokens::of(&reply);
        assert_eq!(bound_to(&tokens.access), json!({ "jkt": key.thumbprint() }));
        let said = app.userinfo(&tokens.access);
        assert_eq!((said.status, said.text("sub")), (200, tokens.claims()["sub"].as_str().expect("a sub").to_owned()));
        let post = w.http("POST", "/userinfo").header("authorization", format!("dpop {}", tokens.access));
        let more = json!({ "ath": ProofKey::hash_of(&tokens.access) });
        let post = post.header("dpop", key.proof(w, ("POST", "/userinfo"), more));
        assert_eq!(w.send(post).status, 200, "by POST as well");
    }

    /// RFC 9449 §7.1, §7.2.
    fn a_bound_token_opens_nothing_without_its_key(w: &World) {
        let (key, other) = (ProofKey::new(), ProofKey::new());
        let app = app(w).proving(&key);
        let token = w.person("ada").uses(&app).access;
        let refused = asked(w, format!("Bearer {token}"), None);
        assert_eq!(refused.error(), "401 invalid_token");
        assert_snapshot!(refused.header("www-authenticate").unwrap_or_default(), @r#"Bearer error="invalid_token", error_description="the access token is bound to a key: it needs the scheme DPoP and a proof", DPoP algs="RS256 PS256 ES256 EdDSA Ed25519""#);
        let form = w.http("POST", "/userinfo").header("content-type", "application/x-www-form-urlencoded");
        assert_eq!(w.send(form.body(format!("access_token={token}"))).error(), "401 invalid_token");
        let without = asked(w, format!("DPoP {token}"), None);
        assert_eq!(without.error(), "401 invalid_dpop_proof");
        assert_snapshot!(without.header("www-authenticate").unwrap_or_default(), @r#"Bearer realm="portico", DPoP error="invalid_dpop_proof", error_description="a DPoP proof is needed", algs="RS256 PS256 ES256 EdDSA Ed25519""#);
        assert_eq!(app.proving(&other).userinfo(&token).error(), "401 invalid_token");
        let target = ("GET", "/userinfo");
        for ath in [Value::Null, json!(ProofKey::hash_of("another")), json!(token)] {
            let proof = key.proof(w, target, json!({ "ath": ath }));
            let refused = asked(w, format!("DPoP {token}"), Some(proof));
            assert_eq!(refused.error(), "401 invalid_dpop_proof", "{ath}");
        }
        for elsewhere in [("POST", "/userinfo"), ("GET", "/token")] {
            let proof = key.proof(w, elsewhere, json!({ "ath": ProofKey::hash_of(&token) }));
            let refused = asked(w, format!("DPoP {token}"), Some(proof));
            assert_eq!(refused.error(), "401 invalid_dpop_proof", "{elsewhere:?}");
        }
        let proof = key.proof(w, target, json!({ "ath": ProofKey::hash_of(&token) }));
        let both = w.http("GET", "/userinfo").header("authorization", format!("DPoP {token}"));
        let both = both.header("dpop", &proof).header("dpop", &proof);
        assert_eq!(w.send(both).error(), "401 invalid_dpop_proof", "two proofs");
        assert_eq!(app.userinfo(&token).status, 200, "the owner was never in the way");
    }

    fn a_bearer_token_is_no_better_with_a_proof(w: &World) {
        let key = ProofKey::new();
        let app = app(w);
        let token = w.person("ada").uses(&app).access;
        assert_eq!(bound_to(&token), Value::Null);
        assert_eq!(app.proving(&key).userinfo(&token).error(), "401 invalid_token");
        assert_eq!(app.userinfo(&token).status, 200);
    }

    /// RFC 9449 §6.2: "the authorization server does not validate an access token's DPoP binding at the
    /// introspection endpoint".
    fn introspection_says_which_key(w: &World) {
        let key = ProofKey::new();
        let jobs = jobs(w);
        let token = Tokens::of(&jobs.proving(&key).client_credentials(&[])).access;
        let said = jobs.introspects(&token).json();
        assert_eq!(said["cnf"], json!({ "jkt": key.thumbprint() }));
        assert_eq!(said["token_type"], "DPoP");
        assert_eq!(jobs.introspects(&token).json(), said, "also from what is kept");
        let plain = jobs.introspects(&Tokens::of(&jobs.client_credentials(&[])).access).json();
        assert_eq!((plain.get("cnf"), &plain["token_type"]), (None, &json!("Bearer")));
    }

    /// RFC 9449 §8, §11.3.
    fn a_proof_is_made_with_a_nonce_of_the_last_five_minutes(w: &World) {
        let key = ProofKey::new();
        let jobs = jobs(w);
        let target = ("POST", "/token");
        let first = proved(&jobs, &key.proof(w, target, json!({})));
        assert_snapshot!(first.shown(), @r#"400 {"error":"use_dpop_nonce","error_description":"the DPoP proof needs the nonce of this answer"}"#);
        key.notes(&first);
        let nonce = key.nonce().expect("it was given");
        assert!(nonce.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\'), "{nonce}");
        w.seconds_pass(299);
        let good = proved(&jobs, &key.proof(w, target, json!({})));
        assert_eq!(good.status, 200, "{}", good.body);
        assert_ne!(good.header("dpop-nonce"), Some(&*nonce), "a good answer brings the next one");
        w.seconds_pass(1);
        let stale = key.proof(w, target, json!({ "nonce": nonce }));
        assert_eq!(proved(&jobs, &stale).error(), "400 use_dpop_nonce");
        for foreign in ["x", "", &"n".repeat(9000), &jobs.secret] {
            let proof = key.proof(w, target, json!({ "nonce": foreign }));
            let refused = proved(&jobs, &proof).error();
            assert!(["400 use_dpop_nonce", "400 invalid_dpop_proof"].contains(&&*refused), "{foreign}: {refused}");
        }
        key.notes(&good);
        assert_eq!(proved(&jobs, &key.proof(w, target, json!({}))).status, 200);
    }

    /// RFC 9449 §9.
    fn a_nonce_is_asked_for_at_userinfo_as_well(w: &World) {
        let key = ProofKey::new();
        let token = w.person("ada").uses(&app(w).proving(&key)).access;
        w.passes(Span::minutes(5));
        let proof = key.proof(w, ("GET", "/userinfo"), json!({ "ath": ProofKey::hash_of(&token) }));
        let stale = asked(w, format!("DPoP {token}"), Some(proof));
        assert_eq!(stale.error(), "401 use_dpop_nonce");
        let challenge = stale.header("www-authenticate").expect("a challenge");
        assert!(challenge.contains(r#"DPoP error="use_dpop_nonce""#), "{challenge}");
        key.notes(&stale);
        assert_eq!(app(w).proving(&key).userinfo(&token).status, 200);
    }

    /// Everything of ours that a token opens is opened alike.
    fn session_events_are_heard_with_the_key_only(w: &World) {
        let key = ProofKey::new();
        let token = w.person("ada").uses(&app(w).proving(&key)).access;
        let ath = json!({ "ath": ProofKey::hash_of(&token) });
        let proof = || key.proof(w, ("GET", "/session-events"), ath.clone());
        let begin = |scheme: &str, proof: &str| {
            Listener::begin(w, &format!("Authorization: {scheme} {token}\r\nDPoP: {proof}\r\n"))
        };
        let refused = |scheme: &str, proof: &str| {
            let mut listener = begin(scheme, proof);
            format!("{} {}", listener.status(), listener.refusal()["error"])
        };
        assert_eq!(refused("Bearer", &proof()), r#"401 "invalid_token""#);
        let elsewhere = key.proof(w, ("GET", "/userinfo"), ath.clone());
        assert_eq!(refused("DPoP", &elsewhere), r#"401 "invalid_dpop_proof""#);
        let once = proof();
        let heard = begin("DPoP", &once);
        assert_eq!(heard.status(), 200);
        assert!(heard.head.contains("\r\ndpop-nonce: "), "{}", heard.head);
        heard.once_ready();
        assert_eq!(refused("DPoP", &once), r#"401 "invalid_dpop_proof""#, "a proof works once");
    }

    /// RFC 9449 §11.1: "Nonces created in this way yield the same result even in the face of arbitrarily
    /// large clock skews."
    fn a_phone_whose_clock_is_wrong_is_served(w: &World) {
        let key = ProofKey::new();
        let jobs = jobs(w);
        for seconds in [-3600, 3600, -300_000_000, 300_000_000] {
            let wrong = json!({ "iat": w.now().seconds() + seconds });
            let reply = proved(&jobs, &key.proof(w, ("POST", "/token"), wrong.clone()));
            key.notes(&reply);
            if reply.status != 200 {
                assert_eq!(reply.error(), "400 use_dpop_nonce", "the nonce is all that is missing");
                let again = proved(&jobs, &key.proof(w, ("POST", "/token"), wrong));
                assert_eq!(again.status, 200, "{seconds}: {}", again.body);
            }
        }
    }

    /// RFC 9449 §5.2.
    fn a_client_that_always_proves_is_held_to_it(w: &World) {
        let shop = w.client(json!({ "dpop_bound_access_tokens": true }));
        let ada = w.person("ada");
        let code = ada.opens(&shop).signs_in().allows().code();
        assert_eq!(shop.redeems(&code).error(), "400 invalid_dpop_proof");
        let shop = shop.proving(&ProofKey::new());
        let tokens = Tokens::of(&shop.redeems(&code));
        let unproved = Program { key: None, ..shop.clone() };
        assert_eq!(unproved.refreshes(tokens.refresh()).error(), "400 invalid_dpop_proof");
        assert_eq!(shop.refreshes(tokens.refresh()).text("token_type"), "DPoP");
        assert_eq!(shop.registration()["dpop_bound_access_tokens"], true);
    }

    /// RFC 9449 §10.
    fn a_code_is_bound_to_the_key_that_the_request_named(w: &World) {
        let (key, other) = (ProofKey::new(), ProofKey::new());
        let app = app(w);
        let ada = w.person("ada");
        ada.signs_in();
        let named = || app.request().with("dpop_jkt", key.thumbprint());
        let code = ada.sends(named()).allows().code();
        assert_eq!(app.redeems(&code).error(), "400 invalid_dpop_proof");
        assert_eq!(app.proving(&other).redeems(&code).error(), "400 invalid_grant");
        assert_eq!(app.proving(&key).redeems(&code).status, 200, "it was not used up");
        // The whole request travels through the sign-in page.
        let bob = w.person("bob");
        let code = bob.sends(named()).signs_in().allows().code();
        assert_eq!(app.redeems(&code).error(), "400 invalid_dpop_proof");
        assert_eq!(app.proving(&key).redeems(&code).status, 200);
        let wrong = app.request().with("dpop_jkt", "NzbLsXh8uDCcd");
        assert_eq!(ada.sends(wrong).error(), "invalid_request");
    }

    /// RFC 9449 §5: "Refresh tokens issued to confidential clients … are not bound to the DPoP proof public
    /// key", which "allows credential rotation for the client".
    fn a_client_with_a_secret_may_change_its_key(w: &World) {
        let shop = w.client(json!({}));
        let tokens = w.person("ada").uses(&shop.proving(&ProofKey::new()));
        let new = ProofKey::new();
        let refreshed = Tokens::of(&shop.proving(&new).refreshes(tokens.refresh()));
        assert_eq!(bound_to(&refreshed.access), json!({ "jkt": new.thumbprint() }));
        let plain = shop.refreshes(tokens.refresh());
        assert_eq!(plain.text("token_type"), "Bearer");
        assert_eq!(bound_to(&Tokens::of(&plain).access), Value::Null);
    }

    /// An honest retry proves the same key again; another key asks for something else.
    fn a_rotated_token_is_tried_again_with_the_same_key(w: &World) {
        let shop = w.client(json!({ "portico:rotate_refresh_tokens": true }));
        let (key, other) = (ProofKey::new(), ProofKey::new());
        let first = w.person("ada").uses(&shop.proving(&key));
        let second = shop.proving(&key).refreshes(first.refresh());
        assert_eq!(second.status, 200, "{}", second.body);
        assert_eq!(shop.proving(&key).refreshes(first.refresh()).json(), second.json());
        assert_eq!(shop.proving(&other).refreshes(first.refresh()).error(), "400 invalid_grant");
        assert!(!shop.finds_active(&Tokens::of(&second).access), "that was a reuse");
    }

    fn an_app_that_begins_to_prove_gets_a_token_that_is_bound_from_then_on(w: &World) {
        let app = app(w);
        let first = w.person("ada").uses(&app);
        let proving = app.proving(&ProofKey::new());
        let second = Tokens::of(&proving.refreshes(first.refresh()));
        assert_eq!(app.refreshes(second.refresh()).error(), "400 invalid_dpop_proof");
        let third = Tokens::of(&proving.refreshes(second.refresh()));
        assert_eq!((third.refresh, first.refresh.is_some()), (None, true), "it is not rotated any more");
    }

    fn every_answer_to_a_proof_brings_a_nonce_that_a_page_can_read(w: &World) {
        let jobs = jobs(w);
        for (proof, path) in [("nonsense", "/token"), ("a.b.c", "/token?x=1"), ("", "/userinfo")] {
            let request = w.http("POST", path).header("dpop", proof).body("grant_type=x");
            let reply = w.send(request.header("content-type", "application/x-www-form-urlencoded"));
            assert!(reply.status >= 400, "{path}");
            assert!(reply.header("dpop-nonce").is_some(), "{path}");
            let exposed = reply.header("access-control-expose-headers").expect("CORS");
            assert!(exposed.split(", ").any(|name| name == "dpop-nonce"), "{exposed}");
        }
        let preflight = reqwest::Method::OPTIONS;
        for path in ["/token", "/userinfo"] {
            let reply = w.send(w.http(preflight.as_str(), path));
            let allowed = reply.header("access-control-allow-headers").expect("CORS");
            assert!(allowed.split(", ").any(|name| name == "dpop"), "{allowed}");
        }
        assert_eq!(jobs.client_credentials(&[]).header("dpop-nonce"), None, "who proves nothing gets none");
        let document = w.send(w.http("GET", "/jwks").header("dpop", "x"));
        assert_eq!((document.status, document.header("dpop-nonce")), (200, None), "what is kept has none");
    }

    /// A host without a secret is one for whom everything is bound.
    fn a_host_without_a_secret_registers_to_prove(w: &World) {
        let host = |more: Value| {
            let mut metadata = json!({
                "portico:host": true, "client_name": "Nova", "token_endpoint_auth_method": "none",
                "redirect_uris": ["https://nova.example/cb"], "grant_types": ["authorization_code"],
                "application_type": "native",
            });
            metadata.as_object_mut().expect("an object").extend(more.as_object().expect("one").clone());
            metadata
        };
        let refused = |more: Value| w.refuses(w.administration().add_client(&host(more)));
        assert_snapshot!(refused(json!({})), @"dpop_bound_access_tokens: must be true for a host (portico:host) without a secret");
        let own_scheme = json!({ "dpop_bound_access_tokens": true, "redirect_uris": ["com.example.nova:/cb"] });
        assert_snapshot!(refused(own_scheme), @"redirect_uris: must be claimed https addresses for a host (portico:host) without a secret: any app can have its scheme");
        w.client(host(json!({ "dpop_bound_access_tokens": true })));
    }
}
