//! Rows 17, 18, 29, 31, 52, 58, 59: what a launch must not become.

use crate::world::at_once::at_once;
use crate::world::host::{self, ACCESS_TOKEN, EXCHANGE, Launcher};
use crate::world::possession::ProofKey;
use crate::world::program::Tokens;
use crate::world::{in_both_worlds, jwt};
use serde_json::json;

in_both_worlds! {
    fn attack_29_a_launch_goes_through_the_same_door_as_every_grant(w: &World) {
        let market = host::program(w, "market", "openid");
        let nova = Launcher::of(&host::host(w), &w.person("ada"));
        let mut stranger = nova.clone();
        stranger.host.secret = "guessed".to_owned();
        assert_eq!(stranger.token(&market, &[]).error(), "401 invalid_client");
        // A program that poses as the host: with the host's token, and with its own.
        let posing = Launcher { host: market.clone(), ..nova.clone() };
        assert_eq!(posing.token(&market, &[]).error(), "400 unauthorized_client");
        let shop = w.client(json!({}));
        let posing = Launcher { host: shop, ..nova.clone() };
        assert_eq!(posing.token(&market, &[]).error(), "400 unauthorized_client");
        // A host that does not say which grants it uses has not this one.
        let plain = host::host_with(w, json!({ "grant_types": ["authorization_code", "refresh_token"] }));
        let posing = Launcher { host: plain, ..nova.clone() };
        assert_eq!(posing.token(&market, &[]).error(), "400 unauthorized_client");
    }

    fn attack_40_a_public_host_launches_with_its_key_and_the_page_has_its_own(w: &World) {
        let market = host::program(w, "market", "openid");
        let public = json!({ "token_endpoint_auth_method": "none", "dpop_bound_access_tokens": true });
        let app = host::host_with(w, public);
        let nova = Launcher::of(&app.proving(&ProofKey::new()), &w.person("ada"));
        let token = nova.token(&market, &[]).json();
        assert_eq!(token["token_type"], "Bearer", "the proof proves the host and binds nothing");
        let page = ProofKey::new();
        let bound = nova.token(&market, &[("dpop_jkt", page.thumbprint().as_str())]);
        assert_eq!(bound.json()["token_type"], "DPoP");
        let claims = jwt::payload(&bound.text("access_token"));
        assert_eq!(claims["cnf"], json!({ "jkt": page.thumbprint() }));
        // Somebody who stole its token has not its key.
        let without = Launcher { host: app.clone(), ..nova.clone() };
        assert_eq!(without.token(&market, &[]).error(), "400 invalid_dpop_proof");
        let thief = Launcher { host: app.proving(&ProofKey::new()), ..nova.clone() };
        let refused = thief.token(&market, &[]);
        assert_eq!(refused.error(), "400 invalid_request");
        assert_eq!(refused.text("subject_token_state"), "not_accepted");
    }

    fn attack_31_nothing_is_wider_than_the_manifest_or_what_was_allowed(w: &World) {
        let market = host::program(w, "market", "openid profile.basic");
        let ada = w.person("ada");
        let nova = Launcher::of(&host::host(w), &ada);
        for wider in ["openid kyc.status", "portico:launch", "openid offline_access", "unheard.of"] {
            assert_eq!(nova.token(&market, &[("scope", wider)]).error(), "400 invalid_scope", "{wider}");
            assert_eq!(nova.code(&market, &[("scope", wider)]).error(), "400 invalid_scope", "{wider}");
        }
        let drone = w.mini_program_with("drone", "openid offline_access",
            json!({ "background_access": true, "launch_types": ["code", "token"] }));
        ada.uses(&drone);
        let all = [("scope", "openid offline_access")];
        assert_eq!(nova.token(&drone, &all).json()["scope"], "openid");
        let code = nova.code(&drone, &all).text("access_token");
        let tokens = Tokens::of(&drone.redeems(&code));
        assert_eq!(tokens.scope, "openid");
        ada.signs_out();
        assert_eq!(drone.refreshes(tokens.refresh()).error(), "400 invalid_grant", "it ends with the session");
    }

    fn attack_52_58_only_a_living_token_of_the_hosts_own_is_exchanged(w: &World) {
        let market = host::program(w, "market", "openid");
        let taxi = host::program(w, "taxi", "openid");
        let ada = w.person("ada");
        let nova = Launcher::of(&host::host(w), &ada);
        let with = |token: &str| {
            let reply = nova.token(&market, &[("subject_token", token)]);
            format!("{} {}", reply.error(), reply.text("subject_token_state"))
        };
        let refused = "400 invalid_request not_accepted";
        assert_eq!(with(&nova.launches(&taxi)), refused, "a launch token");
        let of_taxi = Tokens::of(&taxi.redeems(&nova.hands_over(&taxi)));
        assert_eq!(with(&of_taxi.access), refused, "a program's token");
        assert_eq!(with(&ada.uses(&taxi).access), refused, "one that it got by a redirect");
        assert_eq!(with(nova.tokens.refresh()), refused, "a refresh token");
        assert_eq!(with(nova.tokens.id_token.as_deref().expect("it")), refused, "an id_token");
        let narrow = Tokens::of(&nova.host.refreshes_with(nova.tokens.refresh(), &[("scope", "openid")]));
        assert_eq!(with(&narrow.access), refused, "a token without portico:launch");
        let aimed = ada.sends(nova.host.request().with("resource", format!("{}/clients/{}", w.issuer(), nova.host.id)));
        assert_eq!(with(&aimed.tokens().access), refused, "one that is for others");
        let other = Launcher::of(&host::host(w), &ada);
        assert_eq!(with(&other.tokens.access), refused, "another host's");
        assert_eq!(nova.host.revokes(&nova.tokens.access).status, 200);
        assert_eq!(with(&nova.tokens.access), "400 invalid_request ended", "a revoked token");
    }

    fn attack_59_a_launch_gives_only_what_the_person_allowed(w: &World) {
        let market = host::program(w, "market", "openid profile.basic");
        let ada = w.person("ada");
        let nova = Launcher::of(&host::host(w), &ada);
        let asked = [("scope", "openid profile.basic")];
        assert_eq!(nova.token(&market, &asked).error(), "400 consent_required");
        assert_eq!(nova.code(&market, &asked).error(), "400 consent_required");
        assert_eq!(market.userinfo(&nova.launches(&market)).json().get("name"), None);
        ada.uses(&market);
        let token = nova.token(&market, &asked).text("access_token");
        assert!(market.userinfo(&token).json()["name"].is_string());
        ada.takes_back(&market, "profile.basic");
        assert_eq!(market.scope_now(&token), "openid");
        assert_eq!(market.userinfo(&token).json().get("name"), None);
    }

    fn attack_15_17_18_a_launch_code_is_for_one_backend_once(w: &World) {
        let market = host::program(w, "market", "openid");
        let taxi = host::program(w, "taxi", "openid");
        let nova = Launcher::of(&host::host(w), &w.person("ada"));
        let code = nova.hands_over(&market);
        assert_eq!(market.redeems_with(&code, &[("code_verifier", "")]).error(), "400 invalid_grant");
        let wrong = "another-verifier-of-the-tests-that-is-long-enough";
        assert_eq!(market.redeems_with(&code, &[("code_verifier", wrong)]).error(), "400 invalid_grant");
        // In another program's hands it has leaked, and is burned.
        assert_eq!(taxi.redeems(&code).error(), "400 invalid_grant");
        assert_eq!(market.redeems(&code).error(), "400 invalid_grant");
        assert_eq!(nova.host.redeems(&nova.hands_over(&market)).error(), "400 invalid_grant");
        let code = nova.hands_over(&market);
        w.seconds_pass(60);
        assert_eq!(market.redeems(&code).error(), "400 invalid_grant", "it lives for a minute");
        let code = nova.hands_over(&market);
        let replies = at_once(16, |_| market.redeems(&code));
        let won: Vec<_> = replies.iter().filter(|reply| reply.status == 200).collect();
        assert_eq!(won.len(), 1);
        let tokens = Tokens::of(won[0]);
        assert!(!market.finds_active(&tokens.access) && !market.finds_active(tokens.refresh()));
    }

    fn attack_20_a_launch_code_is_no_other_secret(w: &World) {
        let market = host::program(w, "market", "openid");
        let ada = w.person("ada");
        let nova = Launcher::of(&host::host(w), &ada);
        let code = nova.hands_over(&market);
        let as_other = code.replacen("pl_", "pc_", 1);
        assert_ne!(code, as_other);
        assert_eq!(market.redeems(&as_other).error(), "400 invalid_grant");
        assert_eq!(market.refreshes(&code).error(), "400 invalid_grant");
        assert!(!market.finds_active(&code));
        let by_redirect = ada.opens(&market).code();
        assert_eq!(market.redeems(&by_redirect.replacen("pc_", "pl_", 1)).error(), "400 invalid_grant");
        Tokens::of(&market.redeems(&code));
    }

    fn attack_42_a_launch_that_races_the_sessions_end_leaves_nothing(w: &World) {
        let node = w.another_node();
        let programs: Vec<_> = (0..6).map(|n| host::program(w, &format!("program{n}"), "openid")).collect();
        let host = host::host(w);
        for round in 0..4 {
            let ada = w.person(&format!("ada{round}"));
            let nova = Launcher::of(&host, &ada);
            let session = ada.sessions().remove(0);
            let replies = at_once(13, |number| match number {
                0 => { ada.signs_out(); None }
                n if n % 2 == 0 => Some((n, nova.token(&programs[(n - 1) / 2], &[]))),
                n => Some((n, nova.at(&node).code(&programs[(n - 1) / 2], &[]))),
            });
            let (_, took_part) = w.operator(w.administration().show_session(&session));
            for (number, reply) in replies.into_iter().flatten() {
                let program = &programs[(number - 1) / 2];
                if reply.status != 200 {
                    assert_eq!(reply.error(), "400 invalid_request");
                    assert_eq!(reply.text("subject_token_state"), "ended");
                    continue;
                }
                let given = reply.text("access_token");
                match number % 2 {
                    0 => assert!(!program.finds_active(&given), "a token outlived its session"),
                    _ => assert_eq!(program.redeems(&given).error(), "400 invalid_grant"),
                }
                let told = took_part.iter().find(|p| p.client_id.as_str() == program.id);
                assert_eq!(told.expect("whoever got a sid is known").sid, reply.text("sid"));
            }
            assert_eq!(nova.token(&programs[0], &[]).error(), "400 invalid_request");
        }
    }

    fn attack_96_a_launch_is_bounded_like_every_request(w: &World) {
        let nova = Launcher::of(&host::host(w), &w.person("ada"));
        let market = host::program(w, "market", "openid");
        let long = "x".repeat(5_000);
        for name in ["audience", "subject_token", "nonce", "expires_in", "requested_token_type"] {
            let reply = nova.token(&market, &[(name, &long)]);
            assert!((400..414).contains(&reply.status), "{name}: {}", reply.status);
        }
        let many: Vec<(&str, String)> = (0..1000).map(|n| ("audience", format!("program-{n}"))).collect();
        let form = [
            vec![("grant_type", EXCHANGE.to_owned()), ("subject_token_type", ACCESS_TOKEN.to_owned())],
            many,
        ];
        assert_eq!(nova.host.token(&form.concat()).error(), "400 invalid_request");
    }
}
