//! Access tokens of clients that registered `access_token_format`: `opaque`. They do what JWTs do, and
//! nobody but this server reads them.

use serde_json::{Value, json};

use crate::world::host::{Launcher, host_with, program};
use crate::world::jwt;
use crate::world::possession::ProofKey;
use crate::world::program::{Program, Tokens};
use crate::world::{World, in_both_worlds};

/// More than a cache of mod_auth_openidc takes as a key.
const LONG: usize = 513;

/// A program that gets them.
pub(crate) fn opaque(w: &World, name: &str) -> Program {
    let manifest = json!({ "access_token_format": "opaque", "launch_types": ["code", "token"] });
    w.mini_program_with(name, "openid profile.basic", manifest)
}

/// Everything that introspection says of a token but its id, as if it had been issued now.
fn said(program: &Program, token: &str) -> Value {
    let mut said = program.introspects(token).json();
    assert_eq!(said["active"], true, "{said}");
    let life = said["exp"].as_i64().expect("exp") - said["iat"].as_i64().expect("iat");
    said["exp"] = life.into();
    for own in ["jti", "iat", "client_id", "aud", "sub", "sid"] {
        assert!(!said[own].is_null(), "{own}: {said}");
        said[own] = Value::Null;
    }
    said
}

in_both_worlds! {
    fn it_is_sealed_short_and_does_what_a_jwt_does(w: &World) {
        let (market, taxi) = (opaque(w, "market"), w.mini_program("taxi", "openid profile.basic"));
        let ada = w.person("ada");
        let tokens = ada.uses(&market);
        let token = tokens.access.as_str();
        assert!(token.starts_with("pa_") && !token.contains('.') && token.len() < LONG, "{token}");
        let like = ada.uses(&taxi);
        assert_eq!(said(&market, token), said(&taxi, &like.access));
        let claims = tokens.claims();
        let introspected = market.introspects(token).json();
        assert_eq!((&introspected["sub"], &introspected["sid"]), (&claims["sub"], &claims["sid"]));
        assert_eq!(claims["at_hash"].as_str().map(str::len), Some(22));
        assert_eq!(market.userinfo(token).text("sub"), claims["sub"].as_str().expect("text"));
        assert!(!taxi.finds_active(token), "nobody else's business");
        let again = Tokens::of(&market.refreshes(tokens.refresh()));
        assert!(again.access.starts_with("pa_") && market.finds_active(&again.access));
    }

    fn it_ends_as_a_jwt_does(w: &World) {
        let market = opaque(w, "market");
        let ada = w.person("ada");
        let (one, other) = (ada.uses(&market), ada.uses(&market));
        market.revokes(&one.access);
        assert!(!market.finds_active(&one.access) && market.finds_active(&other.access));
        ada.signs_out();
        assert!(!market.finds_active(&other.access));
        let bob = w.person("bob").uses(&market);
        w.restart();
        assert!(!market.finds_active(&one.access) && market.finds_active(&bob.access));
        w.seconds_pass(600);
        assert!(!market.finds_active(&bob.access), "it expires");
    }

    fn attack_57_no_part_of_it_is_a_token(w: &World) {
        let market = opaque(w, "market");
        let tokens = w.person("ada").uses(&market);
        let token = tokens.access.as_str();
        for cut in (1..token.len()).step_by(3) {
            assert!(!market.finds_active(&token[..cut]), "the first {cut}");
            assert!(!market.finds_active(&token[cut..]), "without the first {cut}");
        }
        let jti = market.introspects(token).text("jti");
        for other in [format!("{token}A"), token.replacen("pa_", "pr_", 1), format!("pa_{jti}"), "pa_".into()] {
            assert!(!market.finds_active(&other), "{other}");
        }
        assert!(market.finds_active(token));
    }

    /// The `jti` of a JWT is a handle that everybody can read who has the token.
    fn the_handle_of_a_jwt_is_no_token(w: &World) {
        let market = w.mini_program("market", "openid");
        let tokens = w.person("ada").uses(&market);
        let jti = jwt::payload(&tokens.access)["jti"].as_str().expect("text").to_owned();
        assert!(!market.finds_active(&format!("pa_{jti}")));
    }

    /// The key signed nothing in it.
    fn a_revoked_key_is_no_matter(w: &World) {
        let market = opaque(w, "market");
        let tokens = w.person("ada").uses(&market);
        for key in w.operator(w.signing_keys().list()) {
            w.operator(w.signing_keys().revoke(key.id.as_str()));
        }
        assert!(market.finds_active(&tokens.access));
    }

    fn a_program_is_launched_with_it_by_a_host_whose_own_is_opaque(w: &World) {
        let nova = host_with(w, json!({ "access_token_format": "opaque" }));
        let market = opaque(w, "market");
        let launcher = Launcher::of(&nova, &w.person("ada"));
        assert!(launcher.tokens.access.starts_with("pa_"));
        let token = launcher.launches(&market);
        let said = market.introspects(&token).json();
        assert!(token.starts_with("pa_") && said["act"]["sub"] == nova.id.as_str(), "{said}");
        for token in [&token, &launcher.tokens.access] {
            assert!(token.len() < LONG, "{} characters", token.len());
        }
        // What the client of a JWT gets from the same host is one.
        let taxi = program(w, "taxi", "openid");
        assert_eq!(launcher.launches(&taxi).matches('.').count(), 2);
    }

    fn it_is_bound_to_a_key_like_another(w: &World) {
        let key = ProofKey::new();
        let market = opaque(w, "market").proving(&key);
        let tokens = w.person("ada").uses(&market);
        assert_eq!(market.userinfo(&tokens.access).status, 200);
        let thief = Program { key: None, ..market.clone() };
        assert_eq!(thief.userinfo(&tokens.access).status, 401);
        assert_eq!(market.introspects(&tokens.access).text("token_type"), "DPoP");
    }

    fn another_format_is_refused(w: &World) {
        let metadata = json!({ "client_name": "shop", "redirect_uris": ["https://shop.example/cb"],
                               "access_token_format": "paseto" });
        let refused = w.refuses(w.administration().add_client(&metadata));
        assert!(refused.contains("access_token_format"), "{refused}");
    }
}
