//! When a client's keys are fetched, and when they are not.

use std::sync::atomic::{AtomicUsize, Ordering};

use foundation::clock::{Instant, ManualClock};
use futures_util::future::BoxFuture;
use http::{Request, Response};
use serde_json::json;

use super::*;
use crate::fetch::HttpFetch;

const URI: &str = "https://market.example/jwks";

/// Another world: one answer for every address, which can be exchanged.
struct World {
    answer: Mutex<Result<(u16, Vec<u8>), FetchProblem>>,
    visits: AtomicUsize,
}

impl World {
    fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }

    fn says(&self, answer: Result<(u16, Vec<u8>), FetchProblem>) {
        *self.answer.lock().expect("no panic") = answer;
    }
}

impl HttpFetch for World {
    fn fetch(
        &self,
        _request: Request<Vec<u8>>,
    ) -> BoxFuture<'_, Result<Response<Vec<u8>>, FetchProblem>> {
        Box::pin(async move {
            self.visits.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            let (status, body) = self.answer.lock().expect("no panic").clone()?;
            Ok(Response::builder()
                .status(status)
                .body(body)
                .expect("an answer"))
        })
    }
}

struct Setting {
    world: Arc<World>,
    clock: Arc<ManualClock>,
    keys: Arc<ClientKeys>,
}

fn setting() -> Setting {
    let world = Arc::new(World {
        answer: Mutex::new(key_set(&["a"])),
        visits: AtomicUsize::new(0),
    });
    let clock = Arc::new(ManualClock::at(Instant::from_millis(0)));
    let keys = Arc::new(ClientKeys::new(world.clone(), clock.clone()));
    Setting { world, clock, keys }
}

fn key_set(kids: &[&str]) -> Result<(u16, Vec<u8>), FetchProblem> {
    let keys: Vec<Value> = kids
        .iter()
        .map(|kid| json!({"kty": "EC", "kid": kid}))
        .collect();
    Ok((200, json!({ "keys": keys }).to_string().into_bytes()))
}

/// A JWT that names a key, and a verifier that is content if that key is there.
async fn verify(setting: &Setting, kid: &str) -> Option<()> {
    let header = json!({"alg": "ES256", "kid": kid}).to_string();
    let compact = format!("{}.e30.AA", base64url::encode(header.as_bytes()));
    let has_it = |set: &Value| {
        let keys = set["keys"].as_array().expect("a list");
        keys.iter().any(|key| key["kid"] == kid).then_some(())
    };
    setting.keys.with(URI, &compact, has_it).await
}

#[tokio::test]
async fn keys_are_fetched_once_a_minute() {
    let setting = setting();
    for _ in 0..3 {
        assert_eq!(verify(&setting, "a").await, Some(()));
    }
    assert_eq!(setting.world.visits(), 1);
    setting.clock.advance(Span::millis(59_999));
    assert_eq!(verify(&setting, "a").await, Some(()));
    assert_eq!(setting.world.visits(), 1);
    setting.world.says(key_set(&["b"]));
    setting.clock.advance(Span::millis(1));
    assert_eq!(
        verify(&setting, "a").await,
        None,
        "a withdrawn key is gone after a minute"
    );
}

#[tokio::test]
async fn an_unknown_key_leads_to_one_more_look_every_few_seconds() {
    let setting = setting();
    assert_eq!(verify(&setting, "a").await, Some(()));
    setting.world.says(key_set(&["a", "b"]));
    for _ in 0..3 {
        assert_eq!(verify(&setting, "b").await, None);
    }
    assert_eq!(setting.world.visits(), 1, "not before the pause is over");
    setting.clock.advance(PAUSE);
    assert_eq!(verify(&setting, "b").await, Some(()));
    assert_eq!(setting.world.visits(), 2);
    for _ in 0..3 {
        assert_eq!(verify(&setting, "c").await, None);
    }
    assert_eq!(setting.world.visits(), 2);
}

#[tokio::test]
async fn a_wrong_signature_under_a_known_name_costs_no_visit() {
    let setting = setting();
    let header = base64url::encode(json!({"kid": "a"}).to_string().as_bytes());
    let compact = format!("{header}.e30.AA");
    for _ in 0..3 {
        assert_eq!(setting.keys.with(URI, &compact, |_| None::<()>).await, None);
        setting.clock.advance(PAUSE);
    }
    assert_eq!(setting.world.visits(), 1);
}

#[tokio::test]
async fn a_failure_is_remembered_for_the_pause_only() {
    let setting = setting();
    for broken in [
        Err(FetchProblem::Timeout),
        Err(FetchProblem::Forbidden("it is not public")),
        Ok((404, b"{}".to_vec())),
        Ok((302, b"{\"keys\":[]}".to_vec())),
        Ok((200, b"<html>".to_vec())),
        Ok((200, b"{\"keys\":{}}".to_vec())),
        key_set(&["a"; MAX_KEYS + 1]),
    ] {
        setting.world.says(broken.clone());
        let before = setting.world.visits();
        for _ in 0..3 {
            assert_eq!(verify(&setting, "a").await, None, "{broken:?}");
        }
        assert_eq!(setting.world.visits(), before + 1, "{broken:?}");
        setting.clock.advance(PAUSE);
    }
    setting.world.says(key_set(&["a"]));
    assert_eq!(verify(&setting, "a").await, Some(()));
}

#[tokio::test]
async fn many_at_once_fetch_once() {
    let setting = Arc::new(setting());
    let all: Vec<_> = (0..20)
        .map(|_| {
            let setting = Arc::clone(&setting);
            tokio::spawn(async move { verify(&setting, "a").await })
        })
        .collect();
    for one in all {
        assert_eq!(one.await.expect("no panic"), Some(()));
    }
    assert_eq!(setting.world.visits(), 1);
}

#[tokio::test]
async fn the_number_of_documents_is_bounded_and_the_oldest_goes() {
    let setting = setting();
    let ask = async |uri: &str| setting.keys.with(uri, "e30.e30.AA", |_| Some(())).await;
    for number in 0..DOCUMENTS + 10 {
        assert_eq!(
            ask(&format!("https://c{number}.example/jwks")).await,
            Some(())
        );
        setting.clock.advance(Span::millis(1));
    }
    assert_eq!(
        setting.keys.documents.lock().expect("no panic").len(),
        DOCUMENTS
    );
    let visits = setting.world.visits();
    ask(&format!("https://c{}.example/jwks", DOCUMENTS + 9)).await;
    assert_eq!(setting.world.visits(), visits, "the newest is there");
    ask("https://c0.example/jwks").await;
    assert_eq!(setting.world.visits(), visits + 1, "the oldest is not");
}
