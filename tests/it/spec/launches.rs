//! Launches: token exchange (RFC 8693) by a host, for the page of a program or for its backend.

use flow::administer::audit::{AuditQuery, ShownEntry};
use foundation::clock::Span;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::world::host::{self, ACCESS_TOKEN, EXCHANGE, LAUNCH_CODE, Launcher};
use crate::world::program::Tokens;
use crate::world::{World, in_both_worlds, jwt};

/// Ada in the super app.
fn ada_in_nova(w: &World) -> (Launcher, crate::world::person::Person) {
    let ada = w.person("ada");
    (Launcher::of(&host::host(w), &ada), ada)
}

in_both_worlds! {
    fn a_page_gets_a_token_of_its_program_and_nothing_more(w: &World) {
        let market = host::program(w, "market", "openid profile.basic");
        let (nova, ada) = ada_in_nova(w);
        let reply = nova.token(&market, &[]);
        assert_eq!((reply.status, reply.header("pragma")), (200, Some("no-cache")), "{reply:?}");
        let answer = reply.json();
        let mut members: Vec<&str> = answer.as_object().expect("an object").keys().map(String::as_str).collect();
        members.sort_unstable();
        let told = ["access_token", "entry_uri", "expires_in", "issued_token_type", "origins", "scope", "sid", "token_type"];
        assert_eq!(members, told);
        assert_eq!((&answer["issued_token_type"], &answer["token_type"]), (&json!(ACCESS_TOKEN), &json!("Bearer")));
        assert_eq!((&answer["expires_in"], &answer["scope"]), (&json!(600), &json!("openid")), "the rest was never asked");
        assert_eq!(answer["entry_uri"], "https://market.example/open");
        assert_eq!(answer["origins"], json!(["https://market.example"]));
        let token = reply.text("access_token");
        let claims = jwt::payload(&token);
        assert_eq!(claims["client_id"], market.id);
        assert_eq!(claims["act"], json!({ "sub": nova.host.id }));
        assert_eq!(claims["aud"], format!("{}/clients/{}", w.issuer(), market.id));
        assert_eq!(claims["sid"], answer["sid"]);
        let known = market.introspects(&token).json();
        for same in ["sub", "sid", "act", "scope", "aud", "client_id"] {
            assert_eq!(known[same], claims[same], "{same}");
        }
        assert_eq!(market.userinfo(&token).json(), json!({ "sub": claims["sub"] }));
        // It is the same person and session that the program knows by redirects.
        let by_redirect = ada.uses(&market);
        let (id_token, access) = (by_redirect.claims(), jwt::payload(&by_redirect.access));
        assert_eq!((&id_token["sub"], &id_token["sid"]), (&claims["sub"], &claims["sid"]));
        assert_eq!((&access["sid"], access.get("act")), (&claims["sid"], None));
        assert!(!nova.host.finds_active(&token), "it is not the host's business");
    }

    fn a_token_is_shorter_where_that_is_asked_and_never_longer(w: &World) {
        let market = host::program(w, "market", "openid");
        let (nova, _) = ada_in_nova(w);
        for (asked, given) in [("60", 60), ("600", 600), ("86400", 600)] {
            assert_eq!(nova.token(&market, &[("expires_in", asked)]).json()["expires_in"], given);
        }
        let short = nova.token(&market, &[("expires_in", "60")]).text("access_token");
        w.seconds_pass(59);
        assert!(market.finds_active(&short));
        w.seconds_pass(1);
        assert!(!market.finds_active(&short));
    }

    fn a_token_ends_with_its_session_by_itself(w: &World) {
        let market = host::program(w, "market", "openid");
        let (mut nova, _) = ada_in_nova(w);
        // As long as the super app is used the session is not idle; after ninety days it ends.
        for _ in 0..4 {
            w.passes(Span::days(20));
            w.wait(w.services().upkeep.expire_sessions()).expect("it looks");
            nova = nova.refreshed();
        }
        w.passes(Span::days(10) - Span::minutes(3));
        nova = nova.refreshed();
        let answer = nova.token(&market, &[]).json();
        assert_eq!(answer["expires_in"], 180);
        w.passes(Span::minutes(3));
        w.wait(w.services().upkeep.expire_sessions()).expect("it looks");
        assert!(!market.finds_active(answer["access_token"].as_str().expect("a token")));
    }

    fn a_launch_is_a_use_of_the_session(w: &World) {
        let market = host::program(w, "market", "openid");
        let (nova, ada) = ada_in_nova(w);
        w.passes(Span::minutes(5));
        nova.launches(&market);
        w.passes(Span::days(30) - Span::minutes(2));
        w.wait(w.services().upkeep.expire_sessions()).expect("it looks");
        assert_eq!(ada.sessions().len(), 1, "thirty days after the launch, not after the sign-in");
        w.passes(Span::minutes(3));
        w.wait(w.services().upkeep.expire_sessions()).expect("it looks");
        assert_eq!(ada.sessions().len(), 0);
    }

    fn a_backend_redeems_a_launch_code_like_any_code(w: &World) {
        let market = host::program(w, "market", "openid profile.basic");
        let (nova, ada) = ada_in_nova(w);
        ada.uses(&market);
        let reply = nova.code(&market, &[]);
        let answer = reply.json();
        assert_eq!((&answer["issued_token_type"], &answer["token_type"]), (&json!(LAUNCH_CODE), &json!("N_A")));
        assert_eq!((&answer["expires_in"], &answer["scope"]), (&json!(60), &json!("openid profile.basic")));
        assert_eq!(answer["entry_uri"], "https://market.example/open");
        let code = reply.text("access_token");
        // No redirect carried it, so whatever a library sends along is not looked at.
        let tokens = Tokens::of(&market.redeems_with(&code, &[("redirect_uri", "https://evil.example/")]));
        let claims = tokens.claims();
        assert_eq!((&claims["nonce"], &claims["sid"]), (&json!("of the backend"), &answer["sid"]));
        let access = jwt::payload(&tokens.access);
        assert_eq!((&access["sub"], &access["act"]), (&claims["sub"], &json!({ "sub": nova.host.id })));
        assert!(market.userinfo(&tokens.access).json()["name"].is_string());
        let later = Tokens::of(&market.refreshes(tokens.refresh()));
        assert_eq!(jwt::payload(&later.access)["act"], access["act"]);
        assert_eq!(later.claims()["sid"], answer["sid"]);
        ada.signs_out();
        assert_eq!(market.refreshes(tokens.refresh()).error(), "400 invalid_grant");
        assert!(!market.finds_active(&later.access));
    }

    fn only_an_old_library_leaves_the_challenge_out(w: &World) {
        let market = host::program(w, "market", "openid");
        let (nova, _) = ada_in_nova(w);
        let without = [("code_challenge", ""), ("code_challenge_method", "")];
        assert_snapshot!(nova.code(&market, &without).shown(), @r#"400 {"error":"invalid_request","error_description":"code_challenge is missing"}"#);
        assert_snapshot!(nova.code(&market, &[("nonce", "")]).shown(), @r#"400 {"error":"invalid_request","error_description":"nonce is missing"}"#);
        let old = w.mini_program_with("old", "openid", json!({ "portico:profile": "oidc_compat" }));
        let code = nova.code(&old, &without).text("access_token");
        assert_eq!(old.redeems(&code).error(), "400 invalid_grant", "a verifier without a challenge");
        let code = nova.code(&old, &without).text("access_token");
        Tokens::of(&old.redeems_with(&code, &[("code_verifier", "")]));
    }

    fn what_stands_is_given_and_what_is_new_is_not(w: &World) {
        let market = host::program(w, "market", "openid profile.basic phone.verified");
        let (nova, ada) = ada_in_nova(w);
        let wanted = [("scope", "openid profile.basic phone.verified")];
        assert_eq!(nova.token(&market, &wanted).error(), "400 consent_required");
        assert_eq!(nova.token(&market, &[]).json()["scope"], "openid");
        assert_eq!(nova.token(&market, &[("scope", "openid")]).json()["scope"], "openid");
        ada.opens(&market).allows_only(&["profile.basic"]);
        // The phone number was refused: it is missing, and nobody is asked again.
        assert_eq!(nova.token(&market, &wanted).json()["scope"], "openid profile.basic");
        assert_eq!(nova.token(&market, &[]).json()["scope"], "openid profile.basic");
        assert_eq!(nova.token(&market, &[("scope", "profile.basic")]).json()["scope"], "profile.basic");
        let code = nova.code(&market, &[("scope", "profile.basic")]);
        assert_eq!(code.json()["scope"], "openid profile.basic", "the nonce comes back in an id_token");
        ada.takes_back(&market, "profile.basic");
        assert_eq!(nova.token(&market, &wanted).json()["scope"], "openid");
    }

    fn what_a_library_calls_profile_is_read_as_registered(w: &World) {
        let market = host::program(w, "market", "openid profile.basic");
        let (nova, ada) = ada_in_nova(w);
        ada.uses(&market);
        assert_eq!(nova.token(&market, &[("scope", "openid profile")]).json()["scope"], "openid profile.basic");
    }

    fn what_is_refused_says_why(w: &World) {
        let market = host::program(w, "market", "openid");
        let (nova, _) = ada_in_nova(w);
        let said = |changed: &[(&str, &str)]| nova.token(&market, changed).shown();
        assert_snapshot!(said(&[("audience", "")]), @r#"400 {"error":"invalid_request","error_description":"audience is missing"}"#);
        assert_snapshot!(said(&[("resource", "https://orders.example")]), @r#"400 {"error":"invalid_request","error_description":"resource is not supported"}"#);
        assert_snapshot!(said(&[("actor_token", "x")]), @r#"400 {"error":"invalid_request","error_description":"actor_token is not supported"}"#);
        assert_snapshot!(said(&[("scope", "openid phone.verified")]), @r#"400 {"error":"invalid_scope","error_description":"phone.verified is not in the program's manifest"}"#);
        assert_snapshot!(said(&[("subject_token", "x")]), @r#"400 {"error":"invalid_request","error_description":"the subject_token cannot be used","subject_token_state":"not_accepted"}"#);
        assert_snapshot!(said(&[("audience", "nobody")]), @r#"400 {"error":"invalid_target","error_description":"the program is not available"}"#);
        let cookie = said(&[("requested_token_type", "urn:portico:params:oauth:token-type:cookie")]);
        assert!(cookie.starts_with(r#"400 {"error":"invalid_request""#), "{cookie}");
        let twice: Vec<_> = [("audience", "a"), ("audience", "b")].into();
        let mut form: Vec<(&str, String)> = twice.into_iter().map(|(n, v)| (n, v.to_owned())).collect();
        form.extend([("grant_type", EXCHANGE.to_owned()), ("subject_token", "x".to_owned())]);
        form.extend([("subject_token_type", ACCESS_TOKEN.to_owned()), ("requested_token_type", ACCESS_TOKEN.to_owned())]);
        assert_snapshot!(nova.host.token(&form).shown(), @r#"400 {"error":"invalid_request","error_description":"audience must be there once"}"#);
    }

    fn the_state_of_a_subject_token_says_what_to_do(w: &World) {
        let market = host::program(w, "market", "openid");
        let (nova, ada) = ada_in_nova(w);
        let state = |nova: &Launcher| {
            let reply = nova.token(&market, &[]);
            assert_eq!(reply.error(), "400 invalid_request");
            reply.text("subject_token_state")
        };
        w.passes(Span::minutes(10));
        assert_eq!(state(&nova), "expired");
        let nova = nova.refreshed();
        nova.launches(&market);
        ada.signs_out();
        assert_eq!(state(&nova), "ended");
        assert_eq!(nova.host.refreshes(nova.tokens.refresh()).error(), "400 invalid_grant");
    }

    fn what_is_not_available_looks_alike(w: &World) {
        let (nova, _) = ada_in_nova(w);
        let draft = |testers: Value| {
            let more = json!({ "state": "draft", "testers": testers, "launch_types": ["token"] });
            w.mini_program_with("draft", "openid", more)
        };
        let (of_bob, of_ada) = (draft(json!(["bob"])), draft(json!(["ada"])));
        let suspended = host::program(w, "market", "openid");
        suspended.is_suspended();
        let by_code = w.mini_program("bank", "openid");
        let shop = w.client(json!({}));
        let known = nova.token(&of_bob, &[]).shown();
        for program in [&of_bob, &suspended, &by_code, &shop, &nova.host] {
            assert_eq!(nova.token(program, &[]).shown(), known);
            let wider = [("scope", "openid kyc.status")];
            assert_eq!(nova.token(program, &wider).shown(), known, "its manifest is not told either");
        }
        assert!(known.contains("invalid_target"), "{known}");
        nova.launches(&of_ada);
        nova.hands_over(&by_code);
        suspended.is_released();
        nova.launches(&suspended);
    }

    fn a_program_of_pages_alone_takes_part_like_any_other(w: &World) {
        let page = w.mini_program_with("game", "openid", json!({ "token_endpoint_auth_method": "none" }));
        let (nova, ada) = ada_in_nova(w);
        assert_eq!(nova.code(&page, &[]).error(), "400 invalid_target");
        let sid = nova.token(&page, &[]).text("sid");
        assert_eq!(nova.token(&page, &[]).text("sid"), sid);
        let session = ada.sessions().remove(0);
        let (_, programs) = w.operator(w.administration().show_session(&session));
        let game = programs.iter().find(|p| p.client_id.as_str() == page.id).expect("it is there");
        assert_eq!(game.sid, sid);
        let about = AuditQuery {
            client: Some(page.id.clone()),
            action: Some("session.joined".to_owned()),
            limit: 100,
            ..AuditQuery::default()
        };
        let page_of = w.operator(w.administration().audit(about));
        let joined: Vec<Value> = page_of.rows.iter().map(ShownEntry::to_json).collect();
        assert_eq!(joined.len(), 1, "once in a session: {joined:?}");
        assert_eq!((&joined[0]["identity"], &joined[0]["client"]), (&json!(nova.host.id), &json!(page.id)));
    }

    fn what_was_left_comes_back_under_another_sid(w: &World) {
        let market = host::program(w, "market", "openid");
        let (nova, ada) = ada_in_nova(w);
        let launched = |known: &mut Vec<String>| {
            let reply = nova.token(&market, &[]);
            let sid = reply.text("sid");
            assert!(!known.contains(&sid), "{sid} was there before");
            let tokens = Tokens::of(&market.redeems(&nova.hands_over(&market)));
            assert_eq!(tokens.claims()["sid"], sid);
            known.push(sid);
            (reply.text("access_token"), tokens)
        };
        let mut known = Vec::new();
        let (page, backend) = launched(&mut known);
        let code = nova.hands_over(&market);
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("client_id", market.id.as_str())])
            .finish();
        let question = ada.looks_at(&format!("/end-session?{query}"));
        assert_eq!(ada.browser.presses(&question, "leave", &[]).status, 200);
        assert!(!market.finds_active(&page) && !market.finds_active(&backend.access));
        assert_eq!(market.redeems(&code).error(), "400 invalid_grant", "a code of the stay that ended");
        let (page, _) = launched(&mut known);
        ada.removes(&market);
        assert!(!market.finds_active(&page));
        launched(&mut known);
        launched_by_redirect(w, &ada, &market, &known);
    }

    fn a_host_registers_as_one(w: &World) {
        let said = |more: Value| {
            let mut metadata = json!({ "redirect_uris": ["https://shop.example/cb"] });
            metadata.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            w.refuses(w.administration().add_client(&metadata))
        };
        assert_snapshot!(said(json!({ "grant_types": ["authorization_code", EXCHANGE] })), @"grant_types: urn:ietf:params:oauth:grant-type:token-exchange is for hosts (portico:host) only");
        assert_snapshot!(said(json!({ "origins": ["https://shop.example"] })), @"origins: is for hosts (portico:host) and mini-programs only");
        assert_snapshot!(said(json!({ "portico:host": true, "origins": ["https://shop.example/"] })), @"origins[0]: must be an origin: scheme, host and port only");
        let framed = host::host_with(w, json!({ "origins": ["https://app.nova.example"] }));
        assert_eq!(framed.registration()["origins"], json!(["https://app.nova.example"]));
        let publisher = w.publisher();
        let manifest = |more: Value| {
            let mut manifest = json!({
                "client_name": "game", "publisher": publisher, "state": "released", "redirect_uris":
                ["https://game.example/cb"], "entry_uri": "https://game.example/", "origins": ["https://game.example"],
            });
            manifest.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            let allowed = flow::administer::clients::Allowed { again: true, lookalike: true };
            w.refuses(w.administration().add_mini_program(&manifest, allowed))
        };
        assert_snapshot!(manifest(json!({ "launch_types": [] })), @"launch_types: must have at least one entry");
        assert_snapshot!(manifest(json!({ "launch_types": ["window"] })), @"launch_types: window is not supported");
        assert_snapshot!(manifest(json!({ "launch_types": ["code"], "token_endpoint_auth_method": "none" })), @"launch_types: code needs a client that authenticates: a public program has token");
    }
}

/// By redirects it is the stay that goes on.
fn launched_by_redirect(
    _: &World,
    ada: &crate::world::person::Person,
    market: &crate::world::program::Program,
    known: &[String],
) {
    let claims = ada.uses(market).claims();
    assert_eq!(claims["sid"].as_str(), known.last().map(String::as_str));
}
