//! Whole journeys as they pass the recorder: whose each exchange is, and that no secret is in any.

use foundation::clock::Span;
use serde_json::json;

use super::rings::{MAX_EXCHANGES, MAX_VISITORS};
use super::*;
use watched::{event, jwt, watched};

mod watched;

/// Everything that opens something, and what a person shared. None of it may be shown.
const SECRETS: [&str; 16] = [
    "secret-of-nova",
    "secret-of-market",
    "code-of-the-sign-in",
    "code-of-the-launch",
    "verifier-1",
    "challenge-1",
    "nonce-1",
    "opaque-access-of-nova",
    "access-of-market",
    "refresh-of-nova",
    "refresh-of-market",
    "refresh-of-later",
    "sealed-handle",
    "sheet-secret",
    "Ada Lindqvist",
    "+46705550142",
];

#[test]
fn no_secret_and_nothing_that_a_person_shared_is_in_what_is_shown() {
    let watched = watched();
    watched.signs_in("stay-1");
    watched.launches("stay-1");
    watched.posts(
        &watched.nova,
        "/token",
        &[
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", "opaque-access-of-nova stay-1"),
            ("audience", "id-of-market"),
            ("made_up", "secret-of-nova"),
        ],
        (400, json!({
            "error": "consent_required", "interaction": "public-name", "made_up": "sheet-secret",
            "interaction_uri": "http://portico.test/interaction?secret=sheet-secret",
        })),
    );
    let seen = watched.seen("stay-1");
    for secret in SECRETS {
        assert!(!seen.contains(secret), "{secret} in {seen}");
    }
    for piece in ["eyJ", "c2lnbmF0dXJl"] {
        assert!(!seen.contains(piece), "a piece of a token in {seen}");
    }
    for shown in [
        "ada-at-market",
        "stay-1 at market",
        "public-name",
        "id-of-nova",
        "RS256",
        "2027-01-15T",
    ] {
        assert!(seen.contains(shown), "{shown} is not in {seen}");
    }
}

#[test]
fn each_exchange_has_its_sentence_and_its_time() {
    let watched = watched();
    watched.gets(
        &watched.nova,
        "/.well-known/openid-configuration",
        None,
        (200, json!({})),
    );
    watched.signs_in("stay-1");
    watched.launches("stay-1");
    assert_eq!(
        watched.sentences("stay-1"),
        [
            "Nova asks where everything is.",
            "Nova trades the code of the sign-in for tokens. The browser sees none of them.",
            "Nova gets a code for Market: good once, for a minute, for its backend alone.",
            "Market's backend trades the code for tokens of its own. Nobody had to sign in again.",
            "Market's backend reads what the person shares with it, as of now.",
            "Market's backend gets fresh tokens: access tokens are short-lived on purpose.",
            "Market's backend asks whether its token still stands, and for what. It does.",
        ]
    );
    let third = &watched.list("stay-1")[2];
    assert_eq!(third["what"], "POST /token");
    assert_eq!(
        (third["status"].as_u64(), third["took"].as_i64()),
        (Some(200), Some(3))
    );
}

#[test]
fn a_token_for_a_page_is_told_apart_from_a_code_and_the_list_of_programs_is_named() {
    let watched = watched();
    watched.signs_in("stay-1");
    let subject_token = "opaque-access-of-nova stay-1";
    let page_only = [
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ),
        (
            "requested_token_type",
            "urn:ietf:params:oauth:token-type:access_token",
        ),
        ("subject_token", subject_token),
        ("audience", "id-of-market"),
    ];
    let answer = json!({ "access_token": "access-of-market", "sid": "stay-1 at market" });
    watched.posts(&watched.nova, "/token", &page_only, (200, answer));
    let listed = json!({ "mini_programs": [
        { "client_name": "Lido", "state": "released", "client_secret": "secret-of-market" },
    ] });
    watched.gets(
        &watched.nova,
        "/mini-programs",
        Some(subject_token),
        (200, listed),
    );
    assert_eq!(
        watched.sentences("stay-1")[1..],
        [
            "Nova gets a token for Market's page: short-lived, and for nothing else.",
            "Nova asks which programs there are for this person.",
        ]
    );
    let seen = watched.seen("stay-1");
    assert!(seen.contains("Lido") && seen.contains("released"));
    assert!(!seen.contains("secret-of-market") && !seen.contains("access-of-market"));
}

#[test]
fn one_visitor_never_sees_the_exchanges_of_another() {
    let watched = watched();
    for sid in ["stay-1", "stay-2"] {
        watched.signs_in(sid);
        watched.launches(sid);
    }
    let (one, two) = (watched.seen("stay-1"), watched.seen("stay-2"));
    assert_eq!(watched.list("stay-1").len(), 6);
    assert_eq!(watched.list("stay-2").len(), 6);
    assert!(!one.contains("stay-2") && !two.contains("stay-1"));
    assert_eq!(watched.list("stay-3").len(), 0, "a stranger sees nothing");
}

