//! How clients prove who they are (RFC 6749 §2.3, OpenID Connect Core §9, RFC 7523).

use insta::assert_snapshot;
use serde_json::json;

use crate::world::browser::form_body;
use crate::world::in_both_worlds;
use crate::world::jwt::{ASSERTION_TYPE, ClientKey};
use crate::world::program::{Program, Proof};

const METHODS: [&str; 4] = [
    "none",
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
];

fn with_method(method: &str) -> serde_json::Value {
    json!({ "token_endpoint_auth_method": method })
}

fn key_of(program: &Program) -> &ClientKey {
    match &program.proof {
        Proof::Assertion(key) => key,
        _ => panic!("it signs nothing"),
    }
}

/// A token request with this assertion.
fn asserts(program: &Program, assertion: &str) -> String {
    asserts_at(program, "/token", assertion)
}

fn signs_assertions() -> serde_json::Value {
    json!({
        "token_endpoint_auth_method": "private_key_jwt",
        "grant_types": ["client_credentials"], "redirect_uris": [],
    })
}

/// A request to an endpoint of clients with this assertion.
fn asserts_at(program: &Program, path: &str, assertion: &str) -> String {
    let fields = [
        ("grant_type", "client_credentials"),
        ("token", "nothing"),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", assertion),
    ];
    let of_this_endpoint = |(name, _): &(&str, &str)| match path {
        "/token" => *name != "token",
        _ => *name != "grant_type",
    };
    let fields: Vec<(String, String)> = fields
        .into_iter()
        .filter(of_this_endpoint)
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let reply = program
        .world
        .send(form_body(program.world.http("POST", path), &fields));
    match reply.status {
        200 => "200".into(),
        _ => reply.error(),
    }
}

