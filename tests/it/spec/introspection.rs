//! Introspection (RFC 7662): who may ask, and what they learn.

use insta::assert_snapshot;
use protocol::client_metadata::SignatureAlgorithm;
use serde_json::json;

use crate::world::program::{Program, Proof, Tokens};
use crate::world::{in_both_worlds, jwt};

in_both_worlds! {
    fn the_owner_learns_everything_about_its_token(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let tokens = w.person("ada").uses(&market);
        let said = market.introspects(&tokens.access);
        assert_eq!((said.status, said.header("cache-control")), (200, Some("no-store")));
        let said = said.json();
        assert_eq!(said["active"], true);
        assert_eq!(said["scope"], "openid profile.basic");
        assert_eq!(said["client_id"], json!(market.id));
        assert_eq!(said["token_type"], "Bearer");
        assert_eq!(said["sub"], tokens.claims()["sub"]);
        assert_eq!(said["exp"], json!(w.now().seconds() + 600));
        assert_eq!(said["iss"], w.issuer());
        let refresh = market.introspects(tokens.refresh()).json();
        assert_eq!((&refresh["active"], &refresh["sub"]), (&json!(true), &said["sub"]));
    }

    /// "If the introspection call is properly authorized but the token is not active, does not
    /// exist on this server, or the protected resource is not allowed to introspect this particular
    /// token" (RFC 7662 §2.2): all the same.
    fn others_learn_nothing(w: &World) {
        let market = w.mini_program("market", "openid");
        let bank = w.mini_program("bank", "openid");
        let tokens = w.person("ada").uses(&market);
        for token in [tokens.access.as_str(), tokens.refresh(), tokens.id_token.as_deref().expect("one")] {
            assert_snapshot!(bank.introspects(token).shown(), @r#"200 {"active":false}"#);
        }
        for longer in ["x".repeat(9000), format!("a.b.{}", "c".repeat(50_000)), "pr_".repeat(15_000)] {
            assert_snapshot!(market.introspects(&longer).shown(), @r#"200 {"active":false}"#);
            assert_eq!(market.revokes(&longer).status, 200, "what is no token is revoked");
        }
        for token in ["", "nothing", "a.b.c", "pr_short", "\u{0}", &"x".repeat(8000)] {
            let reply = market.introspects(token);
            assert!([200, 400].contains(&reply.status), "{}", reply.body);
            assert_ne!(reply.json().get("active"), Some(&json!(true)));
        }
        let id_token = tokens.id_token.as_deref().expect("one");
        assert!(!market.finds_active(id_token), "an id_token is no access token");
    }

    fn a_resource_server_learns_of_tokens_that_are_meant_for_it(w: &World) {
        let (orders, stock) = (Program::resource_server(w, "orders"), Program::resource_server(w, "stock"));
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        ada.signs_in();
        let request = market.request().with("resource", "https://orders.example/api");
        let tokens = ada.sends(request).tokens();
        let said = orders.introspects(&tokens.access).json();
        assert_eq!(said["active"], true);
        assert_eq!(said["client_id"], json!(market.id));
        assert!(!stock.finds_active(&tokens.access));
        let owner = market.introspects(&tokens.access).json();
        assert_ne!(said["sub"], owner["sub"], "each knows the person by a name of its own");
        assert_eq!(said.get("jti"), None);
        assert_eq!(w.get("/userinfo").status, 401);
        assert_eq!(market.userinfo(&tokens.access).status, 401, "it is for orders only");
    }

    /// Tokens of the first release have the bare client id as their audience. They live for an hour
    /// at most, and work until then.
    fn a_token_of_the_first_release_works_to_its_end(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let tokens = w.person("ada").uses(&market);
        let mut claims = jwt::payload(&tokens.access);
        claims["aud"] = json!(market.id);
        let old = w.services().keys.current().sign(SignatureAlgorithm::ES256, "at+jwt", &claims).expect("signed");
        let (said, now) = (market.introspects(&old).json(), market.introspects(&tokens.access).json());
        assert_eq!((&said["active"], &said["aud"]), (&json!(true), &json!(market.id)));
        assert_eq!(said["sub"], now["sub"]);
        assert_eq!(market.userinfo(&old).json(), market.userinfo(&tokens.access).json());
        assert_eq!(market.revokes(&old).status, 200);
        assert!(!market.finds_active(&old));
    }

    fn asking_needs_a_client_that_authenticates(w: &World) {
        let market = w.mini_program("market", "openid");
        let public = w.client(json!({ "token_endpoint_auth_method": "none" }));
        let tokens = w.person("ada").uses(&market);
        assert_eq!(public.introspects(&tokens.access).error(), "400 invalid_client");
        let nobody = w.http("POST", "/introspect").header("content-type", "application/x-www-form-urlencoded");
        let reply = w.send(nobody.body(format!("token={}", tokens.access)));
        assert_eq!(reply.error(), "400 invalid_client");
        // The bearer of a token is no resource server.
        let bearer = w.http("POST", "/introspect").header("content-type", "application/x-www-form-urlencoded");
        let reply = w.send(bearer.bearer_auth(&tokens.access).body(format!("token={}", tokens.access)));
        assert_eq!(reply.error(), "401 invalid_client");
        let wrong = Program { secret: "pk_wrong".into(), proof: Proof::Basic, ..market.clone() };
        assert_eq!(wrong.introspects(&tokens.access).error(), "401 invalid_client");
        assert_eq!(market.posts("/introspect", &[]).error(), "400 invalid_request");
    }

    /// Of one ES256 signature (r, s) anybody makes another, (r, n − s). It is no other token.
    fn attack_62_a_token_with_its_other_signature_is_the_same_token(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        for shown_first in [0, 1] {
            let tokens = ada.uses(&market);
            let twin = keys::es256::twin(&tokens.access).expect("another signature");
            let both = [&tokens.access, &twin];
            let kept = w.verified_tokens();
            assert!(market.finds_active(both[shown_first]) && market.finds_active(both[1 - shown_first]));
            assert_eq!(market.userinfo(&twin).json(), market.userinfo(&tokens.access).json());
            assert_eq!(w.verified_tokens(), kept + 1, "it is kept once");
            assert_eq!(market.revokes(both[1 - shown_first]).status, 200);
            assert!(!market.finds_active(&tokens.access) && !market.finds_active(&twin));
        }
    }

    fn a_token_seen_before_dies_like_any_other(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let tokens = ada.uses(&market);
        for _ in 0..3 {
            assert!(market.finds_active(&tokens.access));
        }
        ada.signs_out();
        assert!(!market.finds_active(&tokens.access));
        let again = ada.uses(&market);
        assert!(market.finds_active(&again.access));
        w.seconds_pass(599);
        assert!(market.finds_active(&again.access));
        w.seconds_pass(1);
        assert!(!market.finds_active(&again.access), "expired to the second");
    }

    fn a_token_for_the_client_itself_names_the_client(w: &World) {
        let jobs = w.client(json!({ "grant_types": ["client_credentials"], "redirect_uris": [] }));
        let token = Tokens::of(&jobs.client_credentials(&[])).access;
        let said = jobs.introspects(&token).json();
        assert_eq!((&said["active"], &said["sub"]), (&json!(true), &json!(jobs.id)));
    }
}
