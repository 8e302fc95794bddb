//! For whom tokens are, in whose circle they name people, and when they end.

use super::*;
use domain::log_history::LogCursor;
use domain::mini_program::MiniProgramState;
use foundation::clock::Span;
use foundation::id::ClientId;
use protocol::client_metadata::parse_metadata;
use serde_json::{Value, json};

const ISSUER: &str = "https://id.example";

fn client(more: Value) -> Client {
    let mut metadata = json!({ "redirect_uris": ["https://shop.example/cb"] });
    for (name, value) in more.as_object().expect("an object") {
        metadata[name] = value.clone();
    }
    let at = Instant::from_seconds(0);
    Client {
        id: ClientId::parse("shop").expect("an id"),
        metadata: parse_metadata(&metadata).expect("metadata"),
        state: MiniProgramState::Released,
        publisher: None,
        secrets: Vec::new(),
        created_at: at,
        updated_at: at,
    }
}

fn authorization(client: &Client, scope: &str, audience: &[&str]) -> TokenAuthorization {
    let context = IssuanceContext {
        requester: Arc::new(client.clone()),
        address: None,
        binding: Binding::Bearer,
        read: LogCursor::default(),
        now: Instant::from_seconds(1000),
    };
    let scope = ScopeSet::parse(scope).expect("scopes");
    let audience = audience.iter().map(ToString::to_string).collect();
    TokenAuthorization::of_requester(&context, scope, audience)
}

#[test]
fn a_token_for_the_client_itself_names_the_person_as_the_id_token_does() {
    let shop = client(json!({}));
    let own = "https://id.example/clients/shop";
    for named in [&[][..], &[own]] {
        let authorization = authorization(&shop, "openid", named);
        let audience = authorization.token_audience(ISSUER);
        assert_eq!(audience.named, [own], "{named:?}");
        assert_eq!(audience.sector(&shop), shop.sector(), "{named:?}");
        assert!(audience.opens_userinfo(ISSUER), "{named:?}");
        assert_eq!(authorization.sectors(ISSUER), [shop.sector()]);
    }
    let host = client(json!({ "portico:host": true }));
    let launching = authorization(&host, "openid portico:launch", &[]).token_audience(ISSUER);
    assert_eq!(launching.named, [ISSUER]);
    assert_eq!(launching.sector(&host), host.sector());
}

#[test]
fn another_reader_of_the_token_gets_another_name() {
    let shop = client(json!({}));
    let apart = |resource: &[&str]| {
        let audience = authorization(&shop, "orders", resource).token_audience(ISSUER);
        assert!(!audience.opens_userinfo(ISSUER));
        audience.sector(&shop)
    };
    assert_ne!(apart(&["urn:a:b"]), shop.sector());
    assert_ne!(apart(&["urn:a:b"]), apart(&["urn:a:c"]));
    assert_eq!(
        apart(&["urn:a:b", "urn:a:c"]),
        apart(&["urn:a:c", "urn:a:b"])
    );
    let both = authorization(&shop, "openid", &["urn:a:b"]).sectors(ISSUER);
    assert_eq!(both, [apart(&["urn:a:b"]), shop.sector()]);
}

#[test]
fn an_access_token_ends_with_what_it_hangs_on_and_within_the_hour() {
    let now = Instant::from_seconds(1000);
    let minutes = |n| now + Span::minutes(n);
    let end = |access, until: Option<Instant>| {
        let own = authorization(&client(json!({})), "orders", &[]);
        let until = until.unwrap_or(own.until);
        let lifetimes = Lifetimes {
            access: Span::minutes(access),
            ..Lifetimes::default()
        };
        TokenAuthorization { until, ..own }.end_of_access(&lifetimes)
    };
    assert_eq!(end(10, None), minutes(10));
    assert_eq!(end(90, None), minutes(60));
    assert_eq!(end(10, Some(minutes(3))), minutes(3));
    assert_eq!(end(10, Some(minutes(30))), minutes(10));
}
