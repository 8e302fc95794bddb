//! What somebody who is not signed in, or a site beside Portico's, can do to the server and to people.

use crate::world::in_both_worlds;

in_both_worlds! {
    /// "a passing stranger writes nothing": the request waits in the address of the sign-in page.
    fn attack_97_a_stranger_who_asks_leaves_nothing_in_the_database(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let ada = w.person("ada");
        w.store_fails(store::faultpoint::BEGIN);
        let visit = ada.opens(&market);
        assert_eq!((visit.at(), visit.page.status), ("/sign-in", 200), "{}", visit.says());
        let gone = ada.opens(&market).presses("cancel");
        assert_eq!(gone.error(), "access_denied", "also who turns away");
        assert_eq!(ada.asked_silently(&market).get("error"), "login_required");
        w.store_works();
        let tokens = visit.signs_in().allows().tokens();
        assert!(market.finds_active(&tokens.access));
    }

    fn attack_97_a_request_that_waits_in_an_address_is_answered_once(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let visit = ada.opens(&market);
        let address = format!("/sign-in?step={}", step_of(&visit.page));
        assert_eq!(ada.looks_at(&address).status, 200, "it can be looked at again");
        assert_eq!(visit.clone().signs_in().at(), "program");
        assert_eq!(visit.clone().signs_in().at(), "program", "who presses twice arrives");
        w.seconds_pass(61);
        let again = visit.signs_in();
        assert_eq!((again.page.status, again.page.delivered()), (400, None));
        assert_eq!(ada.looks_at(&address).status, 400);
    }

    fn attack_96_a_request_is_bounded_as_a_whole(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let long = market.request().with("state", "s".repeat(4096));
        let page = ada.browser.send(w.http("GET", &long.path()));
        assert!(page.location().is_some_and(|address| address.len() < 8000), "a line that proxies take");
        assert_eq!(ada.sends(long.clone()).signs_in().at(), "program");
        for (name, value) in [("id_token_hint", "h".repeat(2000)), ("resource", format!("https://a.example/{}", "r".repeat(1500)))] {
            assert_eq!(ada.sends(long.clone().with(name, value)).error(), "invalid_request", "{name}");
        }
        let unknown = market.request().with("unheard_of", "x".repeat(6000));
        assert_eq!(ada.with_another_browser().sends(unknown).at(), "/sign-in", "what is not known is not kept");
    }

    /// A site beside Portico's sets cookies for the domain above both, in whatever bytes.
    fn attack_103_a_foreign_cookie_signs_nobody_out(w: &World) {
        let ada = w.person("ada");
        ada.signs_in();
        let session = format!("portico_session={}", ada.browser.session_cookie().expect("one"));
        for foreign in ["theme=café".as_bytes(), b"theme=caf\xe9", b"\xff\xfe", b"=", b"a"] {
            for cookies in [[foreign, b"; ", session.as_bytes()], [session.as_bytes(), b"; ", foreign]] {
                let page = w.send(w.http("GET", "/account").header("cookie", cookies.concat()));
                assert_eq!(page.status, 200, "{foreign:?}");
            }
        }
        let two = format!("{session}; portico_session=café");
        assert_eq!(w.send(w.http("GET", "/account").header("cookie", two.as_bytes())).status, 400);
    }

    fn an_address_that_cannot_be_read_gets_a_page_of_ours(w: &World) {
        let ada = w.person("ada");
        ada.signs_in();
        for path in [
            "/sign-in?step=a&step=b", "/choose-account?step=a&step=b", "/consent?step=a&step=b",
            "/sign-out?step=a&step=b", "/account?done=a&done=b", "/account/sessions?done=a&done=b",
        ] {
            let page = ada.looks_at(path);
            assert_eq!((page.status, page.header("cache-control")), (400, Some("no-store")), "{path}");
            assert!(page.body.contains("<html") && !page.body.contains("deserialize"), "{path}: {}", page.body);
        }
    }
}

/// The step token that a page's form carries.
fn step_of(page: &crate::world::reply::Reply) -> String {
    let (_, fields) = crate::world::browser::filled(page, "sign-in");
    let step = fields.into_iter().find(|(name, _)| name == "step");
    step.expect("a step").1
}
