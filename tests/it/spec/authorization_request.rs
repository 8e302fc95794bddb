//! The authorization request (RFC 6749 §4.1.1 and §3.1, RFC 9207, Form Post Response Mode): what
//! goes back to the client, what stays on a page, what is ignored.

use foundation::base64url;
use insta::assert_snapshot;
use serde_json::json;

use crate::world::in_both_worlds;
use crate::world::reply::Reply;
use crate::world::request::Request;

in_both_worlds! {
    fn a_redirect_uri_that_is_not_registered_gets_a_page(w: &World) {
        let market = w.mini_program("market", "openid");
        let two = w.client(json!({ "redirect_uris": ["https://a.example/cb", "https://b.example/cb?x=1"] }));
        let ada = w.person("ada");
        ada.signs_in();
        for request in [
            market.request().with("redirect_uri", "https://evil.example/callback"),
            market.request().with("redirect_uri", "https://market.example/callback/"),
            market.request().with("redirect_uri", "https://market.example/callback?x=1"),
            market.request().with("redirect_uri", "https://market.example/callback#x"),
            market.request().with("redirect_uri", "HTTPS://market.example/callback"),
            market.request().with("redirect_uri", "https://market.example:443/callback"),
            market.request().and("redirect_uri", "https://market.example/callback"),
            two.request().without("redirect_uri"),
            two.request().with("redirect_uri", "https://b.example/cb"),
            two.request().with("redirect_uri", "https://b.example/cb?x=2"),
            two.request().with("redirect_uri", "https://b.example/cb?x=1&y=2"),
            // Whatever else is wrong with it.
            market.request().with("redirect_uri", "https://evil.example/").with("prompt", "none"),
            market.request().with("redirect_uri", "https://evil.example/").with("response_type", "token"),
        ] {
            let visit = ada.sends(request.clone());
            assert_eq!((visit.page.status, visit.page.location()), (400, None), "{:?}", request.parameters);
            assert_eq!(visit.page.delivered(), None, "{:?}", request.parameters);
        }
        let page = ada.sends(market.request().with("redirect_uri", "https://evil.example/"));
        assert_snapshot!(page.says(), @"This link is not right · Portico Portico This link is not right market wanted to send you to an address that it has not registered. Nothing was shared. Go back and open market again. If this happens again, tell its publisher. Open Settings");
        let kept = ada.sends(two.request().with("redirect_uri", "https://b.example/cb?x=1")).allows();
        let location = kept.page.location().expect("a redirect").to_owned();
        assert!(location.starts_with("https://b.example/cb?x=1&code="), "{location}");
    }

    fn an_unknown_client_gets_a_page(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        for request in [
            market.request().with("client_id", "nobody"),
            market.request().with("client_id", "no body <b>"),
            market.request().without("client_id"),
            market.request().and("client_id", market.id.clone()),
        ] {
            let page = ada.sends(request).page;
            assert_eq!((page.status, page.delivered()), (400, None));
        }
    }

    fn what_else_is_wrong_goes_back_to_the_client(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let ada = w.person("ada");
        ada.signs_in();
        let usual = || market.request();
        for (request, error) in [
            (usual().without("response_type"), "invalid_request"),
            (usual().with("response_type", "token"), "unsupported_response_type"),
            (usual().with("response_type", "code token"), "unsupported_response_type"),
            (usual().with("response_type", "id_token"), "unsupported_response_type"),
            (usual().with("response_mode", "fragment"), "invalid_request"),
            (usual().with("scope", "openid phone.verified"), "invalid_scope"),
            (usual().with("scope", "openid \"quoted\""), "invalid_scope"),
            (usual().with("scope", "profile.basic"), "invalid_scope"),
            (usual().with("prompt", "none login"), "invalid_request"),
            (usual().with("max_age", "soon"), "invalid_request"),
            (usual().with("claims", "{"), "invalid_request"),
            (usual().with("resource", "relative"), "invalid_target"),
            (usual().with("request", "e30.e30."), "request_not_supported"),
            (usual().with("request_uri", "https://market.example/r"), "request_uri_not_supported"),
            (usual().with("registration", "{}"), "registration_not_supported"),
            (usual().and("nonce", "again"), "invalid_request"),
            (usual().with("nonce", "n".repeat(600)), "invalid_request"),
            (usual().with("id_token_hint", "x.y.z"), "invalid_request"),
        ] {
            let visit = ada.sends(request.clone());
            assert_eq!(visit.error(), error, "{:?}", request.parameters);
            let description = visit.delivered().get("error_description").to_owned();
            let sendable = |c: char| matches!(c, '\x20'..='\x21' | '\x23'..='\x5B' | '\x5D'..='\x7E');
            assert!(description.chars().all(sendable), "{description}");
            let known = ["error", "error_description", "error_uri", "state", "iss"];
            assert!(visit.delivered().parameters.keys().all(|k| known.contains(&k.as_str())));
        }
        let state = "s".repeat(5000);
        let too_long = ada.sends(usual().with("state", state));
        let delivered = too_long.page.delivered().expect("it is answered");
        assert_eq!((delivered.get("error"), delivered.get("state")), ("invalid_request", ""));
    }

    /// "The authorization server MUST ignore unrecognized request parameters" (RFC 6749 §3.1).
    fn wishes_and_unknown_parameters_never_cause_errors(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        ada.signs_in();
        let request = market
            .request()
            .with("display", "hologram")
            .with("ui_locales", "xx-nonsense tlh 😀")
            .with("claims_locales", "?? ??")
            .with("login_hint", "nobody@nowhere")
            .with("acr_values", "urn:gold urn:silver")
            .with("vendor_parameter", "1")
            .with("access_type", "offline");
        assert_eq!(ada.sends(request).tokens().scope, "openid");
    }

    fn state_comes_back_byte_by_byte(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        ada.signs_in();
        for state in [
            "x".repeat(4096).as_str(),
            "a b+c%20&d=e;f",
            "\"><script>alert(1)</script>",
            "žąsis 😀",
            " ",
        ] {
            for mode in ["query", "form_post"] {
                let request = market.request().with("state", state).with("response_mode", mode);
                assert_eq!(ada.sends(request.clone()).code().len(), 46);
                let refused = ada.sends(request.with("scope", "nonsense profile.basic"));
                assert_eq!(refused.error(), "invalid_scope");
            }
        }
        let none = ada.sends(market.request().without("state"));
        assert!(!none.delivered().parameters.contains_key("state"));
    }

    fn a_posted_request_is_a_request(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let ada = w.person("ada");
        let visit = ada.sends(market.request().by_post()).signs_in().allows();
        assert_eq!(visit.tokens().scope, "openid profile.basic");
        assert_eq!(ada.sends(market.request().by_post()).tokens().scope, "openid profile.basic");
        let refused = ada.sends(market.request().with("response_type", "token").by_post());
        assert_eq!(refused.error(), "unsupported_response_type");
        let stranger = w.person("bob");
        let refused = stranger.sends(market.request().with("prompt", "none").by_post());
        assert_eq!(refused.error(), "login_required");
    }

    /// "All general-purpose servers MUST support the methods GET and HEAD" (RFC 9110 §9.1), and HEAD is
    /// safe (§9.2.1): whoever only looks changes nothing.
    fn looking_at_the_address_of_a_request_does_nothing(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let looks = |request: &Request| ada.browser.send(w.http("HEAD", &request.path()));
        let nothing = |reply: &Reply| {
            assert_eq!((reply.status, reply.location(), reply.body.as_str()), (204, None, ""));
            assert_eq!(reply.header("cache-control"), Some("no-store"));
            assert!(reply.all("set-cookie").is_empty(), "{reply:?}");
        };
        nothing(&looks(&market.request()));
        assert!(ada.browser.jar().is_empty());
        ada.signs_in();
        nothing(&looks(&market.request()));
        nothing(&looks(&market.request().with("redirect_uri", "https://evil.example/")));
        assert!(!ada.opens(&market).code().is_empty());
        let put = w.send(w.http("PUT", &market.request().path()));
        assert_eq!((put.status, put.header("allow")), (405, Some("GET, HEAD, POST")));
    }

    fn a_form_post_carries_everything_in_a_form(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        ada.signs_in();
        let by_form = |request: Request| ada.sends(request.with("response_mode", "form_post"));
        let visit = by_form(market.request());
        assert_eq!((visit.page.status, visit.page.location()), (200, None));
        assert_eq!(visit.delivered().to, "https://market.example/callback");
        assert_eq!(visit.page.header("cache-control"), Some("no-store"));
        let csp = visit.page.header("content-security-policy").expect("a policy");
        assert!(!csp.contains("form-action"), "its form leads out: {csp}");
        assert!(csp.contains("script-src 'self'") && !csp.contains("unsafe"), "{csp}");
        assert!(visit.page.body.contains(r#"id="continue""#), "a visible button");
        assert_eq!(visit.tokens().scope, "openid");
        let refused = by_form(market.request().with("response_type", "token"));
        assert_eq!((refused.page.location(), refused.error().as_str()), (None, "unsupported_response_type"));
    }

    fn an_unsigned_request_object_says_how_its_refusal_is_sent(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let encode = |text: &str| base64url::encode(text.as_bytes());
        let object = format!(
            "{}.{}.",
            encode(r#"{"alg":"none"}"#),
            encode(r#"{"state":"in the object","response_mode":"form_post","redirect_uri":"https://evil.example/"}"#)
        );
        let visit = ada.sends(market.request().with("request", &object).with("state", "in the object"));
        assert_eq!(visit.error(), "request_not_supported");
        let delivered = visit.delivered();
        assert_eq!(delivered.to, "https://market.example/callback", "by form_post, to a registered address");
        assert_eq!(visit.page.location(), None);
        let signed = object.replace(&encode(r#"{"alg":"none"}"#), &encode(r#"{"alg":"HS256"}"#));
        let visit = ada.sends(market.request().with("request", format!("{signed}AAAA")));
        assert_eq!(visit.error(), "request_not_supported");
        assert!(visit.page.location().is_some(), "in the query, as the request outside the object asks");
    }

    fn parameters_that_are_too_much_get_a_clear_answer(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        ada.signs_in();
        let mut many = market.request().by_post();
        for number in 0..120 {
            many = many.and(&format!("p{number}"), "1");
        }
        let long = market.request().with("vendor", "x".repeat(9000)).by_post();
        let longer = market.request().with("vendor", "x".repeat(70_000)).by_post();
        for request in [many, long, longer] {
            let page = ada.browser.send(crate::world::browser::form_body(
                w.http("POST", "/authorize"),
                &request.parameters,
            ));
            assert_eq!((page.status, page.location()), (400, None), "{}", page.words());
            assert!(page.words().contains("cannot be read"), "{}", page.words());
        }
        let scopes = (0..10_000).map(|n| format!("s{n}")).collect::<Vec<_>>().join(" ");
        let page = ada.sends(market.request().with("scope", scopes).by_post()).page;
        assert_eq!((page.status, page.delivered()), (400, None));
    }
}
