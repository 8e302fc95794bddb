//! What a ring signed, it accepts; nothing else.

use foundation::clock::Span;

use super::*;

fn segment(json: &Value) -> String {
    base64url::encode(json.to_string().as_bytes())
}

#[test]
fn every_algorithm_of_ours_signs_and_verifies() {
    let ring = usual();
    for algorithm in SignatureAlgorithm::OURS {
        for typ in ["at+jwt", "JWT", "secevent+jwt"] {
            let signed = ring
                .sign(*algorithm, typ, &json!({"sub": "a", "n": 1}))
                .expect("a key");
            assert_eq!(
                ring.verify(&signed, &["other", typ]),
                Ok(json!({"sub": "a", "n": 1}))
            );
            let header = base64url::decode(signed.split('.').next().expect("a header"));
            let header: Value = serde_json::from_slice(&header.expect("base64url")).expect("JSON");
            assert_eq!(header["alg"], algorithm.as_str());
            assert_eq!(header["typ"], typ);
        }
    }
    assert!(
        ring.sign(SignatureAlgorithm::EdDSA, "JWT", &json!({}))
            .is_err(),
        "no such key"
    );
}

#[test]
fn only_active_keys_sign_and_retired_ones_read_hints_only() {
    let active = ring(vec![KEYS[0].clone()]);
    let sign = |typ| {
        active
            .sign(SignatureAlgorithm::ES256, typ, &json!({}))
            .expect("a key")
    };
    let (id_token, access_token) = (sign("JWT"), sign("at+jwt"));
    let unknown = || Err(JwtProblem::UnknownKey);
    for (state, accepted, as_hint) in [
        (KeyState::Next, Ok(json!({})), Ok(json!({}))),
        (KeyState::Retiring, Ok(json!({})), Ok(json!({}))),
        (KeyState::Retired, unknown(), Ok(json!({}))),
        (KeyState::Revoked, unknown(), unknown()),
    ] {
        let other = ring(vec![with_state(&KEYS[0], state)]);
        assert_eq!(other.verify(&id_token, &["JWT"]), accepted, "{state:?}");
        assert_eq!(
            other.verify(&access_token, &["at+jwt"]),
            accepted,
            "{state:?}"
        );
        assert_eq!(other.verify_hint(&id_token), as_hint, "{state:?}");
        assert_eq!(
            other.verify_hint(&access_token),
            Err(JwtProblem::Type),
            "{state:?}"
        );
        assert!(
            other
                .sign(SignatureAlgorithm::ES256, "JWT", &json!({}))
                .is_err(),
            "{state:?}"
        );
    }
}

#[test]
fn attack_61_a_token_of_another_type_is_refused() {
    let ring = usual();
    let id_token = ring
        .sign(SignatureAlgorithm::ES256, "JWT", &json!({}))
        .expect("a key");
    for expected in [&["at+jwt"][..], &["logout+jwt"], &["jwt"], &[""], &[]] {
        assert_eq!(
            ring.verify(&id_token, expected),
            Err(JwtProblem::Type),
            "{expected:?}"
        );
    }
}

#[test]
fn attack_61_neither_none_nor_a_public_key_as_secret_verifies() {
    let ring = usual();
    let kid = KEYS[1].id.as_str();
    let payload = segment(&json!({"sub": "a"}));
    for alg in ["none", "None", "", "HS256", "HS512", "RS512", "ES256K"] {
        let header = segment(&json!({"alg": alg, "kid": kid, "typ": "JWT"}));
        let input = format!("{header}.{payload}");
        let public = KEYS[1].public_jwk.to_string();
        let forged = hmac(public.as_bytes(), input.as_bytes());
        for signature in [String::new(), base64url::encode(&forged)] {
            let token = format!("{input}.{signature}");
            assert_eq!(
                ring.verify(&token, &["JWT"]),
                Err(JwtProblem::Algorithm),
                "{alg}"
            );
        }
    }
}

fn hmac(key: &[u8], input: &[u8]) -> Vec<u8> {
    let key = openssl::pkey::PKey::hmac(key).expect("a key");
    let digest = openssl::hash::MessageDigest::sha256();
    let mut signer = openssl::sign::Signer::new(digest, &key).expect("HMAC");
    signer.sign_oneshot_to_vec(input).expect("HMAC")
}

