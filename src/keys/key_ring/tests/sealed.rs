//! What a ring sealed or derived: handles, step tokens, identifiers.

use domain::token_handle::OnBehalfOf;
use foundation::clock::Span;
use foundation::id::{FamilyId, GrantId, HistoryId, Position, PublisherId};
use protocol::audience::Audience;
use protocol::scope::ScopeSet;

use super::*;

fn handles() -> Vec<TokenHandle> {
    let entropy = SeededEntropy::new(5);
    let person = OnBehalfOf {
        user_id: UserId::new(NOW, &entropy),
        grant_id: GrantId::new(NOW, &entropy),
        session_id: Some(SessionId::new(NOW, &entropy)),
        family_id: Some(FamilyId::new(NOW, &entropy)),
    };
    let handle = |on_behalf_of| TokenHandle {
        client_id: ClientId::parse("market").expect("an id"),
        on_behalf_of,
        number: u64::MAX - 1,
        history: HistoryId(i64::MIN + 3),
        position: Position(i64::MAX - 2),
        opens_userinfo: true,
    };
    vec![
        handle(None),
        handle(Some(person)),
        handle(Some(OnBehalfOf {
            session_id: None,
            ..person
        })),
        handle(Some(OnBehalfOf {
            family_id: None,
            ..person
        })),
        TokenHandle {
            opens_userinfo: false,
            number: 0,
            position: Position(0),
            ..handle(None)
        },
        TokenHandle {
            client_id: ClientId::parse(&"c".repeat(64)).expect("an id"),
            ..handle(Some(person))
        },
    ]
}

#[test]
fn attack_57_a_handle_opens_whole_or_not_at_all() {
    let ring = usual();
    for handle in handles() {
        let jti = ring.seal_handle(&handle, &SeededEntropy::new(6));
        assert_eq!(ring.open_handle(&jti), Some(handle));
        for cut in 0..jti.len() {
            assert_eq!(ring.open_handle(&jti[..cut]), None, "the first {cut}");
            assert_eq!(ring.open_handle(&jti[cut + 1..]), None, "without {cut}");
            let mut bytes = jti.clone().into_bytes();
            bytes[cut] = if bytes[cut] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).expect("ASCII");
            assert_eq!(ring.open_handle(&changed), None, "character {cut} changed");
        }
        for other in [
            format!("{jti}="),
            format!("{jti}AAAA"),
            format!(" {jti}"),
            jti.repeat(2),
        ] {
            assert_eq!(ring.open_handle(&other), None, "{other:?}");
        }
    }
}

const ISSUER: &str = "https://id.example";

fn claims(handle: &TokenHandle, audience: &str) -> AccessTokenClaims {
    AccessTokenClaims {
        iss: ISSUER.into(),
        exp: 660,
        aud: Audience::One(audience.into()),
        sub: "s".into(),
        client_id: handle.client_id.clone(),
        iat: 60,
        jti: String::new(),
        scope: ScopeSet::parse("openid").ok(),
        auth_time: Some(7),
        acr: None,
        sid: Some("of the session".into()),
        act: None,
        cnf: None,
    }
}

#[test]
fn an_opaque_token_says_what_a_jwt_would() {
    let ring = usual();
    for handle in handles() {
        let own = domain::client::own_audience(&handle.client_id, ISSUER);
        for audience in [own.as_str(), "https://orders.example/api"] {
            let claims = claims(&handle, audience);
            let token = ring.seal_token(&handle, &claims, &SeededEntropy::new(6));
            let token = token.expect("it is written");
            let (opened, said) = ring.open_token(&token, ISSUER).expect("ours");
            let jti = base64url::encode(&foundation::digest::sha256(token.as_bytes()));
            assert_eq!(opened, handle);
            assert_eq!(said, AccessTokenClaims { jti, ..claims });
        }
    }
}

#[test]
fn attack_57_an_opaque_token_opens_whole_or_not_at_all() {
    let ring = usual();
    let handle = &handles()[1];
    let entropy = SeededEntropy::new(6);
    let token = ring.seal_token(handle, &claims(handle, ISSUER), &entropy);
    let token = token.expect("it is written");
    let opens = |token: &str| ring.open_token(token, ISSUER).is_ok();
    assert!(opens(&token));
    for cut in 0..token.len() {
        assert!(!opens(&token[..cut]), "the first {cut}");
        assert!(!opens(&token[cut + 1..]), "without {cut}");
        let mut bytes = token.clone().into_bytes();
        bytes[cut] = if bytes[cut] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).expect("ASCII");
        assert!(!opens(&changed), "character {cut} changed");
    }
    // Everybody can read the jti of a JWT.
    let jti = ring.seal_handle(handle, &entropy);
    assert!(!opens(&format!("pa_{jti}")));
    assert_eq!(ring.open_handle(token.trim_start_matches("pa_")), None);
}

#[test]
fn a_handle_shows_nothing_of_what_is_in_it() {
    let ring = usual();
    let entropy = SeededEntropy::new(6);
    let all = handles();
    let (online, offline) = (&all[1], &all[2]);
    let jti = ring.seal_handle(online, &entropy);
    assert_ne!(jti, ring.seal_handle(online, &entropy), "no two are equal");
    assert_eq!(
        jti.len(),
        ring.seal_handle(offline, &entropy).len(),
        "nor is its session seen"
    );
    let bytes = base64url::decode(&jti).expect("base64url");
    let user = all[1].on_behalf_of.expect("a person").user_id;
    for secret in [&user.as_bytes()[..], b"market"] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret));
    }
}

