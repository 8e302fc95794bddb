//! Rows 15 to 34: codes, PKCE, client authentication.

use serde_json::json;

use crate::world::at_once::at_once;
use crate::world::browser::form_body;
use crate::world::in_both_worlds;
use crate::world::jwt::{self, ASSERTION_TYPE};
use crate::world::program::{Program, Proof, Tokens};
use crate::world::request::VERIFIER;

fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
        .collect()
}

in_both_worlds! {
    fn attack_15_16_pkce_is_neither_skipped_nor_added_later(w: &World) {
        let shop = w.client(json!({ "portico:profile": "oidc_compat" }));
        let ada = w.person("ada");
        ada.signs_in();
        let with = ada.opens(&shop).allows().code();
        assert_eq!(shop.redeems_with(&with, &[("code_verifier", "")]).error(), "400 invalid_grant");
        let without = ada.sends(shop.request().without_pkce()).code();
        assert_eq!(shop.redeems_with(&without, &[("code_verifier", VERIFIER)]).error(), "400 invalid_grant");
        let plain = shop.request().with("code_challenge", VERIFIER).with("code_challenge_method", "plain");
        assert_eq!(ada.sends(plain).error(), "invalid_request");
    }

    /// Four ways: the right and a wrong client, in time and late.
    fn attack_18_19_a_code_is_for_one_client_and_one_minute(w: &World) {
        let (market, bank) = (w.mini_program("market", "openid"), w.mini_program("bank", "openid"));
        let thief = Program { redirect_uri: market.redirect_uri.clone(), ..bank.clone() };
        let ada = w.person("ada");
        ada.signs_in();
        for (is_thief, is_late, expected) in [
            (false, false, 200),
            (false, true, 400),
            (true, false, 400),
            (true, true, 400),
        ] {
            let code = ada.opens(&market).code();
            w.seconds_pass(if is_late { 60 } else { 1 });
            let program = if is_thief { &thief } else { &market };
            assert_eq!(program.redeems(&code).status, expected, "thief {is_thief}, late {is_late}");
            if is_thief {
                assert_eq!(market.redeems(&code).status, 400, "it is burned");
            }
        }
    }

    fn attack_20_a_secret_of_one_kind_is_never_looked_up_as_another(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let tokens = ada.uses(&market);
        let cookies: Vec<String> = ada.browser.jar().values().cloned().collect();
        let page = ada.sends(market.request().with("prompt", "login")).page;
        let step = crate::world::html::forms(&page.body)[0].inputs[0].value.clone();
        let others = [tokens.refresh().to_owned(), tokens.access.clone(), market.secret.clone(), step];
        for text in others.iter().chain(&cookies) {
            assert_eq!(market.redeems(text).error(), "400 invalid_grant");
        }
        let code = ada.opens(&market).code();
        for text in cookies.iter().chain([&code]) {
            assert_eq!(market.refreshes(text).error(), "400 invalid_grant");
            assert!(!market.finds_active(text));
        }
        assert_eq!(market.redeems(&code).status, 200, "asking about it uses nothing up");
    }

    fn attack_24_61_assertions_without_a_good_signature_are_nothing(w: &World) {
        let jobs = w.client(json!({
            "token_endpoint_auth_method": "private_key_jwt",
            "grant_types": ["client_credentials"], "redirect_uris": [],
        }));
        let Proof::Assertion(key) = &jobs.proof else { panic!("it signs") };
        let good = jobs.assertion(key, json!({}));
        let [header, claims, signature] = jwt::parts(&good);
        let (claims_json, under) = (jwt::payload(&good), |header: serde_json::Value| jwt::encoded(header.to_string()));
        let public = key.public();
        let embedded = json!({ "alg": "ES256", "jwk": jwt::ClientKey::new("x").public() });
        let stranger = jwt::ClientKey::new("key-1");
        for assertion in [
            format!("{header}.{claims}."),
            format!("{}.{claims}.", under(json!({ "alg": "none" }))),
            format!("{}.{claims}.{signature}", under(json!({ "alg": "none", "kid": "key-1" }))),
            format!("{}.{claims}.{signature}", under(json!({ "alg": "HS256", "kid": "key-1" }))),
            format!("{}.{claims}.{signature}", under(json!({ "alg": "RS256", "kid": "key-1" }))),
            format!("{}.{claims}.{signature}", under(json!({ "kid": "key-1" }))),
            hmac_signed(&public.to_string(), &claims_json),
            stranger.sign("ES256", &claims_json),
            stranger.sign_with_header(&embedded, &claims_json),
            key.sign_with_header(&json!({ "alg": "ES256", "kid": "key-1", "crit": ["x"], "x": 1 }), &claims_json),
            format!("{header}.{claims}.{signature}.x"), format!("{header}.{claims}"), format!("{header}.{claims}.{signature}="),
            "..".into(), "a.b.c".into(), String::new(),
        ] {
            let form = fields(&[
                ("grant_type", "client_credentials"),
                ("client_assertion_type", ASSERTION_TYPE),
                ("client_assertion", &assertion),
            ]);
            let reply = w.send(form_body(w.http("POST", "/token"), &form));
            assert_eq!(reply.status, 400, "{assertion}: {}", reply.body);
        }
        assert_eq!(jobs.client_credentials(&[]).status, 200);
    }

    fn attack_27_28_credentials_are_read_strictly_and_never_skipped(w: &World) {
        let shop = w.client(json!({ "grant_types": ["authorization_code", "refresh_token", "client_credentials"] }));
        let tokens = w.person("ada").uses(&shop);
        let basic = |text: &[u8]| {
            use base64::Engine as _;
            format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(text))
        };
        let form = fields(&[("grant_type", "client_credentials")]);
        let post = |headers: &[String], form: &[(String, String)]| {
            let request = headers.iter().fold(w.http("POST", "/token"), |r, h| r.header("authorization", h));
            w.send(form_body(request, form)).error()
        };
        let right = basic(format!("{}:{}", shop.id, shop.secret).as_bytes());
        for header in [
            basic(b"no-colon"), basic(b":"), basic(format!("{}:", shop.id).as_bytes()), basic(b"\xff\xfe:\xff"),
            basic(format!("{}:%zz", shop.id).as_bytes()), "Basic".into(), "Basic %%%".into(), "Bearer x".into(),
        ] {
            let error = post(std::slice::from_ref(&header), &form);
            assert!(["400 invalid_request", "401 invalid_client"].contains(&error.as_str()), "{header}: {error}");
        }
        assert_eq!(post(&[right.clone(), right.clone()], &form), "400 invalid_request");
        let mut both = form.clone();
        both.extend(fields(&[("client_id", &shop.id), ("client_secret", &shop.secret)]));
        assert_eq!(post(std::slice::from_ref(&right), &both), "400 invalid_request");
        for secret in [None, Some("")] {
            for grant in [("refresh_token", "refresh_token", tokens.refresh()), ("authorization_code", "code", "x"), ("client_credentials", "x", "x")] {
                let mut form = fields(&[("grant_type", grant.0), (grant.1, grant.2), ("client_id", &shop.id)]);
                form.extend(secret.map(|s| ("client_secret".to_owned(), s.to_owned())));
                assert_eq!(post(&[], &form), "400 invalid_client", "{grant:?} {secret:?}");
            }
        }
        let in_query = w.http("POST", &format!("/token?client_id={}&client_secret={}", shop.id, shop.secret));
        assert_eq!(w.send(form_body(in_query, &form)).error(), "400 invalid_request");
    }

    fn attack_31_32_34_no_grant_gives_more_than_it_should(w: &World) {
        let public = w.client(json!({ "token_endpoint_auth_method": "none" }));
        let shop = w.client(json!({}));
        assert_eq!(public.client_credentials(&[]).error(), "400 unauthorized_client");
        assert_eq!(shop.client_credentials(&[]).error(), "400 unauthorized_client");
        for grant in ["password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:device_code", "bogus"] {
            let reply = shop.token(&[("grant_type", grant.into()), ("username", "ada".into()), ("password", String::new())]);
            assert_eq!(reply.error(), "400 unsupported_grant_type", "{grant}");
        }
        for metadata in [
            json!({ "redirect_uris": ["https://a.example/cb"], "response_types": ["token"] }),
            json!({ "redirect_uris": ["https://a.example/cb"], "grant_types": ["implicit"] }),
            json!({ "redirect_uris": ["https://a.example/cb"], "grant_types": ["password"] }),
            json!({ "redirect_uris": ["https://a.example/cb"], "scope": "openid portico:launch" }),
            json!({ "grant_types": ["client_credentials"], "token_endpoint_auth_method": "none" }),
        ] {
            assert!(w.wait(w.administration().add_client(&metadata)).expect("no fault").is_err(), "{metadata}");
        }
    }

    fn attack_39_a_refresh_token_in_strange_hands_ends_its_family(w: &World) {
        let (market, bank) = (w.mini_program("market", "openid"), w.mini_program("bank", "openid"));
        let tokens = w.person("ada").uses(&market);
        assert_eq!(bank.refreshes(tokens.refresh()).error(), "400 invalid_grant");
        assert!(!market.finds_active(&tokens.access), "it has leaked");
        assert_eq!(market.refreshes(tokens.refresh()).error(), "400 invalid_grant");
    }

    fn attack_22_an_assertion_works_once_also_at_the_same_moment(w: &World) {
        let jobs = w.client(json!({
            "token_endpoint_auth_method": "private_key_jwt",
            "grant_types": ["client_credentials"], "redirect_uris": [],
        }));
        let Proof::Assertion(key) = &jobs.proof else { panic!("it signs") };
        let assertion = jobs.assertion(key, json!({}));
        let form = fields(&[
            ("grant_type", "client_credentials"),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", &assertion),
        ]);
        let given = at_once(16, |_| w.send(form_body(w.http("POST", "/token"), &form)).status);
        assert_eq!(given.iter().filter(|status| **status == 200).count(), 1, "{given:?}");
        assert!(given.iter().all(|status| [200, 400].contains(status)), "{given:?}");
    }

    fn attack_23_an_assertion_for_somebody_else_is_refused(w: &World) {
        let jobs = w.client(json!({
            "token_endpoint_auth_method": "private_key_jwt",
            "grant_types": ["client_credentials"], "redirect_uris": [],
        }));
        let Proof::Assertion(key) = &jobs.proof else { panic!("it signs") };
        for aud in [json!(["https://other.example"]), json!(format!("{}/revoke", w.issuer())), json!(""), json!([]), json!(7)] {
            let form = [
                ("grant_type", "client_credentials".to_owned()),
                ("client_assertion_type", ASSERTION_TYPE.to_owned()),
                ("client_assertion", jobs.assertion(key, json!({ "aud": aud }))),
            ];
            let nobody = Program { proof: Proof::None, ..jobs.clone() };
            assert_eq!(nobody.token(&form).error(), "400 invalid_client", "{aud}");
        }
        assert!(!Tokens::of(&jobs.client_credentials(&[])).access.is_empty());
    }
}

/// A JWT whose HMAC key is a public key: what a confused verifier accepts.
fn hmac_signed(public_key: &str, claims: &serde_json::Value) -> String {
    let header = json!({ "alg": "HS256", "kid": "key-1" });
    let text = format!(
        "{}.{}",
        jwt::encoded(header.to_string()),
        jwt::encoded(claims.to_string())
    );
    let signer = josekit::jws::HS256
        .signer_from_bytes(public_key.as_bytes())
        .expect("a signer");
    let signature = josekit::jws::JwsSigner::sign(&signer, text.as_bytes()).expect("signed");
    format!("{text}.{}", jwt::encoded(signature))
}
