//! *Behind the scenes*: who sees what, and who may press the operator's buttons.

use actix_web::http::StatusCode;
use serde_json::json;

use super::browser::{Browser, Places};
use super::{MARKET, NOVA};
use crate::mock_portico::MockPortico;
use crate::{OperatorAct, StayAt};

const ORIGIN: &str = "http://app.superapp.localhost:8080";

async fn signed_in() -> (Browser, MockPortico, String) {
    let (mut ada, portico) = Browser::new(Places::OwnSites).await;
    let home = ada.open(NOVA, "/sign-in").await;
    (ada, portico, home.form_token())
}

#[actix_web::test]
async fn a_visitor_sees_what_nova_said_for_them_and_no_secret() {
    let (mut ada, portico, _) = signed_in().await;
    let seen = ada.get(NOVA, "/exchanges").await;
    assert_eq!(seen.status, StatusCode::OK);
    assert_eq!(seen.header("cache-control"), "no-store");
    let list = seen.json();
    let list = list["exchanges"].as_array().expect("a list");
    let what: Vec<_> = list
        .iter()
        // Taxi, which listens by itself, asks for the documents too.
        .filter(|exchange| exchange["who"] == "nova")
        .map(|exchange| exchange["what"].as_str().expect("words"))
        .collect();
    assert_eq!(
        what,
        [
            "GET /.well-known/openid-configuration",
            "GET /jwks",
            "GET /.well-known/portico-configuration",
            "POST /token",
            "POST /introspect",
            "GET /userinfo",
            // The mock has three pages of them.
            "GET /mini-programs",
            "GET /mini-programs",
            "GET /mini-programs",
        ]
    );
    for secret in ["access-1", "code-0", "Y2xpZW50", "Ada Lindqvist", "eyJ"] {
        assert!(!seen.says(secret), "{secret}");
    }
    let newest = list.last().expect("nine")["number"]
        .as_u64()
        .expect("a number");
    let later = ada.get(NOVA, &format!("/exchanges?after={newest}")).await;
    assert_eq!(later.json()["exchanges"], json!([]));
    // Once it is over one can still look at what led there.
    portico.mood().alive = false;
    assert!(ada.get(NOVA, "/").await.says("You are signed out."));
    assert!(
        ada.get(NOVA, "/exchanges")
            .await
            .says("worth nothing any more")
    );
}

#[actix_web::test]
async fn a_stranger_sees_nothing() {
    let (ada, _portico, _) = signed_in().await;
    let mut eve = ada.another();
    for path in ["/exchanges", "/exchanges/live"] {
        assert_eq!(eve.get(NOVA, path).await.status, StatusCode::UNAUTHORIZED);
        let cookie = eve.get(NOVA, "/sign-in").await;
        assert_eq!(cookie.status, StatusCode::FOUND);
        assert_eq!(eve.get(NOVA, path).await.status, StatusCode::UNAUTHORIZED);
    }
}

#[actix_web::test]
async fn only_novas_own_page_with_its_form_token_operates() {
    let (mut ada, _portico, token) = signed_in().await;
    let good = json!({ "form_token": token });
    for origin in [
        None,
        Some("null"),
        Some("http://market.localhost:8080"),
        Some("https://app.superapp.localhost:8080"),
    ] {
        let refused = ada
            .post_json(NOVA, "/operator/end", origin, good.clone())
            .await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{origin:?}");
    }
    let guessed = json!({ "form_token": "guessed" });
    let refused = ada
        .post_json(NOVA, "/operator/end", Some(ORIGIN), guessed)
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let refused = ada
        .post_json(NOVA, "/operator/end", Some(ORIGIN), json!({}))
        .await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let refused = ada
        .another()
        .post_json(NOVA, "/operator/end", Some(ORIGIN), good.clone())
        .await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let elsewhere = ada
        .post_json(MARKET, "/operator/end", Some(ORIGIN), good.clone())
        .await;
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND);
    let unknown = ada
        .post_json(NOVA, "/operator/delete", Some(ORIGIN), good)
        .await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert_eq!(
        ada.operator.acts.lock().expect("whole").len(),
        0,
        "nothing was done"
    );
}

#[actix_web::test]
async fn each_button_asks_the_operator_for_its_act_and_shows_that() {
    let (mut ada, portico, token) = signed_in().await;
    for button in ["suspend", "release", "rotate", "expire", "end"] {
        let form = json!({ "form_token": token });
        let done = ada
            .post_json(NOVA, &format!("/operator/{button}"), Some(ORIGIN), form)
            .await;
        assert_eq!(done.status, StatusCode::OK, "{button}");
        assert!(
            done.json()["said"]
                .as_str()
                .is_some_and(|said| said.starts_with("An operator "))
        );
    }
    let client_id = || "client".to_owned();
    let stay = || StayAt {
        client_id: client_id(),
        sid: portico.mood().sid.to_owned(),
    };
    assert_eq!(
        *ada.operator.acts.lock().expect("whole"),
        [
            OperatorAct::Suspend {
                client_id: client_id()
            },
            OperatorAct::Release {
                client_id: client_id()
            },
            OperatorAct::RotateKeys,
            OperatorAct::ExpireSession(stay()),
            OperatorAct::EndSession(stay()),
        ]
    );
    let seen = ada.get(NOVA, "/exchanges").await.json();
    let acts = seen["exchanges"].as_array().expect("a list").iter();
    let acts = acts.filter(|exchange| exchange["manner"] == "done");
    assert_eq!(acts.count(), 5);
}

#[actix_web::test]
async fn what_the_operator_cannot_do_is_said() {
    let (mut ada, _portico, token) = signed_in().await;
    *ada.operator.refuses.lock().expect("whole") = true;
    let form = json!({ "form_token": token });
    let refused = ada
        .post_json(NOVA, "/operator/rotate", Some(ORIGIN), form)
        .await;
    assert_eq!(
        (refused.status, refused.json()["said"].as_str()),
        (StatusCode::CONFLICT, Some("not now"))
    );
    assert!(!ada.get(NOVA, "/exchanges").await.says("\"done\""));
}
