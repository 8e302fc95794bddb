//! Somebody who listens to session events over a connection of their own: a socket, so that a test sees
//! what comes and when it ends, and can stop reading.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use super::World;

/// The longest that anything is waited for.
const TIMEOUT: Duration = Duration::from_secs(20);

/// An event as it came.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) name: String,
    pub(crate) data: Value,
}

impl Told {
    /// Its name with a member of its data: `session_ended logout`.
    pub(crate) fn with(&self, member: &str) -> String {
        let value = self.data[member].as_str().unwrap_or_default();
        format!("{} {value}", self.name).trim_end().to_owned()
    }
}

/// Somebody who listens.
pub(crate) struct Listener {
    stream: BufReader<TcpStream>,
    /// The status line and the headers.
    pub(crate) head: String,
    /// What was read of the body and is not an event yet.
    text: String,
    is_over: bool,
    /// What they come back with.
    pub(crate) last_event_id: Option<String>,
    /// How long they wait before they do.
    pub(crate) retry: Option<u64>,
    heartbeats: usize,
}

impl World {
    /// Somebody who listens with a token.
    pub(crate) fn listens(&self, token: &str) -> Listener {
        self.listens_from(token, None)
    }

    /// The same, who comes back.
    pub(crate) fn listens_from(&self, token: &str, last_event_id: Option<&str>) -> Listener {
        let last = last_event_id.map_or(String::new(), |id| format!("Last-Event-ID: {id}\r\n"));
        Listener::begin(self, &format!("Authorization: Bearer {token}\r\n{last}"))
    }

    /// The same, who asks again where there is no room at the moment, as clients do.
    pub(crate) fn comes_back(&self, token: &str, last_event_id: &str) -> Listener {
        let mut back = None;
        self.soon("there is room", || {
            let listener = self.listens_from(token, Some(last_event_id));
            back = Some(listener).filter(|listener| listener.status() != 503);
            back.is_some()
        });
        back.expect("it is let in")
    }

    /// The port that it listens on.
    fn port(&self) -> u16 {
        let base = url::Url::parse(&self.0.base).expect("a URL");
        base.port().expect("a port")
    }
}

impl Listener {
    /// Asks, with these headers.
    pub(crate) fn begin(world: &World, headers: &str) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", world.port())).expect("it listens");
        stream.set_read_timeout(Some(TIMEOUT)).expect("a socket");
        let mut listener = Self {
            stream: BufReader::new(stream),
            head: String::new(),
            text: String::new(),
            is_over: false,
            last_event_id: None,
            retry: None,
            heartbeats: 0,
        };
        let request = format!("GET /session-events HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        let asked = listener.stream.get_mut().write_all(request.as_bytes());
        asked.expect("it is read");
        while !listener.head.ends_with("\r\n\r\n") {
            let read = listener.stream.read_line(&mut listener.head);
            assert!(read.expect("a head") > 0, "{}", listener.head);
        }
        listener
    }

    /// The status.
    pub(crate) fn status(&self) -> u16 {
        let status = self.head.split(' ').nth(1).expect("a status line");
        status.parse().expect("a status")
    }

    /// The body of an answer that is no stream.
    pub(crate) fn refusal(&mut self) -> Value {
        let (_, length) = self.head.split_once("content-length: ").expect("a length");
        let length = length.lines().next().and_then(|text| text.parse().ok());
        let mut body = vec![0; length.expect("a length")];
        self.stream.read_exact(&mut body).expect("a body");
        serde_json::from_slice(&body).expect("JSON")
    }

    /// The next event; `None` at the end of the stream.
    pub(crate) fn next(&mut self) -> Option<Told> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                if let Some(told) = self.read(&block) {
                    return Some(told);
                }
                continue;
            }
            if self.is_over {
                assert_eq!(self.text, "", "a whole event");
                return None;
            }
            self.chunk();
        }
    }

    /// The next event, which must come.
    pub(crate) fn hears(&mut self) -> Told {
        self.next().expect("the stream goes on")
    }

    /// The names of what comes until the stream is over.
    pub(crate) fn hears_the_rest(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.next())
            .map(|told| told.name)
            .collect()
    }

    /// Waits until the stream has begun.
    pub(crate) fn once_ready(mut self) -> Self {
        assert_eq!(self.hears().name, "ready", "{}", self.head);
        self
    }

    /// Waits for the next heartbeat; no event comes before it.
    pub(crate) fn hears_a_heartbeat(&mut self) {
        let before = self.heartbeats;
        while self.heartbeats == before {
            match self.text.split_once("\n\n") {
                Some((block, rest)) => {
                    let (block, rest) = (block.to_owned(), rest.to_owned());
                    self.text = rest;
                    assert_eq!(self.read(&block), None);
                }
                None => self.chunk(),
            }
        }
    }

    /// Closes the connection, and gives what it comes back with.
    pub(crate) fn leaves(self) -> String {
        self.last_event_id.expect("a position")
    }

    /// A block as a browser reads it (HTML §9.2.6).
    fn read(&mut self, block: &str) -> Option<Told> {
        let (mut name, mut data) = (None, None);
        for line in block.lines() {
            let (field, value) = line.split_once(": ").unwrap_or((line, ""));
            match field {
                "event" => name = Some(value.to_owned()),
                "data" => assert!(
                    data.replace(value.to_owned()).is_none(),
                    "one line: {block}"
                ),
                "id" => self.last_event_id = Some(value.to_owned()),
                "retry" => self.retry = value.parse().ok(),
                ":" => self.heartbeats += 1,
                other => panic!("{other} in {block}"),
            }
        }
        Some(Told {
            name: name?,
            data: serde_json::from_str(&data?).expect("JSON"),
        })
    }

    fn chunk(&mut self) {
        let mut size = String::new();
        self.stream
            .read_line(&mut size)
            .expect("it goes on or ends");
        let size = usize::from_str_radix(size.trim_end(), 16).expect("a size");
        let mut chunk = vec![0; size + 2];
        self.stream.read_exact(&mut chunk).expect("a whole chunk");
        self.is_over = size == 0;
        self.text.push_str(&String::from_utf8_lossy(&chunk[..size]));
    }
}