#[test]
fn attack_61_the_algorithm_must_fit_the_key_that_is_named() {
    let ring = usual();
    let signed = ring
        .sign(SignatureAlgorithm::ES256, "JWT", &json!({}))
        .expect("a key");
    let mut parts = signed.split('.').skip(1);
    let (payload, signature) = (
        parts.next().expect("claims"),
        parts.next().expect("signature"),
    );
    let header = segment(&json!({"alg": "ES256", "kid": KEYS[1].id, "typ": "JWT"}));
    let token = format!("{header}.{payload}.{signature}");
    assert_eq!(ring.verify(&token, &["JWT"]), Err(JwtProblem::Algorithm));
}

#[test]
fn a_foreign_key_is_unknown_even_under_our_kid() {
    let ring = usual();
    let foreign = KeyRing::open(
        vec![key(KeyKind::P256, KeyState::Active, 9)],
        secrets(9, NOW),
        &master(),
    )
    .expect("a whole ring");
    let signed = foreign
        .sign(SignatureAlgorithm::ES256, "JWT", &json!({}))
        .expect("a key");
    assert_eq!(ring.verify(&signed, &["JWT"]), Err(JwtProblem::UnknownKey));

    let header = segment(&json!({"alg": "ES256", "kid": KEYS[0].id, "typ": "JWT"}));
    let input = format!("{header}.{}", segment(&json!({})));
    let signature = sign_raw(&foreign, &input);
    assert_eq!(
        ring.verify(&format!("{input}.{signature}"), &["JWT"]),
        Err(JwtProblem::Signature)
    );
    let ours = sign_raw(&ring, &input);
    assert_eq!(
        ring.verify(&format!("{input}.{ours}"), &["JWT"]),
        Ok(json!({})),
        "the control"
    );
}

/// The ES256 signature of a ring over any input.
fn sign_raw(ring: &KeyRing, input: &str) -> String {
    let es256 = |s: &&ActiveSigner| s.algorithm() == SignatureAlgorithm::ES256;
    ring.signers.iter().find(es256).expect("a key").raw(input)
}

#[test]
fn attack_61_headers_that_bring_a_key_or_an_extension_are_refused() {
    let ring = usual();
    for (name, value) in [
        ("crit", json!(["b64"])),
        ("crit", json!([])),
        ("jwk", KEYS[0].public_jwk.clone()),
        ("jku", json!("https://evil.example/jwks")),
        ("x5u", json!("https://evil.example/x5u")),
        ("b64", json!(false)),
        ("cty", json!("JWT")),
    ] {
        let header = json!({"alg": "ES256", "kid": KEYS[0].id, "typ": "JWT", name: value});
        let input = format!("{}.{}", segment(&header), segment(&json!({})));
        let token = format!("{input}.{}", sign_raw(&ring, &input));
        assert_eq!(
            ring.verify(&token, &["JWT"]),
            Err(JwtProblem::Malformed),
            "{name}"
        );
    }
}

