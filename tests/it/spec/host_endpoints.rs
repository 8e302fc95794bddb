//! What a host asks with its own token besides launching: which programs there are, and that one is left.

use serde_json::{Value, json};

use crate::world::host::{self, Launcher};
use crate::world::possession::ProofKey;
use crate::world::program::Tokens;
use crate::world::{World, in_both_worlds};

fn in_nova(w: &World, username: &str) -> Launcher {
    Launcher::of(&host::host(w), &w.person(username))
}

fn names(reply: &crate::world::reply::Reply) -> Vec<String> {
    let list = reply.json();
    let programs = list["mini_programs"].as_array().expect("a list");
    let name = |program: &Value| program["client_name"].as_str().expect("a name").to_owned();
    programs.iter().map(name).collect()
}

in_both_worlds! {
    fn a_host_reads_what_it_shows_of_a_program(w: &World) {
        let more = json!({ "launch_types": ["code", "token"], "icon_uri": "https://market.example/icon.png" });
        let market = w.mini_program_with("market", "openid phone.verified", more);
        let nova = in_nova(w, "ada");
        let configuration = w.get("/.well-known/portico-configuration").json();
        let endpoint = configuration["mini_programs_endpoint"].as_str().expect("an address").to_owned();
        let path = w.own_path(&endpoint).expect("an address of ours").to_owned();
        let shown = json!({
            "client_id": market.id, "client_name": "market", "entry_uri": "https://market.example/open",
            "icon_uri": "https://market.example/icon.png", "origins": ["https://market.example"],
            "scope": "openid phone.verified", "launch_types": ["code", "token"], "state": "released",
            "publisher": { "name": "Harbour Goods", "verified": false },
        });
        let list = nova.calls("GET", &path, &[]);
        assert_eq!((list.status, list.json()), (200, json!({ "mini_programs": [shown] })));
        let one = nova.calls("GET", &format!("{path}/{}", market.id), &[]);
        assert_eq!((one.status, one.json()), (200, shown));
        assert_eq!(one.header("cache-control"), Some("private, no-cache"));
        assert_eq!(one.header("access-control-allow-origin"), Some("*"));
    }

    fn who_has_it_is_told_so_until_it_changes(w: &World) {
        let market = w.mini_program("market", "openid");
        let nova = in_nova(w, "ada");
        for path in ["/mini-programs".to_owned(), format!("/mini-programs/{}", market.id)] {
            let etag = nova.calls("GET", &path, &[]).header("etag").expect("a tag").to_owned();
            let again = nova.calls_if_changed("GET", &path, &[], &etag);
            assert_eq!((again.status, again.body.as_str()), (304, ""));
            market.is_suspended();
            let changed = nova.calls_if_changed("GET", &path, &[], &etag);
            assert_eq!(changed.status, 200);
            assert!(changed.body.contains(r#""state":"suspended""#), "{}", changed.body);
            market.is_released();
        }
    }

    fn drafts_are_their_testers_alone(w: &World) {
        let draft = w.mini_program_with("draft", "openid", json!({ "state": "draft", "testers": ["ada"] }));
        w.mini_program("market", "openid");
        w.client(json!({}));
        let nova = host::host(w);
        let (ada, bob) = (Launcher::of(&nova, &w.person("ada")), Launcher::of(&nova, &w.person("bob")));
        assert_eq!(names(&ada.calls("GET", "/mini-programs", &[])), ["draft", "market"]);
        assert_eq!(names(&bob.calls("GET", "/mini-programs", &[])), ["market"]);
        let path = format!("/mini-programs/{}", draft.id);
        assert_eq!(ada.calls("GET", &path, &[]).json()["state"], "draft");
        let unknown = bob.calls("GET", "/mini-programs/nobody", &[]);
        let anothers = bob.calls("GET", &path, &[]);
        assert_eq!((unknown.status, &unknown.body), (404, &anothers.body));
        assert_eq!(bob.calls("GET", &format!("/mini-programs/{}", nova.id), &[]).status, 404);
    }

    fn a_long_list_comes_in_pages(w: &World) {
        let all = ["bank", "game", "market", "taxi", "zoo"];
        for name in all {
            let more = match name {
                "game" => json!({ "state": "draft", "testers": ["bob"] }),
                _ => json!({}),
            };
            w.mini_program_with(name, "openid", more);
        }
        let nova = in_nova(w, "ada");
        let (mut after, mut found, mut pages) = (String::new(), Vec::new(), 0);
        loop {
            let page = nova.calls("GET", &format!("/mini-programs?limit=2{after}"), &[]);
            found.extend(names(&page));
            pages += 1;
            match page.json()["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!((found, pages), (vec!["bank".to_owned(), "market".to_owned(), "taxi".to_owned(), "zoo".to_owned()], 3));
        for wrong in ["limit=x", "limit=-1", "after=%20", "limit=1&limit=2"] {
            assert_eq!(nova.calls("GET", &format!("/mini-programs?{wrong}"), &[]).error(), "400 invalid_request", "{wrong}");
        }
        let long = format!("/mini-programs/{}", "x".repeat(3_000));
        assert_eq!(nova.calls("GET", &long, &[]).status, 404);
        assert_eq!(names(&nova.calls("GET", "/mini-programs?limit=0", &[])), ["bank"]);
        assert_eq!(names(&nova.calls("GET", "/mini-programs?limit=99999", &[])).len(), 4);
    }

    fn only_a_hosts_own_living_token_opens_them(w: &World) {
        let market = host::program(w, "market", "openid");
        let ada = w.person("ada");
        let nova = Launcher::of(&host::host(w), &ada);
        let with = |token: &str| {
            let tokens = Tokens { access: token.to_owned(), ..nova.tokens.clone() };
            let other = Launcher { tokens, ..nova.clone() };
            let list = other.calls("GET", "/mini-programs", &[]);
            let leave = other.calls("POST", "/leave", &[("client_id", &market.id)]);
            assert_eq!(list.error(), leave.error());
            list.error()
        };
        assert_eq!(with(&nova.launches(&market)), "401 invalid_token", "a launch token");
        assert_eq!(with(&ada.uses(&market).access), "401 invalid_token", "a program's");
        assert_eq!(with("x"), "401 invalid_token");
        assert_eq!(w.get("/mini-programs").status, 401);
        let refreshed = nova.refreshed();
        w.passes(foundation::clock::Span::minutes(10));
        assert_eq!(with(&nova.tokens.access), "401 invalid_token", "an old one");
        ada.signs_out();
        assert_eq!(with(&refreshed.tokens.access), "401 invalid_token", "one of a session that is over");
    }

    fn a_host_that_proves_a_key_proves_it_here(w: &World) {
        let market = host::program(w, "market", "openid");
        let public = json!({ "token_endpoint_auth_method": "none", "dpop_bound_access_tokens": true });
        let app = host::host_with(w, public);
        let nova = Launcher::of(&app.proving(&ProofKey::new()), &w.person("ada"));
        let one = format!("/mini-programs/{}", market.id);
        for path in ["/mini-programs", "/mini-programs?limit=5", &one] {
            assert_eq!(nova.calls("GET", path, &[]).status, 200, "{path}");
        }
        assert_eq!(nova.calls("POST", "/leave", &[("client_id", &market.id)]).status, 204);
        let thief = Launcher { host: app.proving(&ProofKey::new()), ..nova.clone() };
        assert_eq!(thief.calls("GET", "/mini-programs", &[]).error(), "401 invalid_token");
        let bearer = Launcher { host: app, ..nova.clone() };
        assert_eq!(bearer.calls("GET", "/mini-programs", &[]).error(), "401 invalid_token");
        assert_eq!(bearer.calls("POST", "/leave", &[("client_id", &market.id)]).error(), "401 invalid_token");
    }

    fn a_host_lets_a_program_go_as_its_person_does(w: &World) {
        let (market, taxi) = (host::program(w, "market", "openid"), host::program(w, "taxi", "openid"));
        let ada = w.person("ada");
        let nova = Launcher::of(&host::host(w), &ada);
        let elsewhere = Launcher::of(&nova.host, &ada.with_another_browser());
        let (page, stays) = (nova.launches(&market), elsewhere.launches(&market));
        let backend = Tokens::of(&market.redeems(&nova.hands_over(&market)));
        let (code, other) = (nova.hands_over(&market), nova.launches(&taxi));
        let sid = nova.token(&market, &[]).text("sid");
        let left = nova.calls("POST", "/leave", &[("client_id", &market.id)]);
        assert_eq!((left.status, left.body.as_str()), (204, ""));
        assert!(!market.finds_active(&page) && !market.finds_active(&backend.access));
        assert_eq!(market.refreshes(backend.refresh()).error(), "400 invalid_grant");
        assert_eq!(market.redeems(&code).error(), "400 invalid_grant");
        assert!(taxi.finds_active(&other) && market.finds_active(&stays), "nothing else ends");
        assert_ne!(nova.token(&market, &[]).text("sid"), sid, "it comes back as somebody new");
        nova.calls("POST", "/leave", &[("client_id", &market.id)]);
        for nothing in [market.id.as_str(), "nobody"] {
            assert_eq!(nova.calls("POST", "/leave", &[("client_id", nothing)]).status, 204, "{nothing}");
        }
        for wrong in [&[][..], &[("client_id", "")], &[("client_id", "a b")], &[("client_id", &nova.host.id)]] {
            assert_eq!(nova.calls("POST", "/leave", wrong).error(), "400 invalid_request", "{wrong:?}");
        }
        let long = "x".repeat(4_000);
        assert_eq!(nova.calls("POST", "/leave", &[("client_id", &long)]).error(), "400 invalid_request");
        assert_eq!(nova.calls("GET", "/leave", &[]).status, 405);
        assert_eq!(nova.calls("GET", "/mini-programs", &[]).status, 200, "the host goes on");
    }
}
