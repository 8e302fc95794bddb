//! Backends that hear of the end. Portico still calls every token active here, so whatever ends a session
//! of theirs is what they heard.

use std::time::Duration;

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use super::browser::{Browser, Page, Places};
use super::{BANK, MARKET, TAXI};
use crate::facts::LOGOUT_TOKENS_AT;

async fn hands_over(ada: &mut Browser, token: &str) -> Page {
    ada.another()
        .post(BANK, LOGOUT_TOKENS_AT, &[("logout_token", token)])
        .await
}

#[actix_web::test]
async fn a_logout_token_ends_the_session_of_bank_at_once() {
    let (mut ada, portico) = Browser::new(Places::OwnSites).await;
    portico.mood().scopes = vec!["kyc.status"];
    let page = ada.open(BANK, "/open").await;
    assert!(page.says("€1,240.50"));
    let taken = hands_over(&mut ada, &portico.logout_token(|_, _| {})).await;
    assert_eq!(taken.status, StatusCode::OK);
    assert_eq!(taken.header("cache-control"), "no-store");
    let before = portico.mood().introspections;
    let page = ada.get(BANK, "/").await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED);
    assert!(page.says("Your session ended") && !page.says("€1,240.50"));
    assert_eq!(
        portico.mood().introspections,
        before,
        "Portico need not be asked"
    );
    portico.mood().sid = "sid-2";
    assert!(
        ada.open(BANK, "/open").await.says("€1,240.50"),
        "another stay"
    );
}

#[actix_web::test]
async fn a_stay_that_is_over_is_not_entered_with_a_late_code() {
    let (mut ada, portico) = Browser::new(Places::OwnSites).await;
    let away = ada.get(BANK, "/open").await;
    let back = ada.at_portico(&away).await;
    hands_over(&mut ada, &portico.logout_token(|_, _| {})).await;
    ada.get(BANK, &back).await;
    assert_eq!(ada.get(BANK, "/").await.status, StatusCode::UNAUTHORIZED);
}

#[actix_web::test]
async fn what_is_no_logout_token_of_portico_ends_nothing() {
    type Change = fn(&mut Value, &mut Value);
    let wrong: [(&str, Change); 13] = [
        ("no algorithm", |header, _| header["alg"] = json!("none")),
        ("another algorithm", |header, _| {
            header["alg"] = json!("RS256")
        }),
        ("an unknown key", |header, _| header["kid"] = json!("key-9")),
        ("an extension", |header, _| header["crit"] = json!(["exp"])),
        ("an id_token", |header, _| header["typ"] = json!("JWT")),
        ("another issuer", |_, claims| {
            claims["iss"] = json!("https://evil.example")
        }),
        ("another client", |_, claims| {
            claims["aud"] = json!(["other"])
        }),
        ("it is over", |_, claims| claims["exp"] = json!(1_000)),
        ("of the future", |_, claims| {
            claims["iat"] = json!(9_999_999_999_i64)
        }),
        ("nobody", |_, claims| {
            claims["sub"] = Value::Null;
            claims["sid"] = Value::Null;
        }),
        ("no event", |_, claims| claims["events"] = json!({})),
        ("no object", |_, claims| {
            claims["events"] =
                json!({ "http://schemas.openid.net/event/backchannel-logout": true });
        }),
        ("a nonce", |_, claims| claims["nonce"] = json!("n")),
    ];
    let (mut ada, portico) = Browser::new(Places::OwnSites).await;
    portico.mood().scopes = vec!["kyc.status"];
    ada.open(BANK, "/open").await;
    let mut refused: Vec<(&str, String)> = wrong
        .into_iter()
        .map(|(what, change)| (what, portico.logout_token(change)))
        .collect();
    let good = portico.logout_token(|_, _| {});
    let unsigned = good.rsplit_once('.').expect("three parts").0;
    refused.push(("without a signature", format!("{unsigned}.")));
    refused.push((
        "another signature",
        format!("{unsigned}.{}", "A".repeat(86)),
    ));
    refused.push(("no token", "x".to_owned()));
    refused.push(("too long", "x".repeat(3_000)));
    for (what, token) in refused {
        let answer = hands_over(&mut ada, &token).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{what}");
        assert_eq!(answer.header("cache-control"), "no-store", "{what}");
    }
    let missing = ada.another().post(BANK, LOGOUT_TOKENS_AT, &[]).await;
    assert_eq!(missing.status, StatusCode::BAD_REQUEST);
    assert!(ada.get(BANK, "/").await.says("€1,240.50"));
}