in_both_worlds! {
    fn every_method_works_from_the_code_to_the_revocation(w: &World) {
        let ada = w.person("ada");
        ada.signs_in();
        for method in METHODS {
            let shop = w.client(with_method(method));
            let tokens = ada.opens(&shop).allows().tokens();
            assert_eq!(shop.refreshes(tokens.refresh()).status, 200, "{method}");
            if method != "none" {
                assert!(shop.finds_active(&tokens.access), "{method}");
            }
            assert_eq!(shop.revokes(&tokens.access).status, 200, "{method}");
            assert_eq!(shop.userinfo(&tokens.access).status, 401, "{method}");
        }
    }

    fn a_secret_is_good_in_the_header_and_in_the_body(w: &World) {
        let ada = w.person("ada");
        ada.signs_in();
        for method in ["client_secret_basic", "client_secret_post"] {
            let shop = w.client(with_method(method));
            // Some libraries redeem by the one and refresh by the other.
            let by_header = Program { proof: Proof::Basic, ..shop.clone() };
            let in_body = Program { proof: Proof::Post, ..shop.clone() };
            let tokens = ada.opens(&by_header).allows().tokens();
            assert_eq!(in_body.refreshes(tokens.refresh()).status, 200, "{method}");
            assert!(in_body.finds_active(&tokens.access) && by_header.finds_active(&tokens.access));
            assert_eq!(in_body.revokes(&tokens.access).status, 200, "{method}");
        }
        let jobs = w.client(signs_assertions());
        for proof in [Proof::Basic, Proof::Post] {
            let with_secret = Program { proof, secret: "pk_any".into(), ..jobs.clone() };
            assert!(with_secret.client_credentials(&[]).error().ends_with(" invalid_client"));
        }
    }

    fn a_challenge_answers_a_header_only(w: &World) {
        let shop = w.client(with_method("client_secret_basic"));
        let wrong = Program { secret: "pk_wrong".into(), ..shop.clone() };
        let by_header = wrong.client_credentials(&[]);
        assert_eq!(by_header.error(), "401 invalid_client");
        assert!(by_header.header("www-authenticate").is_some_and(|h| h.starts_with("Basic ")));
        let in_body = Program { proof: Proof::Post, ..wrong.clone() }.client_credentials(&[]);
        assert_snapshot!(
            in_body.shown(),
            @r#"400 {"error":"invalid_client","error_description":"client authentication failed"}"#
        );
        assert_eq!(in_body.header("www-authenticate"), None);
        let nothing = Program { proof: Proof::None, ..shop.clone() };
        assert_eq!(nothing.client_credentials(&[]).error(), "400 invalid_client");
        let unknown = Program { id: "nobody".into(), ..shop };
        assert_eq!(unknown.client_credentials(&[]).body, by_header.body);
    }

    fn an_assertion_is_judged_by_every_claim(w: &World) {
        let jobs = w.client(signs_assertions());
        let key = key_of(&jobs);
        let now = w.now().seconds();
        let token_endpoint = format!("{}/token", w.issuer());
        for (changed, expected) in [
            (json!({}), "200"),
            (json!({ "aud": token_endpoint }), "200"),
            (json!({ "aud": [w.issuer()] }), "200"),
            (json!({ "iat": now + 5 }), "200"),
            (json!({ "aud": "https://other.example" }), "400 invalid_client"),
            (json!({ "aud": null }), "400 invalid_client"),
            (json!({ "sub": "someone-else" }), "400 invalid_client"),
            (json!({ "iss": "someone-else" }), "400 invalid_client"),
            (json!({ "sub": null }), "400 invalid_client"),
            (json!({ "exp": now - 120 }), "400 invalid_client"),
            (json!({ "exp": null }), "400 invalid_client"),
            (json!({ "exp": now + 86_400 }), "400 invalid_client"),
            (json!({ "exp": "soon" }), "400 invalid_client"),
            (json!({ "nbf": now + 300 }), "400 invalid_client"),
            (json!({ "jti": null }), "400 invalid_client"),
        ] {
            let assertion = jobs.assertion(key, changed.clone());
            assert_eq!(asserts(&jobs, &assertion), expected, "{changed}");
        }
        let stranger = ClientKey::new("key-1");
        assert_eq!(asserts(&jobs, &jobs.assertion(&stranger, json!({}))), "400 invalid_client");
        let expiring = jobs.assertion(key, json!({}));
        w.seconds_pass(600);
        assert_eq!(asserts(&jobs, &expiring), "400 invalid_client");
    }

    /// Libraries name the address that they call (Authlib), the token endpoint (OpenID Connect Core
    /// §9) or the issuer (RFC 7523bis).
    fn an_assertion_may_name_the_endpoint_that_it_is_sent_to(w: &World) {
        let jobs = w.client(signs_assertions());
        let key = key_of(&jobs);
        let at = |path: &str| format!("{}{path}", w.issuer());
        for path in ["/token", "/introspect", "/revoke"] {
            for (aud, accepted) in [
                (json!(w.issuer()), true),
                (json!(at("/token")), true),
                (json!(at("/introspect")), path == "/introspect"),
                (json!(at("/revoke")), path == "/revoke"),
                (json!([at(path), at("/token")]), true),
                (json!([at(path), "https://other.example"]), false),
                (json!(format!("https://other.example{path}")), false),
                (json!(path), false),
                (json!(at(&format!("{path}/"))), false),
                (json!(at("/userinfo")), false),
            ] {
                let assertion = jobs.assertion(key, json!({ "aud": aud }));
                let expected = if accepted { "200" } else { "400 invalid_client" };
                assert_eq!(asserts_at(&jobs, path, &assertion), expected, "{aud} at {path}");
            }
        }
    }

    /// Authlib's live for an hour. However long it says it lives, it is good for five minutes: for so
    /// long its `jti` is remembered.
    fn an_assertion_that_lives_for_an_hour_is_good_for_five_minutes(w: &World) {
        let jobs = w.client(signs_assertions());
        let key = key_of(&jobs);
        let now = w.now().seconds();
        let of_an_hour = |more: serde_json::Value| {
            let mut claims = json!({ "exp": now + 3600 });
            for (name, value) in more.as_object().expect("an object") {
                claims[name] = value.clone();
            }
            jobs.assertion(key, claims)
        };
        let used = of_an_hour(json!({}));
        assert_eq!(asserts(&jobs, &used), "200");
        assert_eq!(asserts(&jobs, &of_an_hour(json!({ "exp": now + 3700 }))), "400 invalid_client");
        let (soon, late) = (of_an_hour(json!({})), of_an_hour(json!({})));
        w.seconds_pass(299);
        assert_eq!(asserts(&jobs, &soon), "200");
        w.seconds_pass(120);
        assert_eq!(asserts(&jobs, &late), "400 invalid_client");
        for _ in 0..10 {
            w.seconds_pass(300);
            w.wait(w.services().upkeep.sweep()).expect("no fault");
            for old in [&used, &soon] {
                assert_eq!(asserts(&jobs, old), "400 invalid_client", "forgotten, and dead as well");
            }
        }
    }

    fn an_assertion_works_once(w: &World) {
        let jobs = w.client(signs_assertions());
        let assertion = jobs.assertion(key_of(&jobs), json!({}));
        assert_eq!(asserts(&jobs, &assertion), "200");
        assert_eq!(asserts(&jobs, &assertion), "400 invalid_client");
        let node = w.another_node();
        assert_eq!(asserts(&jobs.at(&node), &assertion), "400 invalid_client");
    }

    fn secrets_can_be_rolled_over(w: &World) {
        let shop = w.client(with_method("client_secret_basic"));
        w.seconds_pass(1);
        let (_, added) = w.operator(w.administration().add_client_secret(&shop.id));
        let secret = added.secret.expect("it is shown once").expose().to_owned();
        let newer = Program { secret, ..shop.clone() };
        let works = |program: &Program| program.introspects("nothing").status;
        assert_eq!((works(&shop), works(&newer)), (200, 200));
        w.operator(w.administration().retire_client_secret(&shop.id, None));
        assert_eq!((works(&shop), works(&newer)), (401, 200));
    }
}