#[test]
fn rotated_secrets_still_open_until_they_are_removed() {
    let (old, later) = (secrets(1, NOW), secrets(2, NOW + Span::days(1)));
    let before = KeyRing::open(vec![], old.clone(), &master()).expect("a ring");
    let both = KeyRing::open(vec![], [old, later.clone()].concat(), &master()).expect("a ring");
    let after = KeyRing::open(vec![], later, &master()).expect("a ring");
    let handle = &handles()[1];
    let jti = before.seal_handle(handle, &SeededEntropy::new(6));
    let step = before.sign_step("a", b"payload");
    assert_eq!(both.open_handle(&jti).as_ref(), Some(handle));
    assert!(both.knows_secret_of(&jti) && !after.knows_secret_of(&jti));
    assert_eq!(
        both.verify_step("a", &step).as_deref(),
        Some(&b"payload"[..])
    );
    assert_eq!(
        (after.open_handle(&jti), after.verify_step("a", &step)),
        (None, None)
    );
    let newest = both.seal_handle(handle, &SeededEntropy::new(6));
    assert_eq!(
        after.open_handle(&newest).as_ref(),
        Some(handle),
        "the newest one seals"
    );
    assert!(
        after.verify_step("a", &both.sign_step("a", b"")).is_some(),
        "and signs"
    );
}

#[test]
fn attack_45_a_step_token_is_worth_nothing_under_another_label() {
    let ring = usual();
    let token = ring.sign_step("browser sign-in x", b"payload");
    assert_eq!(
        ring.verify_step("browser sign-in x", &token).as_deref(),
        Some(&b"payload"[..])
    );
    for label in [
        "browser sign-in y",
        "browser consent x",
        "",
        "browser sign-in xp",
    ] {
        assert_eq!(ring.verify_step(label, &token), None, "{label}");
    }
    for cut in 0..token.len() {
        assert_eq!(
            ring.verify_step("browser sign-in x", &token[..cut]),
            None,
            "the first {cut}"
        );
    }
    assert_eq!(
        ring.verify_step("a", &ring.sign_step("a", b"")),
        Some(vec![])
    );
    assert_eq!(ring.verify_step("a", &"A".repeat(9000)), None);
}

#[test]
fn attack_45_a_sealed_step_opens_under_its_label_only_and_is_not_readable() {
    let (ring, entropy) = (usual(), SeededEntropy::new(6));
    let token = ring.seal_step("browser sign-in x", b"payload", &entropy);
    let open = |label: &str, token: &str| ring.open_step(label, token);
    assert_eq!(
        open("browser sign-in x", &token).as_deref(),
        Some(&b"payload"[..])
    );
    let bytes = base64url::decode(&token).expect("base64url");
    assert!(!bytes.windows(7).any(|part| part == b"payload"));
    for label in ["browser sign-in y", "browser consent x", ""] {
        assert_eq!(open(label, &token), None, "{label}");
    }
    for cut in 0..token.len() {
        assert_eq!(
            open("browser sign-in x", &token[..cut]),
            None,
            "the first {cut}"
        );
    }
    let signed = ring.sign_step("a", b"payload");
    assert_eq!(
        open("a", &signed),
        None,
        "what is signed is not what is sealed"
    );
    let sealed = ring.seal_step("a", b"payload", &entropy);
    assert_eq!(ring.verify_step("a", &sealed), None);
    assert_eq!(open("a", &"A".repeat(9000)), None);
    let later = KeyRing::open(
        vec![],
        [secrets(1, NOW), secrets(2, NOW + Span::days(1))].concat(),
        &master(),
    );
    let before = KeyRing::open(vec![], secrets(1, NOW), &master()).expect("a ring");
    let token = before.seal_step("a", b"payload", &entropy);
    assert!(
        later.expect("a ring").open_step("a", &token).is_some(),
        "an older secret opens"
    );
}

#[test]
fn attack_63_identifiers_are_stable_within_a_sector_and_unrelated_between_two() {
    let (ring, again) = (usual(), usual());
    let entropy = SeededEntropy::new(7);
    let (ada, bob) = (UserId::new(NOW, &entropy), UserId::new(NOW, &entropy));
    let market = ClientId::parse("market").expect("an id");
    let sectors = [
        Sector::Client(market.clone()),
        Sector::Client(ClientId::parse("taxi").expect("an id")),
        Sector::Host("market".into()),
        Sector::Publisher(PublisherId::parse("market").expect("an id")),
        Sector::Audience(market.clone(), "taxi".into()),
    ];
    let mut seen = std::collections::HashSet::new();
    for sector in &sectors {
        for user in [ada, bob] {
            let subject = ring.pairwise(sector, user);
            assert_eq!(subject.as_str().len(), 28);
            assert_eq!(subject, again.pairwise(sector, user));
            assert!(seen.insert(subject.to_string()), "{sector:?}");
        }
    }
    let session = SessionId::new(NOW, &entropy);
    let sid = ring.session_sid(&market, session);
    assert_eq!(sid, again.session_sid(&market, session));
    assert!(sid.len() >= 22);
    assert_ne!(
        sid,
        ring.session_sid(&ClientId::parse("taxi").expect("an id"), session)
    );
    assert_ne!(
        sid,
        ring.session_sid(&market, SessionId::new(NOW, &entropy))
    );
}
