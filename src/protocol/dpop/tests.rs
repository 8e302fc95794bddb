//! What a proof must say, one rule after the other.

use serde_json::{Value, json};

use super::*;

const TOKEN: &str = "https://server.example.com/token";

fn claims(changed: &Value) -> Value {
    // RFC 9449 §4.2
    let mut claims = json!({
        "jti": "-BwC3ESc6acc2lTc", "htm": "POST", "htu": TOKEN, "iat": 1_562_262_616,
    });
    for (name, value) in changed.as_object().expect("an object") {
        claims[name] = value.clone();
    }
    claims
}

fn checked(claims: Value, access_token: Option<&str>) -> Result<(), String> {
    let expected = ProofExpectation {
        method: "POST",
        address: TOKEN,
        access_token,
    };
    let checked = ProofClaims::read(claims).and_then(|claims| claims.check(&expected));
    checked.map_err(|error| {
        assert_eq!(error.code().as_str(), "invalid_dpop_proof");
        let said = error
            .description()
            .strip_prefix("the DPoP proof is not valid: ");
        said.expect("why").to_owned()
    })
}

#[test]
fn the_proof_of_the_specification_is_one_and_may_say_more() {
    assert_eq!(checked(claims(&json!({})), None), Ok(()));
    let more = json!({ "nonce": null, "ath": null, "iat": 1.5, "exp": 0, "own": [] });
    assert_eq!(checked(claims(&more), None), Ok(()));
}

#[test]
fn no_claim_may_be_missing_or_of_another_type() {
    for name in ["jti", "htm", "htu", "iat"] {
        let said = Err("jti, htm and htu must be strings, and iat a number".to_owned());
        let mut without = claims(&json!({}));
        without.as_object_mut().expect("an object").remove(name);
        assert_eq!(checked(without, None), said, "without {name}");
        for other in [json!(null), json!([TOKEN]), json!({}), json!(true)] {
            let changed = claims(&json!({ name: other }));
            assert_eq!(checked(changed, None), said, "{name}: {other}");
        }
    }
    for (name, value) in [("htu", json!(1)), ("nonce", json!(1)), ("ath", json!([]))] {
        assert!(
            checked(claims(&json!({ name: value })), None).is_err(),
            "{name}"
        );
    }
}

#[test]
fn a_jti_is_bounded() {
    let of = |length| checked(claims(&json!({ "jti": "x".repeat(length) })), None);
    let said = Err("jti must have 1 to 256 bytes".to_owned());
    assert_eq!((of(0), of(257)), (said.clone(), said));
    assert_eq!((of(1), of(256)), (Ok(()), Ok(())));
}

#[test]
fn method_and_address_are_those_of_the_request() {
    for method in ["GET", "post", "POST ", ""] {
        let said = Err("htm is not the method of this request".to_owned());
        assert_eq!(checked(claims(&json!({ "htm": method })), None), said);
    }
    for address in [
        "https://server.example.com/userinfo",
        "https://evil.example/token",
        "",
    ] {
        let said = Err("htu is not the address of this endpoint".to_owned());
        assert_eq!(checked(claims(&json!({ "htu": address })), None), said);
    }
}

#[test]
fn with_an_access_token_its_hash_is_needed() {
    // RFC 9449 §7.1
    let token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
    let ath = json!({ "ath": "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo" });
    assert_eq!(checked(claims(&ath), Some(token)), Ok(()));
    let said = Err("ath is not the hash of the access token".to_owned());
    assert_eq!(checked(claims(&json!({})), Some(token)), said);
    assert_eq!(checked(claims(&ath), Some("another")), said);
}

#[test]
fn a_nonce_is_good_for_five_minutes_by_our_clock() {
    let given = Instant::from_seconds(1000);
    let at = |seconds: i64| {
        let judged = judge_nonce(Some(given), given + Span::seconds(seconds));
        judged.map_err(|error| error.code().as_str())
    };
    let until = Ok(given + Span::minutes(5));
    assert_eq!((at(0), at(299)), (until, until));
    assert_eq!(at(300), Err("use_dpop_nonce"));
    // Another node gave it, whose clock is a little ahead.
    assert_eq!(at(-30), until);
    assert_eq!(at(-31), Err("use_dpop_nonce"));
    let foreign = judge_nonce(None, given).map_err(|error| error.code().as_str());
    assert_eq!(foreign, Err("use_dpop_nonce"));
}

#[test]
fn a_thumbprint_has_one_spelling_of_32_bytes() {
    let text = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
    let thumbprint = KeyThumbprint::parse(text).expect("a thumbprint");
    assert_eq!(thumbprint.to_string(), text);
    let claim = ConfirmationClaim { jkt: thumbprint };
    let json = serde_json::to_value(&claim).expect("JSON");
    assert_eq!(json, json!({ "jkt": text }));
    assert_eq!(
        serde_json::from_value::<ConfirmationClaim>(json).ok(),
        Some(claim)
    );
    for other in [
        "",
        &text[1..],
        &format!("{text}="),
        &format!("{text}A"),
        "0ZcOCORZNYy+DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
    ] {
        assert_eq!(KeyThumbprint::parse(other), None, "{other}");
    }
}