#[actix_web::test]
async fn a_key_that_is_new_is_learnt_for_a_logout_token() {
    let (mut ada, portico) = Browser::new(Places::OwnSites).await;
    ada.open(BANK, "/open").await;
    portico.mood().key = 2;
    let taken = hands_over(&mut ada, &portico.logout_token(|_, _| {})).await;
    assert_eq!(taken.status, StatusCode::OK);
    assert_eq!(ada.get(BANK, "/").await.status, StatusCode::UNAUTHORIZED);
}

#[actix_web::test]
async fn where_nobody_can_verify_a_logout_token_it_is_sent_again() {
    let (mut ada, portico) = Browser::new(Places::OwnSites).await;
    let token = portico.logout_token(|_, _| {});
    portico.stop().await;
    let answer = hands_over(&mut ada, &token).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[actix_web::test]
async fn only_who_registered_an_address_for_logout_tokens_has_one() {
    let (mut ada, portico) = Browser::new(Places::OwnSites).await;
    let token = portico.logout_token(|_, _| {});
    for host in [MARKET, TAXI] {
        let answer = ada
            .post(host, LOGOUT_TOKENS_AT, &[("logout_token", &token)])
            .await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{host}");
    }
}

/// Waits until a page is refused; gives up in the end.
async fn is_turned_away(ada: &mut Browser, host: &str) -> bool {
    for _ in 0..500 {
        if ada.get(host, "/").await.status == StatusCode::UNAUTHORIZED {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

#[actix_web::test]
async fn an_event_ends_the_session_of_taxi() {
    let (mut ada, portico) = Browser::new(Places::OwnSites).await;
    portico.mood().scopes = vec!["profile.basic", "addresses"];
    ada.open(TAXI, "/open").await;
    let ended =
        |name: &str, id: &str, data: Value| format!("id: {id}\nevent: {name}\ndata: {data}\n\n");
    let (sub, at) = ("ada-at-this-program", 1);
    portico.mood().events = [
        ended(
            "session_ended",
            "p1",
            json!({ "sub": sub, "sid": "sid-9", "at": at }),
        ),
        ended(
            "session_ended",
            "p2",
            json!({ "sub": "bob", "sid": "sid-1", "at": at }),
        ),
        ended(
            "grant_changed",
            "p3",
            json!({ "sub": sub, "scope": "openid", "at": at }),
        ),
    ]
    .concat();
    for _ in 0..500 {
        if portico.mood().last_event_id.as_deref() == Some("p3") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(
        portico.mood().last_event_id.as_deref(),
        Some("p3"),
        "it comes back"
    );
    assert!(
        ada.get(TAXI, "/").await.says("Where to, Ada Lindqvist?"),
        "others' ends are not hers"
    );
    let data = json!({ "sub": sub, "sid": "sid-1", "reason": "logout", "at": at });
    portico.mood().events = ended("session_ended", "p4", data);
    assert!(is_turned_away(&mut ada, TAXI).await);
    assert!(
        portico.mood().alive,
        "Portico was not the one who said so when asked"
    );
    portico.mood().sid = "sid-2";
    assert!(
        ada.open(TAXI, "/open")
            .await
            .says("Where to, Ada Lindqvist?")
    );
    portico.mood().events = ended(
        "mini_program_suspended",
        "p5",
        json!({ "client_id": "client", "at": at }),
    );
    assert!(is_turned_away(&mut ada, TAXI).await);
}
