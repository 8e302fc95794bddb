//! The keys that clients publish at their `jwks_uri` (RFC 7591 §2): fetched when they are needed,
//! kept for a minute, and looked at again when an assertion names a key that is not among them.
//!
//! Verifying is the caller's. A client can make this server fetch its own document only, once at a time,
//! and not more often than every few seconds. Whoever names a client can make it fetch: that costs the
//! client's own requests nothing, because the keys that it had serve while its server does not answer.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use foundation::base64url;
use foundation::clock::{SharedClock, Span};
use serde_json::Value;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use crate::fetch::{FetchProblem, HttpFetch, SharedFetch, get_json};

/// How long a document is used without asking again: so long a withdrawn key may still be taken.
const MAX_AGE: Span = Span::seconds(60);
/// How long it serves where asking again brings nothing: its server is silent, or says something else.
const LAST_RESORT: Span = Span::minutes(5);
/// How long nobody asks again after an answer, or after none came.
const PAUSE: Span = Span::seconds(5);
/// How long whoever has a document that is old waits for the newer one.
const MOMENT: Duration = Duration::from_millis(250);
/// How many requests wait for one document.
const WAITING: usize = 64;
/// How many documents are kept.
const DOCUMENTS: usize = 1000;
/// The most keys that a document may have.
const MAX_KEYS: usize = 100;

/// The published keys of all clients that have used them lately.
pub struct ClientKeys {
    fetch: SharedFetch,
    clock: SharedClock,
    documents: Mutex<HashMap<String, Arc<JwksDocument>>>,
}

/// One document: as it was last read, and who waits for it.
struct JwksDocument {
    known: Mutex<Known>,
    /// Tells that a fetch has ended.
    ended: watch::Sender<()>,
    places: Semaphore,
}

/// What is known of a document. Moments are on the uptime clock.
#[derive(Default)]
struct Known {
    /// The keys, and when they came.
    keys: Option<(Arc<Value>, Span)>,
    /// When the last fetch ended, if it brought nothing: that is remembered, too, for [`PAUSE`].
    failed_at: Option<Span>,
    /// Whether it is being fetched.
    is_on_its_way: bool,
}

/// Which keys will do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KeysWanted {
    /// Those that there are, if no newer ones come in a moment.
    Any,
    /// Newer ones: those that there are have been tried.
    Newer,
}

/// What a look at a document says.
enum DocumentLook {
    /// Nobody need ask again now.
    Settled(Option<Arc<Value>>),
    /// It is being fetched; so old are the keys that they serve in need only.
    OnItsWay {
        ended: watch::Receiver<()>,
        last: Option<Arc<Value>>,
    },
}

/// A fetch. Whatever becomes of it, those who wait hear that it has ended.
struct Fetching {
    document: Arc<JwksDocument>,
    clock: SharedClock,
    brought: Option<Arc<Value>>,
}

/// Why a document has no keys for us.
#[derive(Debug, thiserror::Error)]
enum DocumentProblem {
    #[error(transparent)]
    Fetch(#[from] FetchProblem),
    #[error("the answer has status {0}")]
    Status(u16),
    #[error("the answer is no JWK Set of at most {MAX_KEYS} keys")]
    NoKeySet,
}

impl ClientKeys {
    /// Without any document yet.
    pub fn new(fetch: SharedFetch, clock: SharedClock) -> Self {
        Self {
            fetch,
            clock,
            documents: Mutex::default(),
        }
    }

    /// What `verify` finds with the JWK Set at `jwks_uri`; `compact` is the JWT that it verifies.
    /// If it finds nothing, and the JWT does not name one of the keys, the client may have
    /// published a new one: the set is fetched again and `verify` is asked a second time. `None`
    /// also if the keys cannot be fetched, which is logged here.
    pub async fn with<T>(
        &self,
        jwks_uri: &str,
        compact: &str,
        verify: impl Fn(&Value) -> Option<T>,
    ) -> Option<T> {
        let known = self.keys(jwks_uri, KeysWanted::Any).await?;
        if let Some(found) = verify(&known) {
            return Some(found);
        }
        // A wrong signature under a known name costs the client no visit.
        if names_a_key_of(compact, &known) {
            return None;
        }
        let newer = self.keys(jwks_uri, KeysWanted::Newer).await?;
        if Arc::ptr_eq(&newer, &known) {
            None
        } else {
            verify(&newer)
        }
    }

    /// The keys. Without any, one waits until the fetch has ended, which the client's server decides,
    /// within the time that the way out gives it; for newer ones as well. So those who wait are counted.
    async fn keys(&self, jwks_uri: &str, wanted: KeysWanted) -> Option<Arc<Value>> {
        let document = self.document(jwks_uri);
        let (mut ended, last) = match self.look(&document, jwks_uri, wanted) {
            DocumentLook::Settled(keys) => return keys,
            DocumentLook::OnItsWay { ended, last } => (ended, last),
        };
        let Ok(_place) = document.places.try_acquire() else {
            return last;
        };
        if wanted == KeysWanted::Any && last.is_some() {
            // Not in time: that is what the last ones are there for.
            let _ = timeout(MOMENT, ended.changed()).await;
        } else {
            // An error would say that nobody can end the fetch, and so that it is over.
            let _ = ended.changed().await;
        }
        document.known().usable(self.clock.uptime())
    }

