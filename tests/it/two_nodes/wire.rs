//! A wire between a node and its PostgreSQL that can be cut for the connection that follows the
//! log, and for that one alone.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use foundation::database_url::DatabaseUrl;
use url::Url;

/// The word by which the connection that follows the log is known.
const LISTEN: &[u8] = b"LISTEN ";

/// The wire. Dropped, nothing is held back any more.
pub(super) struct Wire {
    address: SocketAddr,
    blocked: Arc<AtomicBool>,
}

impl Wire {
    /// A wire to the server of a database.
    pub(super) fn to(database: &str) -> Self {
        let url = Url::parse(database).expect("a URL");
        let server = (
            url.host_str().expect("a host").to_owned(),
            url.port().unwrap_or(5432),
        );
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let blocked = Arc::new(AtomicBool::new(false));
        let gate = Arc::clone(&blocked);
        std::thread::spawn(move || {
            for node in listener.incoming() {
                let node = node.expect("a connection");
                let server = TcpStream::connect(&server).expect("the server answers");
                let is_tail = Arc::new(AtomicBool::new(false));
                relay(&node, &server, &is_tail, &gate);
                relay(&server, &node, &is_tail, &gate);
            }
        });
        Self { address, blocked }
    }

    /// The database's URL by way of this wire.
    pub(super) fn url(&self, database: &str) -> DatabaseUrl {
        let mut url = Url::parse(database).expect("a URL");
        url.set_ip_host(self.address.ip()).expect("it has a host");
        url.set_port(Some(self.address.port()))
            .expect("it has a host");
        DatabaseUrl::parse(url.as_str()).expect("a URL")
    }

    /// Holds back what the tail says and hears, or no more.
    pub(super) fn block(&self, blocked: bool) {
        self.blocked.store(blocked, Ordering::SeqCst);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.block(false);
    }
}

fn relay(from: &TcpStream, to: &TcpStream, is_tail: &Arc<AtomicBool>, blocked: &Arc<AtomicBool>) {
    let mut from = from.try_clone().expect("a socket");
    let mut to = to.try_clone().expect("a socket");
    let (is_tail, blocked) = (Arc::clone(is_tail), Arc::clone(blocked));
    std::thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let bytes = &buffer[..length];
            if bytes.windows(LISTEN.len()).any(|w| w == LISTEN) {
                is_tail.store(true, Ordering::SeqCst);
            }
            while is_tail.load(Ordering::SeqCst) && blocked.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(1));
            }
            if to.write_all(bytes).is_err() {
                break;
            }
        }
        // One side has ended; the other must hear it.
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    });
}
