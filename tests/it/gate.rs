//! The way from a node to its PostgreSQL, which can be closed or go silent.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use url::Url;

/// What becomes of what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Way {
    /// It arrives.
    Open,
    /// Nothing arrives, and nobody is told: a firewall that drops, a server that is frozen.
    Silent,
    /// There is no connection, and none is made: a server that is being restarted.
    Closed,
}

/// How often a relay that holds something back looks whether it still must.
const LOOK: Duration = Duration::from_millis(2);

/// The gate. Nobody waits at one that is gone.
pub(crate) struct Gate {
    address: SocketAddr,
    inner: Arc<Inner>,
}

struct Inner {
    way: AtomicU8,
    /// Connections so far.
    made: AtomicUsize,
    /// So many of the first ones are forgotten.
    forgotten: AtomicUsize,
    /// What has not ended of the connections.
    sockets: Mutex<Vec<Weak<TcpStream>>>,
}

impl Gate {
    /// A gate before the server of a database.
    pub(crate) fn before(database: &str) -> Self {
        let url = Url::parse(database).expect("a URL");
        let server = (
            url.host_str().expect("a host").to_owned(),
            url.port().unwrap_or(5432),
        );
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let inner = Arc::new(Inner {
            way: AtomicU8::new(Way::Open as u8),
            made: AtomicUsize::new(0),
            forgotten: AtomicUsize::new(0),
            sockets: Mutex::default(),
        });
        let gate = Arc::clone(&inner);
        std::thread::spawn(move || {
            for node in listener.incoming().map_while(Result::ok) {
                // A server that is away refuses; the node hears that much.
                if gate.is(Way::Closed) {
                    continue;
                }
                let Ok(server) = TcpStream::connect(&server) else {
                    continue;
                };
                let number = gate.made.fetch_add(1, Ordering::SeqCst);
                gate.relay(&node, &server, number);
                gate.relay(&server, &node, number);
            }
        });
        Self { address, inner }
    }

    /// The database's URL by way of this gate.
    pub(crate) fn url(&self, database: &str) -> String {
        let mut url = Url::parse(database).expect("a URL");
        url.set_ip_host(self.address.ip()).expect("it has a host");
        url.set_port(Some(self.address.port()))
            .expect("it has a host");
        url.to_string()
    }

    /// From now on.
    pub(crate) fn is_now(&self, way: Way) {
        self.inner.way.store(way as u8, Ordering::SeqCst);
        if way == Way::Closed {
            for socket in self.inner.sockets().drain(..).filter_map(|s| s.upgrade()) {
                let _ = socket.shutdown(Shutdown::Both);
            }
        }
    }

    /// Over the connections of now nothing arrives any more, whatever the way is: a firewall that has
    /// lost its table.
    pub(crate) fn forgets_all(&self) {
        let made = self.inner.made.load(Ordering::SeqCst);
        self.inner.forgotten.store(made, Ordering::SeqCst);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.is_now(Way::Closed);
    }
}

impl Inner {
    fn is(&self, way: Way) -> bool {
        self.way.load(Ordering::SeqCst) == way as u8
    }

    fn sockets(&self) -> std::sync::MutexGuard<'_, Vec<Weak<TcpStream>>> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing arrives over a connection.
    fn is_silent(&self, number: usize) -> bool {
        let is_forgotten = number < self.forgotten.load(Ordering::SeqCst);
        self.is(Way::Silent) || (is_forgotten && !self.is(Way::Closed))
    }

    fn relay(self: &Arc<Self>, from: &TcpStream, to: &TcpStream, number: usize) {
        let from = Arc::new(from.try_clone().expect("a socket"));
        let mut to = to.try_clone().expect("a socket");
        let mut sockets = self.sockets();
        sockets.retain(|socket| socket.strong_count() > 0);
        sockets.push(Arc::downgrade(&from));
        // Closed since it was let in, and not among those that were.
        if self.is(Way::Closed) {
            let _ = from.shutdown(Shutdown::Both);
        }
        drop(sockets);
        let gate = Arc::clone(self);
        std::thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            while let Ok(length @ 1..) = (&*from).read(&mut buffer) {
                while gate.is_silent(number) {
                    std::thread::sleep(LOOK);
                }
                if to.write_all(&buffer[..length]).is_err() {
                    break;
                }
            }
            // A firewall that drops does not tell the other side either.
            while gate.is_silent(number) {
                std::thread::sleep(LOOK);
            }
            let _ = to.shutdown(Shutdown::Both);
            let _ = from.shutdown(Shutdown::Both);
        });
    }
}
