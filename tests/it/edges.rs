//! The edges of a server that runs: signals, connections that idle, the proxies in front of it. With
//! the real binary where it is one process that is meant.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use foundation::clock::Span;

use crate::crash::server::Place;
use crate::database::Database;
use crate::world::World;

mod crowd;

/// The longest that anything here waits for the server.
const TIMEOUT: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(10);

/// One request over a connection of its own, which the server is to close; the whole answer.
fn asks(address: SocketAddr, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(TIMEOUT)).expect("a socket");
    let length = body.len();
    let request = format!("{head}\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).expect("it is read");
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .expect("an answer, and the end");
    answer
}

fn gets(address: SocketAddr, path: &str) -> String {
    asks(
        address,
        &format!("GET {path} HTTP/1.1\r\nConnection: close"),
        "",
    )
}

fn soon(what: &str, mut so: impl FnMut() -> bool) {
    for _ in 0..TIMEOUT.as_millis() / LOOK.as_millis() {
        if so() {
            return;
        }
        std::thread::sleep(LOOK);
    }
    panic!("it did not come true that {what}");
}

#[test]
fn an_idle_connection_is_kept_for_as_long_as_it_is_set() {
    let kept_for = |span| {
        let world = World::with(Database::sqlite(), |config| config.server.keep_alive = span);
        let address = world.issuer().trim_start_matches("http://localhost:");
        let address = SocketAddr::from(([127, 0, 0, 1], address.parse().expect("a port")));
        let mut stream = TcpStream::connect(address).expect("it listens");
        let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
        stream.write_all(request.as_bytes()).expect("it is read");
        (world, stream)
    };
    let (_long, mut stays) = kept_for(Span::seconds(75));
    let (_short, mut goes) = kept_for(Span::seconds(1));
    goes.set_read_timeout(Some(TIMEOUT)).expect("a socket");
    let mut answer = String::new();
    goes.read_to_string(&mut answer)
        .expect("an answer, and the end");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let mut read = [0; 1024];
    let answered = stays.read(&mut read).expect("an answer");
    assert!(answered > 0);
    stays.set_nonblocking(true).expect("a socket");
    let open = stays.read(&mut read).expect_err("nothing more, and no end");
    assert_eq!(open.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn before_the_door_closes_whoever_asks_is_told() {
    let mut place = Place::new(Database::sqlite());
    place.sets("PORTICO_SERVER__SHUTDOWN_NOTICE", "2");
    let server = place.start();
    server.is_sent("TERM");
    soon("it is not ready", || {
        gets(place.address, "/readyz").starts_with("HTTP/1.1 503")
    });
    let told = gets(place.address, "/readyz");
    assert!(told.contains("\"ending\":true"), "{told}");
    // Other requests are answered still, and nobody is left with a connection that will be closed.
    let answer = asks(place.address, "GET /healthz HTTP/1.1", "");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(
        answer.to_lowercase().contains("connection: close"),
        "{answer}"
    );
    assert_eq!(server.ended(), Some(0));
    assert!(TcpStream::connect(place.address).is_err());
}

#[test]
fn a_hangup_reads_the_logs_filter_again_and_ends_nothing() {
    let mut place = Place::new(Database::sqlite());
    place.sets("PORTICO_TELEMETRY__LOG", "");
    let settings = place.folder().join("portico.toml");
    let logs = |filter: &str| {
        let text = format!("[telemetry]\nlog = \"{filter}\"\n");
        std::fs::write(&settings, text).expect("our own folder");
    };
    logs("warn");
    let server = place.start();
    assert!(!place.said().contains("TRACE"), "{}", place.said());
    logs("trace");
    server.is_sent("HUP");
    soon("it says more", || {
        gets(place.address, "/healthz");
        place.said().contains("TRACE")
    });
    std::fs::write(&settings, "[telemetry").expect("our own folder");
    server.is_sent("HUP");
    soon("it says why nothing changes", || {
        place.said().contains("the log stays as it is")
    });
    logs("info");
    server.is_sent("HUP");
    soon("it has heard all three", || {
        place.said().matches("SIGHUP").count() >= 2
    });
    assert!(gets(place.address, "/readyz").starts_with("HTTP/1.1 200"));
    assert_eq!(server.ends("TERM"), Some(0));
}

#[test]
fn callers_behind_a_proxy_that_cannot_be_told_apart_are_said_once() {
    let mut place = Place::new(Database::sqlite());
    place.sets("PORTICO_SERVER__TRUSTED_PROXIES", "127.0.0.0/8");
    let server = place.start();
    let tries = |times: usize, headers: &str| -> Vec<String> {
        let head = format!(
            "POST /sign-in HTTP/1.1\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n{headers}"
        );
        let body = "step=x&username=ada&password=x";
        let answers = (0..times).map(|_| asks(place.address, &head, body));
        let status = |answer: String| answer.split(' ').nth(1).unwrap_or_default().to_owned();
        answers.map(status).collect()
    };
    let said = |what: &str| place.said().matches(what).count();
    // One who has tried too often is slowed down, by whatever port, and his neighbour is not.
    let many = tries(61, "X-Forwarded-For: 192.0.2.1:5678");
    assert_eq!(many.last().map(String::as_str), Some("429"));
    assert_eq!(tries(1, "X-Forwarded-For: 192.0.2.1:1"), ["429"]);
    assert_eq!(tries(1, "Forwarded: for=192.0.2.1"), ["429"]);
    let others = [
        "X-Forwarded-For: 192.0.2.2:5678",
        "X-Forwarded-For: [2001:db8::1]:443",
        "Forwarded: for=\"[2001:db8:0:1::1]:4711\";proto=https",
    ];
    for other in others {
        assert_ne!(tries(1, other), ["429"], "{other}");
    }
    assert_eq!(said("proxy"), 0, "{}", place.said());
    tries(2, "Forwarded: for=_hidden");
    tries(2, "X-Forwarded-For: unknown");
    assert_eq!(said("whose address cannot be read"), 1, "{}", place.said());
    tries(2, "X-Forwarded-For: 192.0.2.3\r\nForwarded: for=192.0.2.4");
    assert_eq!(said("name different callers"), 1, "{}", place.said());
    tries(2, "Accept: */*");
    assert_eq!(said("does not say for whom it asks"), 1, "{}", place.said());
    server.kill();
}

#[test]
fn a_log_that_cannot_be_written_costs_its_lines_and_nothing_else() {
    let mut place = Place::new(Database::sqlite());
    place.logs("trace");
    place.loses_its_log();
    let server = place.start();
    for _ in 0..20 {
        assert!(gets(place.address, "/healthz").starts_with("HTTP/1.1 200"));
    }
    // Whoever follows the log of events, and the jobs, go on as well.
    assert!(gets(place.address, "/readyz").starts_with("HTTP/1.1 200"));
    let metrics = gets(place.address, "/metrics");
    let dropped = metrics
        .lines()
        .find_map(|line| line.strip_prefix("portico_log_lines_dropped_total "));
    let dropped: u64 = dropped.and_then(|n| n.parse().ok()).expect("a number");
    assert!(dropped > 20, "{dropped}");
    assert_eq!(server.ends("TERM"), Some(0));
}