    /// Looks whether the keys are new enough; if not, begins a fetch unless there is one.
    fn look(
        &self,
        document: &Arc<JwksDocument>,
        jwks_uri: &str,
        wanted: KeysWanted,
    ) -> DocumentLook {
        let now = self.clock.uptime();
        let mut known = document.known();
        let max_age = match wanted {
            KeysWanted::Any => MAX_AGE,
            KeysWanted::Newer => PAUSE,
        };
        if let Some(keys) = known.younger_than(max_age, now) {
            return DocumentLook::Settled(Some(keys));
        }
        let last = known.usable(now);
        if !known.is_on_its_way {
            if known.failed_at.is_some_and(|at| since(at, now) < PAUSE) {
                return DocumentLook::Settled(last);
            }
            known.is_on_its_way = true;
            let fetching = Fetching {
                document: Arc::clone(document),
                clock: Arc::clone(&self.clock),
                brought: None,
            };
            // On its own, because whoever asked first may go away before it ends.
            tokio::spawn(fetching.run(Arc::clone(&self.fetch), jwks_uri.to_owned()));
        }
        let ended = document.ended.subscribe();
        DocumentLook::OnItsWay { ended, last }
    }

    fn document(&self, jwks_uri: &str) -> Arc<JwksDocument> {
        let mut documents = self
            .documents
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(document) = documents.get(jwks_uri) {
            return Arc::clone(document);
        }
        make_room(&mut documents);
        let document = Arc::new(JwksDocument {
            known: Mutex::default(),
            ended: watch::Sender::new(()),
            places: Semaphore::new(WAITING),
        });
        documents.insert(jwks_uri.to_owned(), Arc::clone(&document));
        document
    }
}

impl JwksDocument {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn younger_than(&self, max_age: Span, now: Span) -> Option<Arc<Value>> {
        let (keys, at) = self.keys.as_ref()?;
        (since(*at, now) < max_age).then(|| Arc::clone(keys))
    }

    /// The keys that there are, if they serve at least in need.
    fn usable(&self, now: Span) -> Option<Arc<Value>> {
        self.younger_than(LAST_RESORT, now)
    }

    /// When it was last fetched; `None` while it is.
    fn fetched_at(&self) -> Option<Span> {
        let at = self.keys.as_ref().map(|(_, at)| *at);
        at.max(self.failed_at).filter(|_| !self.is_on_its_way)
    }
}

impl Fetching {
    async fn run(mut self, fetch: SharedFetch, jwks_uri: String) {
        match fetch_keys(fetch.as_ref(), &jwks_uri).await {
            Ok(keys) => self.brought = Some(Arc::new(keys)),
            Err(problem) => {
                tracing::warn!(jwks_uri, %problem, "a client's keys could not be fetched");
            }
        }
    }
}

impl Drop for Fetching {
    fn drop(&mut self) {
        // A server that takes its time is left alone no shorter: what counts is when it has ended.
        let now = self.clock.uptime();
        let mut known = self.document.known();
        known.is_on_its_way = false;
        match self.brought.take() {
            Some(keys) => {
                known.keys = Some((keys, now));
                known.failed_at = None;
            }
            None => known.failed_at = Some(now),
        }
        drop(known);
        self.document.ended.send_replace(());
    }
}

async fn fetch_keys(fetch: &dyn HttpFetch, jwks_uri: &str) -> Result<Value, DocumentProblem> {
    let response = fetch.fetch(get_json(jwks_uri)?).await?;
    if response.status() != http::StatusCode::OK {
        return Err(DocumentProblem::Status(response.status().as_u16()));
    }
    let set: Value =
        serde_json::from_slice(response.body()).map_err(|_| DocumentProblem::NoKeySet)?;
    match set.get("keys").and_then(Value::as_array) {
        Some(keys) if keys.len() <= MAX_KEYS => Ok(set),
        _ => Err(DocumentProblem::NoKeySet),
    }
}

impl fmt::Debug for ClientKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientKeys(…)")
    }
}

/// How long ago a moment of the uptime clock was.
fn since(moment: Span, now: Span) -> Span {
    Span::millis(now.as_millis().saturating_sub(moment.as_millis()))
}

/// Keeps the number of documents below its bound: the oldest goes. One that is being fetched at
/// this moment stays with those who wait for it.
fn make_room(documents: &mut HashMap<String, Arc<JwksDocument>>) {
    if documents.len() < DOCUMENTS {
        return;
    }
    let oldest = documents
        .iter()
        .filter_map(|(uri, document)| Some((document.known().fetched_at()?, uri.clone())))
        .min();
    // While every single one is being fetched, there is no oldest; any will do.
    if let Some(uri) = oldest
        .map(|(_, uri)| uri)
        .or_else(|| documents.keys().next().cloned())
    {
        documents.remove(&uri);
    }
}

/// Whether a JWT's header names one of the keys. Unverified: it decides about a fetch only.
fn names_a_key_of(compact: &str, keys: &Value) -> bool {
    let header = compact.split('.').next().and_then(base64url::decode);
    let header: Option<Value> = header.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let kid = header
        .as_ref()
        .and_then(|header| header.get("kid"))
        .and_then(Value::as_str);
    let keys = keys.get("keys").and_then(Value::as_array);
    kid.zip(keys).is_some_and(|(kid, keys)| {
        keys.iter()
            .any(|key| key.get("kid").and_then(Value::as_str) == Some(kid))
    })
}

#[cfg(test)]
mod tests;
