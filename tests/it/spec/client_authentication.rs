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
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", assertion),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let reply = program
        .world
        .send(form_body(program.world.http("POST", "/token"), &fields));
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

    fn a_method_that_is_not_registered_is_refused(w: &World) {
        let shop = w.client(with_method("client_secret_basic"));
        let other = Program { proof: Proof::Post, ..shop.clone() };
        assert_snapshot!(
            other.client_credentials(&[]).shown(),
            @r#"401 {"error":"invalid_client","error_description":"client authentication failed"}"#
        );
        let nothing = Program { proof: Proof::None, ..shop.clone() };
        assert_eq!(nothing.client_credentials(&[]).error(), "401 invalid_client");
        let wrong = Program { secret: "pk_wrong".into(), ..shop.clone() };
        let reply = wrong.client_credentials(&[]);
        assert_eq!(reply.error(), "401 invalid_client");
        assert!(reply.header("www-authenticate").is_some_and(|h| h.starts_with("Basic ")));
        let unknown = Program { id: "nobody".into(), ..shop };
        assert_eq!(unknown.client_credentials(&[]).body, wrong.client_credentials(&[]).body);
    }

    fn an_assertion_is_judged_by_every_claim(w: &World) {
        let jobs = w.client(json!({
            "token_endpoint_auth_method": "private_key_jwt",
            "grant_types": ["client_credentials"], "redirect_uris": [],
        }));
        let key = key_of(&jobs);
        let now = w.now().seconds();
        let token_endpoint = format!("{}/token", w.issuer());
        for (changed, expected) in [
            (json!({}), "200"),
            (json!({ "aud": token_endpoint }), "200"),
            (json!({ "aud": [w.issuer()] }), "200"),
            (json!({ "iat": now + 5 }), "200"),
            (json!({ "aud": "https://other.example" }), "401 invalid_client"),
            (json!({ "aud": null }), "401 invalid_client"),
            (json!({ "sub": "someone-else" }), "401 invalid_client"),
            (json!({ "iss": "someone-else" }), "401 invalid_client"),
            (json!({ "sub": null }), "401 invalid_client"),
            (json!({ "exp": now - 120 }), "401 invalid_client"),
            (json!({ "exp": null }), "401 invalid_client"),
            (json!({ "exp": now + 86_400 }), "401 invalid_client"),
            (json!({ "exp": "soon" }), "401 invalid_client"),
            (json!({ "nbf": now + 300 }), "401 invalid_client"),
            (json!({ "jti": null }), "401 invalid_client"),
        ] {
            let assertion = jobs.assertion(key, changed.clone());
            assert_eq!(asserts(&jobs, &assertion), expected, "{changed}");
        }
        let stranger = ClientKey::new("key-1");
        assert_eq!(asserts(&jobs, &jobs.assertion(&stranger, json!({}))), "401 invalid_client");
        let expiring = jobs.assertion(key, json!({}));
        w.seconds_pass(600);
        assert_eq!(asserts(&jobs, &expiring), "401 invalid_client");
    }

    fn an_assertion_works_once(w: &World) {
        let jobs = w.client(json!({
            "token_endpoint_auth_method": "private_key_jwt",
            "grant_types": ["client_credentials"], "redirect_uris": [],
        }));
        let assertion = jobs.assertion(key_of(&jobs), json!({}));
        assert_eq!(asserts(&jobs, &assertion), "200");
        assert_eq!(asserts(&jobs, &assertion), "401 invalid_client");
        let node = w.another_node();
        assert_eq!(asserts(&jobs.at(&node), &assertion), "401 invalid_client");
    }

    fn secrets_can_be_rolled_over(w: &World) {
        let shop = w.client(with_method("client_secret_basic"));
        let flows = w.flows();
        w.seconds_pass(1);
        let (_, added) = w.operator(flows.add_client_secret(&shop.id));
        let secret = added.secret.expect("it is shown once").expose().to_owned();
        let newer = Program { secret, ..shop.clone() };
        let works = |program: &Program| program.introspects("nothing").status;
        assert_eq!((works(&shop), works(&newer)), (200, 200));
        w.operator(flows.retire_client_secret(&shop.id, None));
        assert_eq!((works(&shop), works(&newer)), (401, 200));
    }
}
