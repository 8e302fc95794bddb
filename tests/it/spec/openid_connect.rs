//! OpenID Connect Core §3.1.2: `prompt`, `max_age`, hints, `claims`, `acr_values`.

use serde_json::{Value, json};

use crate::world::browser::filled;
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

    /// "The Authorization Server MUST NOT reply with an ID Token or Access Token for a different user,
    /// even if they have an active session with the Authorization Server. Such a request can be made
    /// either using an id_token_hint parameter or by requesting a specific Claim Value" (OpenID Connect
    /// Core §3.1.2.2).
    fn a_sub_asked_for_by_value_names_who_is_expected(w: &World) {
        let market = w.mini_program("market", "openid");
        let (ada, bob) = (w.person("ada"), w.person("bob"));
        let adas = ada.uses(&market).claims()["sub"].clone();
        let bobs = bob.uses(&market).claims()["sub"].clone();
        for part in ["id_token", "userinfo"] {
            let naming = |sub: &Value| {
                let claims = json!({ part: { "sub": { "value": sub } } });
                market.request().with("claims", claims.to_string())
            };
            let silent = |sub: &Value| naming(sub).with("prompt", "none");
            assert_eq!(ada.sends(silent(&adas)).tokens().claims()["sub"], adas);
            for other in [&bobs, &json!("nobody"), &json!(""), &json!(7)] {
                assert_eq!(ada.sends(silent(other)).error(), "login_required", "{part} {other}");
                assert_eq!(ada.sends(naming(other)).at(), "/sign-in", "{part} {other}");
            }
            let nobody_here = w.person(&format!("{part}-eve"));
            assert_eq!(nobody_here.sends(silent(&adas)).error(), "login_required");
        }
        let any = json!({ "id_token": { "sub": { "essential": true } } }).to_string();
        assert!(!ada.sends(market.request().with("claims", any)).code().is_empty());
    }

    /// "otherwise, it MUST return an error, such as login_required" (OpenID Connect Core §3.1.2.1): whoever
    /// signs in as somebody else than the one who is meant is not asked for ever.
    fn who_is_expected_signs_in_or_the_request_ends(w: &World) {
        let market = w.mini_program("market", "openid");
        let (ada, bob) = (w.person("ada"), w.person("bob"));
        let tokens = ada.uses(&market);
        bob.uses(&market);
        let value = json!({ "id_token": { "sub": { "value": tokens.claims()["sub"] } } });
        for request in [
            market.request().with("claims", value.to_string()),
            market.request().with("id_token_hint", tokens.id_token.clone().expect("one")),
        ] {
            let visit = bob.sends(request.clone());
            let (form, fields) = filled(&visit.page, "sign-in");
            assert_eq!(form.action, "/sign-in");
            let username = fields.iter().find(|(name, _)| name == "username").expect("a field");
            assert_eq!(username.1, "", "it is not bob who is asked again");
            assert_eq!(visit.clone().signs_in().error(), "login_required");
            let mut right = bob.with_another_browser().signs_in().sends(request);
            right.person.username.clone_from(&ada.username);
            right.person.password.clone_from(&ada.password);
            assert_eq!(right.signs_in().tokens().claims()["sub"], tokens.claims()["sub"]);
        }
    }

    fn a_hint_and_a_claim_that_name_two_people_contradict_each_other(w: &World) {
        let market = w.mini_program("market", "openid");
        let (ada, bob) = (w.person("ada"), w.person("bob"));
        let (adas, bobs) = (ada.uses(&market), bob.uses(&market).claims()["sub"].clone());
        let hint = || market.request().with("id_token_hint", adas.id_token.clone().expect("one"));
        let mine = adas.claims()["sub"].clone();
        let by_value = |id_token: &Value, userinfo: &Value| {
            let sub = |value: &Value| json!({ "sub": { "value": value } });
            json!({ "id_token": sub(id_token), "userinfo": sub(userinfo) }).to_string()
        };
        assert!(!ada.sends(hint().with("claims", by_value(&mine, &mine))).code().is_empty());
        for claims in [by_value(&bobs, &bobs), by_value(&mine, &bobs), by_value(&bobs, &mine)] {
            for prompt in ["none", "login"] {
                let request = hint().with("claims", claims.clone()).with("prompt", prompt);
                assert_eq!(ada.sends(request).error(), "invalid_request", "{claims}");
            }
        }
        let two = market.request().with("claims", by_value(&mine, &bobs));
        assert_eq!(ada.sends(two).error(), "invalid_request");
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
        let with_password = || market.request().with("claims", can.to_string());
        assert!(!ada.sends(with_password()).code().is_empty());
        // A session that began another way says so, and does where no other is a must.
        w.database().beside().run(
            "UPDATE sessions SET authentication =
                 replace(authentication, 'urn:portico:acr:password', 'urn:example:lesser')",
        );
        assert_eq!(ada.opens(&market).tokens().claims()["acr"], "urn:example:lesser");
        assert_eq!(ada.sends(with_password().with("prompt", "none")).error(), "login_required");
        let visit = ada.sends(with_password());
        assert_eq!(visit.at(), "/sign-in");
        assert_eq!(visit.signs_in().tokens().claims()["acr"], "urn:portico:acr:password");
        let request = market.request().with("claims", must.to_string());
        assert_eq!(ada.sends(request).error(), "unmet_authentication_requirements");
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

    /// "The values of the registered redirect_uris MUST be included in the elements of the array" that
    /// a sector_identifier_uri points to (OpenID Connect Core §8.1): nobody reads it here.
    fn two_unrelated_clients_never_share_a_sub(w: &World) {
        let at = |uris: &[&str]| w.client(json!({ "redirect_uris": uris, "scope": "openid" }));
        let ada = w.person("ada");
        let sub = |program| ada.uses(program).claims()["sub"].clone();
        let victim = at(&["https://rp.example/callback"]);
        let strangers = [
            at(&["https://evil.example/callback"]),
            at(&["https://evil.example/callback", "https://rp.example/callback"]),
            at(&["http://localhost:3000/callback"]),
            at(&["http://localhost:3000/callback"]),
        ];
        let mut subs: Vec<String> = strangers.iter().map(|program| sub(program).to_string()).collect();
        subs.push(sub(&victim).to_string());
        subs.sort_unstable();
        subs.dedup();
        assert_eq!(subs.len(), 5, "{subs:?}");
        assert_eq!(sub(&at(&["https://rp.example/other"])), sub(&victim), "one owner, one sub");
        for redirect_uris in [
            json!(["https://evil.example/callback"]),
            json!(["https://evil.example/callback", "https://rp.example/callback"]),
            json!(["http://localhost:3000/callback"]),
        ] {
            let metadata = json!({
                "redirect_uris": redirect_uris,
                "sector_identifier_uri": "https://rp.example/never-fetched.json",
            });
            let refused = w.wait(w.administration().add_client(&metadata)).expect("no fault").expect_err("refused");
            assert!(refused.to_string().starts_with("sector_identifier_uri: "), "{refused}");
        }
    }

    fn one_publishers_programs_share_a_unionid(w: &World) {
        w.operator(w.administration().verify_publisher(&w.publisher(), false));
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
