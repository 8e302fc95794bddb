//! Tests of whole visits: a browser, the websites, and a mock of Portico behind them.

mod browser;
mod drawer;
mod endings;
mod super_app;

use actix_web::http::StatusCode;

use browser::{Browser, Page, Places};

const MARKET: &str = "market.localhost";
const TAXI: &str = "taxi.localhost";
const BANK: &str = "bank.localhost";
const LIDO: &str = "lido.localhost";
const NOVA: &str = "app.superapp.localhost";

#[actix_web::test]
async fn market_greets_by_name_and_asks_portico_each_time() {
    let (mut ada, portico) = Browser::new(Places::OwnSites).await;
    let page = ada.open(MARKET, "/open").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.says("Hello, Ada Lindqvist"));
    let asked = portico.mood().asked.clone();
    assert_eq!(asked["scope"], "openid profile.basic phone.verified");
    assert!(!asked.contains_key("prompt"));
    let before = portico.mood().introspections;
    ada.get(MARKET, "/").await;
    assert_eq!(portico.mood().introspections, before + 1);
}

#[actix_web::test]
async fn the_cookie_of_a_program_is_partitioned_and_changes_at_sign_in() {
    let (mut ada, _portico) = Browser::new(Places::OwnSites).await;
    let away = ada.get(MARKET, "/").await;
    assert_eq!(away.location(), "/open");
    let away = ada.get(MARKET, "/open").await;
    let before = away.header("set-cookie");
    assert!(
        before.ends_with("; Path=/; HttpOnly; Secure; SameSite=None; Partitioned"),
        "{before}"
    );
    let back = ada.at_portico(&away).await;
    let after = ada.get(MARKET, &back).await;
    assert_eq!(
        (after.status, after.location().as_str()),
        (StatusCode::SEE_OTHER, "/")
    );
    assert_ne!(after.header("set-cookie"), before);
    let (mut ada, _portico) = Browser::new(Places::OneSite).await;
    let away = ada.get("market.superapp.localhost", "/open").await;
    assert!(away.header("set-cookie").ends_with("SameSite=Lax"));
}

#[actix_web::test]
async fn what_is_taken_back_is_missing_from_the_very_next_page() {
    let (mut ada, portico) = Browser::new(Places::OwnSites).await;
    ada.open(MARKET, "/open").await;
    portico.mood().scopes = vec!["phone.verified"];
    let page = ada.get(MARKET, "/").await;
    assert!(page.says("Hello, guest"));
    assert!(page.says("You no longer share your name with Market."));
    assert!(!page.says("Ada Lindqvist"));
}

#[actix_web::test]
async fn share_now_asks_once_more_and_says_what_came_of_it() {
    let (mut ada, portico) = Browser::new(Places::OwnSites).await;
    portico.mood().scopes = vec!["profile.basic"];
    let page = ada.open(MARKET, "/open").await;
    assert!(page.says("href=\"/open?share=phone.verified\""));
    let page = ada.open(MARKET, "/open?share=phone.verified").await;
    assert_eq!(portico.mood().asked["prompt"], "consent");
    assert!(page.says("Your phone number stays with you."));
    portico.mood().scopes = vec!["profile.basic", "phone.verified"];
    let page = ada.open(MARKET, "/open?share=phone.verified").await;
    assert!(page.says("Thank you. You share your phone number with Market now."));
    assert!(!ada.get(MARKET, "/").await.says("Thank you"), "said once");
    assert_eq!(
        ada.get(MARKET, "/open?share=kyc.status").await.status,
        StatusCode::NOT_FOUND
    );
}

#[actix_web::test]
async fn a_cart_becomes_an_order_with_a_text() {
    let (mut ada, _portico) = Browser::new(Places::OwnSites).await;
    let page = ada.open(MARKET, "/open").await;
    let token = page.form_token();
    for good in ["tea", "tea", "bread"] {
        ada.post(
            MARKET,
            "/cart/add",
            &[("form_token", &token), ("good", good)],
        )
        .await;
    }
    ada.post(
        MARKET,
        "/cart/remove",
        &[("form_token", &token), ("good", "bread")],
    )
    .await;
    assert!(ada.get(MARKET, "/").await.says("€13.00"));
    let sent = ada.post(MARKET, "/order", &[("form_token", &token)]).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER);
    let page = ada.get(MARKET, "/").await;
    assert!(page.says("Order 1 is placed. We text +46705550142 when it arrives."));
    assert!(page.says("Your cart is empty"));
}

#[actix_web::test]
async fn a_form_of_another_site_changes_nothing() {
    let (mut ada, _portico) = Browser::new(Places::OwnSites).await;
    ada.open(MARKET, "/open").await;
    for fields in [
        &[("form_token", "guessed"), ("good", "tea")][..],
        &[("good", "tea")],
        &[("form_token", "a"), ("form_token", "b"), ("good", "tea")],
    ] {
        let answer = ada.post(MARKET, "/cart/add", fields).await;
        assert!(answer.status.is_client_error(), "{fields:?}");
    }
    let long = "x".repeat(10_000);
    let answer = ada
        .post(MARKET, "/cart/add", &[("form_token", "a"), ("good", &long)])
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(ada.get(MARKET, "/").await.says("Your cart is empty"));
}

