//! When a client's keys are fetched, and when they are not.

use std::sync::atomic::{AtomicUsize, Ordering};

use foundation::clock::{Instant, ManualClock};
use futures_util::future::BoxFuture;
use http::{Request, Response, StatusCode};
use serde_json::json;

use super::*;
use crate::fetch::HttpFetch;

const URI: &str = "https://market.example/jwks";

/// Another world: one answer for every address, which can be exchanged.
struct World {
    answer: Mutex<Result<(u16, Vec<u8>), FetchProblem>>,
    visits: AtomicUsize,
    /// Whether it lets its visitors wait.
    silent: watch::Sender<bool>,
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
            let mut silent = self.silent.subscribe();
            silent
                .wait_for(|silent| !silent)
                .await
                .expect("the world is there");
            let (status, body) = self.answer.lock().expect("no panic").clone()?;
            Ok(Response::builder()
                .status(status)
                .body(body)
                .expect("an answer"))
        })
    }

    fn status_of(
        &self,
        request: Request<Vec<u8>>,
    ) -> BoxFuture<'_, Result<StatusCode, FetchProblem>> {
        Box::pin(async move { Ok(self.fetch(request).await?.status()) })
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
        silent: watch::Sender::new(false),
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

/// So many callers who show a key, each for itself; whoever comes has asked when this returns.
async fn callers(
    setting: &Arc<Setting>,
    kid: &'static str,
    number: usize,
) -> Vec<tokio::task::JoinHandle<Option<()>>> {
    let caller = |_| {
        let setting = Arc::clone(setting);
        tokio::spawn(async move { verify(&setting, kid).await })
    };
    let callers = (0..number).map(caller).collect();
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
    callers
}

#[tokio::test]
async fn a_silent_server_lets_nobody_wait_for_longer_than_one_fetch() {
    let setting = Arc::new(setting());
    setting.world.silent.send_replace(true);
    setting.world.says(Err(FetchProblem::Timeout));
    let six = callers(&setting, "a", 6).await;
    setting.clock.advance(PAUSE);
    setting.world.silent.send_replace(false);
    for one in six {
        assert_eq!(one.await.expect("no panic"), None);
    }
    assert_eq!(setting.world.visits(), 1, "one fetch for all");
    assert_eq!(verify(&setting, "a").await, None);
    setting.clock.advance(PAUSE - Span::millis(1));
    assert_eq!(verify(&setting, "a").await, None);
    assert_eq!(setting.world.visits(), 1, "the pause began when it ended");
    setting.clock.advance(Span::millis(1));
    assert_eq!(verify(&setting, "a").await, None);
    assert_eq!(setting.world.visits(), 2);
}

#[tokio::test]
async fn who_waits_is_counted_and_the_next_is_sent_away() {
    let setting = Arc::new(setting());
    setting.world.silent.send_replace(true);
    let first = callers(&setting, "a", WAITING).await;
    for one in callers(&setting, "a", 10).await {
        assert_eq!(one.await.expect("no panic"), None, "there is no place");
    }
    assert!(first.iter().all(|one| !one.is_finished()));
    setting.world.silent.send_replace(false);
    for one in first {
        assert_eq!(one.await.expect("no panic"), Some(()));
    }
    assert_eq!(setting.world.visits(), 1);
}

#[tokio::test]
async fn the_old_keys_serve_while_the_server_is_silent() {
    let setting = Arc::new(setting());
    assert_eq!(verify(&setting, "a").await, Some(()));
    setting.world.silent.send_replace(true);
    setting.clock.advance(PAUSE);
    // Strangers name the client, and a key that it does not have, as often as they like.
    let strangers = callers(&setting, "b", WAITING + 10).await;
    assert_eq!(verify(&setting, "a").await, Some(()), "new enough");
    setting.clock.advance(MAX_AGE);
    assert_eq!(verify(&setting, "a").await, Some(()), "no place to wait");
    assert_eq!(setting.world.visits(), 2);
    setting.world.says(Err(FetchProblem::Timeout));
    setting.world.silent.send_replace(false);
    for stranger in strangers {
        assert_eq!(stranger.await.expect("no panic"), None);
    }
    setting.world.silent.send_replace(true);
    setting.clock.advance(PAUSE);
    assert_eq!(verify(&setting, "a").await, Some(()), "after a moment");
    assert_eq!(setting.world.visits(), 3);
    setting.clock.advance(LAST_RESORT - MAX_AGE - PAUSE - PAUSE);
    let last = callers(&setting, "a", 1).await;
    setting.world.silent.send_replace(false);
    for one in last {
        assert_eq!(one.await.expect("no panic"), None, "not for ever");
    }
}

#[tokio::test]
async fn who_asked_first_may_go_away() {
    let setting = Arc::new(setting());
    setting.world.silent.send_replace(true);
    let mut both = callers(&setting, "a", 2).await;
    both.remove(0).abort();
    setting.world.silent.send_replace(false);
    assert_eq!(both.remove(0).await.expect("no panic"), Some(()));
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