#[test]
fn attack_62_duplicate_keys_are_refused_though_signed() {
    let ring = usual();
    let kid = &KEYS[0].id;
    let twice = format!(r#"{{"alg":"none","alg":"ES256","kid":"{kid}","typ":"JWT"}}"#);
    let usual_header = format!(r#"{{"alg":"ES256","kid":"{kid}","typ":"JWT"}}"#);
    for (header, claims) in [
        (twice.as_str(), "{}"),
        (usual_header.as_str(), r#"{"sub":"a","sub":"b"}"#),
        (usual_header.as_str(), r#"{"act":{"sub":"a","sub":"b"}}"#),
        (usual_header.as_str(), "[]"),
        (usual_header.as_str(), "\"claims\""),
    ] {
        let segments = [header, claims].map(|part| base64url::encode(part.as_bytes()));
        let input = segments.join(".");
        let token = format!("{input}.{}", sign_raw(&ring, &input));
        assert_eq!(
            ring.verify(&token, &["JWT"]),
            Err(JwtProblem::Malformed),
            "{header} {claims}"
        );
    }
}

#[test]
fn attack_62_a_known_member_twice_is_refused_though_signed() {
    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Claims {
        sub: String,
    }
    let ring = usual();
    let header = segment(&json!({"alg": "ES256", "kid": KEYS[0].id, "typ": "at+jwt"}));
    let read = |claims: &str| {
        let input = format!("{header}.{}", base64url::encode(claims.as_bytes()));
        let token = format!("{input}.{}", sign_raw(&ring, &input));
        ring.verify_as::<Claims>(&token, &["at+jwt"])
    };
    let sub = "a".to_owned();
    assert_eq!(
        read(r#"{"sub":"a","of_a_newer_version":1}"#),
        Ok(Claims { sub })
    );
    for claims in [
        r#"{"sub":"a","sub":"b"}"#,
        r#"{"sub":"a","\u0073ub":"b"}"#,
        r#"{"sub":1}"#,
        "{}",
        r#"["a"]"#,
        r#"{"sub":"a"} "x""#,
    ] {
        assert_eq!(read(claims), Err(JwtProblem::Malformed), "{claims}");
    }
}

/// A header with the same members that is written in another way is looked at as a whole, and
/// verifies: what counts is what it says.
#[test]
fn another_spelling_of_our_header_is_judged_by_what_it_says() {
    let ring = usual();
    let kid = &KEYS[0].id;
    for (header, expected) in [
        (
            format!(r#"{{"typ":"JWT","kid":"{kid}","alg":"ES256"}}"#),
            Ok(json!({})),
        ),
        (
            format!(r#"{{ "alg":"ES256","kid":"{kid}","typ":"JWT"}}"#),
            Ok(json!({})),
        ),
        (
            format!(r#"{{"alg":"ES256","kid":"{kid}","typ":"jwt"}}"#),
            Err(JwtProblem::Type),
        ),
        (
            format!(r#"{{"alg":"RS256","kid":"{kid}","typ":"JWT"}}"#),
            Err(JwtProblem::Algorithm),
        ),
    ] {
        let segments = [header.as_str(), "{}"].map(|part| base64url::encode(part.as_bytes()));
        let input = segments.join(".");
        let token = format!("{input}.{}", sign_raw(&ring, &input));
        assert_eq!(ring.verify(&token, &["JWT"]), expected, "{header}");
    }
}

#[test]
fn attack_57_a_truncated_or_padded_token_is_refused() {
    let ring = usual();
    for algorithm in SignatureAlgorithm::OURS {
        let signed = ring
            .sign(*algorithm, "at+jwt", &json!({"sub": "a"}))
            .expect("a key");
        for cut in 0..signed.len() {
            assert!(
                ring.verify(&signed[..cut], &["at+jwt"]).is_err(),
                "the first {cut}"
            );
            assert!(
                ring.verify(&signed[cut + 1..], &["at+jwt"]).is_err(),
                "without {cut}"
            );
        }
        for other in [
            format!("{signed}="),
            format!("{signed}."),
            format!("{signed}.a"),
            format!(" {signed}"),
            format!("{signed}\n"),
            format!("{signed}.{signed}"),
            signed.replacen('.', "=.", 1),
            signed.replacen('.', "..", 1),
        ] {
            assert_eq!(
                ring.verify(&other, &["at+jwt"]),
                Err(JwtProblem::Malformed),
                "{other:?}"
            );
        }
    }
}

#[test]
fn attack_62_each_changed_character_is_noticed() {
    let ring = usual();
    let signed = ring
        .sign(SignatureAlgorithm::ES256, "at+jwt", &json!({"sub": "a"}))
        .expect("key");
    for place in 0..signed.len() {
        let mut bytes = signed.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).expect("ASCII");
        assert!(
            ring.verify(&changed, &["at+jwt"]).is_err(),
            "character {place}"
        );
    }
    let zeros = format!(
        "{}.{}",
        signed.rsplit_once('.').expect("dots").0,
        "A".repeat(86)
    );
    assert_eq!(
        ring.verify(&zeros, &["at+jwt"]),
        Err(JwtProblem::Signature),
        "r = s = 0"
    );
}

#[test]
fn a_token_longer_than_8_kib_is_not_read() {
    let ring = usual();
    let claims = json!({"a": "x".repeat(8 * 1024)});
    let signed = ring
        .sign(SignatureAlgorithm::ES256, "JWT", &claims)
        .expect("a key");
    assert_eq!(ring.verify(&signed, &["JWT"]), Err(JwtProblem::Malformed));
}

#[test]
fn the_key_that_became_active_last_signs() {
    let mut later = key(KeyKind::P256, KeyState::Active, 8);
    later.since = NOW + Span::seconds(1);
    let ring = ring(vec![KEYS[0].clone(), later.clone()]);
    let signed = ring
        .sign(SignatureAlgorithm::ES256, "JWT", &json!({}))
        .expect("a key");
    let only_later = self::ring(vec![later]);
    assert_eq!(only_later.verify(&signed, &["JWT"]), Ok(json!({})));
}
