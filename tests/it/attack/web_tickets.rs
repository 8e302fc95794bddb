//! Rows 15, 17, 20, 42, 45, 71, 96, 103 where they meet web tickets: nobody is signed in as somebody else, and
//! no program rides on another's cookie.

use serde_json::json;

use crate::world::at_once::at_once;
use crate::world::host::{self, Launcher};
use crate::world::in_both_worlds;
use crate::world::program::{Program, Tokens};
use crate::world::reply::Reply;
use crate::world::request::VERIFIER;
use crate::world::web_view::{self, FIRST_LOAD, IN_FRAME, WebView};

/// A refusal is a page, and sets nothing.
fn is_refused(status: u16, reply: &Reply) {
    assert_eq!(reply.status, status, "{reply:?}");
    assert_eq!(reply.header("set-cookie"), None, "{reply:?}");
    assert_eq!(reply.location(), None);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let policy = reply.header("content-security-policy").expect("a policy");
    let framed = "frame-ancestors https://nova.example";
    assert!(policy.contains(framed), "{policy}");
    let page = &reply.body;
    assert!(!page.contains("pt_") && !page.contains(VERIFIER), "{page}");
}

fn ticket(nova: &Launcher, program: &Program) -> String {
    nova.ticket(program, &[]).text("access_token")
}

