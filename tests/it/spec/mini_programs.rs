//! Mini-programs as the operator keeps them (design §2): drafts, suspension, deletion.

use serde_json::json;

use crate::world::in_both_worlds;
use crate::world::program::Program;

in_both_worlds! {
    fn a_suspended_program_is_closed_at_once_and_reviving_it_revives_nothing(w: &World) {
        let market = w.mini_program("market", "openid");
        let bank = w.mini_program("bank", "openid");
        let ada = w.person("ada");
        let tokens = ada.uses(&market);
        let elsewhere = ada.uses(&bank);
        let code = ada.opens(&market).code();
        let underway = ada.sends(market.request().with("prompt", "login"));
        market.is_suspended();
        assert!(bank.finds_active(&elsewhere.access));
        assert!(!market.finds_active(&tokens.access), "it learns nothing any more");
        assert_eq!(market.userinfo(&tokens.access).status, 401);
        assert_eq!(market.refreshes(tokens.refresh()).error(), "400 unauthorized_client");
        assert_eq!(market.redeems(&code).error(), "400 unauthorized_client");
        for visit in [ada.opens(&market), underway.signs_in()] {
            assert_eq!((visit.page.status, visit.page.delivered()), (403, None));
            assert!(visit.says().contains("market is not available"), "{}", visit.says());
        }
        market.is_released();
        assert!(!market.finds_active(&tokens.access) && !market.finds_active(tokens.refresh()));
        assert_eq!(market.redeems(&code).error(), "400 invalid_grant");
        let new = ada.opens(&market).tokens();
        assert!(market.finds_active(&new.access));
    }

    fn nothing_leads_to_a_suspended_program(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let ada = w.person("ada");
        let hint = ada.uses(&market).id_token.expect("one");
        let waiting = ada.sends(market.request().with("prompt", "login"));
        let bye = "https://market.example/bye";
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", bye)])
            .finish();
        let leaving = format!("/end-session?{query}");
        let asked = ada.looks_at(&leaving);
        market.is_suspended();
        let request = || market.request();
        for wrong in [
            request().with("response_type", "token"),
            request().without_pkce().with("scope", "unheard.of"),
            request().with("response_mode", "form_post").with("prompt", "none login"),
            request().with("redirect_uri", "https://elsewhere.example/"),
        ] {
            let visit = ada.sends(wrong);
            assert_eq!((visit.page.status, visit.page.delivered()), (403, None), "{}", visit.says());
        }
        let cancelled = waiting.presses("cancel");
        assert_eq!((cancelled.page.status, cancelled.page.delivered()), (403, None));
        // The person is signed out all the same, asked before the suspension or after it.
        for page in [asked, ada.looks_at(&leaving)] {
            let left = ada.browser.presses(&page, "leave", &[]);
            assert_eq!((left.status, left.location()), (200, None), "{}", left.words());
        }
        let page = ada.looks_at(&leaving);
        assert!(!page.body.contains(bye), "{}", page.body);
        let done = ada.browser.presses(&page, "logout", &[]);
        assert!(done.words().contains("You are signed out") && done.location().is_none(), "{}", done.words());
        let nobody = ada.looks_at(&leaving);
        assert_eq!((nobody.status, nobody.location()), (200, None));
        assert!(!nobody.body.contains(bye), "{}", nobody.body);
    }

    fn a_suspended_program_gets_nothing_for_itself(w: &World) {
        let for_itself = json!({ "grant_types": ["client_credentials"], "redirect_uris": [] });
        let jobs = w.mini_program_with("jobs", "openid", for_itself);
        let token = jobs.client_credentials(&[]).text("access_token");
        jobs.is_suspended();
        assert_eq!(jobs.client_credentials(&[]).error(), "400 unauthorized_client");
        assert!(!jobs.finds_active(&token));
        assert_eq!(jobs.revokes(&token).status, 200, "it can still give back");
    }

    fn a_draft_works_for_its_testers_only(w: &World) {
        let draft = w.mini_program_with("market", "openid", json!({ "state": "draft", "testers": ["ada"] }));
        let (ada, bob) = (w.person("ada"), w.person("bob"));
        let visit = ada.opens(&draft).signs_in();
        assert!(visit.says().contains("Test"), "{}", visit.says());
        let tokens = visit.allows().tokens();
        assert!(draft.finds_active(&tokens.access));
        assert_eq!(bob.opens(&draft).signs_in().error(), "access_denied");
        draft.is_released();
        assert_eq!(bob.opens(&draft).at(), "program");
        assert!(draft.finds_active(&tokens.access), "releasing cuts nothing");
    }

    fn a_deleted_program_leaves_nothing(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let ada = w.person("ada");
        let tokens = ada.uses(&market);
        w.operator(w.administration().delete_client(&market.id));
        assert_eq!(market.introspects(&tokens.access).error(), "401 invalid_client");
        assert_eq!(market.userinfo(&tokens.access).status, 401);
        assert_eq!(market.refreshes(tokens.refresh()).error(), "401 invalid_client");
        assert!(ada.opens(&market).says().contains("We do not know this program"));
        assert!(!ada.looks_at("/account").words().contains("market knows"));
    }

    fn a_program_that_moves_keeps_its_people(w: &World) {
        let before = w.mini_program("market", "openid profile.basic");
        let ada = w.person("ada");
        let held = ada.uses(&before);
        let mut manifest = before.registration();
        let origin = "https://market.elsewhere.example";
        manifest["origins"] = json!([origin]);
        manifest["entry_uri"] = json!(format!("{origin}/open"));
        manifest["redirect_uris"] = json!([format!("{origin}/callback")]);
        w.operator(w.administration().move_client(&before.id, &manifest));
        let visit = ada.opens(&before);
        assert_eq!((visit.page.status, visit.page.delivered()), (400, None), "it is not there any more");
        let market = Program { redirect_uri: format!("{origin}/callback"), ..before };
        let visit = ada.opens(&market);
        assert_eq!(visit.at(), "program", "nobody is asked again");
        assert_eq!(visit.tokens().claims()["sub"], held.claims()["sub"]);
        assert!(market.finds_active(&held.access), "nothing that was given out ends");
        assert_eq!(market.refreshes(held.refresh()).status, 200);
    }

    fn moving_changes_addresses_and_nothing_else(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let shop = w.client(json!({ "redirect_uris": ["https://shop.example/callback"] }));
        let other = w.new_publisher("Somebody Else");
        let refused = |id: &str, registration| {
            let moved = w.wait(w.administration().move_client(id, &registration)).expect("no fault");
            moved.expect_err("refused").to_string()
        };
        for (name, value) in [
            ("scope", json!("openid profile.basic phone.verified")),
            ("publisher", json!(other)),
            ("client_name", json!("Bank")),
            ("token_endpoint_auth_method", json!("none")),
        ] {
            let mut manifest = market.registration();
            manifest[name] = value;
            let said = refused(&market.id, manifest);
            assert!(said.contains("its addresses and nothing else"), "{name}: {said}");
        }
        let mut elsewhere = shop.registration();
        elsewhere["redirect_uris"] = json!(["https://elsewhere.example/callback"]);
        let said = refused(&shop.id, elsewhere);
        assert!(said.contains("people would have another id there"), "{said}");
        assert!(refused("nobody", market.registration()).contains("there is no client"));
    }

    fn everything_survives_a_restart(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let ada = w.person("ada");
        let (kept, revoked) = (ada.uses(&market), ada.opens(&market).tokens());
        market.revokes(&revoked.access);
        let code = ada.opens(&market).code();
        let used = ada.opens(&market).code();
        assert_eq!(market.redeems(&used).status, 200);
        w.restart();
        assert!(market.finds_active(&kept.access) && !market.finds_active(&revoked.access));
        assert_eq!(market.redeems(&code).status, 200);
        assert_eq!(market.redeems(&used).error(), "400 invalid_grant");
        assert_eq!(ada.opens(&market).at(), "program", "session and consent stand");
        assert_eq!(market.refreshes(kept.refresh()).status, 200);
    }
}
