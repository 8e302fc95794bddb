//! The authorization code grant (RFC 6749 §4.1, OAuth 2.1 §4.1) from the browser to the tokens.

use insta::assert_snapshot;
use serde_json::json;

use crate::world::in_both_worlds;
use crate::world::jwt;
use crate::world::program::Tokens;

in_both_worlds! {
    fn a_person_signs_in_allows_and_the_program_gets_working_tokens(w: &World) {
        let market = w.mini_program("market", "openid profile.basic phone.verified");
        let ada = w.person("ada");
        let visit = ada.opens(&market);
        assert_eq!(visit.at(), "/sign-in");
        let visit = visit.signs_in();
        assert_eq!(visit.asks_for(), ["profile.basic", "phone.verified"]);
        let visit = visit.allows_only(&["profile.basic"]);
        assert_eq!(visit.delivered().to, "https://market.example/callback");
        let tokens = visit.tokens();
        assert_eq!(tokens.scope, "openid profile.basic");
        assert!(market.finds_active(&tokens.access));
        let userinfo = market.userinfo(&tokens.access).json();
        assert_eq!(userinfo["name"], "ada of Harbour Street");
        assert_eq!(userinfo.get("phone_number"), None);
        let id_token = tokens.id_token.as_deref().expect("there is one");
        let claims = jwt::verified(id_token, &w.get("/jwks").json());
        assert_eq!(claims["sub"], userinfo["sub"]);
        assert_eq!(claims["aud"], json!(market.id));
        assert_eq!(claims["nonce"], visit.request.get("nonce"));
    }

    /// "If an authorization code is used more than once, the authorization server MUST deny the
    /// request and SHOULD revoke … all tokens previously issued based on that authorization code."
    /// (RFC 6749 §4.1.2)
    fn a_code_redeemed_twice_ends_its_family(w: &World) {
        let market = w.mini_program("market", "openid");
        let visit = w.person("ada").opens(&market).signs_in();
        let code = visit.code();
        let tokens = Tokens::of(&market.redeems(&code));
        assert!(market.finds_active(&tokens.access));
        assert_snapshot!(
            market.redeems(&code).shown(),
            @r#"400 {"error":"invalid_grant","error_description":"the code or refresh token is not valid"}"#
        );
        assert!(!market.finds_active(&tokens.access));
        assert!(!market.finds_active(tokens.refresh()));
        assert_eq!(market.refreshes(tokens.refresh()).error(), "400 invalid_grant");
        assert_eq!(market.userinfo(&tokens.access).status, 401);
    }

    fn a_code_redeemed_twice_ends_its_family_minutes_later_too(w: &World) {
        let market = w.mini_program("market", "openid");
        let code = w.person("ada").opens(&market).signs_in().code();
        let tokens = Tokens::of(&market.redeems(&code));
        w.seconds_pass(300);
        assert!(market.finds_active(&tokens.access));
        assert_eq!(market.redeems(&code).error(), "400 invalid_grant");
        assert!(!market.finds_active(&tokens.access));
    }

    fn a_code_lives_for_a_minute(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let early = ada.opens(&market).signs_in().code();
        w.seconds_pass(59);
        let late = ada.opens(&market).code();
        assert_eq!(market.redeems(&early).status, 200);
        w.seconds_pass(60);
        assert_eq!(market.redeems(&late).error(), "400 invalid_grant");
    }

    fn a_code_needs_the_redirect_uri_and_the_verifier_it_was_asked_with(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        ada.signs_in();
        let other_verifier = "another-verifier-that-is-long-enough-to-be-one";
        for changed in [
            ("redirect_uri", ""),
            ("redirect_uri", "https://market.example/callback/"),
            ("redirect_uri", "https://evil.example/callback"),
            ("code_verifier", ""),
            ("code_verifier", other_verifier),
            // The challenge itself: what a `plain` reading would accept.
            ("code_verifier", &jwt::s256(crate::world::request::VERIFIER)),
        ] {
            let code = ada.opens(&market).code();
            let reply = market.redeems_with(&code, &[changed]);
            assert_eq!(reply.error(), "400 invalid_grant", "{changed:?}");
        }
        let code = ada.opens(&market).code();
        let short = market.redeems_with(&code, &[("code_verifier", "short")]);
        assert_eq!(short.error(), "400 invalid_request", "no verifier is that short");
        assert_eq!(market.redeems(&code).status, 200, "a malformed request uses nothing up");
    }

    fn a_redirect_uri_may_be_left_out_where_there_is_only_one(w: &World) {
        let shop = w.client(json!({}));
        let ada = w.person("ada");
        ada.signs_in();
        let visit = ada.sends(shop.request().without("redirect_uri")).allows();
        assert_eq!(visit.delivered().to, "https://shop.example/callback");
        assert_eq!(visit.tokens().scope, "openid profile");
    }

    /// What the second seed calls "works without": a client that never heard of PKCE or nonce.
    fn a_compatible_client_may_leave_pkce_and_nonce_out(w: &World) {
        let shop = w.client(json!({ "portico:profile": "oidc_compat" }));
        let ada = w.person("ada");
        ada.signs_in();
        let request = shop.request().without_pkce().without("nonce");
        let tokens = ada.sends(request).allows().tokens();
        assert_eq!(tokens.claims().get("nonce"), None);
        let with_pkce = ada.opens(&shop).tokens();
        assert!(shop.finds_active(&with_pkce.access), "it may use PKCE as well");
    }

    fn everybody_else_uses_pkce_with_s256(w: &World) {
        let market = w.mini_program("market", "openid");
        let public = w.client(json!({ "token_endpoint_auth_method": "none" }));
        let ada = w.person("ada");
        ada.signs_in();
        for program in [&market, &public, &w.client(json!({}))] {
            let without = ada.sends(program.request().without_pkce());
            assert_eq!(without.error(), "invalid_request");
            let plain = program.request().with("code_challenge_method", "plain");
            assert_eq!(ada.sends(plain).error(), "invalid_request");
            // "Defaults to "plain" if not present in the request" (RFC 7636 §4.3).
            let unsaid = program.request().without("code_challenge_method");
            assert_eq!(ada.sends(unsaid).error(), "invalid_request");
            let no_digest = program.request().with("code_challenge", "abc");
            assert_eq!(ada.sends(no_digest).error(), "invalid_request");
        }
    }

    fn a_public_client_proves_itself_by_pkce_alone(w: &World) {
        let app = w.client(json!({ "token_endpoint_auth_method": "none" }));
        let ada = w.person("ada");
        ada.signs_in();
        let tokens = ada.opens(&app).allows().tokens();
        assert_eq!(app.userinfo(&tokens.access).status, 200);
        let other = w.client(json!({ "token_endpoint_auth_method": "none" }));
        let code = ada.opens(&app).allows().code();
        assert_eq!(other.redeems(&code).error(), "400 invalid_grant");
        assert_eq!(app.redeems(&code).error(), "400 invalid_grant", "a leaked code is burned");
    }

    fn tokens_are_what_the_specifications_say(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let ada = w.person("ada");
        let tokens = ada.uses(&market);
        let now = w.now().seconds();
        let id_token = tokens.claims();
        assert_eq!(id_token["iss"], w.issuer());
        assert_eq!((&id_token["iat"], &id_token["exp"]), (&json!(now), &json!(now + 600)));
        assert_eq!(id_token["auth_time"], json!(now));
        assert_eq!(id_token["acr"], "urn:portico:acr:password");
        for claim in ["name", "nickname", "picture", "email", "phone_number"] {
            assert_eq!(id_token.get(claim), None, "profile claims stay out of the id_token");
        }
        let header = jwt::header(tokens.id_token.as_deref().expect("one"));
        assert_eq!((&header["alg"], &header["kid"].is_string()), (&json!("RS256"), &true));
        // RFC 9068 §2.
        let header = jwt::header(&tokens.access);
        assert_eq!((&header["alg"], &header["typ"]), (&json!("ES256"), &json!("at+jwt")));
        let access = jwt::verified(&tokens.access, &w.get("/jwks").json());
        for claim in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
            assert!(access.get(claim).is_some(), "{claim} is required by RFC 9068 §2.2");
        }
        assert_eq!(access["exp"], json!(now + 600));
        assert_eq!(access["scope"], "openid profile.basic");
        assert_eq!(access["sub"], id_token["sub"]);
    }

    fn the_algorithms_are_the_clients_choice(w: &World) {
        let ada = w.person("ada");
        ada.signs_in();
        let jwks = w.get("/jwks").json();
        for algorithm in ["RS256", "ES256", "PS256"] {
            let shop = w.client(json!({
                "id_token_signed_response_alg": algorithm,
                "access_token_signed_response_alg": algorithm,
            }));
            let tokens = ada.opens(&shop).allows().tokens();
            let id_token = tokens.id_token.clone().expect("there is one");
            assert_eq!(jwt::header(&id_token)["alg"], algorithm);
            assert_eq!(jwt::header(&tokens.access)["alg"], algorithm);
            jwt::verified(&id_token, &jwks);
            jwt::verified(&tokens.access, &jwks);
            assert!(shop.finds_active(&tokens.access));
        }
    }
}
