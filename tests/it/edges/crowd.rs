//! Crowds of connections that take and do not give: they send and do not read, say nothing, or never
//! come to an end. They hold little, not for long, and nobody else waits for them.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use foundation::clock::{Clock as _, Span, SystemClock};
use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode};
use socket2::{Domain, Socket, Type};

use super::{TIMEOUT, gets, soon};
use crate::crash::server::Place;
use crate::database::Database;
use crate::world::World;

/// So many bytes are sent at once by whoever reads nothing.
const MANY_REQUESTS: usize = 64 * 1024;

/// A connection from an address of this machine; all of 127.0.0.0/8 are. The system takes little for
/// it that it does not read.
fn connects_from(from: Ipv4Addr, to: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a socket");
    let from = SocketAddr::from((from, 0));
    socket.bind(&from.into()).expect("an address of ours");
    socket.connect(&to.into()).expect("it listens");
    socket.into()
}

/// The addresses of a crowd: so many, one after the other, around and around.
fn crowd(addresses: u8) -> impl Iterator<Item = Ipv4Addr> {
    (0..addresses).cycle().map(|n| Ipv4Addr::new(127, 0, 1, n))
}

/// Whether the other side has closed.
fn is_closed(stream: &mut TcpStream) -> bool {
    stream.set_nonblocking(true).expect("a socket");
    match stream.read(&mut [0; 1024]) {
        Ok(read) => read == 0,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

/// Whether a request of a connection that stays open is answered.
fn is_answered(stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(TIMEOUT)).expect("a socket");
    let request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut answer = [0; 12];
    let answered = stream
        .write_all(request)
        .and_then(|()| stream.read_exact(&mut answer));
    answered.is_ok() && &answer == b"HTTP/1.1 200"
}

/// Sends these bytes again and again, until no more can be sent for now; whether more may be later.
fn sends_all_it_can(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    stream.set_nonblocking(true).expect("a socket");
    let mut sent = 0;
    loop {
        match stream.write(&bytes[sent % bytes.len()..]) {
            Ok(more) => sent += more,
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}

/// How long something takes.
fn takes(act: impl FnOnce()) -> Span {
    let began = SystemClock.uptime();
    act();
    Span::millis(SystemClock.uptime().as_millis() - began.as_millis())
}

#[test]
fn answers_that_nobody_reads_take_little_room_and_not_for_long() {
    const CONNECTIONS: usize = 400;
    const MIB: u64 = 1024 * 1024;
    let place = Place::new(Database::sqlite());
    let server = place.start();
    gets(place.address, "/.well-known/openid-configuration");
    let before = server.memory();
    let request = "GET /.well-known/openid-configuration HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let requests = request.repeat(MANY_REQUESTS / request.len());
    let mut greedy = Vec::new();
    for from in crowd(100).take(CONNECTIONS) {
        let mut stream = connects_from(from, place.address);
        assert!(sends_all_it_can(&mut stream, requests.as_bytes()));
        greedy.push(stream);
    }
    for _ in 0..20 {
        assert!(gets(place.address, "/healthz").starts_with("HTTP/1.1 200"));
    }
    let taken = server.memory().saturating_sub(before);
    assert!(
        taken < 60 * MIB,
        "{} KiB of each",
        taken / 1024 / CONNECTIONS as u64
    );
    let stuck = server.cpu_time();
    // What was answered can be read by then; nobody does, and asks only whether more can be sent.
    soon("all of them are sent away", || {
        greedy.retain_mut(|stream| sends_all_it_can(stream, b"G"));
        greedy.is_empty()
    });
    let spent = server.cpu_time() - stuck;
    assert!(
        spent < Duration::from_secs(3),
        "{spent:?} while nothing can be done"
    );
    assert!(gets(place.address, "/healthz").starts_with("HTTP/1.1 200"));
    server.kill();
}

#[test]
fn an_address_has_so_many_connections_and_its_neighbour_and_a_proxy_have_theirs() {
    const MOST: usize = 16;
    let mut place = Place::new(Database::sqlite());
    place.sets("PORTICO_SERVER__CONNECTIONS_PER_ADDRESS", &MOST.to_string());
    place.sets("PORTICO_SERVER__TRUSTED_PROXIES", "127.0.2.3");
    let server = place.start();
    let answered = |from: u8| -> Vec<TcpStream> {
        let from = Ipv4Addr::new(127, 0, 2, from);
        let open = (0..2 * MOST).map(|_| connects_from(from, place.address));
        open.filter_map(|mut stream| is_answered(&mut stream).then_some(stream))
            .collect()
    };
    let (held, neighbours, proxys) = (answered(1), answered(2), answered(3));
    assert_eq!(
        (held.len(), neighbours.len(), proxys.len()),
        (MOST, MOST, 2 * MOST)
    );
    assert_eq!(answered(1).len(), 0);
    let metrics = gets(place.address, "/metrics");
    let refused = format!(
        "portico_connections_refused_total{{full=\"address\"}} {}",
        4 * MOST
    );
    assert!(metrics.contains(&refused), "{metrics}");
    assert_eq!(place.said().matches("server.trusted_proxies").count(), 1);
    drop(held);
    soon("their room is free again", || answered(1).len() == MOST);
    server.kill();
}

#[test]
fn there_is_room_for_so_many_connections_in_all() {
    let mut place = Place::new(Database::sqlite());
    place.sets("PORTICO_SERVER__CONNECTIONS", "20");
    let server = place.start();
    let open: Vec<bool> = (0..30)
        .zip(crowd(30))
        .map(|(_, from)| connects_from(from, place.address))
        // All of them stay open until the last was tried.
        .collect::<Vec<_>>()
        .iter_mut()
        .map(is_answered)
        .collect();
    let answered = open.iter().filter(|answered| **answered).count();
    assert!((18..=20).contains(&answered), "{answered}");
    soon("there is room again", || {
        gets_or_nothing(place.address).starts_with("HTTP/1.1 200")
    });
    server.kill();
}

/// An answer, or nothing where there was no room.
fn gets_or_nothing(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut answer = String::new();
    let _ = stream
        .write_all(request.as_bytes())
        .and_then(|()| stream.read_to_string(&mut answer));
    answer
}

#[test]
fn the_metrics_own_listener_keeps_pace_as_well() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let mut place = Place::new(Database::sqlite());
    place.sets("PORTICO_SERVER__METRICS_LISTEN", &address.to_string());
    let server = place.start();
    assert!(gets(address, "/metrics").contains("portico_connections "));
    assert!(gets(place.address, "/metrics").starts_with("HTTP/1.1 404"));
    let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let requests = request.repeat(MANY_REQUESTS / request.len());
    let mut greedy: Vec<_> = crowd(32)
        .take(32)
        .map(|from| connects_from(from, address))
        .collect();
    for stream in &mut greedy {
        sends_all_it_can(stream, requests.as_bytes());
    }
    assert!(gets(address, "/metrics").starts_with("HTTP/1.1 200"));
    soon("those who read nothing are sent away", || {
        greedy.retain_mut(|stream| sends_all_it_can(stream, b"G"));
        greedy.is_empty()
    });
    server.kill();
}

#[test]
fn silent_connections_keep_nobody_from_a_handshake() {
    /// More than there used to be places for handshakes, on any machine.
    const SILENT: usize = 1100;
    let world = World::over_tls(Database::sqlite());
    let port = world
        .issuer()
        .trim_start_matches("https://localhost:")
        .parse();
    let address = SocketAddr::from(([127, 0, 0, 1], port.expect("a port")));
    let handshake = || {
        let mut connector = SslConnector::builder(SslMethod::tls_client()).expect("a client");
        connector.set_verify(SslVerifyMode::NONE);
        let stream = TcpStream::connect(address).expect("it listens");
        let connected = connector.build().connect("localhost", stream);
        assert!(connected.is_ok());
    };
    handshake();
    let mut silent: Vec<_> = crowd(20)
        .take(SILENT)
        .map(|from| connects_from(from, address))
        .collect();
    let took = takes(handshake);
    assert!(took < Span::millis(1000), "{} ms", took.as_millis());
    soon("the silent ones are sent away", || {
        silent.iter_mut().all(is_closed)
    });
}

#[test]
fn a_body_that_never_ends_is_not_waited_for_after_its_answer() {
    let place = Place::new(Database::sqlite());
    let server = place.start();
    let mut stream = TcpStream::connect(place.address).expect("it listens");
    let head = "POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).expect("it is read");
    stream.set_read_timeout(Some(TIMEOUT)).expect("a socket");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 400");
    soon("it is closed, though it goes on sending", || {
        stream.write_all(b"1\r\na\r\n").is_err()
    });
    server.kill();
}
