//! For whom tokens are, in whose circle they name people, and when they end.

use super::*;
use domain::mini_program::MiniProgramState;
use foundation::clock::Span;
use foundation::entropy::SeededEntropy;
use foundation::id::{ClientId, GrantId, UserId};
use protocol::client_metadata::parse_metadata;
use serde_json::json;

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

fn entitled(scope: &str, resource: &[&str]) -> Entitled {
    Entitled {
        scope: ScopeSet::parse(scope).expect("scopes"),
        resource: resource.iter().map(ToString::to_string).collect(),
        person: None,
        refresh_token: None,
    }
}

fn person(ends_at: Instant) -> Person {
    let (start, entropy) = (Instant::from_seconds(0), SeededEntropy::new(1));
    Person {
        handle: OnBehalfOf {
            user_id: UserId::new(start, &entropy),
            grant_id: GrantId::new(start, &entropy),
            session_id: None,
            family_id: None,
        },
        ends_at,
        authentication: Authentication::by_password(start),
        sid: None,
        nonce: None,
        named: BTreeMap::new(),
        authorized_scope: ScopeSet::default(),
        grant_scope: ScopeSet::default(),
    }
}

#[test]
fn a_token_for_the_client_itself_names_the_person_as_the_id_token_does() {
    let shop = client(json!({}));
    let own = "https://id.example/clients/shop";
    for named in [&[][..], &[own]] {
        let entitled = entitled("openid", named);
        let audience = TokenAudience::of(&shop, &entitled, ISSUER);
        assert_eq!(audience.named, [own], "{named:?}");
        assert_eq!(audience.sector(&shop), shop.sector(), "{named:?}");
        assert!(audience.opens_userinfo(ISSUER), "{named:?}");
        assert_eq!(sectors(&shop, &entitled, ISSUER), [shop.sector()]);
    }
    let host = client(json!({ "portico:host": true }));
    let launching = TokenAudience::of(&host, &entitled("openid portico:launch", &[]), ISSUER);
    assert_eq!(launching.named, [ISSUER]);
    assert_eq!(launching.sector(&host), host.sector());
}

#[test]
fn another_reader_of_the_token_gets_another_name() {
    let shop = client(json!({}));
    let apart = |resource: &[&str]| {
        let audience = TokenAudience::of(&shop, &entitled("orders", resource), ISSUER);
        assert!(!audience.opens_userinfo(ISSUER));
        audience.sector(&shop)
    };
    assert_ne!(apart(&["urn:a:b"]), shop.sector());
    assert_ne!(apart(&["urn:a:b"]), apart(&["urn:a:c"]));
    assert_eq!(
        apart(&["urn:a:b", "urn:a:c"]),
        apart(&["urn:a:c", "urn:a:b"])
    );
    let both = sectors(&shop, &entitled("openid", &["urn:a:b"]), ISSUER);
    assert_eq!(both, [apart(&["urn:a:b"]), shop.sector()]);
}

#[test]
fn an_access_token_ends_with_what_it_hangs_on_and_within_the_hour() {
    let now = Instant::from_seconds(1000);
    let minutes = |n| now + Span::minutes(n);
    let lifetimes = |access| Lifetimes {
        access,
        ..Lifetimes::default()
    };
    let end = |access, person: Option<Person>| {
        end_of_access(&lifetimes(Span::minutes(access)), now, person.as_ref())
    };
    assert_eq!(end(10, None), minutes(10));
    assert_eq!(end(90, None), minutes(60));
    assert_eq!(end(10, Some(person(minutes(3)))), minutes(3));
    assert_eq!(end(10, Some(person(minutes(30)))), minutes(10));
}

#[test]
fn the_hash_of_the_specification_comes_out() {
    // OpenID Connect Core, Appendix A.4.
    let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
    assert_eq!(at_hash(token), "77QmUPtjPfzWtF2AnpK9RQ");
}
