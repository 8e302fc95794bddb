//! The token endpoint (RFC 6749 §3.2 and §5): shapes of answers and errors, client credentials,
//! resources (RFC 8707).

use insta::assert_snapshot;
use serde_json::json;

use crate::database::Database;
use crate::world::browser::form_body;
use crate::world::jwt;
use crate::world::program::{Program, Tokens};
use crate::world::{World, in_both_worlds};

fn jobs(w: &crate::world::World) -> Program {
    w.client(json!({
        "client_name": "jobs", "grant_types": ["client_credentials"], "redirect_uris": [],
        "scope": "orders stock",
    }))
}

in_both_worlds! {
    fn an_answer_has_the_members_of_the_specification(w: &World) {
        let market = w.mini_program("market", "openid");
        let code = w.person("ada").opens(&market).signs_in().code();
        let reply = market.redeems(&code);
        assert_eq!(reply.header("content-type"), Some("application/json"));
        let json = reply.json();
        let names: Vec<&str> = json.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(names, ["access_token", "expires_in", "id_token", "refresh_token", "scope", "token_type"]);
        assert_eq!((&json["expires_in"], &json["token_type"]), (&json!(600), &json!("Bearer")));
    }

    fn errors_have_the_shape_of_the_specification(w: &World) {
        let jobs = jobs(w);
        let token = |form: &[(&str, &str)]| {
            let form: Vec<_> = form.iter().map(|(n, v)| (*n, (*v).to_owned())).collect();
            jobs.token(&form).shown()
        };
        assert_snapshot!(token(&[]), @r#"400 {"error":"invalid_request","error_description":"grant_type is missing"}"#);
        assert_snapshot!(token(&[("grant_type", "password"), ("username", "ada"), ("password", "")]), @r#"400 {"error":"unsupported_grant_type","error_description":"this grant_type is not supported"}"#);
        assert_snapshot!(token(&[("grant_type", "implicit")]), @r#"400 {"error":"unsupported_grant_type","error_description":"this grant_type is not supported"}"#);
        assert_snapshot!(token(&[("grant_type", "authorization_code"), ("code", "x")]), @r#"400 {"error":"unauthorized_client","error_description":"the client did not register this grant type"}"#);
        assert_snapshot!(token(&[("grant_type", "client_credentials"), ("scope", "\"")]), @r#"400 {"error":"invalid_scope","error_description":"scope contains a character that is not allowed"}"#);
        assert_snapshot!(token(&[("grant_type", "client_credentials"), ("grant_type", "client_credentials")]), @r#"400 {"error":"invalid_request","error_description":"grant_type must not be repeated"}"#);
        let market = w.mini_program("market", "openid");
        for code in ["x", "", "pc_", "pr_0123456789", "\u{1F600}"] {
            let reply = market.redeems_with("", &[("code", code)]);
            assert!(["400 invalid_grant", "400 invalid_request"].contains(&reply.error().as_str()), "{code}");
        }
    }

    fn a_client_acts_for_itself(w: &World) {
        let jobs = jobs(w);
        let tokens = Tokens::of(&jobs.client_credentials(&[]));
        assert_eq!((tokens.refresh.is_none(), tokens.id_token.is_none()), (true, true));
        let claims = jwt::verified(&tokens.access, &w.get("/jwks").json());
        assert_eq!((&claims["sub"], &claims["client_id"]), (&json!(jobs.id), &json!(jobs.id)));
        assert_eq!(claims.get("auth_time"), None);
        let less = Tokens::of(&jobs.client_credentials(&[("scope", "stock")]));
        assert_eq!(less.scope, "stock");
        let more = jobs.client_credentials(&[("scope", "stock payment_methods")]);
        assert_eq!(more.error(), "400 invalid_scope");
        assert_eq!(jobs.revokes(&tokens.access).status, 200);
        assert!(!jobs.finds_active(&tokens.access) && jobs.finds_active(&less.access));
    }

    /// RFC 8707 §2: the token is for the resource, and for no other than what was authorized.
    fn a_resource_becomes_the_audience(w: &World) {
        let (orders, stock) = ("https://orders.example/api", "https://stock.example/api");
        for name in ["orders", "stock", "bank"] {
            Program::resource_server(w, name);
        }
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        ada.signs_in();
        let audience = |tokens: &Tokens| jwt::payload(&tokens.access)["aud"].clone();
        let itself = json!(format!("{}/clients/{}", w.issuer(), market.id));
        assert_eq!(audience(&ada.opens(&market).tokens()), itself);
        let both = || market.request().and("resource", orders).and("resource", stock);
        let tokens = ada.sends(both()).tokens();
        assert_eq!(audience(&tokens), json!([orders, stock]));
        let code = ada.sends(both()).code();
        let one = Tokens::of(&market.redeems_with(&code, &[("resource", stock)]));
        assert_eq!(audience(&one), json!(stock));
        let refreshed = Tokens::of(&market.refreshes_with(one.refresh(), &[("resource", orders)]));
        assert_eq!(audience(&refreshed), json!(orders));
        let other = "https://bank.example/api";
        let reply = market.refreshes_with(one.refresh(), &[("resource", other)]);
        assert_eq!(reply.error(), "400 invalid_target");
        let code = ada.sends(both()).code();
        assert_eq!(market.redeems_with(&code, &[("resource", other)]).error(), "400 invalid_target");
        let jobs = jobs(w);
        let own = Tokens::of(&jobs.client_credentials(&[("resource", orders)]));
        assert_eq!(audience(&own), json!(orders));
        let itself = format!("{}/clients/{}", w.issuer(), jobs.id);
        for request in [&[][..], &[("resource", itself.as_str())]] {
            assert_eq!(audience(&Tokens::of(&jobs.client_credentials(request))), json!(itself));
        }
        assert_eq!(jobs.client_credentials(&[("resource", "not a uri")]).error(), "400 invalid_target");
        assert_eq!(jobs.client_credentials(&[("resource", "https://a.example/#x")]).error(), "400 invalid_target");
    }

    /// RFC 8707 §2: a resource that no client registered as its own is nobody's, and whoever claims it
    /// one day would accept what was given out for it.
    fn attack_33_nobody_gets_a_token_for_a_resource_of_nobody(w: &World) {
        let orders = "https://orders.example/api";
        let (market, ada, jobs) = (w.mini_program("market", "openid"), w.person("ada"), jobs(w));
        ada.signs_in();
        let asks = || ada.sends(market.request().and("resource", orders));
        let refused = |name: &str| jobs.client_credentials(&[("resource", name)]).error();
        assert_eq!(asks().error(), "invalid_target");
        assert_eq!(ada.with_another_browser().sends(market.request().and("resource", orders)).error(), "invalid_target");
        assert_eq!(refused(orders), "400 invalid_target");
        let server = Program::resource_server(w, "orders");
        let tokens = asks().tokens();
        assert!(server.finds_active(&tokens.access));
        for near in ["https://orders.example", "https://orders.example/api/", "https://ORDERS.example/api", "urn:orders"] {
            assert_eq!(refused(near), "400 invalid_target", "{near}");
        }
        let both = jobs.client_credentials(&[("resource", orders), ("resource", "https://stock.example/api")]);
        assert_eq!(both.error(), "400 invalid_target", "one of two is not enough");
        let code = asks().code();
        w.operator(w.administration().delete_client(&server.id));
        assert_eq!(market.redeems(&code).error(), "400 invalid_target");
        assert_eq!(market.refreshes(tokens.refresh()).error(), "400 invalid_target");
        assert_eq!(refused(orders), "400 invalid_target");
    }

    /// Another client's own audience is nobody's to ask for: what it receives as itself was issued to
    /// it.
    fn attack_33_nobody_asks_for_a_token_for_another_client(w: &World) {
        let (market, bank) = (w.mini_program("market", "openid"), w.mini_program("bank", "openid"));
        let (ada, jobs) = (w.person("ada"), jobs(w));
        ada.signs_in();
        let theirs = format!("{}/clients/{}", w.issuer(), bank.id);
        let refused = ada.sends(market.request().and("resource", &theirs));
        assert_eq!(refused.error(), "invalid_target");
        let reply = jobs.client_credentials(&[("resource", &theirs)]);
        assert_eq!(reply.error(), "400 invalid_target");
    }

    /// An access token is not an id_token to anybody who looks at its audience, as OpenID Connect
    /// Core §3.1.3.7 has them do: "The Client MUST validate that the aud (audience) Claim contains
    /// its client_id value".
    fn an_access_token_never_passes_as_an_id_token(w: &World) {
        let market = w.mini_program("market", "openid");
        let tokens = w.person("ada").uses(&market);
        let (access, id_token) = (jwt::payload(&tokens.access), tokens.claims());
        assert_eq!(id_token["aud"], json!(market.id));
        assert_ne!(access["aud"], id_token["aud"]);
        assert_eq!(access["sub"], id_token["sub"], "the client reads both");
        let own = Tokens::of(&jobs(w).client_credentials(&[]));
        let claims = jwt::payload(&own.access);
        assert_ne!(claims["aud"], claims["client_id"]);
    }

    fn a_body_that_is_no_form_is_refused(w: &World) {
        let jobs = jobs(w);
        let post = |content_type: &str, body: String| {
            let request = w.http("POST", "/token").basic_auth(&jobs.id, Some(&jobs.secret));
            w.send(request.header("content-type", content_type).body(body)).error()
        };
        let form = "application/x-www-form-urlencoded";
        assert_eq!(post("application/json", r#"{"grant_type":"client_credentials"}"#.into()), "400 invalid_request");
        assert_eq!(post(form, "grant_type=%FF".into()), "400 invalid_request");
        assert_eq!(post(form, "grant_type=client_credentials&x=%zz".into()), "400 invalid_request");
        assert_eq!(post(form, format!("grant_type=client_credentials&x={}", "y".repeat(100_000))), "400 invalid_request");
        assert_eq!(post(form, "a=1&".repeat(200)), "400 invalid_request");
        let upper = w.http("POST", "/token").basic_auth(&jobs.id, Some(&jobs.secret));
        let upper = upper.header("content-type", "Application/X-WWW-Form-Urlencoded; charset=UTF-8");
        assert_eq!(w.send(upper.body("grant_type=client_credentials")).status, 200);
        let in_query = w.http("POST", "/token?grant_type=client_credentials");
        let in_query = form_body(in_query.basic_auth(&jobs.id, Some(&jobs.secret)), &[]);
        assert_eq!(w.send(in_query).error(), "400 invalid_request");
    }
}

#[test]
fn the_operator_allows_resources_that_no_client_registered() {
    let legacy = "https://legacy.example/api";
    let w = World::with(Database::sqlite(), |config| {
        config.token.resources = vec![legacy.into()]
    });
    let jobs = jobs(&w);
    let tokens = Tokens::of(&jobs.client_credentials(&[("resource", legacy)]));
    assert_eq!(jwt::payload(&tokens.access)["aud"], json!(legacy));
    let other = jobs.client_credentials(&[("resource", "https://legacy.example/")]);
    assert_eq!(other.error(), "400 invalid_target");
}
