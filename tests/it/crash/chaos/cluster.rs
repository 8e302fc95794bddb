//! The nodes of one installation, each a process with a folder, an address and a way to the database
//! of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use foundation::clock::{Clock as _, SystemClock};

use crate::crash::server::{Place, Server};
use crate::database::Database;
use crate::gate::{Gate, Way};

/// How long a service may be away after its last fault has ended.
const READY: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(10);

/// Anything will do; every node has the same.
const MASTER_KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";
/// The variable that names the file by which a node's wall clock is wrong.
const CLOCK: &str = "PORTICO_TEST_CLOCK";

/// Where the first node will be.
pub(in crate::crash) fn place(database: Database) -> Place {
    let mut place = Place::new(database);
    place.sets("PORTICO_MASTER_KEY", MASTER_KEY);
    // Everybody comes from one address.
    place.sets("PORTICO_RATE_LIMITS", "off");
    place.sets("PORTICO_SERVER__SHUTDOWN_NOTICE", "1");
    place
}

/// Where a node is told by how many seconds its wall clock is wrong.
fn clock(place: &Place) -> PathBuf {
    place.folder().join("clock")
}

/// One node.
pub(super) struct Node {
    place: Arc<Place>,
    gate: Option<Gate>,
    server: Option<Server>,
}

/// All of them.
pub(super) struct Cluster(Vec<Node>);

impl Cluster {
    /// Several nodes on PostgreSQL, each with a gate before it, or one on SQLite; none is started.
    pub(super) fn new(first: Place, nodes: usize) -> Self {
        let more: Vec<Place> = (1..nodes).map(|_| first.beside()).collect();
        let all = std::iter::once(first).chain(more);
        Self(all.map(Node::new).collect())
    }

    pub(super) fn nodes(&self) -> usize {
        self.0.len()
    }

    pub(super) fn has_gates(&self) -> bool {
        self.0.iter().all(|node| node.gate.is_some())
    }

    pub(super) fn node(&mut self, number: usize) -> &mut Node {
        &mut self.0[number]
    }

    pub(super) fn places(&self) -> Vec<Arc<Place>> {
        self.0.iter().map(|node| Arc::clone(&node.place)).collect()
    }

    pub(super) fn all(&mut self, act: impl FnMut(&mut Node)) {
        self.0.iter_mut().for_each(act);
    }

    /// Where they listen, and who they are.
    pub(super) fn addresses(&self) -> Vec<(SocketAddr, String)> {
        let address = |node: &Node| (node.place.address, node.place.issuer());
        self.0.iter().map(address).collect()
    }

    /// Waits until all say that they are ready. They do so within five seconds, without help.
    pub(super) fn is_ready_at_once(&mut self) {
        let since = SystemClock.uptime();
        loop {
            let late: Vec<usize> = (0..self.0.len())
                .filter(|&node| !self.0[node].place.is_ready())
                .collect();
            if late.is_empty() {
                return;
            }
            let waited = SystemClock.uptime().as_millis() - since.as_millis();
            for &node in &late {
                self.0[node].still_runs();
            }
            assert!(
                u128::try_from(waited).expect("it goes on") <= READY.as_millis(),
                "after {waited} ms these nodes are not ready: {late:?}"
            );
            std::thread::sleep(LOOK);
        }
    }
}

impl Node {
    fn new(mut place: Place) -> Self {
        let database = place.database_url().to_owned();
        let gate = database
            .starts_with("postgres")
            .then(|| Gate::before(&database));
        if let Some(gate) = &gate {
            place.sets("PORTICO_DATABASE_URL", &gate.url(&database));
        }
        let clock = clock(&place).display().to_string();
        place.sets(CLOCK, &clock);
        Self {
            place: Arc::new(place),
            gate,
            server: None,
        }
    }

    pub(super) fn starts(&mut self) {
        self.server = Some(self.place.spawn());
    }

    pub(super) fn is_killed(&mut self) {
        self.server.take().expect("it runs").kill();
    }

    pub(super) fn is_sent(&mut self, signal: &str) {
        self.server.as_ref().expect("it runs").is_sent(signal);
    }

    /// One that was asked to end has ended well, whatever its database does.
    pub(super) fn has_ended(&mut self) {
        let code = self.server.take().expect("it ran").ended();
        assert_eq!(code, Some(0), "it did not end well");
    }

    pub(super) fn hears_the_database(&mut self, way: Way) {
        self.gate.as_ref().expect("PostgreSQL").is_now(way);
    }

    pub(super) fn says_it_is_later(&mut self, seconds: i64) {
        std::fs::write(clock(&self.place), seconds.to_string()).expect("our own folder");
    }

    fn still_runs(&mut self) {
        if let Some(server) = &mut self.server {
            assert!(server.still_runs(), "a node ended by itself");
        }
    }
}
