//! The keys that clients publish at their `jwks_uri` (RFC 7591 §2): fetched when they are needed,
//! kept for a minute, and looked at again when an assertion names a key that is not among them.
//!
//! Verifying is the caller's. A client can make this server fetch its own document only, and not
//! more often than every few seconds.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use foundation::base64url;
use foundation::clock::{SharedClock, Span};
use serde_json::Value;

use crate::fetch::{FetchProblem, SharedFetch, get_json};

/// How long a document is used without asking again: so long a withdrawn key may still be taken.
const MAX_AGE: Span = Span::seconds(60);
/// How long nobody asks again, whatever happens.
const PAUSE: Span = Span::seconds(5);
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

/// One document. Its lock is held while it is fetched, so that many requests at once fetch once.
#[derive(Default)]
struct JwksDocument(tokio::sync::Mutex<Option<Fetched>>);

#[derive(Clone)]
struct Fetched {
    /// None if it could not be read: that is remembered, too, for [`PAUSE`].
    keys: Option<Arc<Value>>,
    /// On the uptime clock.
    at: Span,
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
        let known = self.keys(jwks_uri, MAX_AGE).await?;
        if let Some(found) = verify(&known) {
            return Some(found);
        }
        // A wrong signature under a known name costs the client no visit.
        if names_a_key_of(compact, &known) {
            return None;
        }
        let newer = self.keys(jwks_uri, PAUSE).await?;
        if Arc::ptr_eq(&newer, &known) {
            None
        } else {
            verify(&newer)
        }
    }

    /// The keys, not older than `max_age`.
    async fn keys(&self, jwks_uri: &str, max_age: Span) -> Option<Arc<Value>> {
        let document = self.document(jwks_uri);
        let mut known = document.0.lock().await;
        let now = self.clock.uptime();
        if let Some(fetched) = &*known {
            let max_age = if fetched.keys.is_some() {
                max_age
            } else {
                PAUSE
            };
            if age(fetched, now) < max_age {
                return fetched.keys.clone();
            }
        }
        let keys = match self.fetch_keys(jwks_uri).await {
            Ok(keys) => Some(Arc::new(keys)),
            Err(problem) => {
                tracing::warn!(jwks_uri, %problem, "a client's keys could not be fetched");
                None
            }
        };
        *known = Some(Fetched {
            keys: keys.clone(),
            at: now,
        });
        keys
    }

    async fn fetch_keys(&self, jwks_uri: &str) -> Result<Value, DocumentProblem> {
        let response = self.fetch.fetch(get_json(jwks_uri)?).await?;
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

    fn document(&self, jwks_uri: &str) -> Arc<JwksDocument> {
        let mut documents = self
            .documents
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(document) = documents.get(jwks_uri) {
            return Arc::clone(document);
        }
        make_room(&mut documents);
        let document = Arc::new(JwksDocument::default());
        documents.insert(jwks_uri.to_owned(), Arc::clone(&document));
        document
    }
}

impl fmt::Debug for ClientKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientKeys(…)")
    }
}

/// How old a document is.
fn age(fetched: &Fetched, now: Span) -> Span {
    Span::millis(now.as_millis().saturating_sub(fetched.at.as_millis()))
}

/// Keeps the number of documents below its bound: the oldest goes. One that is being fetched at
/// this moment stays with those who wait for it.
fn make_room(documents: &mut HashMap<String, Arc<JwksDocument>>) {
    if documents.len() < DOCUMENTS {
        return;
    }
    let fetched_at = |document: &JwksDocument| {
        document
            .0
            .try_lock()
            .ok()
            .and_then(|known| known.as_ref().map(|fetched| fetched.at))
    };
    let oldest = documents
        .iter()
        .filter_map(|(uri, document)| Some((fetched_at(document)?, uri.clone())))
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
