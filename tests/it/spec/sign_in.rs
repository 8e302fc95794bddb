//! Signing in: by which names, what fails look like, how they are slowed down.

use crate::world::in_both_worlds;
use crate::world::person::Person;
use crate::world::reply::Reply;
use crate::world::visit::Visit;

fn tries(person: &Person, name: &str, password: &str) -> Reply {
    let page = person.browser.get("/sign-in");
    person.types_password(&page, name, password)
}

/// A page without what is different on each: tokens and what was typed.
fn without_tokens(reply: &Reply, typed: &str) -> String {
    let mut body = reply.body.replace(typed, "NAME");
    while let Some(at) = body.find("name=\"step\" id=\"step\" value=\"") {
        let start = at + "name=\"step\" id=\"step\" value=\"".len();
        let end = start + body[start..].find('"').expect("it is quoted");
        body.replace_range(at..end, "STEP");
    }
    body
}

in_both_worlds! {
    fn every_name_of_a_person_works(w: &World) {
        let ada = w.person("ada");
        let phone = crate::world::person::profile("ada")["phone_number"].as_str().expect("one").to_owned();
        let spaced = format!("{} {} {}", &phone[..4], &phone[4..6], &phone[6..]);
        for name in ["ada", "ADA", " ada ", "ada@example.com", "Ada@Example.COM", &phone, &spaced] {
            let browser = ada.with_another_browser();
            assert_eq!(tries(&browser, name, &ada.password).path, "/account", "{name}");
        }
    }

    fn a_known_and_an_unknown_person_get_equal_answers(w: &World) {
        w.person("ada");
        let stranger = w.person("stranger");
        for round in 0..8 {
            let (left, right) = (stranger.with_another_browser(), stranger.with_another_browser());
            let known = tries(&left, "ada", "not her password");
            let unknown = tries(&right, "eve", "not her password");
            assert_eq!(known.status, unknown.status, "round {round}");
            assert_eq!(without_tokens(&known, "ada"), without_tokens(&unknown, "eve"), "round {round}");
            let names = |reply: &Reply| -> Vec<String> { reply.headers.iter().map(|(n, _)| n.clone()).collect() };
            assert_eq!(names(&known), names(&unknown));
        }
    }

    fn after_five_failures_each_try_waits_longer(w: &World) {
        let ada = w.person("ada");
        for _ in 0..5 {
            assert_eq!(tries(&ada, "ada", "wrong").status, 200);
        }
        assert_eq!(tries(&ada, "ada", "wrong").status, 200, "the sixth is looked at, and starts the wait");
        let waits = tries(&ada, "ada", &ada.password);
        assert_eq!(waits.status, 429, "even the right one waits");
        assert!(waits.words().contains("Too many tries. Try again in 1 second"), "{}", waits.words());
        assert_eq!(tries(&ada, "ada@example.com", &ada.password).path, "/sign-in", "under whichever name");
        w.seconds_pass(1);
        assert_eq!(tries(&ada, "ada", "wrong").status, 200);
        w.seconds_pass(1);
        assert_eq!(tries(&ada, "ada", &ada.password).status, 429, "two seconds now");
        w.seconds_pass(1);
        assert_eq!(tries(&ada, "ada", &ada.password).path, "/account", "never locked out");
        ada.signs_out();
        assert_eq!(tries(&ada, "ada", "wrong").status, 200, "a success begins anew");
    }

    fn who_mistypes_a_few_times_is_let_in_at_once(w: &World) {
        let ada = w.person("ada");
        for _ in 0..5 {
            assert_eq!(tries(&ada, "ada", "mistyped").status, 200);
        }
        assert_eq!(tries(&ada, "ada", &ada.password).path, "/account");
    }

    /// Which names belong to one account, and to any at all, cannot be learnt from who has to wait.
    fn failures_under_one_name_are_told_under_that_name_only(w: &World) {
        let ada = w.person("ada");
        let phone = crate::world::person::profile("ada")["phone_number"].as_str().expect("one").to_owned();
        for name in ["ada", "eve"] {
            for _ in 0..6 {
                assert_eq!(tries(&ada, name, "wrong").status, 200);
            }
            assert_eq!(tries(&ada, name, "wrong").status, 429);
        }
        for (known, unknown) in [("ada@example.com", "eve@example.com"), (phone.as_str(), "+375291234567")] {
            for round in 0..8 {
                // Even the right password is not looked at: the account has had its tries.
                let known_reply = tries(&ada, known, &ada.password);
                let unknown_reply = tries(&ada, unknown, &ada.password);
                assert_eq!(known_reply.status, if round < 6 { 200 } else { 429 }, "{known}, round {round}");
                assert_eq!(known_reply.status, unknown_reply.status, "{known}, round {round}");
                assert_eq!(without_tokens(&known_reply, known), without_tokens(&unknown_reply, unknown));
            }
        }
        assert!(ada.sessions().is_empty());
    }

    fn a_name_is_counted_in_all_its_spellings_whether_somebody_has_it_or_not(w: &World) {
        let ada = w.person("ada");
        let phone = crate::world::person::profile("ada")["phone_number"].as_str().expect("one").to_owned();
        for number in [phone.as_str(), "+375291234567"] {
            for _ in 0..6 {
                assert_eq!(tries(&ada, number, "wrong").status, 200);
            }
            let spelled = format!("{} ({}) {}", &number[..4], &number[4..6], &number[6..]);
            assert_eq!(tries(&ada, &spelled, "wrong").status, 429, "{spelled}");
        }
    }

    fn strangers_cannot_slow_down_a_browser_that_succeeded_before(w: &World) {
        let ada = w.person("ada");
        ada.signs_in().signs_out();
        let stranger = ada.with_another_browser();
        for _ in 0..12 {
            tries(&stranger, "ada", "wrong");
        }
        assert_eq!(tries(&stranger, "ada", "wrong").status, 429);
        assert_eq!(tries(&ada, "ada", &ada.password).path, "/account");
    }

    fn a_disabled_person_is_out_everywhere_at_once(w: &World) {
        let market = w.mini_program_with(
            "market", "openid offline_access", serde_json::json!({ "background_access": true }),
        );
        let ada = w.person("ada");
        let tokens = ada.uses(&market);
        let code = ada.opens(&market).code();
        w.operator(w.administration().disable_user("ada"));
        assert!(!market.finds_active(&tokens.access) && !market.finds_active(tokens.refresh()));
        assert_eq!(market.userinfo(&tokens.access).status, 401);
        assert_eq!(market.refreshes(tokens.refresh()).error(), "400 invalid_grant");
        assert_eq!(market.redeems(&code).error(), "400 invalid_grant");
        assert_eq!(ada.looks_at("/account").path, "/sign-in");
        let again = tries(&ada, "ada", &ada.password);
        let wrong = tries(&ada.with_another_browser(), "ada", "wrong");
        assert_eq!(without_tokens(&again, "ada"), without_tokens(&wrong, "ada"));
    }

    fn the_session_is_new_with_each_sign_in_and_the_old_cookie_is_dead(w: &World) {
        let ada = w.person("ada");
        ada.signs_in();
        let stolen = ada.browser.copied();
        let first = (ada.browser.session_cookie(), ada.sessions());
        ada.signs_out();
        assert_eq!(stolen.get("/account").path, "/sign-in");
        ada.signs_in();
        let second = (ada.browser.session_cookie(), ada.sessions());
        assert_ne!(first, second);
        // Signing in again within a session: the same session under a new cookie.
        let before = ada.browser.copied();
        let market = w.mini_program("market", "openid");
        ada.sends(market.request().with("prompt", "login")).signs_in();
        assert_eq!(ada.sessions(), second.1);
        assert_ne!(ada.browser.session_cookie(), second.0);
        assert_eq!(before.get("/account").path, "/sign-in", "the old cookie is dead");
    }

    fn another_person_in_the_same_browser_gets_a_session_of_their_own(w: &World) {
        let market = w.mini_program("market", "openid");
        let (ada, bob) = (w.person("ada"), w.person("bob"));
        let held = ada.uses(&market);
        let mut visit = ada.sends(market.request().with("prompt", "select_account")).presses("other");
        visit.person.username.clone_from(&bob.username);
        visit.person.password.clone_from(&bob.password);
        let bobs = visit.signs_in().tokens();
        assert_ne!(bobs.claims()["sub"], held.claims()["sub"]);
        assert!(!market.finds_active(&held.access), "ada is not signed in here any more");
        assert!(ada.sessions().is_empty());
    }

    /// Two windows asked before anybody was signed in: who signs in in the first is not asked again in
    /// the second, and no program is blamed for asking.
    fn a_second_window_goes_on_as_who_signed_in_in_the_first(w: &World) {
        let (market, taxi) = (w.mini_program("market", "openid"), w.mini_program("taxi", "openid profile.basic"));
        let ada = w.person("ada");
        let [first, second, third] = [&market, &market, &taxi].map(|program| ada.opens(program));
        assert_eq!((first.at(), second.at(), third.at()), ("/sign-in", "/sign-in", "/sign-in"));
        first.signs_in();
        let opened_again = |visit: Visit| Visit { page: ada.looks_at(&visit.page.address), ..visit };
        assert_eq!(opened_again(second).tokens().scope, "openid");
        let third = opened_again(third);
        assert_eq!(third.at(), "/consent");
        assert_eq!(third.allows().tokens().scope, "openid profile.basic");
    }

    fn a_window_that_must_ask_asks_whoever_signed_in_elsewhere(w: &World) {
        let market = w.mini_program("market", "openid");
        let (ada, bob) = (w.person("ada"), w.person("bob"));
        let hint = bob.uses(&market).id_token.expect("one");
        let window = |name: &str, value: &str| ada.sends(market.request().with(name, value));
        let (prompted, hinted) = (window("prompt", "login"), window("id_token_hint", &hint));
        ada.signs_in();
        let aged = window("prompt", "login");
        w.seconds_pass(10);
        let old = window("max_age", "5");
        for visit in [prompted, hinted, aged, old] {
            let page = ada.looks_at(&visit.page.address);
            assert_eq!((page.status, page.path.as_str()), (200, "/sign-in"));
        }
        let other = ada.sends(market.request().with("prompt", "select_account")).presses("other");
        let page = ada.looks_at(&other.page.address);
        assert_eq!((page.status, page.path.as_str()), (200, "/sign-in"), "another account was wished for");
    }

    fn a_session_ends_after_thirty_idle_days_and_ninety_in_all(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        ada.signs_in();
        for _ in 0..4 {
            w.seconds_pass(20 * 86_400);
            assert_eq!(ada.opens(&market).at(), "program", "used, it goes on");
        }
        w.seconds_pass(10 * 86_400);
        assert_eq!(ada.opens(&market).at(), "/sign-in", "ninety days");
        ada.signs_in();
        w.seconds_pass(30 * 86_400);
        assert_eq!(ada.opens(&market).at(), "/sign-in", "thirty idle days");
    }

    fn whoever_is_asked_again_has_only_a_password_to_check(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        ada.signs_in();
        let visit = ada.sends(market.request().with("prompt", "login"));
        let reply = ada.types_password(&visit.page, "ada", "a wrong guess");
        assert!(reply.words().contains("The password does not match."), "{}", reply.words());
        assert!(!reply.words().contains("Check both"), "{}", reply.words());
    }

    fn a_page_works_for_half_an_hour(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let visit = ada.opens(&market);
        w.seconds_pass(1799);
        assert_eq!(visit.clone().signs_in().at(), "program");
        let bob = w.person("bob");
        let visit = bob.opens(&market);
        w.seconds_pass(1800);
        let late = visit.signs_in();
        assert_eq!((late.page.status, late.page.delivered()), (400, None));
        assert!(late.says().contains("This page was open for too long"), "{}", late.says());
        assert!(bob.sessions().is_empty());
    }
}
