//! Rows 1 to 14: redirect URIs and the delivery of responses.

use serde_json::json;

use crate::world::World;
use crate::world::in_both_worlds;

/// Whether the operator's command takes a redirect URI.
fn is_registered(w: &World, uri: &str, application_type: &str) -> bool {
    let metadata =
        json!({ "redirect_uris": [uri], "client_name": "x", "application_type": application_type });
    w.wait(w.administration().add_client(&metadata))
        .expect("no fault")
        .is_ok()
}

in_both_worlds! {
    fn attack_1_2_3_5_7_10_12_redirect_uris_are_compared_as_strings(w: &World) {
        let shop = w.client(json!({ "redirect_uris": ["https://ok.example/cb"] }));
        let ada = w.person("ada");
        ada.signs_in();
        for uri in [
            "https://ok.example/cb/..;/evil", "https://ok.example/cb/../evil", "https://ok.example/cb%2e%2e/evil",
            "https://ok.example/cb/%252e%252e/evil", "https://ok.example\\cb", "https://ok.example/cb\\..\\evil",
            "https://ok.example@evil.example/cb", "https://ok.example@evil@x/cb", "https://evil.example#@ok.example/cb",
            "https://okXexample/cb", "https://evilok.example/cb", "https://ok.example.evil.example/cb",
            "https://ok.example/cb?", "https://ok.example/cb#", "https://ok.example/cb;x", "https://ok.example//cb",
            "https://ok.example/CB", "https://OK.example/cb", "https://ok.example:443/cb", "https://ok.example./cb",
            "http://ok.example/cb", "//ok.example/cb", "/cb", "cb", "javascript:alert(1)", "data:text/html,x",
            " https://ok.example/cb", "https://ok.example/cb ", "https://ok.example/cb\n", "https://ok.example/cb\t",
            "https://ok.example\u{FF20}evil.example/cb", "https://o\u{212A}.example/cb", "https://ok%2eexample/cb",
        ] {
            let page = ada.sends(shop.request().with("redirect_uri", uri)).page;
            assert_eq!((page.status, page.delivered()), (400, None), "{uri:?}");
        }
    }

    fn attack_1_2_6_8_11_14_unsafe_redirect_uris_cannot_be_registered(w: &World) {
        for uri in [
            "https://ok.example@evil.example/cb", "https://user:pass@ok.example/cb", "https://ok.example@evil@x/cb",
            "https://ok.example/cb#x", "https://ok.example/cb#", "https://*.ok.example/cb",
            "https://ok.example/cb?code=1", "https://ok.example/cb?state=1", "https://ok.example/cb?iss=1",
            "https://ok.example/cb?error=1", "https://ok.example/cb?a=1&cod%65=1",
            "javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "blob:https://ok.example/1",
            "/cb", "cb", "", " ", "https:///cb", "https://", "https://ok.example\\evil/cb", "https://ok.example/a/../cb",
            "https://ok.example/%2e%2e/cb", "https://ok.example\u{FF20}evil.example/cb", "https://ok.example/c b",
            "http://ok.example/cb", "http://localhost.evil/cb", "http://127.0.0.1.evil/cb", "http://127.0.0.1@evil/cb",
        ] {
            assert!(!is_registered(w, uri, "web"), "{uri:?}");
        }
        assert!(is_registered(w, "https://ok.example/cb?tenant=1", "web"));
        for uri in ["app://host/cb", "javascript:alert(1)", "http://ok.example/cb", "http://localhost.evil/cb"] {
            assert!(!is_registered(w, uri, "native"), "{uri:?}");
        }
        assert!(is_registered(w, "com.example.app:/cb", "native"));
        for redirect_uris in [json!([null]), json!(["https://ok.example/cb", null]), json!("https://ok.example/cb"), json!({})] {
            let metadata = json!({ "redirect_uris": redirect_uris });
            assert!(w.wait(w.administration().add_client(&metadata)).expect("no fault").is_err(), "{metadata}");
        }
    }

    fn attack_3_4_only_the_port_of_a_loopback_address_may_differ(w: &World) {
        let app = w.client(json!({
            "token_endpoint_auth_method": "none", "application_type": "native",
            "redirect_uris": ["http://127.0.0.1/cb"],
        }));
        let ada = w.person("ada");
        ada.signs_in();
        let at = |uri: &str| ada.sends(app.request().with("redirect_uri", uri)).page.status;
        assert_eq!(at("http://127.0.0.1:49152/cb"), 200, "the consent sheet");
        for uri in [
            "http://127.0.0.1:49152/cb?x=1", "http://127.0.0.1:49152/CB", "http://127.0.0.1:49152/cb/",
            "http://127.0.0.2:49152/cb", "http://localhost:49152/cb", "http://localhost.evil/cb", "http://127.0.0.1.evil/cb",
            "http://127.0.0.1@evil/cb", "http://127.0.0.1:1@evil/cb", "https://127.0.0.1:49152/cb", "http://127.0.0.1:99999/cb",
            "http://127.0.0.1:/cb", "http://127.0.0.1:+1/cb", "http://127.1/cb", "http://0x7f.0.0.1/cb",
        ] {
            assert_eq!(at(uri), 400, "{uri}");
        }
    }

    fn attack_8_9_markup_in_what_a_form_post_carries_is_text(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        ada.signs_in();
        let state = "\"><script>alert(1)</script><input name=\"";
        let request = market.request().with("response_mode", "form_post").with("state", state);
        for visit in [ada.sends(request.clone()), ada.sends(request.with("scope", "profile.basic"))] {
            assert_eq!(visit.delivered().get("state"), state);
            assert!(!visit.page.body.contains("<script>alert"));
            let csp = visit.page.header("content-security-policy").expect("a policy");
            assert!(csp.contains("default-src 'none'") && csp.contains("frame-ancestors 'none'"), "{csp}");
            assert!(!csp.contains("unsafe-inline"), "{csp}");
        }
    }
}