#[actix_web::test]
async fn an_ended_session_is_locked_until_the_program_is_opened_again() {
    let (mut ada, portico) = Browser::new(Places::OwnSites).await;
    let token = ada.open(MARKET, "/open").await.form_token();
    portico.mood().alive = false;
    let answer = ada
        .post(
            MARKET,
            "/cart/add",
            &[("form_token", &token), ("good", "tea")],
        )
        .await;
    for page in [answer, ada.get(MARKET, "/").await] {
        assert_eq!(page.status, StatusCode::UNAUTHORIZED);
        assert_eq!(page.header("www-authenticate"), "Bearer");
        assert!(page.says("Your session ended") && page.says("Open Market again from Nova"));
        assert!(!page.says("Ada"));
    }
    portico.mood().alive = true;
    assert_eq!(
        ada.get(MARKET, "/").await.status,
        StatusCode::UNAUTHORIZED,
        "Portico ended it for good"
    );
    assert!(ada.open(MARKET, "/open").await.says("Hello, Ada Lindqvist"));
}

#[actix_web::test]
async fn an_access_token_that_ran_out_is_renewed_unseen() {
    let (mut ada, portico) = Browser::new(Places::OwnSites).await;
    ada.open(MARKET, "/open").await;
    portico.mood().first_active = 2;
    for _ in 0..2 {
        assert!(ada.get(MARKET, "/").await.says("Hello, Ada Lindqvist"));
    }
}

#[actix_web::test]
async fn rotated_keys_are_learnt_when_the_first_of_them_signs() {
    let (mut ada, portico) = Browser::new(Places::OwnSites).await;
    ada.open(MARKET, "/open").await;
    portico.mood().key = 2;
    assert!(ada.open(MARKET, "/open").await.says("Hello, Ada Lindqvist"));
}

#[actix_web::test]
async fn not_now_is_respected() {
    let (mut ada, portico) = Browser::new(Places::OwnSites).await;
    portico.mood().refuse = Some("access_denied");
    let page = ada.open(MARKET, "/open").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.says("id=\"refused\"") && page.says("Open Market from Nova"));
    ada.open(MARKET, "/open").await;
    portico.mood().refuse = Some("access_denied");
    let page = ada.open(MARKET, "/open?share=phone.verified").await;
    assert!(page.says("Back to Market"));
    assert!(
        ada.get(MARKET, "/").await.says("Hello, Ada"),
        "who was there stays"
    );
}

#[actix_web::test]
async fn other_errors_of_portico_are_said_plainly() {
    let (mut ada, portico) = Browser::new(Places::OwnSites).await;
    portico.mood().refuse = Some("unauthorized_client");
    let page = ada.open(MARKET, "/open").await;
    assert_eq!(page.status, StatusCode::BAD_GATEWAY);
    assert!(page.says("Market is not available") && page.says("Back to Nova"));
}

#[actix_web::test]
async fn an_answer_that_was_not_asked_for_signs_nobody_in() {
    let (mut ada, portico) = Browser::new(Places::OwnSites).await;
    let away = ada.get(MARKET, "/open").await;
    let back = ada.at_portico(&away).await;
    let mut eve = ada.another();
    let refused = |page: Page| {
        assert_eq!(
            (page.status, page.says("id=\"not-asked\"")),
            (StatusCode::BAD_REQUEST, true)
        )
    };
    refused(eve.get(MARKET, &back).await);
    refused(ada.get(MARKET, "/callback").await);
    refused(ada.get(MARKET, &format!("{back}&state=twice")).await);
    assert_eq!(ada.get(MARKET, &back).await.status, StatusCode::SEE_OTHER);
    refused(ada.get(MARKET, &back).await);
    drop(portico);
}

#[actix_web::test]
async fn an_answer_of_another_issuer_or_request_is_not_believed() {
    let (mut ada, portico) = Browser::new(Places::OwnSites).await;
    portico.mood().wrong_iss = Some("http://elsewhere.example");
    let page = ada.open(MARKET, "/open").await;
    assert_eq!(
        (page.status, page.says("id=\"untrustworthy\"")),
        (StatusCode::BAD_GATEWAY, true)
    );
    portico.mood().wrong_iss = None;
    portico.mood().wrong_nonce = true;
    let page = ada.open(MARKET, "/open").await;
    assert_eq!(
        (page.status, page.says("id=\"untrustworthy\"")),
        (StatusCode::BAD_GATEWAY, true)
    );
    assert_eq!(
        ada.get(MARKET, "/").await.location(),
        "/open",
        "nobody is signed in"
    );
}

