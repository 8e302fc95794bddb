//! The end that is asked for: what is being answered is answered first, and who asks twice does not
//! wait for it. A request is held open by its own client, who sends the body late.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use foundation::clock::{Clock as _, Span, SystemClock};
use portico::app::App;
use serde_json::{Value, json};

use super::server::{Place, Server};
use crate::database::Database;
use crate::world::operator;

/// Long before a request that is under way would be given up.
const AT_ONCE: Span = Span::seconds(5);
/// The longest that anything here waits for the server.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A client that gets tokens for itself, registered before the first start.
struct Client {
    id: String,
    secret: String,
}

impl Client {
    fn registered(place: &Place) -> Self {
        let clock = std::sync::Arc::new(SystemClock);
        let entropy = std::sync::Arc::new(foundation::entropy::SystemEntropy);
        let app = App::open(&place.config(), clock, entropy).expect("it opens");
        let metadata = json!({
            "grant_types": ["client_credentials"],
            "token_endpoint_auth_method": "client_secret_post",
        });
        let added = super::runtime().block_on(
            app.services()
                .administration
                .by(operator())
                .add_client(&metadata),
        );
        let added = added.expect("no fault").expect("good");
        Self {
            id: added.client.id.to_string(),
            secret: added.secret.expect("it has one").expose().to_owned(),
        }
    }

    /// The body of a request with its secret.
    fn form(&self, fields: &[(&str, &str)]) -> String {
        let own = [
            ("client_id", self.id.as_str()),
            ("client_secret", &self.secret),
        ];
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields.iter().chain(&own))
            .finish()
    }
}

/// A request whose head was read, and whose body is still to come.
struct Held {
    stream: TcpStream,
    body: String,
}

impl Held {
    /// When this returns, the server waits for the body.
    fn open(place: &Place, path: &str, body: String) -> Self {
        let mut stream = TcpStream::connect(place.address).expect("it listens");
        stream.set_read_timeout(Some(TIMEOUT)).expect("a socket");
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\
             Expect: 100-continue\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).expect("it is read");
        // "the server … indicates that it wishes to receive the request content" (RFC 9110 §15.2.1)
        let mut said = [0; 25];
        stream.read_exact(&mut said).expect("an interim answer");
        assert_eq!(&said, b"HTTP/1.1 100 Continue\r\n\r\n");
        Self { stream, body }
    }

    /// Sends the body; gives status and JSON of the whole answer.
    fn finished(mut self) -> (u16, Value) {
        self.stream
            .write_all(self.body.as_bytes())
            .expect("it is read");
        let mut answer = String::new();
        self.stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        let json = serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {answer}"));
        (status.expect("a status"), json)
    }
}

/// Waits until nobody new is let in: the signal was heard.
fn is_closing(place: &Place) {
    let begun = SystemClock.uptime();
    while let Ok(stream) = TcpStream::connect(place.address) {
        // What is refused at once costs nothing; what is let in is let go.
        let _ = stream.shutdown(Shutdown::Both);
        let waited = SystemClock.uptime().as_millis() - begun.as_millis();
        assert!(waited < TIMEOUT.as_millis() as i64, "it never heard");
        std::thread::yield_now();
    }
}

fn what_is_being_answered_is_answered(database: Database) {
    let place = Place::new(database);
    let client = Client::registered(&place);
    for signal in ["TERM", "INT"] {
        let server = place.start();
        let form = client.form(&[("grant_type", "client_credentials")]);
        let held = Held::open(&place, "/token", form);
        server.is_sent(signal);
        is_closing(&place);
        let (status, tokens) = held.finished();
        assert_eq!((status, &tokens["token_type"]), (200, &json!("Bearer")));
        assert_eq!(server.ended(), Some(0), "{signal}");
        // And what was answered holds.
        let server = place.start();
        let token = tokens["access_token"].as_str().expect("a token");
        let asked = Held::open(&place, "/introspect", client.form(&[("token", token)]));
        assert_eq!(asked.finished().1["active"], true);
        server.kill();
    }
}

fn a_second_signal_ends_it_at_once(database: Database) {
    let place = Place::new(database);
    let client = Client::registered(&place);
    for signals in [["TERM", "TERM"], ["INT", "INT"], ["TERM", "INT"]] {
        let server: Server = place.start();
        let form = client.form(&[("grant_type", "client_credentials")]);
        let _held = Held::open(&place, "/token", form);
        server.is_sent(signals[0]);
        is_closing(&place);
        let asked = SystemClock.uptime();
        server.is_sent(signals[1]);
        assert_eq!(server.ended(), Some(130), "{signals:?}");
        let took = SystemClock.uptime().as_millis() - asked.as_millis();
        assert!(took < AT_ONCE.as_millis(), "{signals:?}: {took} ms");
    }
}

#[test]
fn what_is_being_answered_is_answered_first_on_sqlite() {
    what_is_being_answered_is_answered(Database::sqlite());
}

#[test]
fn what_is_being_answered_is_answered_first_on_postgres() {
    if let Some(database) = Database::postgres() {
        what_is_being_answered_is_answered(database);
    }
}

#[test]
fn who_asks_twice_does_not_wait_on_sqlite() {
    a_second_signal_ends_it_at_once(Database::sqlite());
}

#[test]
fn who_asks_twice_does_not_wait_on_postgres() {
    if let Some(database) = Database::postgres() {
        a_second_signal_ends_it_at_once(database);
    }
}
