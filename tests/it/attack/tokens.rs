//! Rows 38, 53, 57, 61, 62: tokens that are old, foreign, tampered with or cut.

use base64::Engine as _;
use serde_json::{Value, json};

use crate::world::World;
use crate::world::in_both_worlds;
use crate::world::jwt;
use crate::world::program::Program;

/// What nobody must accept in place of an access token.
fn tampered(w: &World, token: &str, id_token: &str) -> Vec<(&'static str, String)> {
    let [header, claims, signature] = jwt::parts(token);
    let (h, c) = (jwt::header(token), jwt::payload(token));
    let changed = |name: &str, value: Value| {
        let mut claims = c.clone();
        claims[name] = value;
        format!("{header}.{}.{signature}", jwt::encoded(claims.to_string()))
    };
    let under = |h: Value| format!("{}.{claims}.{signature}", jwt::encoded(h.to_string()));
    let with = |name: &str, value: Value| {
        let mut header = h.clone();
        header[name] = value;
        under(header)
    };
    let jwks = w.get("/jwks").json();
    let key = jwks["keys"]
        .as_array()
        .expect("keys")
        .iter()
        .find(|k| k["kid"] == h["kid"])
        .expect("ours")
        .clone();
    let stranger = jwt::ClientKey::new(h["kid"].as_str().expect("text"));
    let duplicate = format!("{{\"sub\":\"x\",{}", &c.to_string()[1..]);
    let mut flipped = jwt::decoded(signature);
    flipped[10] ^= 1;
    vec![
        (
            "alg none, no signature",
            format!(
                "{}.{claims}.",
                jwt::encoded(r#"{"alg":"none","typ":"at+jwt"}"#)
            ),
        ),
        ("alg none, the old signature", with("alg", json!("none"))),
        ("alg None", with("alg", json!("None"))),
        ("HS256 with the public key", hmac(&key.to_string(), &h, &c)),
        ("RS256 with an EC key", with("alg", json!("RS256"))),
        ("another alg", with("alg", json!("ES384"))),
        ("a stranger's key", stranger.sign_with_header(&h, &c)),
        (
            "an embedded key",
            stranger.sign_with_header(
                &json!({ "alg": "ES256", "typ": "at+jwt", "jwk": stranger.public() }),
                &c,
            ),
        ),
        ("jku", with("jku", json!("https://evil.example/jwks"))),
        ("x5u", with("x5u", json!("https://evil.example/x"))),
        ("crit", with("crit", json!(["exp"]))),
        ("another kid", with("kid", json!("nobody"))),
        (
            "a kid that is a path",
            with("kid", json!("../../etc/passwd")),
        ),
        (
            "no kid",
            stranger.sign_with_header(&json!({ "alg": "ES256", "typ": "at+jwt" }), &c),
        ),
        ("typ JWT", with("typ", json!("JWT"))),
        ("a longer life", changed("exp", json!(4_000_000_000_i64))),
        ("another audience", changed("aud", json!("bank"))),
        ("more scope", changed("scope", json!("openid kyc.status"))),
        ("another subject", changed("sub", json!("someone"))),
        ("a numeric aud", changed("aud", json!(7))),
        (
            "duplicate members",
            format!("{header}.{}.{signature}", jwt::encoded(duplicate)),
        ),
        ("no signature", format!("{header}.{claims}.")),
        (
            "a flipped bit",
            format!("{header}.{claims}.{}", jwt::encoded(flipped)),
        ),
        ("four parts", format!("{token}.AAAA")),
        ("two parts", format!("{header}.{claims}")),
        ("padding", format!("{token}=")),
        ("a space before", format!(" {token}")),
        (
            "a line break inside",
            format!("{header}.\n{claims}.{signature}"),
        ),
        ("ordinary base64", {
            let bytes = jwt::decoded(signature);
            format!(
                "{header}.{claims}.{}",
                base64::engine::general_purpose::STANDARD.encode(bytes)
            )
        }),
        ("an id_token", id_token.to_owned()),
        ("the jti alone", c["jti"].as_str().expect("text").to_owned()),
    ]
}

fn hmac(key: &str, header: &Value, claims: &Value) -> String {
    let mut header = header.clone();
    header["alg"] = json!("HS256");
    let text = format!(
        "{}.{}",
        jwt::encoded(header.to_string()),
        jwt::encoded(claims.to_string())
    );
    let signer = josekit::jws::HS256
        .signer_from_bytes(key.as_bytes())
        .expect("a signer");
    let signature = josekit::jws::JwsSigner::sign(&signer, text.as_bytes()).expect("signed");
    format!("{text}.{}", jwt::encoded(signature))
}

fn is_dead(program: &Program, token: &str) -> bool {
    let introspected = program.introspects(token);
    let bearer = program.world.http("GET", "/userinfo");
    let usable = reqwest::header::HeaderValue::from_str(&format!("Bearer {token}")).ok();
    let userinfo = usable.map(|value| {
        program
            .world
            .send(bearer.header("authorization", value))
            .status
    });
    introspected.json().get("active") != Some(&json!(true)) && userinfo != Some(200)
}

in_both_worlds! {
    fn attack_61_62_a_tampered_token_is_no_token(w: &World) {
        let market = w.mini_program("market", "openid");
        let tokens = w.person("ada").uses(&market);
        let id_token = tokens.id_token.clone().expect("one");
        for seen_before in [false, true] {
            for (what, token) in tampered(w, &tokens.access, &id_token) {
                // A token is trimmed where a header is read; a space is no attack there.
                if what == "a space before" {
                    assert!(!market.finds_active(&token), "{what}");
                    continue;
                }
                assert!(is_dead(&market, &token), "{what} (seen before: {seen_before})");
                assert_eq!(market.revokes(&token).status, 200, "{what}");
            }
            assert!(market.finds_active(&tokens.access), "and none of them revoked the real one");
        }
    }

    /// Of a refresh token every part; of an access token, which is long, every third, and all about
    /// its dots: three meets each place in a group of base64url.
    fn attack_57_no_part_of_a_token_is_a_token(w: &World) {
        let market = w.mini_program("market", "openid");
        let tokens = w.person("ada").uses(&market);
        for token in [tokens.access.as_str(), tokens.refresh()] {
            let step = if token.len() > 100 { 3 } else { 1 };
            let dots = token.match_indices('.').flat_map(|(at, _)| [at, at + 1]);
            for cut in (1..token.len()).step_by(step).chain(dots) {
                assert!(!market.finds_active(&token[..cut]), "the first {cut}");
                assert!(!market.finds_active(&token[cut..]), "without the first {cut}");
            }
            assert!(!market.finds_active(&format!("{token}A")) && !market.finds_active(&format!("A{token}")));
            assert!(market.finds_active(token));
        }
    }

    fn attack_38_what_was_reused_and_revoked_stays_so_after_a_restart(w: &World) {
        let shop = w.client(json!({ "portico:rotate_refresh_tokens": true }));
        let first = w.person("ada").uses(&shop);
        let second = shop.refreshes(first.refresh());
        w.restart();
        assert_eq!(shop.refreshes(first.refresh()).json(), second.json(), "an honest retry still is one");
        w.seconds_pass(11);
        w.restart();
        assert_eq!(shop.refreshes(first.refresh()).error(), "400 invalid_grant");
        w.restart();
        assert_eq!(shop.refreshes(&second.text("refresh_token")).error(), "400 invalid_grant");
        assert!(!shop.finds_active(&second.text("access_token")));
    }

    fn attack_53_introspection_is_for_those_whom_a_token_concerns(w: &World) {
        let (market, bank) = (w.mini_program("market", "openid"), w.mini_program("bank", "openid"));
        let tokens = w.person("ada").uses(&market);
        // Seen by its owner first, so that it is in the cache.
        assert!(market.finds_active(&tokens.access));
        for _ in 0..2 {
            assert!(!bank.finds_active(&tokens.access) && !bank.finds_active(tokens.refresh()));
        }
        assert!(market.finds_active(&tokens.access));
    }

    /// The log is kept for a month; a cut must outlive it as long as what it cut off.
    fn attack_50_a_cut_outlives_the_log(w: &World) {
        use flow::administer::revoke::TokensOf;
        let drone = w.mini_program_with("drone", "openid offline_access", json!({ "background_access": true }));
        let tokens = w.person("ada").uses(&drone);
        let services = w.services();
        w.operator(w.administration().revoke_tokens(TokensOf::Client(drone.id.clone())));
        assert_eq!(drone.refreshes(tokens.refresh()).error(), "400 invalid_grant");
        for _ in 0..3 {
            w.seconds_pass(29 * 86_400);
            w.wait(services.upkeep.sweep()).unwrap_or_else(|fault| panic!("{}", fault.chain()));
            assert_eq!(drone.refreshes(tokens.refresh()).error(), "400 invalid_grant");
            assert!(!drone.finds_active(tokens.refresh()));
        }
    }
}