in_both_worlds! {
    fn attack_45_71_a_ticket_from_a_programs_form_signs_nobody_in(w: &World) {
        let market = web_view::program(w, "market", "openid");
        let taxi = web_view::program(w, "taxi", "openid");
        // The attacker has a ticket of their own, with its verifier, and wants others to be them.
        let mallory = Launcher::of(&host::host(w), &w.person("mallory"));
        host::host_with(w, json!({ "client_name": "Other", "redirect_uris": ["https://other.example/cb"],
            "interaction_return_uri": "https://other.example/back" }));
        let site = |value| ("sec-fetch-site", value);
        let dest = |value| ("sec-fetch-dest", value);
        let by = |value| ("origin", value);
        let nova = by("https://nova.example");
        let ways: &[&[(&str, &str)]] = &[
            // A form in a program's own WebView, and in its frame.
            &[site("cross-site"), dest("document"), by("https://taxi.example")],
            &[site("same-site"), dest("document"), by("https://taxi.example")],
            &[site("same-origin"), dest("document"), by("http://localhost")],
            &[site("cross-site"), dest("iframe"), by("https://taxi.example")],
            &[site("cross-site"), dest("iframe"), by("null")],
            &[site("cross-site"), dest("iframe")],
            // What a host's page could send, from another host, or not into a frame.
            &[site("cross-site"), dest("iframe"), by("https://other.example")],
            &[site("cross-site"), dest("document"), nova],
            &[site("cross-site"), dest("empty"), nova],
            &[site("none"), dest("iframe"), nova],
            &[site("none"), dest("empty")],
            // A browser that does not say, or says two things.
            &[],
            &[nova],
            &[site("none")],
            &[dest("document")],
            &[dest("iframe"), nova],
            &[site("cross-site"), nova],
            &[site("none"), site("cross-site"), dest("document")],
            &[site("none"), dest("document"), dest("iframe")],
            &[site("cross-site"), dest("iframe"), nova, by("https://taxi.example")],
            // What only looks like it.
            &[site("None"), dest("document")],
            &[site("cross-site"), dest("iframe"), by("https://nova.example.evil.example")],
            &[site("cross-site"), dest("iframe"), by("https://nova.example/")],
            &[site("cross-site"), dest("iframe"), by("http://nova.example")],
        ];
        for way in ways {
            let view = WebView::new(w);
            let ticket = ticket(&mallory, &market);
            is_refused(400, &view.hands_in(&ticket, way));
            assert_eq!(view.asks_silently(&market).get("error"), "login_required", "{way:?}");
            // It was shown to somebody, so it is worth nothing any more.
            is_refused(400, &view.hands_in(&ticket, FIRST_LOAD));
        }
        let view = WebView::new(w);
        let in_address = w.http("POST", &format!("/web-ticket?ticket={}&code_verifier={VERIFIER}", ticket(&mallory, &taxi)));
        let request = crate::world::browser::form_body(in_address, &[]);
        let request = FIRST_LOAD.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        is_refused(400, &view.browser.send(request));
    }

    fn attack_45_in_another_persons_jar_a_ticket_changes_nothing(w: &World) {
        let (market, taxi) = (web_view::program(w, "market", "openid"), web_view::program(w, "taxi", "openid"));
        let host = host::host(w);
        let (ada, bob) = (w.person("ada"), w.person("bob"));
        let (of_ada, of_bob) = (Launcher::of(&host, &ada), Launcher::of(&host, &bob));
        // Bob is signed in there.
        let view = WebView::with(w, bob.browser.clone());
        is_refused(409, &view.hands_in(&ticket(&of_ada, &market), FIRST_LOAD));
        assert_eq!(view.web_cookies(), Vec::<String>::new());
        // A ticket signed him in there, at another program or at this one.
        let view = WebView::new(w);
        of_bob.opens_in(&view, &taxi);
        for program in [&market, &taxi] {
            is_refused(409, &view.hands_in(&ticket(&of_ada, program), FIRST_LOAD));
            is_refused(409, &view.hands_in(&ticket(&of_ada, program), IN_FRAME));
        }
        assert_eq!(view.web_cookies().len(), 1);
        assert!(!view.asks_silently(&taxi).get("code").is_empty(), "he goes on");
        // What is over is nobody's.
        bob.signs_out();
        of_ada.opens_in(&view, &market);
        assert!(!view.asks_silently(&market).get("code").is_empty());
    }

    fn attack_103_a_cookie_is_good_for_one_program_silently_and_for_nothing_else(w: &World) {
        let (market, taxi) = (web_view::program(w, "market", "openid"), web_view::program(w, "taxi", "openid"));
        let both = host::program(w, "both", "openid");
        let ada = w.person("ada");
        let nova = Launcher::of(&host::host(w), &ada);
        let view = WebView::new(w);
        nova.opens_in(&view, &market);
        for other in [&taxi, &both, &nova.host] {
            assert_eq!(view.asks_silently(other).get("error"), "login_required");
        }
        // Under another program's name it is no cookie of that one, nor of the session.
        let name = |program: &Program| format!("portico_web_{}", program.id);
        let value = view.browser.jar().get(&name(&market)).expect("a cookie").clone();
        let forged = WebView::new(w);
        for other in [name(&taxi), name(&both), "portico_session".to_owned(), "portico_browser".to_owned(), "portico_web_".to_owned()] {
            forged.browser.jar().insert(other, value.clone());
        }
        for program in [&market, &taxi, &both] {
            assert_eq!(forged.asks_silently(program).get("error"), "login_required");
        }
        let as_session = value.replacen("pw_", "ps_", 1);
        forged.browser.jar().insert("portico_session".to_owned(), as_session);
        assert_eq!(forged.browser.get("/account").path, "/sign-in");
        // A session's cookie is none of these.
        let session = ada.browser.session_cookie().expect("a session");
        let stolen = WebView::new(w);
        for of_session in [session.clone(), session.replacen("ps_", "pw_", 1)] {
            stolen.browser.jar().insert(name(&market), of_session);
            assert_eq!(stolen.asks_silently(&market).get("error"), "login_required");
        }
        // No page takes it for anybody.
        for path in ["/account", "/account/sessions", "/account/history"] {
            assert_eq!(view.browser.get(path).path, "/sign-in", "{path}");
        }
        assert!(!view.browser.get("/sign-out").words().contains("Sign out of"), "nobody is signed in");
        assert_eq!(view.browser.get("/end-session").status, 200);
        let plain = market.request();
        for request in [plain.clone(), plain.clone().with("prompt", "consent"), plain.with("prompt", "select_account")] {
            assert_eq!(view.browser.get(&request.path()).path, "/sign-in");
        }
        assert!(!view.asks_silently(&market).get("code").is_empty(), "none of it was in the way");
        // A program that gave up tickets gives up what they opened.
        market.changes(&json!({ "launch_types": ["code"] }));
        assert_eq!(view.asks_silently(&market).get("error"), "login_required");
    }

    fn attack_15_17_a_ticket_works_once_with_its_verifier_within_a_minute(w: &World) {
        let market = web_view::program(w, "market", "openid");
        let nova = Launcher::of(&host::host(w), &w.person("ada"));
        let other = "another-verifier-of-the-tests-that-is-long-enough";
        for verifier in ["", "short", other, &format!("{VERIFIER}x")] {
            let (view, ticket) = (WebView::new(w), ticket(&nova, &market));
            let form = [("ticket", ticket.as_str()), ("code_verifier", verifier)];
            is_refused(400, &view.hands_in_with(&form, FIRST_LOAD));
            is_refused(400, &view.hands_in(&ticket, FIRST_LOAD));
        }
        let late = ticket(&nova, &market);
        w.seconds_pass(59);
        let view = WebView::new(w);
        nova.opens_in(&view, &market);
        w.seconds_pass(1);
        is_refused(400, &view.hands_in(&late, FIRST_LOAD));
        assert!(!view.asks_silently(&market).get("code").is_empty(), "it is not in the way of another");
        // Handed in again, here or in another WebView, it ends what it opened: two have it.
        let again = ticket(&nova, &market);
        assert_eq!(view.hands_in(&again, FIRST_LOAD).status, 303);
        let thief = WebView::new(w);
        is_refused(400, &thief.hands_in(&again, FIRST_LOAD));
        assert_eq!(thief.asks_silently(&market).get("error"), "login_required");
        assert_eq!(view.asks_silently(&market).get("error"), "login_required");
        // Of many at once one opens it at most, and then none.
        let (node, raced) = (w.another_node(), ticket(&nova, &market));
        let views: Vec<WebView> = (0..8).map(|n| if n % 2 == 0 { WebView::new(w) } else { WebView::new(w).at(&node) }).collect();
        let replies = at_once(8, |n| views[n].hands_in(&raced, FIRST_LOAD).status);
        assert_eq!(replies.iter().filter(|status| **status == 303).count(), 1, "{replies:?}");
        for view in &views {
            assert_eq!(view.asks_silently(&market).get("error"), "login_required");
        }
    }

    fn attack_42_59_what_a_ticket_rests_on_is_looked_at_again(w: &World) {
        let ada = w.person("ada");
        let host = host::host(w);
        let mut nova = Launcher::of(&host, &ada);
        let view = WebView::new(w);
        let market = web_view::program(w, "market", "openid");
        let refused = |ticket: &str| is_refused(400, &view.hands_in(ticket, FIRST_LOAD));
        // The program.
        let suspended = ticket(&nova, &market);
        let opened = WebView::new(w);
        nova.opens_in(&opened, &market);
        market.is_suspended();
        refused(&suspended);
        let asked = opened.browser.get(&market.request().with("prompt", "none").path());
        assert_eq!((asked.status, asked.location()), (403, None), "nothing leads to a suspended program");
        market.is_released();
        let no_more = ticket(&nova, &market);
        market.changes(&json!({ "launch_types": ["code"] }));
        refused(&no_more);
        market.changes(&json!({ "launch_types": ["ticket"] }));
        // Who may use it.
        let draft = json!({ "state": "draft", "testers": ["ada"], "launch_types": ["ticket"] });
        let draft = w.mini_program_with("draft", "openid", draft);
        let for_others = ticket(&nova, &draft);
        draft.changes(&json!({ "testers": ["bob"] }));
        refused(&for_others);
        // The session.
        let ended = ticket(&nova, &market);
        ada.signs_out();
        refused(&ended);
        nova = Launcher::of(&host, &ada);
        let revoked = ticket(&nova, &market);
        assert_eq!(nova.host.revokes(nova.tokens.refresh()).status, 200);
        refused(&revoked);
        nova = Launcher::of(&host, &ada);
        let gone = ticket(&nova, &market);
        let open = WebView::new(w);
        nova.opens_in(&open, &market);
        w.operator(w.administration().disable_user("ada"));
        refused(&gone);
        assert_eq!(open.asks_silently(&market).get("error"), "login_required");
    }

    fn attack_42_a_ticket_that_races_the_sessions_end_signs_nobody_in(w: &World) {
        let market = web_view::program(w, "market", "openid");
        let (host, node) = (host::host(w), w.another_node());
        for round in 0..4 {
            let ada = w.person(&format!("ada{round}"));
            let nova = Launcher::of(&host, &ada);
            let tickets: Vec<String> = (0..6).map(|_| ticket(&nova, &market)).collect();
            let views: Vec<WebView> = (0..6).map(|_| WebView::new(w)).collect();
            let replies = at_once(7, |n| match n.checked_sub(1) {
                None => { ada.signs_out(); None }
                Some(n) if n % 2 == 0 => Some(views[n].hands_in(&tickets[n], FIRST_LOAD).status),
                Some(n) => Some(views[n].at(&node).hands_in(&tickets[n], FIRST_LOAD).status),
            });
            for status in replies.into_iter().flatten() {
                assert!([303, 400].contains(&status), "{status}");
            }
            for view in &views {
                assert_eq!(view.asks_silently(&market).get("error"), "login_required");
            }
        }
    }

    fn attack_20_a_ticket_is_no_other_secret(w: &World) {
        let all = json!({ "launch_types": ["ticket", "code"] });
        let market = w.mini_program_with("market", "openid", all);
        let ada = w.person("ada");
        let nova = Launcher::of(&host::host(w), &ada);
        let view = WebView::new(w);
        let of_market = ticket(&nova, &market);
        assert_eq!(market.redeems(&of_market).error(), "400 invalid_grant");
        for as_code in ["pl_", "pc_"] {
            assert_eq!(market.redeems(&of_market.replacen("pt_", as_code, 1)).error(), "400 invalid_grant");
        }
        assert!(!market.finds_active(&of_market));
        let code = nova.hands_over(&market);
        let by_redirect = ada.opens(&market).code();
        for wrong in [&code, &code.replacen("pl_", "pt_", 1), &by_redirect.replacen("pc_", "pt_", 1), &nova.tokens.access] {
            is_refused(400, &view.hands_in(wrong, FIRST_LOAD));
        }
        Tokens::of(&market.redeems(&code));
        assert_eq!(view.hands_in(&of_market, FIRST_LOAD).status, 303, "none of it was in the way");
    }

    fn attack_96_what_is_handed_in_is_bounded(w: &World) {
        let market = web_view::program(w, "market", "openid");
        let nova = Launcher::of(&host::host(w), &w.person("ada"));
        let view = WebView::new(w);
        let good = ticket(&nova, &market);
        let long = "x".repeat(5_000);
        for form in [
            vec![],
            vec![("ticket", ""), ("code_verifier", VERIFIER)],
            vec![("ticket", long.as_str()), ("code_verifier", VERIFIER)],
            vec![("ticket", "pt_%00"), ("code_verifier", VERIFIER)],
            vec![("ticket", good.as_str()), ("ticket", good.as_str()), ("code_verifier", VERIFIER)],
        ] {
            is_refused(400, &view.hands_in_with(&form, FIRST_LOAD));
        }
        let huge = "x".repeat(100_000);
        let reply = view.hands_in_with(&[("ticket", huge.as_str())], FIRST_LOAD);
        assert_eq!((reply.status, reply.header("set-cookie")), (400, None));
        // A jar that others filled holds nobody up.
        for n in 0..60 {
            view.browser.jar().insert(format!("portico_web_program-{n}"), format!("pw_{}", "A".repeat(43)));
        }
        view.browser.jar().insert("portico_web_".to_owned(), "x".to_owned());
        view.browser.jar().insert(format!("portico_web_{}", "y".repeat(65)), "x".to_owned());
        let opened = view.hands_in(&good, FIRST_LOAD);
        assert_eq!(opened.status, 303);
        assert_eq!(opened.all("set-cookie").len(), 1 + 41, "they go, and nineteen stay beside it");
        assert!(!view.asks_silently(&market).get("code").is_empty());
    }

    fn attack_103_two_cookies_of_one_name_are_both_looked_at_and_more_are_none(w: &World) {
        let market = web_view::program(w, "market", "openid");
        let host = host::host(w);
        let cookie_of = |username: &str| {
            let view = WebView::new(w);
            Launcher::of(&host, &w.person(username)).opens_in(&view, &market);
            let jar = view.browser.jar();
            let (name, value) = jar.iter().next().expect("a cookie");
            format!("{name}={value}")
        };
        let (ada, bob) = (cookie_of("ada"), cookie_of("bob"));
        let dead = format!("portico_web_{}=pw_{}", market.id, "A".repeat(43));
        let told = |cookies: &[&String]| {
            let cookies: Vec<&str> = cookies.iter().map(|cookie| cookie.as_str()).collect();
            let request = w.http("GET", &market.request().with("prompt", "none").path());
            let reply = w.send(request.header("cookie", cookies.join("; ")));
            reply.delivered().expect("an answer").get("error").to_owned()
        };
        for good in [&[&ada][..], &[&ada, &ada], &[&ada, &dead], &[&dead, &ada]] {
            assert_eq!(told(good), "", "{good:?}");
        }
        for bad in [&[&ada, &bob][..], &[&bob, &ada], &[&dead, &dead], &[&ada, &ada, &ada]] {
            assert_eq!(told(bad), "login_required", "{bad:?}");
        }
    }

    fn attack_97_a_stranger_without_a_ticket_writes_nothing(w: &World) {
        host::host(w);
        w.store_fails(store::faultpoint::BEGIN);
        is_refused(400, &WebView::new(w).hands_in(&format!("pt_{}", "A".repeat(43)), FIRST_LOAD));
        w.store_works();
    }
}
