//! A program's backend that takes logout tokens over https: one of our own, that does what a test wants
//! (takes, refuses, hangs, leads away, says rubbish), and remembers what it heard.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod, SslStream};
use serde_json::Value;

use super::certificate::Certificate;
use super::jwt;

/// Longer than anything takes that is not broken.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a receiver answers.
#[derive(Clone, Debug)]
pub(crate) enum Manner {
    /// With a status.
    Says(u16),
    /// Not at all.
    Hangs,
    /// With what is no HTTP.
    Rubbish,
    /// With 200 and a body that does not end.
    Endless,
    /// By leading elsewhere, with this status.
    Leads(u16, String),
}

/// A receiver; it ends with the test.
pub(crate) struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    heard: Condvar,
}

struct State {
    manner: Manner,
    /// The requests, as they came.
    requests: Vec<Heard>,
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    /// Its first line and its headers.
    pub(crate) head: String,
    /// Its body.
    pub(crate) body: String,
}

impl Heard {
    /// The logout token in it.
    pub(crate) fn token(&self) -> String {
        let form: Vec<(String, String)> = url::form_urlencoded::parse(self.body.as_bytes())
            .into_owned()
            .collect();
        assert_eq!(form.len(), 1, "{}", self.body);
        assert_eq!(form[0].0, "logout_token");
        form[0].1.clone()
    }

    /// What is said in it.
    pub(crate) fn claims(&self) -> Value {
        jwt::payload(&self.token())
    }
}

impl Receiver {
    /// One that takes everything.
    pub(crate) fn new(certificate: &Certificate) -> Self {
        let files = certificate.files();
        let mut acceptor =
            SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).expect("an acceptor");
        acceptor
            .set_private_key_file(files.key, SslFiletype::PEM)
            .expect("a key");
        acceptor
            .set_certificate_chain_file(files.cert)
            .expect("a certificate");
        let acceptor = acceptor.build();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                manner: Manner::Says(200),
                requests: Vec::new(),
            }),
            heard: Condvar::new(),
        });
        let answering = Arc::downgrade(&shared);
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let Some(shared) = answering.upgrade() else {
                    return;
                };
                let acceptor = acceptor.clone();
                std::thread::spawn(move || {
                    if let Ok(stream) = acceptor.accept(stream) {
                        shared.serve(stream);
                    }
                });
            }
        });
        Self { address, shared }
    }

    /// Where it takes them.
    pub(crate) fn uri(&self) -> String {
        format!("https://localhost:{}/logout", self.address.port())
    }

    /// What it does from now on.
    pub(crate) fn will(&self, manner: Manner) {
        self.shared.state().manner = manner;
        self.shared.heard.notify_all();
    }

    /// What it has heard so far.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.shared.state().requests.clone()
    }

    /// Waits until it has heard so much, and gives all of it.
    pub(crate) fn hears(&self, count: usize) -> Vec<Heard> {
        let state = self.shared.state();
        let waited = self
            .shared
            .heard
            .wait_timeout_while(state, PATIENCE, |state| state.requests.len() < count);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(
            state.requests.len() >= count,
            "only {} of {count} came: {:?}",
            state.requests.len(),
            state.requests
        );
        state.requests.clone()
    }

    /// Waits until it has heard so much; gives the `sid`s, in order of the alphabet.
    pub(crate) fn hears_of(&self, count: usize) -> Vec<String> {
        let mut sids: Vec<String> = self
            .hears(count)
            .iter()
            .map(|heard| heard.claims()["sid"].as_str().expect("a sid").to_owned())
            .collect();
        sids.sort();
        sids
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // Whoever hangs goes on, and the one that accepts looks up.
        self.will(Manner::Says(503));
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, mut stream: SslStream<TcpStream>) {
        while let Some(heard) = read_request(&mut stream) {
            let manner = {
                let mut state = self.state();
                state.requests.push(heard);
                self.heard.notify_all();
                let waited = self.heard.wait_timeout_while(state, PATIENCE, |state| {
                    matches!(state.manner, Manner::Hangs)
                });
                let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
                state.manner.clone()
            };
            if !answer(&mut stream, &manner) {
                return;
            }
        }
    }
}

fn read_request(stream: &mut SslStream<TcpStream>) -> Option<Heard> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                let is_length = name.eq_ignore_ascii_case("content-length");
                is_length.then(|| value.trim().parse::<usize>().expect("a number"))
            });
            let whole = end + 4 + length.unwrap_or(0);
            if bytes.len() >= whole {
                let body = String::from_utf8_lossy(&bytes[end + 4..whole]).into_owned();
                return Some(Heard { head, body });
            }
        }
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&chunk[..read]),
        }
    }
}

/// Answers; whether the connection goes on.
fn answer(stream: &mut SslStream<TcpStream>, manner: &Manner) -> bool {
    let head = match manner {
        Manner::Says(status) => {
            format!("HTTP/1.1 {status} .\r\ncontent-length: 0\r\ncache-control: no-store\r\n\r\n")
        }
        Manner::Leads(status, to) => {
            format!("HTTP/1.1 {status} .\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
        }
        Manner::Rubbish => "SSH-2.0-OpenSSH_9.2\r\n\r\n".to_owned(),
        Manner::Endless => "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n".to_owned(),
        Manner::Hangs => return false,
    };
    let mut sent = stream.write_all(head.as_bytes());
    while sent.is_ok() && matches!(manner, Manner::Endless) {
        sent = stream.write_all(&[b'x'; 4096]);
    }
    sent.is_ok() && !matches!(manner, Manner::Rubbish)
}
