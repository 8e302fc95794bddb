//! RP-Initiated Logout 1.0: what leads back, what must not, who is asked.

use serde_json::json;

use crate::world::in_both_worlds;
use crate::world::jwt;
use crate::world::person::Person;
use crate::world::reply::Reply;

fn logs_out(person: &Person, parameters: &[(&str, &str)]) -> Reply {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish();
    person.browser.get(&format!("/end-session?{query}"))
}

in_both_worlds! {
    fn with_a_hint_and_a_registered_uri_it_leads_back_with_only_state(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let tokens = ada.uses(&market);
        let hint = tokens.id_token.clone().expect("one");
        let uri = "https://market.example/bye";
        let page = logs_out(&ada, &[("id_token_hint", &hint), ("post_logout_redirect_uri", uri), ("state", "a b&c")]);
        assert_eq!((page.status, page.path.as_str()), (200, "/sign-out"));
        assert!(market.finds_active(&tokens.access), "nothing ends before the person says so");
        let back = ada.browser.presses(&page, "logout", &[]);
        assert_eq!(back.location(), Some("https://market.example/bye?state=a+b%26c"));
        assert!(!market.finds_active(&tokens.access));
        assert_eq!(ada.asked_silently(&market).get("error"), "login_required");
        // Nobody is signed in any more: there is nothing to ask.
        let again = logs_out(&ada, &[("id_token_hint", &hint), ("post_logout_redirect_uri", uri)]);
        assert_eq!(again.location(), Some(uri));
    }

    fn leave_it_ends_one_program_and_keeps_the_session(w: &World) {
        let (market, bank) = (w.mini_program("market", "openid"), w.mini_program("bank", "openid"));
        let ada = w.person("ada");
        let (at_market, at_bank) = (ada.uses(&market), ada.uses(&bank));
        let page = logs_out(&ada, &[("id_token_hint", at_market.id_token.as_deref().expect("one"))]);
        assert!(page.words().contains("Leave market only"), "{}", page.words());
        let done = ada.browser.presses(&page, "leave", &[]);
        assert!(done.words().contains("You left market"), "{}", done.words());
        assert!(!market.finds_active(&at_market.access) && !market.finds_active(at_market.refresh()));
        assert!(bank.finds_active(&at_bank.access) && bank.finds_active(at_bank.refresh()));
        assert_eq!(ada.opens(&market).at(), "program", "the person is still signed in");
    }

    fn leaving_one_device_leaves_the_other_alone(w: &World) {
        let market = w.mini_program("market", "openid");
        let here = w.person("ada");
        let there = here.with_another_browser();
        let (held_here, held_there) = (here.uses(&market), there.uses(&market));
        let page = logs_out(&here, &[("client_id", &market.id)]);
        here.browser.presses(&page, "leave", &[]);
        assert!(!market.finds_active(&held_here.access) && market.finds_active(&held_there.access));
        there.signs_out();
        assert_eq!(here.looks_at("/account").path, "/account", "each browser has its own session");
    }

    fn a_person_may_stay(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let tokens = ada.uses(&market);
        let page = logs_out(&ada, &[("client_id", &market.id)]);
        assert_eq!(ada.browser.presses(&page, "stay", &[]).path, "/account");
        assert!(market.finds_active(&tokens.access));
    }

    fn without_a_redirect_it_ends_on_our_own_page(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        for parameters in [&[][..], &[("state", "x")], &[("ui_locales", "en")], &[("logout_hint", "ada")]] {
            let tokens = ada.uses(&market);
            let page = logs_out(&ada, parameters);
            let done = ada.browser.presses(&page, "logout", &[]);
            assert_eq!((done.status, done.location()), (200, None));
            assert!(done.words().contains("You are signed out"), "{}", done.words());
            assert!(!market.finds_active(&tokens.access));
        }
        let nobody = logs_out(&ada, &[]);
        assert!(nobody.words().contains("You were not signed in"), "{}", nobody.words());
    }

    fn what_nothing_vouches_for_does_not_redirect(w: &World) {
        let market = w.mini_program("market", "openid");
        let bank = w.mini_program("bank", "openid");
        let ada = w.person("ada");
        let hint = ada.uses(&market).id_token.expect("one");
        let foreign = ada.uses(&bank).id_token.expect("one");
        let uri = "https://market.example/bye";
        let [_, claims, signature] = jwt::parts(&hint);
        let none = format!("{}.{claims}.", jwt::encoded(r#"{"alg":"none","typ":"JWT"}"#));
        let key = jwt::ClientKey::new("stranger");
        let forged = key.sign("ES256", &jwt::payload(&hint));
        let broken = format!("{}A", &hint[..hint.len() - 1]);
        let swapped = format!("{}.{}.{signature}", jwt::parts(&hint)[0], jwt::parts(&foreign)[1]);
        let access = ada.opens(&market).tokens().access;
        let with_uri = |hint: &str, uri: &str| logs_out(&ada, &[("id_token_hint", hint), ("post_logout_redirect_uri", uri)]);
        for (reply, what) in [
            (with_uri(&hint, "https://market.example/other"), "an unregistered URI"),
            (with_uri(&hint, "https://market.example/bye?x=1"), "an added query"),
            (with_uri(&hint, "https://market.example/bye/"), "an added slash"),
            (with_uri(&hint, "javascript:alert(1)"), "a script"),
            (with_uri(&foreign, uri), "another client's hint"),
            (with_uri(&none, uri), "alg none"),
            (with_uri(&forged, uri), "another key"),
            (with_uri(&broken, uri), "a broken signature"),
            (with_uri(&swapped, uri), "another payload"),
            (with_uri(&access, uri), "an access token"),
            (logs_out(&ada, &[("post_logout_redirect_uri", uri)]), "no hint"),
            (logs_out(&ada, &[("client_id", &market.id), ("post_logout_redirect_uri", uri)]), "a client_id only"),
            (logs_out(&ada, &[("client_id", &bank.id), ("id_token_hint", &hint)]), "two clients"),
            (logs_out(&ada, &[("state", "1"), ("state", "2")]), "a repeated parameter"),
        ] {
            assert_eq!(reply.location(), None, "{what}");
            assert!(!reply.body.contains("market.example/bye"), "{what}");
            assert!([200, 400].contains(&reply.status), "{what}: {}", reply.status);
        }
        assert_eq!(ada.looks_at("/account").path, "/account", "and nothing has ended");
    }

    /// Attack 48: whoever holds an old id_token must not be able to sign the person out.
    fn a_hint_is_no_proof(w: &World) {
        let market = w.mini_program("market", "openid");
        let (ada, bob) = (w.person("ada"), w.person("bob"));
        let hint = ada.uses(&market).id_token.expect("one");
        bob.signs_in();
        let uri = "https://market.example/bye";
        for parameters in [
            vec![("id_token_hint", hint.as_str())],
            vec![("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", uri)],
        ] {
            let page = logs_out(&bob, &parameters);
            assert_eq!(page.path, "/sign-out", "bob is asked, whoever the hint names");
        }
        let stranger = ada.with_another_browser();
        logs_out(&stranger, &[("id_token_hint", &hint), ("post_logout_redirect_uri", uri)]);
        assert_eq!((ada.sessions().len(), bob.sessions().len()), (1, 1));
    }

    fn by_post_it_works_the_same(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let hint = ada.uses(&market).id_token.expect("one");
        let fields = [
            ("id_token_hint".to_owned(), hint),
            ("post_logout_redirect_uri".to_owned(), "https://market.example/bye".to_owned()),
        ];
        let page = ada.browser.post("/end-session", &fields);
        assert_eq!(page.path, "/sign-out");
        let back = ada.browser.presses(&page, "logout", &[]);
        assert_eq!(back.location(), Some("https://market.example/bye"));
    }

    fn signing_out_ends_every_program_at_once_but_not_offline_access(w: &World) {
        let programs: Vec<_> = ["market", "bank", "taxi"]
            .iter()
            .map(|name| w.mini_program(name, "openid"))
            .collect();
        let drone = w.mini_program_with("drone", "openid offline_access", json!({ "background_access": true }));
        let ada = w.person("ada");
        ada.signs_in();
        let held: Vec<_> = programs.iter().map(|program| ada.uses(program)).collect();
        let offline = ada.uses(&drone);
        ada.signs_out();
        for (program, tokens) in programs.iter().zip(&held) {
            assert!(!program.finds_active(&tokens.access) && !program.finds_active(tokens.refresh()));
        }
        assert!(drone.finds_active(offline.refresh()), "the person agreed to that");
    }
}
