//! The account pages (design §7): who knows what, taking it back, devices, password.

use flow::administer::audit::AuditQuery;
use serde_json::{Value, json};

use crate::world::in_both_worlds;

in_both_worlds! {
    fn the_bare_address_leads_to_the_account(w: &World) {
        let reply = w.get("/");
        assert_eq!((reply.status, reply.location()), (303, Some("/account")));
        let ada = w.person("ada");
        assert_eq!(ada.looks_at("/").path, "/sign-in", "nobody is signed in");
        assert_eq!(ada.signs_in().looks_at("/").path, "/account");
        assert_eq!(w.send(w.http("POST", "/")).status, 405);
    }

    fn the_overview_says_who_knows_what(w: &World) {
        let market = w.mini_program("market", "openid profile.basic phone.verified");
        let taxi = w.mini_program("taxi", "openid addresses");
        let ada = w.person("ada");
        assert_eq!(ada.looks_at("/account").path, "/sign-in", "nobody is signed in");
        ada.signs_in();
        assert!(ada.looks_at("/account").words().contains("No program knows anything about you yet."));
        ada.opens(&market).allows_only(&["profile.basic"]);
        ada.opens(&taxi).allows();
        let says = ada.looks_at("/account").words();
        for part in ["market knows", "ada of Harbour Street", "taxi knows", "You do not share Your phone number", "Since 15 January 2027"] {
            assert!(says.contains(part), "{part}: {says}");
        }
    }

    fn what_is_taken_back_is_missing_at_once_and_from_the_next_answer(w: &World) {
        let market = w.mini_program("market", "openid profile.basic phone.verified");
        let ada = w.person("ada");
        let tokens = ada.uses(&market);
        w.seconds_pass(60);
        ada.takes_back(&market, "profile.basic");
        assert_eq!(market.scope_now(&tokens.access), "openid phone.verified");
        let userinfo = market.userinfo(&tokens.access).json();
        assert_eq!((userinfo.get("name"), &userinfo["phone_number"].is_string()), (None, &true));
        let refreshed = market.refreshes(tokens.refresh());
        assert_eq!(refreshed.text("scope"), "openid phone.verified");
        let next = ada.opens(&market);
        assert_eq!(next.at(), "program", "that is never an error, and nobody is asked");
        assert_eq!(next.tokens().scope, "openid phone.verified");
        assert!(ada.looks_at("/account").words().contains("what it still holds runs out by"), "and the page says until when");
    }

    fn what_is_given_back_does_not_revive_in_old_tokens(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let ada = w.person("ada");
        let old = ada.uses(&market);
        ada.removes(&market);
        assert!(!market.finds_active(&old.access));
        assert_eq!(market.refreshes(old.refresh()).error(), "400 invalid_grant");
        let visit = ada.opens(&market);
        assert_eq!(visit.asks_for(), ["profile.basic"], "it is asked anew");
        let new = visit.allows().tokens();
        assert!(market.finds_active(&new.access));
        assert!(!market.finds_active(&old.access) && !market.finds_active(old.refresh()));
    }

    fn removing_one_programs_access_leaves_the_others(w: &World) {
        let (market, bank) = (w.mini_program("market", "openid"), w.mini_program("bank", "openid"));
        let (ada, bob) = (w.person("ada"), w.person("bob"));
        let (at_market, at_bank) = (ada.uses(&market), ada.uses(&bank));
        let bobs = bob.uses(&market);
        ada.removes(&market);
        assert!(!market.finds_active(&at_market.access));
        assert!(bank.finds_active(&at_bank.access) && market.finds_active(&bobs.access));
    }

    fn a_code_that_is_under_way_dies_with_the_grant(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let code = ada.opens(&market).signs_in().code();
        ada.removes(&market);
        assert_eq!(market.redeems(&code).error(), "400 invalid_grant");
        let code = ada.opens(&market).code();
        ada.signs_out();
        assert_eq!(market.redeems(&code).error(), "400 invalid_grant");
    }

    fn devices_are_listed_and_ended(w: &World) {
        let market = w.mini_program("market", "openid");
        let here = w.person("ada");
        let there = here.with_another_browser();
        let (held_here, held_there) = (here.uses(&market), there.uses(&market));
        assert_ne!(held_here.claims()["sid"], held_there.claims()["sid"]);
        let sessions = here.sessions();
        assert_eq!(sessions.len(), 2);
        let page = here.looks_at("/account/sessions");
        assert_eq!(page.words().matches("This device").count(), 1);
        for one in [&here, &there] {
            let words = one.looks_at("/account/sessions").words();
            assert!(words.find("This device") < words.find("Last seen"), "this one comes first: {words}");
        }
        let reply = here.browser.presses(&page, "end-others", &[]);
        assert!(reply.words().contains("Everywhere else is signed out."), "{}", reply.words());
        assert!(market.finds_active(&held_here.access) && !market.finds_active(&held_there.access));
        assert_eq!(there.looks_at("/account").path, "/sign-in");
        let page = here.looks_at("/account/sessions");
        let own = format!("end-{}", here.sessions()[0]);
        let reply = here.browser.presses(&page, &own, &[]);
        assert_eq!(reply.path, "/sign-in", "one's own ends like any other");
        assert!(!market.finds_active(&held_here.access));
    }

    /// Anybody can send a person a link to their own pages.
    fn a_link_that_somebody_made_up_claims_nothing(w: &World) {
        let market = w.mini_program("market", "openid profile.basic phone.verified");
        let here = w.person("ada");
        here.opens(&market).signs_in().allows_only(&["profile.basic"]);
        here.with_another_browser().signs_in();
        let id = &market.id;
        for link in [
            format!("/account?done=take_back&client={id}&scope=profile.basic"),
            format!("/account?done=reopen&client={id}&scope=profile.basic"),
            format!("/account?done=reopen&client={id}&scope=phone.verified"),
            format!("/account?done=reopen&client={id}&scope=call-0800-for-help"),
            format!("/account?done=revoke&client={id}"),
            "/account/sessions?done=one".to_owned(),
            "/account/sessions?done=others".to_owned(),
        ] {
            let page = here.looks_at(&link);
            assert!(!page.body.contains("id=\"notice\""), "{link}: {}", page.words());
        }
        let done = here.takes_back(&market, "profile.basic").words();
        assert!(done.contains("You no longer share this with market"), "{done}");
        let done = here.reopens(&market, "profile.basic").words();
        assert!(done.contains("market may ask again"), "{done}");
        let done = here.removes(&market).words();
        assert!(done.contains("market has no access any more."), "{done}");
    }

    fn the_super_app_is_one_tap_away_and_keeps_what_makes_it_the_super_app(w: &World) {
        let nova = w.client(json!({
            "portico:host": true, "client_name": "Nova", "client_uri": "https://nova.example/",
            "scope": "openid profile portico:launch",
        }));
        let ada = w.person("ada");
        assert_eq!(ada.opens(&nova).signs_in().at(), "program");
        for path in ["/account", "/account/sessions", "/account/password", "/account/history"] {
            let page = ada.looks_at(path);
            assert!(page.words().contains("Back to Nova"), "{path}: {}", page.words());
        }
        let body = ada.looks_at("/account").body;
        assert!(body.contains(&format!("take-back-{}-profile", nova.id)), "data can be taken back");
        assert!(!body.contains("portico:launch\" id=\"take-back"), "opening programs is no datum");
    }

    fn a_suspended_program_is_named_as_such(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let ada = w.person("ada");
        ada.uses(&market);
        assert!(!ada.looks_at("/account").words().contains("Not available"));
        market.is_suspended();
        assert!(ada.looks_at("/account").words().contains("market Not available"));
    }

    fn the_history_shows_the_icons_that_programs_have(w: &World) {
        let icon = "https://market.example/icon.svg";
        let market = w.mini_program_with("market", "openid profile.basic", json!({ "icon_uri": icon }));
        let ada = w.person("ada");
        ada.uses(&market);
        let page = ada.looks_at("/account/history");
        assert!(page.body.contains(&format!("src=\"{icon}\"")), "{}", page.body);
        let csp = page.header("content-security-policy").unwrap_or_default();
        assert!(csp.contains("https://market.example"), "and may load it: {csp}");
    }

    fn nobody_ends_anothers_session(w: &World) {
        let (ada, bob) = (w.person("ada"), w.person("bob"));
        ada.signs_in();
        bob.signs_in();
        let page = bob.looks_at("/account/sessions");
        let (form, mut fields) = crate::world::browser::filled(&page, &format!("end-{}", bob.sessions()[0]));
        fields.retain(|(name, _)| name != "end");
        fields.push(("end".into(), ada.sessions()[0].clone()));
        bob.browser.post(&form.action, &fields);
        assert_eq!((ada.sessions().len(), bob.sessions().len()), (1, 1));
    }

    fn the_operator_lists_and_ends_sessions(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let tokens = ada.uses(&market);
        w.operator(w.administration().end_session_by_operator(&ada.sessions()[0]));
        assert!(!market.finds_active(&tokens.access));
        assert_eq!(ada.looks_at("/account").path, "/sign-in");
        assert!(ada.sessions().is_empty());
    }

    fn a_changed_password_ends_the_other_sessions(w: &World) {
        let market = w.mini_program("market", "openid");
        let here = w.person("ada");
        let there = here.with_another_browser();
        let (held_here, held_there) = (here.uses(&market), there.uses(&market));
        let change = |current: &str, new: &str| {
            let page = here.looks_at("/account/password");
            let typed = [("current_password", current), ("new_password", new)];
            here.browser.presses(&page, "change-password", &typed).words()
        };
        let good = "seven green bicycles";
        for (current, new, says) in [
            ("wrong password", good, "The current password does not match."),
            (here.password.as_str(), "short", "Too short: use at least 10 characters."),
            (here.password.as_str(), "password12", "Too common"),
            (here.password.as_str(), &"x1y2z".repeat(60), "Too long"),
            (here.password.as_str(), here.password.as_str(), "This is your current password."),
        ] {
            let said = change(current, new);
            assert!(said.contains(says), "{says}: {said}");
        }
        assert!(market.finds_active(&held_there.access));
        let said = change(&here.password, good);
        assert!(said.contains("Your password is changed."), "{said}");
        assert!(market.finds_active(&held_here.access), "this device stays");
        assert!(!market.finds_active(&held_there.access));
        let again = there.opens(&market);
        assert_eq!(again.clone().signs_in().at(), "/sign-in", "the old one is over");
        let mut changed = again;
        changed.person.password = good.into();
        assert_eq!(changed.signs_in().at(), "program");
    }

    fn a_change_of_password_is_noted_with_the_sessions_that_it_ended(w: &World) {
        let ada = w.person("ada");
        for _ in 0..2 {
            ada.with_another_browser().signs_in();
        }
        let page = ada.signs_in().looks_at("/account/password");
        let change = |current: &str| {
            let typed = [("current_password", current), ("new_password", "seven green bicycles")];
            ada.browser.presses(&page, "change-password", &typed);
        };
        let noted = || {
            let query = AuditQuery { user: Some("ada".into()), limit: 100, ..AuditQuery::default() };
            let mut entries: Vec<_> = w
                .operator(w.administration().audit(query))
                .rows
                .into_iter()
                .filter(|entry| ["password.changed", "session.ended"].contains(&entry.action.as_str()))
                .map(|entry| (entry.action, entry.actor, entry.detail))
                .collect();
            entries.sort_by(|left, right| left.0.cmp(&right.0));
            entries
        };
        change("not her password");
        assert_eq!(noted(), []);
        change(&ada.password);
        let entry = |action: &str, detail| (action.to_owned(), "user".to_owned(), detail);
        let ended = entry("session.ended", json!({ "reason": "credential_changed" }));
        assert_eq!(noted(), [entry("password.changed", Value::Null), ended.clone(), ended]);
    }

    /// Each change costs two hashes, and hashes are shared with everybody who signs in.
    fn who_knows_the_password_cannot_change_it_without_end(w: &World) {
        let ada = w.person("ada");
        let page = ada.signs_in().looks_at("/account/password");
        let passwords = [ada.password.as_str(), "seven green bicycles"];
        let change = |number: usize| {
            let typed = [("current_password", passwords[number % 2]), ("new_password", passwords[(number + 1) % 2])];
            ada.browser.presses(&page, "change-password", &typed)
        };
        for number in 0..6 {
            let said = change(number).words();
            assert!(said.contains("Your password is changed."), "{said}");
        }
        let said = change(6).words();
        assert!(said.contains("Too many tries. Try again in 1 second"), "{said}");
        let refused = (7..70).map(change).find(|reply| reply.status == 429).expect("the address has had its tries");
        assert!(refused.words().contains("Too many"), "{}", refused.words());
        w.seconds_pass(1);
        assert!(change(6).words().contains("Your password is changed."), "never locked out");
    }

    fn last_used_is_told_to_the_minute(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let tokens = ada.uses(&market);
        w.seconds_pass(150);
        market.refreshes(tokens.refresh());
        let services = w.services();
        w.wait(services.upkeep.flush_last_used()).unwrap_or_else(|fault| panic!("{}", fault.chain()));
        let says = ada.looks_at("/account").words();
        assert!(says.contains("Last used 15 January 2027, 08:02 UTC"), "{says}");
    }
}
