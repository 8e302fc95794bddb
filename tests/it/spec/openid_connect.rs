//! OpenID Connect Core §3.1.2: `prompt`, `max_age`, hints, `claims`, `acr_values`.

use serde_json::json;

use crate::world::in_both_worlds;
use crate::world::jwt;

in_both_worlds! {
    fn prompt_none_succeeds_silently_or_says_what_it_needs(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let ada = w.person("ada");
        assert_eq!(ada.asked_silently(&market).get("error"), "login_required");
        ada.signs_in();
        assert_eq!(ada.asked_silently(&market).get("error"), "consent_required");
        let before = ada.uses(&market).claims();
        w.seconds_pass(60);
        let silent = ada.sends(market.request().with("prompt", "none")).tokens().claims();
        assert_eq!(silent["sub"], before["sub"]);
        assert_eq!(silent["auth_time"], before["auth_time"]);
        ada.signs_out();
        assert_eq!(ada.asked_silently(&market).get("error"), "login_required");
    }

    fn a_stranger_who_asks_silently_leaves_nothing_behind(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        assert_eq!(ada.asked_silently(&market).get("error"), "login_required");
        assert!(ada.browser.jar().is_empty(), "no cookie, and no row to bind it to");
    }

    fn prompt_login_asks_again_and_auth_time_moves(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let before = ada.uses(&market).claims();
        w.seconds_pass(90);
        let visit = ada.sends(market.request().with("prompt", "login"));
        assert_eq!(visit.at(), "/sign-in");
        let after = visit.signs_in().tokens().claims();
        assert_eq!(after["sub"], before["sub"]);
        assert_eq!(after["auth_time"], json!(w.now().seconds()));
        assert_ne!(after["auth_time"], before["auth_time"]);
    }

    /// Attack 46: cancelling must not look like a fresh sign-in.
    fn prompt_login_cancelled_leaves_auth_time_where_it_was(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let before = ada.uses(&market).claims();
        w.seconds_pass(90);
        let visit = ada.sends(market.request().with("prompt", "login")).presses("cancel");
        assert_eq!(visit.error(), "access_denied");
        assert_eq!(ada.opens(&market).tokens().claims()["auth_time"], before["auth_time"]);
    }

    fn max_age_asks_again_when_it_has_passed(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let before = ada.uses(&market).claims();
        w.seconds_pass(100);
        let within = ada.sends(market.request().with("max_age", "10000")).tokens().claims();
        assert_eq!(within["auth_time"], before["auth_time"]);
        let silent = market.request().with("max_age", "1").with("prompt", "none");
        assert_eq!(ada.sends(silent).error(), "login_required");
        for max_age in ["1", "0"] {
            let visit = ada.sends(market.request().with("max_age", max_age));
            assert_eq!(visit.at(), "/sign-in");
            let after = visit.signs_in().tokens().claims();
            assert_eq!(after["auth_time"], json!(w.now().seconds()));
            w.seconds_pass(2);
        }
        let shop = w.client(json!({ "default_max_age": 50 }));
        w.seconds_pass(60);
        assert_eq!(ada.opens(&shop).at(), "/sign-in");
    }

    fn select_account_lets_the_person_choose(w: &World) {
        let market = w.mini_program("market", "openid");
        let (ada, bob) = (w.person("ada"), w.person("bob"));
        ada.signs_in();
        let asked = || ada.sends(market.request().with("prompt", "select_account"));
        assert_eq!(asked().at(), "/choose-account");
        let same = asked().presses("continue").tokens().claims();
        assert_eq!(same["sub"], ada.opens(&market).tokens().claims()["sub"]);
        assert_eq!(asked().presses("cancel").error(), "access_denied");
        let mut visit = asked().presses("other");
        assert_eq!(visit.at(), "/sign-in");
        visit.person.username.clone_from(&bob.username);
        visit.person.password.clone_from(&bob.password);
        let other = visit.signs_in().tokens().claims();
        assert_eq!(other["sub"], bob.uses(&market).claims()["sub"]);
        assert_ne!(other["sub"], same["sub"]);
    }

    fn an_id_token_hint_names_who_is_expected(w: &World) {
        let market = w.mini_program("market", "openid");
        let bank = w.mini_program("bank", "openid");
        let (ada, bob) = (w.person("ada"), w.person("bob"));
        let hint = ada.uses(&market).id_token.expect("one");
        let silent = |hint: &str| market.request().with("prompt", "none").with("id_token_hint", hint);
        assert!(!ada.sends(silent(&hint)).code().is_empty());
        w.seconds_pass(86_400);
        assert!(!ada.sends(silent(&hint)).code().is_empty(), "an expired one is accepted");
        bob.signs_in();
        assert_eq!(bob.sends(silent(&hint)).error(), "login_required");
        let visit = bob.sends(market.request().with("id_token_hint", hint.as_str()));
        assert_eq!(visit.at(), "/sign-in", "it is not the person who was meant");
        let foreign = ada.uses(&bank).id_token.expect("one");
        assert_eq!(ada.sends(silent(&foreign)).error(), "invalid_request");
        let [header, claims, _] = jwt::parts(&hint);
        assert_eq!(ada.sends(silent(&format!("{header}.{claims}.AAAA"))).error(), "invalid_request");
        let access = ada.opens(&market).tokens().access;
        assert_eq!(ada.sends(silent(&access)).error(), "invalid_request");
    }

    fn a_login_hint_is_filled_in(w: &World) {
        let market = w.mini_program("market", "openid");
        let visit = w.person("ada").sends(market.request().with("login_hint", "ada@example.com"));
        assert!(visit.page.body.contains(r#"value="ada@example.com""#));
        assert_eq!(visit.signs_in().tokens().scope, "openid");
    }

    fn claims_asked_for_by_name_are_given(w: &World) {
        let shop = w.client(json!({ "scope": "openid profile email" })).asking("openid");
        let ada = w.person("ada");
        ada.signs_in();
        let claims = json!({
            "userinfo": { "name": { "essential": true }, "unheard_of": null },
            "id_token": { "email": null },
        });
        let visit = ada.sends(shop.request().with("claims", claims.to_string())).allows();
        let tokens = visit.tokens();
        assert_eq!(tokens.scope, "openid", "the token's scope does not grow");
        let userinfo = shop.userinfo(&tokens.access).json();
        assert_eq!(userinfo["name"], "ada of Harbour Street");
        assert_eq!((userinfo.get("email"), userinfo.get("nickname")), (None, None));
        assert_eq!(tokens.claims()["email"], "ada@example.com");
    }

    fn claims_do_not_go_around_consent(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let ada = w.person("ada");
        let claims = json!({
            "userinfo": { "phone_number": { "essential": true }, "name": null, "kyc": null },
            "id_token": { "email": { "essential": true } },
        });
        let request = market.asking("openid").request().with("claims", claims.to_string());
        let tokens = ada.sends(request).signs_in().allows().tokens();
        let userinfo = market.userinfo(&tokens.access).json();
        let names: Vec<&String> = userinfo.as_object().expect("an object").keys().collect();
        assert_eq!(names, ["sub"]);
        assert_eq!(tokens.claims().get("email"), None);
    }

    fn acr_is_a_wish_or_a_must(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        ada.signs_in();
        let wish = market.request().with("acr_values", "urn:gold urn:portico:acr:password");
        let claims = ada.sends(wish).tokens().claims();
        assert_eq!(claims["acr"], "urn:portico:acr:password");
        let must = json!({ "id_token": { "acr": { "essential": true, "values": ["urn:gold"] } } });
        let request = market.request().with("claims", must.to_string());
        assert_eq!(ada.sends(request).error(), "unmet_authentication_requirements");
        let can = json!({ "id_token": { "acr": { "essential": true, "value": "urn:portico:acr:password" } } });
        let request = market.request().with("claims", can.to_string());
        assert!(!ada.sends(request).code().is_empty());
    }

    fn subjects_are_pairwise_and_stay(w: &World) {
        let (market, bank) = (w.mini_program("market", "openid"), w.mini_program("bank", "openid"));
        let (ada, bob) = (w.person("ada"), w.person("bob"));
        let sub = |person: &crate::world::person::Person, program| person.uses(program).claims()["sub"].clone();
        let (at_market, at_bank) = (sub(&ada, &market), sub(&ada, &bank));
        assert_ne!(at_market, at_bank);
        assert_ne!(sub(&bob, &market), at_market);
        ada.removes(&market);
        ada.signs_out();
        w.seconds_pass(3600);
        assert_eq!(sub(&ada, &market), at_market, "the same person is the same, always");
    }

    fn one_publishers_programs_share_a_unionid(w: &World) {
        let flows = w.flows();
        w.operator(flows.verify_publisher(&w.publisher()));
        let (market, bank) = (w.mini_program("market", "openid unionid"), w.mini_program("bank", "openid unionid"));
        let other = w.new_publisher("Elsewhere");
        let taxi = w.mini_program_with("taxi", "openid unionid", json!({ "publisher": other }));
        let ada = w.person("ada");
        ada.signs_in();
        let unionid = |program| {
            let visit = ada.opens(program).allows();
            program.userinfo(&visit.tokens().access).json()["unionid"].clone()
        };
        assert_eq!(ada.opens(&market).at(), "program", "a verified publisher needs no sheet");
        assert_eq!(ada.opens(&taxi).at(), "/consent", "another one does");
        let shared = unionid(&market);
        assert!(shared.as_str().is_some_and(|id| id.len() >= 20), "{shared}");
        assert_eq!(unionid(&bank), shared);
        assert_ne!(unionid(&taxi), shared);
    }
}
