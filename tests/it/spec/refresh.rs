//! Refreshing (RFC 6749 §6, RFC 9700 §4.14): rotation, honest retries, reuse.

use serde_json::json;

use crate::world::in_both_worlds;
use crate::world::program::{Program, Tokens};

fn public(w: &crate::world::World) -> Program {
    w.client(json!({ "token_endpoint_auth_method": "none", "client_name": "phone app" }))
}

in_both_worlds! {
    fn a_confidential_client_keeps_its_token(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let first = w.person("ada").uses(&market);
        w.seconds_pass(400);
        let reply = market.refreshes(first.refresh());
        let second = Tokens::of(&reply);
        assert_eq!(second.refresh, None, "it is not rotated");
        assert_ne!(first.access, second.access);
        assert_eq!(second.scope, "openid profile.basic");
        w.seconds_pass(400);
        let third = Tokens::of(&market.refreshes(first.refresh()));
        assert!(market.finds_active(&third.access));
        // OpenID Connect Core §12.2.
        let (before, after) = (first.claims(), third.claims());
        for claim in ["iss", "sub", "aud", "auth_time", "sid"] {
            assert_eq!(before[claim], after[claim], "{claim} stays");
        }
        assert_eq!(after["iat"], json!(w.now().seconds()));
        assert_eq!(after.get("nonce"), None);
    }

    fn a_public_clients_token_rotates(w: &World) {
        let app = public(w);
        let first = w.person("ada").uses(&app);
        let second = Tokens::of(&app.refreshes(first.refresh()));
        assert_ne!(first.refresh, second.refresh);
        let third = Tokens::of(&app.refreshes(second.refresh()));
        assert_eq!(app.userinfo(&third.access).status, 200);
    }

    fn an_honest_retry_gets_the_same_answer(w: &World) {
        let app = public(w);
        let first = w.person("ada").uses(&app);
        let reply = app.refreshes(first.refresh());
        w.seconds_pass(9);
        let retry = app.refreshes(first.refresh());
        assert_eq!(retry.json(), reply.json());
        assert_eq!(app.userinfo(&Tokens::of(&reply).access).status, 200);
        assert_eq!(app.refreshes(Tokens::of(&reply).refresh()).status, 200);
    }

    fn a_retry_that_is_only_written_otherwise_is_honest_too(w: &World) {
        let app = public(w);
        let first = w.person("ada").uses(&app);
        let reply = app.refreshes(first.refresh());
        let spelled = app.refreshes_with(first.refresh(), &[("scope", &first.scope)]);
        assert_eq!(spelled.json(), reply.json());
        let backwards: Vec<&str> = first.scope.split(' ').rev().collect();
        let backwards = app.refreshes_with(first.refresh(), &[("scope", &backwards.join(" "))]);
        assert_eq!(backwards.json(), reply.json());
        assert_eq!(app.refreshes(Tokens::of(&reply).refresh()).status, 200);
    }

    fn any_other_reuse_ends_the_family(w: &World) {
        let app = public(w);
        let ada = w.person("ada");
        ada.signs_in();
        // Too late.
        let first = ada.opens(&app).allows().tokens();
        let second = Tokens::of(&app.refreshes(first.refresh()));
        w.seconds_pass(11);
        assert_eq!(app.refreshes(first.refresh()).error(), "400 invalid_grant");
        assert_eq!(app.userinfo(&second.access).status, 401);
        assert_eq!(app.refreshes(second.refresh()).error(), "400 invalid_grant");
        // The successor was used: whoever presents the old one is not the one who got the new one.
        let first = ada.opens(&app).allows().tokens();
        let second = Tokens::of(&app.refreshes(first.refresh()));
        let third = Tokens::of(&app.refreshes(second.refresh()));
        assert_eq!(app.refreshes(first.refresh()).error(), "400 invalid_grant");
        assert_eq!(app.refreshes(third.refresh()).error(), "400 invalid_grant");
        // Another request than the first one.
        let first = ada.opens(&app).allows().tokens();
        let second = Tokens::of(&app.refreshes(first.refresh()));
        let other = app.refreshes_with(first.refresh(), &[("scope", "openid")]);
        assert_eq!(other.error(), "400 invalid_grant");
        assert_eq!(app.userinfo(&second.access).status, 401);
    }

    fn a_confidential_client_may_register_to_rotate(w: &World) {
        let shop = w.client(json!({ "portico:rotate_refresh_tokens": true }));
        let first = w.person("ada").uses(&shop);
        let second = Tokens::of(&shop.refreshes(first.refresh()));
        w.seconds_pass(11);
        assert_eq!(shop.refreshes(first.refresh()).error(), "400 invalid_grant");
        assert!(!shop.finds_active(&second.access));
    }

    fn less_may_be_asked_for_but_never_more(w: &World) {
        let market = w.mini_program("market", "openid profile.basic phone.verified");
        let ada = w.person("ada");
        let visit = ada.opens(&market).signs_in().allows_only(&["profile.basic"]);
        let tokens = visit.tokens();
        let less = market.refreshes_with(tokens.refresh(), &[("scope", "openid")]);
        assert_eq!(Tokens::of(&less).scope, "openid");
        let all = Tokens::of(&market.refreshes(tokens.refresh()));
        assert_eq!(all.scope, "openid profile.basic", "less once is not less for ever");
        for more in ["openid phone.verified", "openid payment_methods", "openid unheard.of"] {
            let reply = market.refreshes_with(tokens.refresh(), &[("scope", more)]);
            assert_eq!(reply.error(), "400 invalid_scope", "{more}");
        }
    }

    /// A backend narrows what it hands on; what was asked for by name is not handed on beside it.
    fn attack_31_less_opens_less_by_name_as_well(w: &World) {
        let shop = w.client(json!({ "scope": "openid email phone" }));
        let claims = json!({
            "userinfo": { "email": null, "phone_number": null },
            "id_token": { "email": null, "phone_number": null },
        });
        let request = shop.asking("openid email").request().with("claims", claims.to_string());
        let tokens = w.person("ada").sends(request).signs_in().allows().tokens();
        let given = |tokens: &Tokens| {
            let (userinfo, id_token) = (shop.userinfo(&tokens.access).json(), tokens.claims());
            ["email", "phone_number"].map(|name| (userinfo.get(name).is_some(), id_token.get(name).is_some()))
        };
        assert_eq!(given(&tokens), [(true, true); 2]);
        let less = Tokens::of(&shop.refreshes_with(tokens.refresh(), &[("scope", "openid")]));
        assert_eq!(shop.scope_now(&less.access), "openid");
        assert_eq!(given(&less), [(false, false); 2]);
        let all = Tokens::of(&shop.refreshes(tokens.refresh()));
        assert_eq!(given(&all), [(true, true); 2]);
    }

    fn it_ends_unused_after_thirty_days_and_with_its_session_before(w: &World) {
        let market = w.mini_program_with("market", "openid offline_access", json!({ "background_access": true }));
        let ada = w.person("ada");
        let tokens = ada.uses(&market);
        assert_eq!(tokens.scope, "offline_access openid");
        for _ in 0..2 {
            w.seconds_pass(29 * 86_400);
            assert_eq!(market.refreshes(tokens.refresh()).status, 200, "used in time");
        }
        w.seconds_pass(30 * 86_400);
        assert_eq!(market.refreshes(tokens.refresh()).error(), "400 invalid_grant");

        let bank = w.mini_program("bank", "openid");
        let tokens = ada.uses(&bank);
        w.seconds_pass(29 * 86_400);
        assert_eq!(bank.refreshes(tokens.refresh()).status, 200);
        w.seconds_pass(2 * 86_400);
        assert_eq!(bank.refreshes(tokens.refresh()).error(), "400 invalid_grant", "the session is over");
    }

    fn offline_access_is_left_out_where_it_is_not_allowed(w: &World) {
        let ada = w.person("ada");
        ada.signs_in();
        let market = w.mini_program("market", "openid");
        let tokens = ada.opens(&market.asking("openid offline_access")).tokens();
        assert_eq!(tokens.scope, "openid");
        ada.signs_out();
        assert_eq!(market.refreshes(tokens.refresh()).error(), "400 invalid_grant");

        let drone = w.mini_program_with("drone", "openid offline_access", json!({ "background_access": true }));
        let visit = ada.opens(&drone).signs_in();
        assert_eq!(visit.asks_for(), ["offline_access"]);
        let tokens = visit.allows().tokens();
        ada.signs_out();
        let again = Tokens::of(&drone.refreshes(tokens.refresh()));
        assert!(drone.finds_active(&again.access), "it may act while the person is away");
        let unticked = w.person("bob").opens(&drone).signs_in().allows_only(&[]).tokens();
        assert_eq!(unticked.scope, "openid");
    }
}
