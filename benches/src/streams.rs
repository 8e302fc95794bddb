//! Streams of session events that are open, each from an address of its own, and one event that is listened
//! for on all of them.

use std::cell::Cell;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::{JoinHandle, spawn_local, yield_now};

use crate::Outcome;
use crate::stopwatch::Stopwatch;

/// The first of the addresses; all of 127.0.0.0/8 are this machine's.
const FIRST: Ipv4Addr = Ipv4Addr::new(127, 1, 0, 1);
/// How many begin at once. The server lets few begin, and sends away whoever waits too long.
const AT_ONCE: usize = 32;
/// Whoever has not heard it by then does not hear it.
const LONGEST: Duration = Duration::from_secs(10);

/// Whom a stream belongs to.
pub(crate) struct Ear<'t> {
    /// The number of a person, who has an address of their own.
    pub(crate) person: u64,
    pub(crate) token: &'t str,
}

/// Streams that are open. They are closed when this is dropped.
pub(crate) struct Streams {
    heard: Rc<Cell<usize>>,
    reading: Vec<JoinHandle<Outcome<()>>>,
}

impl Streams {
    /// Opens them, and waits until each has said that it is ready. From then on `event` is counted.
    pub(crate) async fn open(
        to: SocketAddr,
        ears: &[Ear<'_>],
        event: &'static str,
    ) -> Outcome<Self> {
        let (heard, mut reading) = (Rc::default(), Vec::with_capacity(ears.len()));
        for some in ears.chunks(AT_ONCE) {
            let opening: Vec<_> = some
                .iter()
                .map(|ear| spawn_local(opened(to, address(ear.person), request(ear.token))))
                .collect();
            for one in opening {
                reading.push(spawn_local(reads(one.await??, event, Rc::clone(&heard))));
            }
        }
        Ok(Self { heard, reading })
    }

    /// Waits until the event was heard so many times since the last time that somebody waited.
    pub(crate) async fn hear(&self, times: usize) -> Outcome<()> {
        let watch = Stopwatch::start();
        while self.heard.get() < times {
            if watch.elapsed() > LONGEST {
                let over = self.reading.iter().filter(|one| one.is_finished()).count();
                let heard = self.heard.get();
                return Err(format!("{heard} of {times} heard it; {over} are over").into());
            }
            yield_now().await;
        }
        self.heard.set(self.heard.get() - times);
        Ok(())
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        for one in &self.reading {
            one.abort();
        }
    }
}

fn address(person: u64) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(FIRST) + u32::try_from(person).unwrap_or(0))
}

fn request(token: &str) -> String {
    format!(
        "GET /session-events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
}

/// A stream that has said that it is ready.
async fn opened(to: SocketAddr, from: Ipv4Addr, request: String) -> Outcome<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    let mut stream = socket.connect(to).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::new();
    loop {
        let read = stream.read_buf(&mut bytes).await?;
        let is_refused = bytes.len() > 12 && !bytes.starts_with(b"HTTP/1.1 200");
        if read == 0 || is_refused {
            return Err(format!("no stream: {}", String::from_utf8_lossy(&bytes)).into());
        }
        if find(&bytes, "ready").is_some() {
            return Ok(stream);
        }
    }
}

/// Reads to the end, and counts an event.
async fn reads(mut stream: TcpStream, event: &str, heard: Rc<Cell<usize>>) -> Outcome<()> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
        let mut after = 0;
        while let Some(end) = find(&bytes[after..], event) {
            after += end;
            heard.set(heard.get() + 1);
        }
        // An event can come in two parts.
        let tail = bytes.len().saturating_sub(event.len() + 8).max(after);
        bytes.drain(..tail);
    }
}

/// Where the name of an event ends. An event is never torn apart by what frames it (RFC 9112 §7.1): the
/// server writes each as one chunk.
fn find(bytes: &[u8], event: &str) -> Option<usize> {
    let name = format!("event: {event}\n");
    let at = bytes
        .windows(name.len())
        .position(|window| window == name.as_bytes());
    at.map(|at| at + name.len())
}