#[test]
fn what_belongs_to_nobody_is_kept_for_nobody() {
    let watched = watched();
    watched.signs_in("stay-1");
    let before = watched.list("stay-1").len();
    // A program that was opened without Nova; a code that nobody gave; another client's token.
    let id_token = jwt(&json!({ "sub": "ada-at-market", "sid": "alone" }));
    let form = [("grant_type", "authorization_code"), ("code", "unknown")];
    let answer = json!({ "access_token": "a", "id_token": id_token });
    watched.posts(&watched.market, "/token", &form, (200, answer));
    watched.posts(
        &watched.nova,
        "/token",
        &form,
        (400, json!({ "error": "invalid_grant" })),
    );
    let stolen = [("token", "opaque-access-of-nova stay-1")];
    watched.posts(
        &watched.market,
        "/introspect",
        &stolen,
        (200, json!({ "active": false })),
    );
    watched
        .scenes
        .heard(&watched.market, "alone", event("ready", &json!({})));
    assert_eq!(watched.list("stay-1").len(), before);
    assert_eq!(watched.list("alone").len(), 0);
}

#[test]
fn an_event_says_how_long_it_was_on_its_way() {
    let watched = watched();
    let at = watched.scenes.now().millis();
    watched.clock.advance(Span::millis(7));
    let data = json!({ "at": at, "reason": "operator" });
    watched
        .scenes
        .heard(&watched.nova, "stay-1", event("session_ended", &data));
    watched
        .scenes
        .heard(&watched.nova, "stay-1", event("session_ended", &data));
    assert_eq!(watched.list("stay-1").len(), 1, "two streams, one event");
    let seen = &watched.list("stay-1")[0];
    assert_eq!(seen["took"], 7);
    assert_eq!(
        seen["says"],
        "Portico says that the session has ended: an operator ended it."
    );
}

#[test]
fn a_backend_is_heard_to_be_told_of_its_own_stays_alone() {
    let watched = watched();
    watched.signs_in("stay-1");
    watched.launches("stay-1");
    let before = watched.list("stay-1").len();
    let token = jwt(&json!({
        "iss": "http://portico.test", "sub": "ada-at-market", "sid": "stay-1 at market", "jti": "sealed-handle",
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    }));
    for sid in ["stay-1 at market", "another's"] {
        let scenes = &watched.scenes;
        scenes.heard(&watched.market, sid, Notice::LogoutToken(&token));
        scenes.heard(
            &watched.market,
            sid,
            event("session_ended", &json!({ "sid": sid })),
        );
    }
    assert_eq!(
        watched.sentences("stay-1")[before..],
        [
            "Market's backend is sent a logout token: this stay is over, and so is its own session.",
            "Market's backend hears on its stream that this stay is over, and ends its own session.",
        ]
    );
    let seen = watched.seen("stay-1");
    assert!(seen.contains("backchannel-logout") && seen.contains("logout_token, decoded"));
    assert!(!seen.contains("sealed-handle") && !seen.contains("eyJ"));
}

#[test]
fn an_operators_act_is_seen_by_whom_it_concerns() {
    let watched = watched();
    let deed = |says: &str, concerns| Deed {
        command: "portico …".to_owned(),
        says: says.to_owned(),
        concerns,
    };
    watched.scenes.done(deed("for all", None));
    watched.scenes.done(deed("for one", Some("stay-1")));
    assert_eq!(watched.sentences("stay-1"), ["for all", "for one"]);
    assert_eq!(watched.sentences("stay-2"), ["for all"]);
    assert_eq!(
        watched.scenes.after("stay-1", 1).len(),
        1,
        "only what is new"
    );
}

#[test]
fn memory_is_bounded() {
    let watched = watched();
    for _ in 0..MAX_EXCHANGES + 5 {
        watched.gets(&watched.nova, "/jwks", None, (200, json!({ "keys": [] })));
    }
    assert_eq!(watched.list("nobody").len(), MAX_EXCHANGES);
    for visitor in 0..=MAX_VISITORS {
        watched.signs_in(&format!("visitor-{visitor}"));
    }
    assert_eq!(watched.list("visitor-0").len(), MAX_EXCHANGES, "forgotten");
    assert_eq!(watched.list("visitor-1").len(), MAX_EXCHANGES + 1);
}

#[test]
fn a_portico_that_does_not_answer_is_told_too() {
    let watched = watched();
    watched.signs_in("stay-1");
    let request = http::Request::get("http://portico.test/userinfo")
        .header("authorization", "Bearer opaque-access-of-nova stay-1")
        .body(Vec::new())
        .expect("a request");
    let asked = Asked::of(&request);
    watched
        .scenes
        .record(&watched.nova, &asked, watched.scenes.now(), None);
    let last = watched.list("stay-1").pop().expect("recorded");
    assert_eq!(last["says"], "Nova asks, and Portico does not answer.");
    assert_eq!(
        (last["status"].as_u64(), last["took"].as_i64()),
        (None, None)
    );
}
