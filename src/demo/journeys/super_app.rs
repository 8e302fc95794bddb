//! Visits to Nova: signing in, opening programs, signing out.

use actix_web::http::StatusCode;

use super::NOVA;
use super::browser::{Browser, Places};

#[actix_web::test]
async fn nova_signs_in_opens_the_program_that_was_wanted_and_signs_out() {
    let (mut ada, portico) = Browser::new(Places::OwnSites).await;
    portico.mood().scopes = vec!["profile.basic"];
    assert!(ada.get(NOVA, "/").await.says("id=\"sign-in\""));
    assert_eq!(
        ada.get(NOVA, "/open/market").await.location(),
        "/sign-in?then=market"
    );
    let page = ada.open(NOVA, "/sign-in?then=market").await;
    assert_eq!(
        portico.mood().asked["scope"],
        "openid profile portico:launch"
    );
    assert!(page.says("<iframe id=\"program\" name=\"program\" title=\"Market\" src=\"http://market.localhost:8080/open?by=redirect\""));
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains(&format!(
            "frame-src {} http://market.localhost:8080 http://taxi.localhost:8080;",
            portico.issuer.origin().ascii_serialization()
        )),
        "{policy}"
    );
    assert!(policy.ends_with("frame-ancestors 'none'"), "{policy}");
    let home = ada.get(NOVA, "/").await;
    assert!(home.says("Ada Lindqvist"));
    let refused = ada
        .post(NOVA, "/sign-out", &[("form_token", "guessed")])
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let away = ada
        .post(NOVA, "/sign-out", &[("form_token", &home.form_token())])
        .await;
    let away = away.location();
    assert!(away.contains("/logout?id_token_hint=ey"), "{away}");
    assert!(
        away.ends_with("post_logout_redirect_uri=http%3A%2F%2Fapp.superapp.localhost%3A8080%2F"),
        "{away}"
    );
    portico.mood().alive = false;
    assert!(ada.get(NOVA, "/").await.says("You are signed out."));
}

#[actix_web::test]
async fn a_wish_to_share_reaches_the_frame_only_for_scopes_of_that_program() {
    let (mut ada, _portico) = Browser::new(Places::OwnSites).await;
    ada.open(NOVA, "/sign-in?then=https://evil.example").await;
    let page = ada.get(NOVA, "/open/market?share=phone.verified").await;
    assert!(page.says("src=\"http://market.localhost:8080/open?share=phone.verified\""));
    let page = ada.get(NOVA, "/open/market?share=kyc.status").await;
    assert!(page.says("src=\"http://market.localhost:8080/open?by=redirect\""));
    assert_eq!(
        ada.get(NOVA, "/open/casino").await.status,
        StatusCode::NOT_FOUND
    );
}

#[actix_web::test]
async fn a_program_that_was_just_released_is_on_the_home_screen() {
    let (mut ada, portico) = Browser::new(Places::OwnSites).await;
    let home = ada.open(NOVA, "/sign-in").await;
    assert!(home.says("id=\"open-market\"") && home.says("id=\"open-taxi\""));
    assert!(!home.says("open-notes"));
    portico.mood().programs.push(("notes", "Notes"));
    let home = ada.get(NOVA, "/").await;
    assert!(home.says("id=\"open-notes\" href=\"/open/notes\""));
    let policy = home.header("content-security-policy");
    assert!(policy.contains("http://notes.localhost:8080;"), "{policy}");
    let page = ada.get(NOVA, "/open/notes").await;
    assert!(page.says("src=\"http://notes.localhost:8080/open?by=redirect\""));
}

#[actix_web::test]
async fn the_home_screen_is_asked_for_with_a_token_that_has_not_run_out() {
    let (mut ada, portico) = Browser::new(Places::OwnSites).await;
    ada.open(NOVA, "/sign-in").await;
    portico.mood().first_active = 2;
    assert!(ada.get(NOVA, "/").await.says("id=\"open-market\""));
}
