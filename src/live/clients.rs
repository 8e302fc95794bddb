//! The cache of clients. A slow read can never bring back what has changed meanwhile: a client is
//! taken in only if no change to it was seen after the position at which its reading began.
//!
//! That a client does not exist is never remembered: it may be registered the next moment, here or
//! on another node.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::client::Client;
use foundation::id::{ClientId, Position};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

/// How many clients are expected to be kept: all of a large super app. Reading one again costs more
/// than answering a request.
const CLIENTS: usize = 100_000;
/// What they may take together, in bytes, about: two KiB each.
const BYTES: u64 = 200 * 1024 * 1024;
/// How many changes are remembered one by one.
const CHANGES: usize = 4096;

/// Clients, whole, by their id.
#[derive(Debug)]
pub struct Clients {
    cache: Cache<ClientId, KeptClient, BySize>,
    /// Held while a client is taken in or thrown out, so that the two cannot cross; never for
    /// reading.
    changes: Mutex<Changes>,
}

#[derive(Clone, Debug)]
struct KeptClient {
    client: Arc<Client>,
    bytes: u64,
}

#[derive(Clone, Debug)]
struct BySize;

impl Weighter<ClientId, KeptClient> for BySize {
    fn weight(&self, _id: &ClientId, kept: &KeptClient) -> u64 {
        kept.bytes
    }
}

/// The latest change of each client that changed lately. Older ones are remembered together.
#[derive(Debug, Default)]
struct Changes {
    latest: HashMap<ClientId, Position>,
    order: VecDeque<(ClientId, Position)>,
    /// The latest position that is no longer remembered by client: what was read before it may be
    /// old, whichever client it is.
    forgotten: Position,
}

impl Default for Clients {
    fn default() -> Self {
        Self::bounded(CLIENTS, BYTES)
    }
}

impl Clients {
    /// With bounds of its own: about so many clients, and so many bytes for all of them.
    pub fn bounded(clients: usize, bytes: u64) -> Self {
        Self {
            cache: Cache::with_weighter(clients, bytes, BySize),
            changes: Mutex::default(),
        }
    }

    /// A client that was read before.
    pub fn get(&self, id: &ClientId) -> Option<Arc<Client>> {
        self.cache.get(id).map(|kept| kept.client)
    }

    /// Keeps a client that was just read. `read_at` is the position that this node had confirmed
    /// before the reading began; if the client has changed since, it is not kept.
    pub fn fill(&self, id: ClientId, client: Arc<Client>, read_at: Position) {
        let bytes = size_of(&client);
        let changes = self.changes();
        if changes.permit(&id, read_at) {
            self.cache.insert(id, KeptClient { client, bytes });
        }
    }

    /// A client has changed at this position: read it again.
    pub fn invalidate(&self, id: &ClientId, position: Position) {
        let mut changes = self.changes();
        changes.note(id, position);
        self.cache.remove(id);
    }

    /// Forgets everything.
    pub fn clear(&self) {
        let mut changes = self.changes();
        *changes = Changes::default();
        self.cache.clear();
    }