#[actix_web::test]
async fn without_portico_nothing_is_shown() {
    let (mut ada, portico) = Browser::new(Places::OwnSites).await;
    ada.open(MARKET, "/open").await;
    portico.stop().await;
    for path in ["/", "/open"] {
        let page = ada.get(MARKET, path).await;
        // What discovery said is still known, so the way to Portico is open; the shelf is not.
        if path == "/open" {
            assert_eq!(page.status, StatusCode::FOUND);
        } else {
            assert_eq!(
                (page.status, page.says("Ada")),
                (StatusCode::SERVICE_UNAVAILABLE, false)
            );
            assert!(page.says("id=\"unreachable\""));
        }
    }
    let page = ada.get(BANK, "/open").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[actix_web::test]
async fn taxi_takes_a_person_to_a_saved_address() {
    let (mut ada, portico) = Browser::new(Places::OwnSites).await;
    portico.mood().scopes = vec!["profile.basic", "addresses"];
    let page = ada.open(TAXI, "/open").await;
    assert!(
        page.says("Where to, Ada Lindqvist?") && page.says("12 Lantern Street, 111 20 Stockholm")
    );
    let token = page.form_token();
    ada.post(TAXI, "/ride", &[("form_token", &token), ("place", "0")])
        .await;
    assert!(ada.get(TAXI, "/").await.says("A car takes you to Home."));
    portico.mood().scopes = vec!["profile.basic"];
    ada.post(TAXI, "/ride", &[("form_token", &token), ("place", "1")])
        .await;
    assert!(ada.get(TAXI, "/").await.says("Please pick where to go."));
    ada.post(
        TAXI,
        "/quote",
        &[("form_token", &token), ("to", "Main Street 1")],
    )
    .await;
    ada.post(TAXI, "/ride", &[("form_token", &token), ("place", "typed")])
        .await;
    assert!(
        ada.get(TAXI, "/")
            .await
            .says("A car takes you to Main Street 1.")
    );
}

#[actix_web::test]
async fn bank_shows_and_sends_money_only_with_the_check() {
    let (mut ada, portico) = Browser::new(Places::OwnSites).await;
    portico.mood().scopes = vec!["kyc.status", "payment_methods"];
    let page = ada.open(BANK, "/open").await;
    assert!(page.says("€1,240.50") && page.says("•••• 4242"));
    let token = page.form_token();
    let transfer = [
        ("form_token", token.as_str()),
        ("to", "Linus"),
        ("amount", "40.50"),
    ];
    ada.post(BANK, "/transfer", &transfer).await;
    assert!(ada.get(BANK, "/").await.says("€1,200.00"));
    portico.mood().scopes = vec!["payment_methods"];
    ada.post(BANK, "/transfer", &transfer).await;
    let page = ada.get(BANK, "/").await;
    assert!(page.says("your identity has to be checked first") && !page.says("€1,2"));
    portico.mood().scopes = vec!["kyc.status"];
    assert!(
        ada.get(BANK, "/").await.says("€1,200.00"),
        "nothing was sent meanwhile"
    );
}

#[actix_web::test]
async fn lido_is_the_same_page_for_everybody_and_sets_no_cookie() {
    let (mut ada, portico) = Browser::new(Places::OwnSites).await;
    let page = ada.get(LIDO, "/open").await;
    assert!(page.says("data-client-id=\"client\""));
    assert!(page.says(&format!(
        "data-issuer=\"{}\"",
        portico.issuer.origin().ascii_serialization()
    )));
    assert_eq!(page.header("set-cookie"), "");
    let policy = page.header("content-security-policy");
    let framed_by = "frame-ancestors http://app.superapp.localhost:8080";
    assert!(policy.ends_with(framed_by), "{policy}");
    assert_eq!(
        ada.get(LIDO, "/callback").await.status,
        StatusCode::NOT_FOUND
    );
}

#[actix_web::test]
async fn each_host_has_its_own_pages_and_files() {
    let (mut ada, _portico) = Browser::new(Places::OwnSites).await;
    for host in [MARKET, TAXI, BANK, LIDO, NOVA] {
        assert_eq!(
            ada.get(host, "/nowhere").await.status,
            StatusCode::NOT_FOUND
        );
        for file in [
            "program.css",
            "nova.css",
            "nova.svg",
            "market.svg",
            "taxi.svg",
            "bank.svg",
            "lido.svg",
            "account.svg",
        ] {
            let answer = ada.get(host, &format!("/assets/{file}")).await;
            assert_eq!(answer.status, StatusCode::OK, "{host} {file}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
        }
        assert_eq!(
            ada.get(host, "/assets/../Cargo.toml").await.status,
            StatusCode::NOT_FOUND
        );
    }
    assert!(
        ada.get("portico.superapp.localhost", "/")
            .await
            .says("Portico's own")
    );
}
