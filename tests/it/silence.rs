//! The real binary, whose PostgreSQL says nothing any more and closes nothing: a firewall that drops, a
//! server that is frozen; or whose SQLite file is taken away.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use foundation::clock::{Clock as _, SystemClock};

use crate::crash::server::{Place, Server};
use crate::database::Database;
use crate::gate::{Gate, Way};

/// The longest that an answer takes: the store's timeout, for each of a few questions.
const ANSWER: i64 = 4_000;
/// How long the service may be away after the network is back.
const BACK: i64 = 5_000;
/// Looks every so often.
const LOOK: Duration = Duration::from_millis(20);

/// A server behind a gate.
struct Node {
    gate: Gate,
    place: Place,
    server: Server,
}

impl Node {
    fn new() -> Option<Self> {
        let database = Database::postgres()?;
        let gate = Gate::before(&database.url);
        let url = gate.url(&database.url);
        let mut place = Place::new(database);
        place.sets("PORTICO_DATABASE_URL", &url);
        let server = place.start();
        Some(Self {
            gate,
            place,
            server,
        })
    }

    /// The status of something that nobody can know without the database.
    fn asked(&self) -> u16 {
        status(
            self.place.address,
            "/authorize?client_id=nobody&response_type=code",
        )
    }

    /// Nobody waits for longer than the timeout, and nobody is told what is not so.
    fn is_unavailable(&self) {
        let since = SystemClock.uptime();
        assert_eq!(self.asked(), 503);
        let took = SystemClock.uptime().as_millis() - since.as_millis();
        assert!(took < ANSWER, "it took {took} ms");
        assert!(!self.place.is_ready());
    }

    fn is_back_at_once(&self) {
        let since = SystemClock.uptime();
        while !self.place.is_ready() || self.asked() == 503 {
            let took = SystemClock.uptime().as_millis() - since.as_millis();
            assert!(took < BACK, "not back after {took} ms");
            std::thread::sleep(LOOK);
        }
    }
}

fn status(address: SocketAddr, path: &str) -> u16 {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let longest = Duration::from_millis(2 * u64::try_from(ANSWER).expect("small"));
    stream.set_read_timeout(Some(longest)).expect("a socket");
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it is read");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let status = answer.split(' ').nth(1).expect("a status");
    status.parse().expect("a number")
}

#[test]
fn a_database_that_went_silent_is_an_outage_and_nothing_more() {
    let Some(node) = Node::new() else {
        return;
    };
    for _ in 0..2 {
        node.gate.is_now(Way::Silent);
        for _ in 0..4 {
            node.is_unavailable();
        }
        node.gate.is_now(Way::Open);
        node.is_back_at_once();
    }
}

#[test]
fn connections_that_never_answer_again_are_replaced() {
    let Some(node) = Node::new() else {
        return;
    };
    for _ in 0..2 {
        node.gate.forgets_all();
        node.is_back_at_once();
    }
    assert!(
        node.place
            .said()
            .contains("the database does not answer who follows the log")
    );
}

#[test]
fn asked_to_end_while_the_database_is_silent_it_ends() {
    for signal in ["TERM", "INT"] {
        let Some(node) = Node::new() else {
            return;
        };
        node.gate.is_now(Way::Silent);
        node.is_unavailable();
        let since = SystemClock.uptime();
        assert_eq!(node.server.ends(signal), Some(0), "{signal}");
        let took = SystemClock.uptime().as_millis() - since.as_millis();
        assert!(took < 15_000, "it took {took} ms");
    }
}

#[test]
fn whose_file_is_deleted_says_so_and_is_not_ready_until_it_is_back() {
    let database = Database::sqlite();
    let file = database.folder().expect("a file").join("portico.db");
    let place = Place::new(database);
    let server = place.start();
    let aside = file.with_file_name("aside.db");
    std::fs::rename(&file, &aside).expect("moved");
    let soon = |ready: bool| {
        let since = SystemClock.uptime();
        while place.is_ready() != ready {
            let took = SystemClock.uptime().as_millis() - since.as_millis();
            assert!(took < BACK, "after {took} ms");
            std::thread::sleep(LOOK);
        }
    };
    soon(false);
    let asked = "/authorize?client_id=nobody&response_type=code";
    assert_eq!(status(place.address, asked), 503);
    assert!(place.said().contains("it was deleted, or moved"));
    std::fs::rename(&aside, &file).expect("put back");
    soon(true);
    assert_ne!(status(place.address, asked), 503);
    assert_eq!(server.ends("TERM"), Some(0));
}