    /// How many clients are kept, for the metrics.
    pub fn len(&self) -> usize {
        self.cache.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.cache.is_empty()
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Changes {
    fn permit(&self, id: &ClientId, read_at: Position) -> bool {
        let changed = self.latest.get(id).copied().unwrap_or_default();
        read_at >= changed.max(self.forgotten)
    }

    fn note(&mut self, id: &ClientId, position: Position) {
        let latest = self.latest.entry(id.clone()).or_default();
        *latest = position.max(*latest);
        self.order.push_back((id.clone(), position));
        while self.order.len() > CHANGES {
            let Some((id, position)) = self.order.pop_front() else {
                return;
            };
            self.forgotten = self.forgotten.max(position);
            if self.latest.get(&id) == Some(&position) {
                self.latest.remove(&id);
            }
        }
    }
}

/// About how much memory a client takes: itself, and all of its text, counted as it would be
/// written.
fn size_of(client: &Client) -> u64 {
    let mut text = Count(0);
    // Counting cannot fail, and what cannot be written has no size worth knowing.
    let _ = serde_json::to_writer(&mut text, &client.metadata);
    text.0 + (std::mem::size_of::<Client>() as u64)
}

/// Counts what is written.
struct Count(u64);

impl std::io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use domain::mini_program::MiniProgramState;
    use foundation::clock::Instant;
    use protocol::client_metadata::parse_metadata;

    use super::*;

    fn id(text: &str) -> ClientId {
        ClientId::parse(text).expect("an id")
    }

    fn client(name: &str) -> Arc<Client> {
        let metadata = serde_json::json!({
            "client_name": name,
            "redirect_uris": ["https://market.example/callback"],
        });
        Arc::new(Client {
            id: id("market"),
            metadata: parse_metadata(&metadata).expect("metadata"),
            state: MiniProgramState::Released,
            publisher: None,
            secrets: Vec::new(),
            created_at: Instant::from_millis(0),
            updated_at: Instant::from_millis(0),
        })
    }

    fn name(clients: &Clients) -> Option<String> {
        clients
            .get(&id("market"))
            .map(|client| client.name().to_owned())
    }

    #[test]
    fn a_slow_read_never_brings_back_an_old_client() {
        let clients = Clients::default();
        clients.fill(id("market"), client("old"), Position(5));
        assert_eq!(name(&clients).as_deref(), Some("old"));
        clients.invalidate(&id("market"), Position(7));
        assert_eq!(name(&clients), None);
        for before in [0, 5, 6] {
            clients.fill(id("market"), client("old"), Position(before));
            assert_eq!(name(&clients), None, "read at {before}");
        }
        clients.fill(id("market"), client("new"), Position(7));
        assert_eq!(name(&clients).as_deref(), Some("new"));
        clients.fill(id("taxi"), client("taxi"), Position(5));
        assert!(
            clients.get(&id("taxi")).is_some(),
            "another client is not concerned"
        );
    }

    #[test]
    fn changes_that_are_forgotten_one_by_one_are_remembered_together() {
        let clients = Clients::default();
        let bound = i64::try_from(CHANGES).expect("small");
        for position in 1..=bound + 10 {
            clients.invalidate(&id(&format!("c{position}")), Position(position));
        }
        clients.fill(id("market"), client("old"), Position(9));
        assert_eq!(name(&clients), None, "read before what is forgotten");
        clients.fill(id("market"), client("new"), Position(10));
        assert_eq!(name(&clients).as_deref(), Some("new"));
        clients.fill(id("c11"), client("old"), Position(10));
        assert!(
            clients.get(&id("c11")).is_none(),
            "still remembered by itself"
        );
        assert_eq!(clients.changes().latest.len(), CHANGES);
    }

    #[test]
    fn a_client_that_changes_all_the_time_takes_the_place_of_no_other() {
        let clients = Clients::default();
        let bound = i64::try_from(CHANGES).expect("small");
        for position in 1..=2 * bound {
            clients.invalidate(&id("market"), Position(position));
        }
        clients.fill(id("market"), client("old"), Position(2 * bound - 1));
        assert_eq!(name(&clients), None);
        clients.fill(id("market"), client("new"), Position(2 * bound));
        assert_eq!(name(&clients).as_deref(), Some("new"));
    }

    #[test]
    fn memory_is_bounded_by_size_not_only_by_number() {
        let clients = Clients::bounded(1000, 256 * 1024);
        let large = client(&"n".repeat(100));
        for number in 0..5000 {
            clients.fill(id(&format!("c{number}")), Arc::clone(&large), Position(0));
        }
        assert!(!clients.is_empty());
        assert!(
            clients.cache.weight() <= 256 * 1024,
            "{}",
            clients.cache.weight()
        );
        assert!(size_of(&large) > size_of(&client("n")) + 90);
        clients.clear();
        assert!(clients.is_empty());
    }

    #[test]
    fn filling_and_changing_at_once_leaves_nothing_old() {
        let clients = Clients::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        clients.fill(id("market"), client("old"), Position(1));
                    }
                });
            }
            scope.spawn(|| clients.invalidate(&id("market"), Position(2)));
        });
        assert_eq!(name(&clients), None);
    }
}
