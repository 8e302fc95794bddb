//! Rows 82 to 85, 92, 96 to 98, 104: hosts, proxies, bounds, what a front end may see.

use serde_json::json;

use crate::world::in_both_worlds;

in_both_worlds! {
    fn attack_82_83_links_are_built_from_the_issuer(w: &World) {
        let market = w.mini_program("market", "openid");
        let before = w.get("/.well-known/openid-configuration").body;
        for (name, value) in [
            ("host", "evil.example"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "https"),
            ("forwarded", "host=evil.example;proto=https"),
            ("x-original-url", "/account"),
            ("x-forwarded-prefix", "/evil"),
        ] {
            let document = w.send(w.http("GET", "/.well-known/openid-configuration").header(name, value));
            assert_eq!(document.body, before, "{name}");
            let reply = w.send(w.http("GET", &market.request().path()).header(name, value));
            assert!(reply.location().is_some_and(|l| l.starts_with("/sign-in?")), "{name}: {reply:?}");
            let refused = w.send(w.http("GET", &market.request().with("prompt", "none").path()).header(name, value));
            assert_eq!(refused.delivered().expect("an answer").get("iss"), w.issuer(), "{name}");
        }
    }

    fn attack_84_a_path_is_what_it_is(w: &World) {
        for path in ["/account;x=/", "/account/..;/token", "/%61ccount", "/account%2f", "//account", "/ACCOUNT", "/account/./x", "/token;/account"] {
            let status = w.get(path).status;
            assert!([303, 400, 404, 405].contains(&status), "{path}: {status}");
        }
        assert_eq!(w.get("/static/../Cargo.toml").status, 404);
        assert_eq!(w.get("/static/%2e%2e/Cargo.toml").status, 404);
    }

    fn attack_85_no_origin_is_ever_reflected(w: &World) {
        let documents = ["/.well-known/openid-configuration", "/jwks", "/userinfo", "/token", "/revoke"];
        let pages = ["/sign-in", "/account", "/authorize", "/end-session", "/introspect", "/sign-out"];
        for origin in ["null", "https://evil.example"] {
            for path in documents.iter().chain(&pages) {
                let reply = w.send(w.http("GET", path).header("origin", origin));
                let allowed = reply.header("access-control-allow-origin");
                assert!(allowed.is_none() || allowed == Some("*"), "{path}");
                assert!(allowed.is_none() || documents.contains(path), "{path}");
                assert_eq!(reply.header("access-control-allow-credentials"), None, "{path}");
            }
        }
    }

    fn attack_96_97_everything_has_a_bound(w: &World) {
        let market = w.mini_program("market", "openid");
        let megabyte = "x".repeat(1 << 20);
        let reply = market.posts("/token", &[("grant_type", "client_credentials".into()), ("scope", megabyte.clone())]);
        assert!([400, 413].contains(&reply.status), "{}", reply.status);
        let many: Vec<_> = (0..1000).map(|_| ("resource", "https://a.example/".to_owned())).collect();
        assert_eq!(market.posts("/token", &many).error(), "400 invalid_request");
        let reply = market.posts("/introspect", &[("token", megabyte)]);
        assert!([400, 413].contains(&reply.status), "{}", reply.status);
        let scopes = (0..2000).map(|n| format!("s{n}")).collect::<Vec<_>>().join(" ");
        let reply = market.posts("/token", &[("grant_type", "refresh_token".into()), ("refresh_token", "x".into()), ("scope", scopes)]);
        assert_eq!(reply.status, 400);
        let deep = format!("{}{}", "{\"userinfo\":".repeat(600), "}".repeat(600));
        let ada = w.person("ada");
        ada.signs_in();
        assert_eq!(ada.sends(market.request().with("claims", deep)).error(), "invalid_request");
        let resources = (0..50).fold(market.request(), |r, n| r.and("resource", format!("https://r{n}.example/")));
        let answered = ada.sends(resources);
        assert!(["invalid_target", "invalid_request"].contains(&answered.error().as_str()));
        assert_eq!(w.get("/healthz").status, 200);
    }

    fn attack_98_parameters_are_data_for_the_database(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        for text in ["' OR '1'='1", "ada'; DROP TABLE users; --", "ada\\", "%", "_da", "\u{2019}", "ada\u{0}"] {
            let other = ada.with_another_browser();
            let page = other.browser.get("/sign-in");
            let reply = other.types_password(&page, text, &ada.password);
            assert!([200, 400].contains(&reply.status) && reply.path == "/sign-in", "{text:?}");
            let reply = market.introspects(text);
            assert!(reply.status == 400 || reply.json() == json!({ "active": false }), "{text:?}");
        }
        assert_eq!(ada.signs_in().sessions().len(), 1);
    }

    fn attack_104_a_front_end_sees_no_long_lived_secret(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let ada = w.person("ada");
        let visit = ada.opens(&market);
        let signed_in = visit.clone().signs_in();
        let landed = signed_in.clone().allows();
        let tokens = landed.tokens();
        let pages = [visit.page, signed_in.page, landed.page, ada.looks_at("/account"), ada.looks_at("/account/sessions")];
        for page in &pages {
            for secret in [&market.secret, &tokens.access, tokens.refresh(), &ada.password] {
                assert!(!page.body.contains(secret) && page.location().is_none_or(|l| !l.contains(secret)), "{}", page.path);
            }
        }
    }

    /// Sign-in with a wrong password and for nobody cost the same hash; the bodies are compared in
    /// `spec::sign_in`.
    fn attack_92_client_and_person_lookups_tell_nothing(w: &World) {
        let shop = w.client(json!({}));
        let unknown = crate::world::program::Program { id: "nobody-at-all".into(), ..shop.clone() };
        let wrong = crate::world::program::Program { secret: "pk_wrong".into(), ..shop };
        let (left, right) = (unknown.introspects("x"), wrong.introspects("x"));
        assert_eq!((left.status, left.body), (right.status, right.body));
    }

    fn every_page_says_how_it_may_be_used(w: &World) {
        let ada = w.person("ada");
        for path in ["/sign-in", "/account", "/signed-out", "/nowhere", "/authorize"] {
            for page in [ada.with_another_browser().looks_at(path), ada.signs_in().looks_at(path)] {
                assert_eq!(page.header("x-content-type-options"), Some("nosniff"), "{path}");
                assert_eq!(page.header("referrer-policy"), Some("no-referrer"), "{path}");
                assert_eq!(page.header("cache-control"), Some("no-store"), "{path}");
                let csp = page.header("content-security-policy").expect("a policy");
                assert!(csp.contains("default-src 'none'") && !csp.contains("unsafe"), "{path}: {csp}");
                assert!(!page.body.contains("<script") && !page.body.contains(" style="), "{path}");
            }
        }
    }
}
