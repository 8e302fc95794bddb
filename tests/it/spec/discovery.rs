//! Metadata and keys (OpenID Connect Discovery §4, RFC 8414 §3, RFC 7517).

use flow::administer::signing_keys::RotateWhen;
use serde_json::json;

use crate::world::in_both_worlds;

in_both_worlds! {
    fn the_documents_say_what_is_offered(w: &World) {
        let settings = || {
            let mut settings = insta::Settings::clone_current();
            settings.add_filter(r"http://localhost:\d+", "https://issuer.example");
            settings.add_filter(r"\?v=[0-9a-f]{16}", "?v=[version]");
            settings.add_filter(r"sha256-[\w+/]{43}=", "[digest]");
            settings.set_snapshot_path("../snapshots");
            settings.set_prepend_module_to_snapshot(false);
            settings
        };
        for name in ["openid-configuration", "oauth-authorization-server", "portico-configuration"] {
            let reply = w.get(&format!("/.well-known/{name}"));
            assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/json")));
            assert_eq!(reply.json()["issuer"], w.issuer());
            settings().bind(|| insta::assert_json_snapshot!(name, reply.json()));
            let etag = reply.header("etag").expect("an ETag").to_owned();
            let request = w.http("GET", &format!("/.well-known/{name}"));
            assert_eq!(w.send(request.header("if-none-match", etag)).status, 304);
        }
    }

    /// Every address that the documents name is there.
    fn every_endpoint_answers(w: &World) {
        let document = w.get("/.well-known/openid-configuration").json();
        for (name, value) in document.as_object().expect("an object") {
            if !name.ends_with("_endpoint") && name != "jwks_uri" {
                continue;
            }
            let path = w.own_path(value.as_str().expect("text")).expect("it is here");
            let status = w.get(path).status;
            assert!([200, 303, 400, 401, 405].contains(&status), "{name} {path}: {status}");
        }
        let account = w.get("/.well-known/portico-configuration").json()["account_uri"].clone();
        let path = w.own_path(account.as_str().expect("text")).expect("it is here").to_owned();
        assert_eq!(w.get(&path).status, 303);
    }

    /// A program's page asks before it speaks to what frames it.
    fn the_configuration_names_the_hosts_of_this_moment(w: &World) {
        let read = || w.get("/.well-known/portico-configuration");
        let before = read();
        assert_eq!(before.json()["host_origins"], json!([]));
        let nova = w.client(json!({
            "portico:host": true, "client_name": "Nova", "client_uri": "https://nova.example/",
            "redirect_uris": ["https://nova.example/cb", "https://nova.example:8443/cb"],
        }));
        w.client(json!({ "client_name": "Shop", "redirect_uris": ["https://shop.example/cb"] }));
        let after = read();
        assert_eq!(
            after.json()["host_origins"],
            json!(["https://nova.example", "https://nova.example:8443"])
        );
        assert_ne!(before.header("etag"), after.header("etag"), "who kept the first one asks again");
        w.operator(w.administration().delete_client(&nova.id));
        assert_eq!(read().json()["host_origins"], json!([]));
    }

    /// The script that the configuration names is the one that its digest is of, for any site.
    fn the_bridge_is_what_its_integrity_says(w: &World) {
        let configuration = w.get("/.well-known/portico-configuration").json();
        let uri = configuration["bridge_uri"].as_str().expect("text");
        let path = w.own_path(uri).expect("it is here").to_owned();
        let script = w.get(&path);
        assert_eq!(script.status, 200);
        assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
        assert_eq!(script.header("cache-control"), Some("public, max-age=31536000, immutable"));
        assert_eq!(script.header("access-control-allow-origin"), Some("*"));
        assert_eq!(script.header("cross-origin-resource-policy"), Some("cross-origin"));
        let digest = openssl::base64::encode_block(&openssl::sha::sha256(script.body.as_bytes()));
        assert_eq!(configuration["bridge_integrity"], format!("sha256-{digest}"));
        let style = w.get("/static/portico.css");
        assert_eq!(style.header("cross-origin-resource-policy"), Some("same-origin"));
    }

    fn the_published_keys_are_public_and_usable(w: &World) {
        let reply = w.get("/jwks");
        assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/json")));
        let keys = reply.json()["keys"].as_array().expect("keys").clone();
        let mut kids: Vec<&str> = keys.iter().filter_map(|k| k["kid"].as_str()).collect();
        kids.sort_unstable();
        kids.dedup();
        assert_eq!(kids.len(), keys.len(), "every key has a kid of its own");
        for key in &keys {
            assert!(["RSA", "EC"].contains(&key["kty"].as_str().unwrap_or_default()), "{key}");
            for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
                assert_eq!(key.get(private), None, "{private} is private");
            }
            assert_eq!(key["use"], "sig");
        }
        for kind in ["RSA", "EC"] {
            assert!(keys.iter().any(|key| key["kty"] == kind), "there is a {kind} key");
        }
    }

    fn a_rotated_key_stays_published_until_what_it_signed_has_expired(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let before = ada.uses(&market);
        let kids = || -> Vec<String> {
            let keys = w.get("/jwks").json()["keys"].as_array().expect("keys").clone();
            keys.iter().filter_map(|k| k["kid"].as_str().map(str::to_owned)).collect()
        };
        w.operator(w.signing_keys().rotate(RotateWhen::Now));
        w.operator(w.signing_keys().rotate(RotateWhen::Now));
        let after = ada.opens(&market).tokens();
        let kid = |jwt: &str| crate::world::jwt::header(jwt)["kid"].clone();
        assert_ne!(kid(&before.access), kid(&after.access));
        for token in [&before.access, &after.access] {
            assert!(kids().iter().any(|k| kid(token) == k.as_str()));
            assert!(market.finds_active(token));
        }
    }

    fn health_is_said(w: &World) {
        assert_eq!(w.get("/healthz").shown(), r#"200 {"status":"ok"}"#);
        assert_eq!(w.get("/readyz").shown(), r#"200 {"clock":true,"database":true,"fresh":true,"ready":true,"up_to_date":true,"writable":true}"#);
    }

    fn an_address_that_leads_nowhere_says_so(w: &World) {
        assert_eq!(w.get("/nowhere").status, 404);
        assert_eq!(w.get("/admin;x=/y").status, 404);
        let token = w.get("/token");
        assert_eq!((token.status, token.header("allow").is_some()), (405, true));
    }
}
