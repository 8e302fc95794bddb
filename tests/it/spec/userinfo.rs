//! The UserInfo endpoint (OpenID Connect Core §5.3, RFC 6750).

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::world::in_both_worlds;
use crate::world::jwt;
use crate::world::program::{Program, Tokens};
use crate::world::request::Request;

/// Takes `sub` out, which is another in each world; gives it.
fn without_sub(said: &mut Value) -> Value {
    let mut members: std::collections::BTreeMap<String, Value> =
        serde_json::from_value(said.take()).expect("an object");
    let sub = members.remove("sub").expect("sub is always there");
    *said = members.into_iter().collect();
    sub
}

in_both_worlds! {
    fn it_gives_what_was_allowed_by_get_and_post(w: &World) {
        let market = w.mini_program(
            "market",
            "openid profile.basic phone.verified email.verified addresses payment_methods kyc.status",
        );
        let tokens = w.person("ada").uses(&market);
        let said = market.userinfo(&tokens.access);
        assert_eq!(said.header("cache-control"), Some("no-store"));
        let mut said = said.json();
        assert_eq!(without_sub(&mut said), tokens.claims()["sub"]);
        insta::assert_json_snapshot!(said, @r#"
        {
          "addresses": [
            {
              "country": "LT",
              "label": "Home",
              "street_address": "1 Harbour Street"
            }
          ],
          "email": "ada@example.com",
          "email_verified": true,
          "kyc": {
            "level": "full",
            "status": "verified",
            "verified_at": "2026-03-14T09:30:00Z"
          },
          "name": "ada of Harbour Street",
          "nickname": "ada-nick",
          "payment_methods": [
            {
              "brand": "Visa",
              "last4": "4242",
              "ref": "pm_ada"
            }
          ],
          "phone_number": "+375290304951",
          "phone_number_verified": true,
          "picture": "https://pictures.example/ada.png"
        }
        "#);
        let post = w.http("POST", "/userinfo").bearer_auth(&tokens.access);
        assert_eq!(w.send(post).status, 200);
        let lower = w.http("GET", "/userinfo").header("authorization", format!("bearer {}", tokens.access));
        assert_eq!(w.send(lower).status, 200, "the scheme is case-insensitive");
        let form = w.http("POST", "/userinfo").header("content-type", "application/x-www-form-urlencoded");
        assert_eq!(w.send(form.body(format!("access_token={}", tokens.access))).status, 200);
    }

    fn an_ordinary_client_gets_the_standard_claims(w: &World) {
        let shop = w.client(json!({ "scope": "openid profile email phone address" }));
        let tokens = w.person("ada").uses(&shop);
        let mut said = shop.userinfo(&tokens.access).json();
        without_sub(&mut said);
        insta::assert_json_snapshot!(said, @r#"
        {
          "address": {
            "country": "LT",
            "formatted": "1 Harbour Street\nOld Town"
          },
          "birthdate": "1990-05-01",
          "email": "ada@example.com",
          "email_verified": true,
          "family_name": "Harbour",
          "given_name": "ada",
          "locale": "en",
          "name": "ada of Harbour Street",
          "nickname": "ada-nick",
          "phone_number": "+375290304951",
          "phone_number_verified": true,
          "picture": "https://pictures.example/ada.png",
          "updated_at": 1800000000,
          "zoneinfo": "Europe/Vilnius"
        }
        "#);
        fn no_blanks(value: &Value) -> bool {
            match value {
                Value::Null => false,
                Value::String(text) => !text.trim().is_empty(),
                Value::Object(members) => members.values().all(no_blanks),
                _ => true,
            }
        }
        assert!(no_blanks(&said), "{said}");
    }

    fn who_has_no_good_token_is_told_so_as_bearers_are(w: &World) {
        let market = w.mini_program("market", "openid");
        let tokens = w.person("ada").uses(&market);
        let missing = w.get("/userinfo");
        assert_eq!((missing.status, missing.body.as_str()), (401, ""));
        assert_eq!(missing.header("www-authenticate"), Some("Bearer realm=\"portico\", DPoP algs=\"RS256 PS256 ES256 EdDSA Ed25519\""));
        let query = w.get(&format!("/userinfo?access_token={}", tokens.access));
        assert_eq!(query.error(), "400 invalid_request", "never in the query");
        let twice = w.http("POST", "/userinfo").bearer_auth(&tokens.access);
        let twice = twice.header("content-type", "application/x-www-form-urlencoded");
        let twice = w.send(twice.body(format!("access_token={}", tokens.access)));
        assert_eq!(twice.error(), "400 invalid_request");
        let refused = market.userinfo("nothing");
        assert_eq!(refused.error(), "401 invalid_token");
        assert_snapshot!(refused.header("www-authenticate").unwrap_or_default(), @r#"Bearer error="invalid_token", error_description="the access token is not valid", DPoP algs="RS256 PS256 ES256 EdDSA Ed25519""#);
        for token in [tokens.refresh(), tokens.id_token.as_deref().expect("one")] {
            assert_eq!(market.userinfo(token).error(), "401 invalid_token");
        }
        let jobs = w.client(json!({ "grant_types": ["client_credentials"], "redirect_uris": [] }));
        let own = Tokens::of(&jobs.client_credentials(&[])).access;
        assert!([401, 403].contains(&jobs.userinfo(&own).status), "it speaks for nobody");
        let plain = w.client(json!({ "scope": "profile" }));
        let ada = w.person("eve");
        let without_openid = ada.uses(&plain.asking("profile"));
        assert!([401, 403].contains(&plain.userinfo(&without_openid.access).status));
    }

    /// RFC 8707 §2: the issuer is the resource whose endpoint this is.
    fn a_token_for_the_issuer_alone_opens_it_and_one_for_others_does_not(w: &World) {
        let market = w.mini_program("market", "openid profile.basic");
        let ada = w.person("ada");
        let default = ada.uses(&market);
        let asked = |resources: &[&str]| {
            let name_one = |request: Request, resource: &&str| request.and("resource", *resource);
            ada.sends(resources.iter().fold(market.request(), name_one)).tokens()
        };
        Program::resource_server(w, "orders");
        let (issuer, orders) = (w.issuer(), "https://orders.example/api");
        let ours = asked(&[issuer]);
        assert_eq!(jwt::payload(&ours.access)["aud"], issuer);
        assert_eq!(market.userinfo(&ours.access).json(), market.userinfo(&default.access).json());
        for resources in [&[orders][..], &[issuer, orders][..]] {
            let theirs = asked(resources);
            assert_eq!(market.userinfo(&theirs.access).error(), "401 invalid_token", "{resources:?}");
        }
        let shop = w.client(json!({ "scope": "profile" }));
        let request = shop.request().with("resource", issuer);
        let without_openid = ada.sends(request).allows().tokens();
        assert_eq!(shop.userinfo(&without_openid.access).status, 401, "openid is needed all the same");
    }

    /// A page of another origin may call it with a token of its own, never with cookies.
    fn pages_of_programs_may_call_it(w: &World) {
        for origin in ["https://market.example", "null"] {
            let request = w.http("OPTIONS", "/userinfo").header("origin", origin);
            let reply = w.send(request.header("access-control-request-method", "GET"));
            assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
            assert_eq!(reply.header("access-control-allow-credentials"), None);
        }
    }
}
