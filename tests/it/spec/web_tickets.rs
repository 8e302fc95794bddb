//! Web tickets: an ordinary program that knows nothing but redirects signs in silently inside a WebView or
//! a frame of a host.

use foundation::clock::Span;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::world::host::{self, Launcher};
use crate::world::person::Person;
use crate::world::program::Tokens;
use crate::world::web_view::{self, FIRST_LOAD, IN_FRAME, WEB_TICKET, WebView};
use crate::world::{World, in_both_worlds, jwt};

/// Ada in the super app.
fn ada_in_nova(w: &World) -> (Launcher, Person) {
    let ada = w.person("ada");
    (Launcher::of(&host::host(w), &ada), ada)
}

/// A cookie as it was set, without its value.
fn attributes(cookie: &str) -> String {
    let (name, rest) = cookie.split_once('=').expect("a name");
    let (value, attributes) = rest.split_once(';').expect("attributes");
    assert!(value.starts_with("pw_") && value.len() > 43, "256 bits");
    format!("{name};{attributes}")
}

in_both_worlds! {
    fn a_program_signs_in_silently_in_a_web_view(w: &World) {
        let market = web_view::program(w, "market", "openid profile.basic");
        let (nova, ada) = ada_in_nova(w);
        let by_redirect = ada.uses(&market);
        let reply = nova.ticket(&market, &[]);
        let answer = reply.json();
        assert_eq!((&answer["issued_token_type"], &answer["token_type"]), (&json!(WEB_TICKET), &json!("N_A")));
        assert_eq!((&answer["expires_in"], &answer["scope"]), (&json!(60), &json!("openid profile.basic")));
        assert_eq!(answer["entry_uri"], "https://market.example/open");
        assert_eq!((answer.get("refresh_token"), answer.get("id_token")), (None, None));
        let view = WebView::new(w);
        assert_eq!(view.asks_silently(&market).get("error"), "login_required", "nobody is here yet");
        let opened = view.hands_in(&reply.text("access_token"), FIRST_LOAD);
        assert_eq!((opened.status, opened.location()), (303, Some("https://market.example/open")));
        assert_eq!((opened.header("cache-control"), opened.header("referrer-policy")), (Some("no-store"), Some("no-referrer")));
        let cookie = attributes(opened.header("set-cookie").expect("one cookie"));
        assert_eq!(cookie, format!("portico_web_{}; HttpOnly; SameSite=Lax; Path=/", market.id));
        // From here on it is an ordinary code flow.
        let tokens = Tokens::of(&market.redeems(view.asks_silently(&market).get("code")));
        let (claims, before) = (tokens.claims(), by_redirect.claims());
        assert_eq!((&claims["sub"], &claims["sid"]), (&before["sub"], &answer["sid"]));
        assert_eq!(claims["auth_time"], before["auth_time"]);
        let access = jwt::payload(&tokens.access);
        assert_eq!((&access["sid"], access.get("act")), (&answer["sid"], None), "as for any code");
        assert_eq!(tokens.scope, "openid profile.basic");
        assert!(market.userinfo(&tokens.access).json()["name"].is_string());
        // It belongs to the session of the host.
        let later = Tokens::of(&market.refreshes(tokens.refresh()));
        assert_eq!(later.claims()["sid"], answer["sid"]);
        ada.signs_out();
        assert!(!market.finds_active(&later.access));
        assert_eq!(market.refreshes(tokens.refresh()).error(), "400 invalid_grant");
        assert_eq!(view.asks_silently(&market).get("error"), "login_required");
    }

    fn in_a_frame_of_the_host_the_cookie_is_partitioned(w: &World) {
        let market = web_view::program(w, "market", "openid");
        let framed = json!({ "origins": ["https://app.nova.example"] });
        let nova = Launcher::of(&host::host_with(w, framed), &w.person("ada"));
        for origin in ["https://nova.example", "https://app.nova.example"] {
            for site in ["cross-site", "same-site"] {
                let view = WebView::new(w);
                let ticket = nova.ticket(&market, &[]).text("access_token");
                let headers = [("sec-fetch-site", site), ("sec-fetch-dest", "iframe"), ("origin", origin)];
                let opened = view.hands_in(&ticket, &headers);
                assert_eq!((opened.status, opened.location()), (303, Some("https://market.example/open")));
                let cookie = attributes(opened.header("set-cookie").expect("one cookie"));
                let expected = "HttpOnly; SameSite=None; Secure; Path=/; Partitioned";
                assert_eq!(cookie, format!("portico_web_{}; {expected}", market.id));
                Tokens::of(&market.redeems(view.asks_silently(&market).get("code")));
            }
        }
    }

    fn a_public_program_signs_in_by_a_ticket_too(w: &World) {
        let public = json!({ "launch_types": ["ticket", "token"], "token_endpoint_auth_method": "none" });
        let game = w.mini_program_with("game", "openid", public);
        let (nova, _) = ada_in_nova(w);
        let view = WebView::new(w);
        nova.opens_in(&view, &game);
        Tokens::of(&game.redeems(view.asks_silently(&game).get("code")));
    }

    fn what_an_exchange_for_a_ticket_must_say(w: &World) {
        let market = web_view::program(w, "market", "openid profile.basic");
        let (nova, ada) = ada_in_nova(w);
        let said = |more: &[(&str, &str)]| nova.ticket(&market, more).shown();
        let without = [("code_challenge", ""), ("code_challenge_method", "")];
        assert_snapshot!(said(&without), @r#"400 {"error":"invalid_request","error_description":"code_challenge is missing"}"#);
        assert_snapshot!(said(&[("code_challenge_method", "plain")]), @r#"400 {"error":"invalid_request","error_description":"code_challenge_method must be S256"}"#);
        let key = jwt::s256("the key of a page");
        assert_snapshot!(said(&[("dpop_jkt", &key)]), @r#"400 {"error":"invalid_request","error_description":"dpop_jkt is not for web tickets"}"#);
        // An old library may leave the challenge of its code out; the host's is another one.
        let old = json!({ "launch_types": ["ticket"], "portico:profile": "oidc_compat" });
        let old = w.mini_program_with("old", "openid", old);
        assert_eq!(nova.ticket(&old, &without).error(), "400 invalid_request");
        for program in [host::program(w, "taxi", "openid"), w.mini_program("bank", "openid")] {
            assert_eq!(nova.ticket(&program, &[]).error(), "400 invalid_target", "it registered no tickets");
        }
        assert_eq!(nova.token(&market, &[]).error(), "400 invalid_target");
        assert_eq!(nova.code(&market, &[]).error(), "400 invalid_target");
        let asked = [("scope", "openid profile.basic")];
        assert_eq!(nova.ticket(&market, &asked).error(), "400 consent_required");
        ada.uses(&market);
        assert_eq!(nova.ticket(&market, &asked).json()["scope"], "openid profile.basic");
    }

    fn what_was_never_allowed_is_not_given_silently(w: &World) {
        let market = web_view::program(w, "market", "openid profile.basic");
        let (nova, ada) = ada_in_nova(w);
        let view = WebView::new(w);
        nova.opens_in(&view, &market);
        assert_eq!(view.asks_silently(&market).get("error"), "consent_required");
        let less = market.asking("openid");
        Tokens::of(&market.redeems(view.asks_silently(&less).get("code")));
        ada.opens(&market).allows();
        let tokens = Tokens::of(&market.redeems(view.asks_silently(&market).get("code")));
        assert_eq!(tokens.scope, "openid profile.basic");
    }

    fn a_silent_request_is_judged_as_any_other(w: &World) {
        let market = web_view::program(w, "market", "openid");
        let (nova, ada) = ada_in_nova(w);
        let of_bob = w.person("bob").uses(&market);
        let view = WebView::new(w);
        nova.opens_in(&view, &market);
        let asks = |name: &str, value: &str| {
            let request = market.request().with("prompt", "none").with(name, value);
            view.browser.get(&request.path()).delivered().expect("an answer")
        };
        let hint = of_bob.id_token.expect("an id_token");
        assert_eq!(asks("id_token_hint", &hint).get("error"), "login_required");
        assert_eq!(asks("prompt", "none login").get("error"), "invalid_request");
        assert!(!asks("max_age", "600").get("code").is_empty());
        w.passes(Span::minutes(11));
        assert_eq!(asks("max_age", "600").get("error"), "login_required");
        assert!(!view.asks_silently(&market).get("code").is_empty(), "it lasts as long as the session");
        ada.signs_out();
    }

    fn a_sign_in_by_a_ticket_is_a_use_of_the_session(w: &World) {
        let market = web_view::program(w, "market", "openid");
        let (nova, ada) = ada_in_nova(w);
        let view = WebView::new(w);
        nova.opens_in(&view, &market);
        w.passes(Span::days(29));
        assert!(!view.asks_silently(&market).get("code").is_empty());
        w.passes(Span::days(29));
        w.wait(w.services().upkeep.expire_sessions()).expect("it looks");
        assert_eq!(ada.sessions().len(), 1);
        w.passes(Span::days(2));
        w.wait(w.services().upkeep.expire_sessions()).expect("it looks");
        assert_eq!(view.asks_silently(&market).get("error"), "login_required");
    }

    fn any_node_takes_a_ticket_and_its_cookie(w: &World) {
        let market = web_view::program(w, "market", "openid");
        let (nova, ada) = ada_in_nova(w);
        let node = w.another_node();
        let view = WebView::new(w);
        let ticket = nova.ticket(&market, &[]).text("access_token");
        assert_eq!(view.at(&node).hands_in(&ticket, FIRST_LOAD).status, 303);
        assert!(!view.asks_silently(&market).get("code").is_empty());
        ada.signs_out();
        assert_eq!(view.at(&node).asks_silently(&market).get("error"), "login_required");
    }

    fn the_browsers_own_session_comes_first(w: &World) {
        let market = web_view::program(w, "market", "openid");
        let (nova, ada) = ada_in_nova(w);
        let bob = w.person("bob");
        let sub = |view: &WebView| {
            let tokens = Tokens::of(&market.redeems(view.asks_silently(&market).get("code")));
            tokens.claims()["sub"].clone()
        };
        // Ada is signed in in this browser herself as well: nothing changes for her.
        let view = WebView::with(w, ada.browser.clone());
        nova.opens_in(&view, &market);
        let ada_is = sub(&view);
        assert_eq!(ada.uses(&market).claims()["sub"], ada_is);
        // Bob signs in where a ticket signed Ada in, and nobody knows who is in front of it.
        let shared = WebView::new(w);
        nova.opens_in(&shared, &market);
        assert_eq!(sub(&shared), ada_is);
        let bob = bob.with_browser(shared.browser.clone());
        bob.uses(&market);
        assert_eq!(shared.asks_silently(&market).get("error"), "login_required");
        bob.signs_out();
        assert_eq!(sub(&shared), ada_is, "she is alone again");
    }

    fn leaving_a_program_ends_what_its_ticket_opened(w: &World) {
        let market = web_view::program(w, "market", "openid");
        let taxi = web_view::program(w, "taxi", "openid");
        let (nova, ada) = ada_in_nova(w);
        let view = WebView::new(w);
        nova.opens_in(&view, &taxi);
        let open = || {
            nova.opens_in(&view, &market);
            assert!(!view.asks_silently(&market).get("code").is_empty());
            nova.ticket(&market, &[]).text("access_token")
        };
        let over = |waiting: &str| {
            assert_eq!(view.asks_silently(&market).get("error"), "login_required");
            assert_eq!(WebView::new(w).hands_in(waiting, FIRST_LOAD).status, 400);
            assert!(!view.asks_silently(&taxi).get("code").is_empty(), "another program goes on");
        };
        let waiting = open();
        assert_eq!(nova.calls("POST", "/leave", &[("client_id", &market.id)]).status, 204);
        over(&waiting);
        let waiting = open();
        ada.removes(&market);
        over(&waiting);
        open();
    }

    fn of_one_program_in_one_session_ten_are_open(w: &World) {
        let market = web_view::program(w, "market", "openid");
        let (nova, _) = ada_in_nova(w);
        let views: Vec<WebView> = (0..11).map(|_| {
            let view = WebView::new(w);
            nova.opens_in(&view, &market);
            w.seconds_pass(1);
            view
        }).collect();
        assert_eq!(views[0].asks_silently(&market).get("error"), "login_required");
        for view in &views[1..] {
            assert!(!view.asks_silently(&market).get("code").is_empty());
        }
    }

    fn a_jar_holds_twenty_and_the_oldest_goes(w: &World) {
        let (nova, _) = ada_in_nova(w);
        let programs: Vec<_> = (0..21).map(|n| web_view::program(w, &format!("program{n}"), "openid")).collect();
        let view = WebView::new(w);
        for program in &programs[..20] {
            nova.opens_in(&view, program);
            w.seconds_pass(1);
        }
        // Opened again it is the newest, in the place of its own.
        nova.opens_in(&view, &programs[0]);
        w.seconds_pass(1);
        assert_eq!(view.web_cookies().len(), 20);
        let copied = WebView::with(w, view.browser.copied());
        let opened = nova.opens_in(&view, &programs[20]);
        let gone = format!("portico_web_{}=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0", programs[1].id);
        assert!(opened.all("set-cookie").contains(&gone.as_str()), "{opened:?}");
        assert_eq!(view.web_cookies().len(), 20);
        for program in programs.iter().filter(|program| program.id != programs[1].id) {
            assert!(!view.asks_silently(program).get("code").is_empty());
        }
        let kept = copied.asks_silently(&programs[1]);
        assert_eq!(kept.get("error"), "login_required", "nor does it open anything for who kept it");
        // In a frame it goes from the partition that it stands in.
        let framed = WebView::new(w);
        for program in &programs {
            let ticket = nova.ticket(program, &[]).text("access_token");
            let opened = framed.hands_in(&ticket, IN_FRAME);
            assert!(opened.all("set-cookie").iter().all(|cookie| cookie.ends_with("; Partitioned")));
            w.seconds_pass(1);
        }
        assert_eq!(framed.web_cookies().len(), 20);
    }

    fn hosts_find_the_endpoint(w: &World) {
        let configuration = w.get("/.well-known/portico-configuration").json();
        assert_eq!(configuration["web_ticket_endpoint"], format!("{}/web-ticket", w.issuer()));
        assert_eq!(w.get("/web-ticket").status, 405);
    }

    fn who_can_sign_in_by_a_ticket_takes_part_in_the_session(w: &World) {
        let market = web_view::program(w, "market", "openid");
        let (nova, ada) = ada_in_nova(w);
        nova.opens_in(&WebView::new(w), &market);
        let session = ada.sessions().remove(0);
        let (_, programs) = w.operator(w.administration().show_session(&session));
        let known: Vec<Value> = programs.iter().map(|p| json!(p.client_id)).collect();
        assert!(known.contains(&json!(market.id)), "whoever can sign in in a session is known: {known:?}");
    }
}

in_both_worlds! {
    over tls:
    fn over_tls_the_cookie_is_this_hosts_alone(w: &World) {
        let market = web_view::program(w, "market", "openid");
        let (nova, _) = ada_in_nova(w);
        for (headers, expected) in [
            (FIRST_LOAD, "HttpOnly; SameSite=Lax; Secure; Path=/"),
            (IN_FRAME, "HttpOnly; SameSite=None; Secure; Path=/; Partitioned"),
        ] {
            let view = WebView::new(w);
            let ticket = nova.ticket(&market, &[]).text("access_token");
            let opened = view.hands_in(&ticket, headers);
            let cookie = attributes(opened.header("set-cookie").expect("one cookie"));
            assert_eq!(cookie, format!("__Host-portico_web_{}; {expected}", market.id));
            Tokens::of(&market.redeems(view.asks_silently(&market).get("code")));
        }
    }
}
