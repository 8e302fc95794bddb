//! A whole Portico for one test, and the people and programs that use it over HTTP.
//!
//! Owns the server in this process, its fresh database and the clocks, which a test moves by hand.
//! Actors stand below `world/`: a [`Person`] has a browser, a [`Program`] is a client. What is set up
//! goes through the same acts of the operator as the commands; nothing is written beside them.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use domain::administrator::Administrator;
use domain::audit::{CameFrom, OperatorName};
use flow::administer::signing_keys::SigningKeys;
use flow::administer::{Administered, Administration, Refusal};
use flow::answer_token_request::{BUILT_IN, GrantTable};
use foundation::clock::{Clock as _, Instant, ManualClock, Span, SystemClock};
use foundation::entropy::SystemEntropy;
use portico::app::{App, Running, TestHooks};
use portico::config::Config;
use serde_json::{Value, json};
use store::faultpoint::Faultpoints;
use tokio::runtime::Runtime;

use crate::database::Database;

pub(crate) mod at_once;
pub(crate) mod browser;
pub(crate) mod certificate;
pub(crate) mod host;
pub(crate) mod html;
pub(crate) mod jwt;
pub(crate) mod listener;
mod node;
mod operator;
pub(crate) mod person;
pub(crate) mod possession;
pub(crate) mod program;
pub(crate) mod receiver;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod sheet;
pub(crate) mod visit;
pub(crate) mod web_view;

use certificate::Certificate;
use person::Person;
use program::Program;
use reply::Reply;

/// Makes two tests of each function, one per database; the body acts in a fresh [`World`]. After
/// `over tls:` the server speaks TLS itself, after `in the present:` its time is that of commands.
macro_rules! in_both_worlds {
    (in the present: $($tests:tt)*) => { $crate::world::in_both_worlds! { @in_the_present $($tests)* } };
    (over tls: $($tests:tt)*) => { $crate::world::in_both_worlds! { @over_tls $($tests)* } };
    (@$new:ident $($(#[doc = $doc:expr])* fn $name:ident($world:ident: &World) $body:block)*) => {$(
        $(#[doc = $doc])*
        fn $name($world: &$crate::world::World) $body

        mod $name {
            #[test]
            fn sqlite() {
                $crate::world::on_sqlite($crate::world::World::$new, super::$name);
            }

            #[test]
            fn postgres() {
                $crate::world::on_postgres($crate::world::World::$new, super::$name);
            }
        }
    )*};
    ($($tests:tt)*) => { $crate::world::in_both_worlds! { @new $($tests)* } };
}
pub(crate) use in_both_worlds;

/// Runs a test in a world on SQLite.
pub(crate) fn on_sqlite(new: impl Fn(Database) -> World, test: impl Fn(&World)) {
    let world = new(Database::sqlite());
    insta::allow_duplicates! { test(&world) }
}

/// Runs a test in a world on PostgreSQL, if there is one to test with.
pub(crate) fn on_postgres(new: impl Fn(Database) -> World, test: impl Fn(&World)) {
    if let Some(database) = Database::postgres() {
        let world = new(database);
        insta::allow_duplicates! { test(&world) }
    }
}

/// Who sets worlds up.
pub(crate) fn operator() -> Administrator {
    let name = OperatorName::parse("grace").expect("a name");
    Administrator::at_command_line(name, CameFrom::INSIDE)
}

/// When every world begins: 2027-01-15T08:00:00Z.
const BEGINNING: Instant = Instant::from_seconds(1_800_000_000);

/// One runtime for what tests wait for. Servers have their own threads.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// A server with everything around it. Cheap to clone; the last clone ends it.
#[derive(Clone)]
pub(crate) struct World(Arc<Node>);

/// One server.
struct Node {
    /// Dropped before the place it stands on.
    running: Mutex<Option<Running>>,
    listener: TcpListener,
    base: String,
    http: reqwest::Client,
    config: Config,
    /// The machine's. On PostgreSQL its wall clock is wrong, and nothing may depend on it.
    clock: Arc<ManualClock>,
    place: Arc<Place>,
}

/// What several nodes share.
struct Place {
    database: Database,
    /// What time it is, by PostgreSQL's clock as well.
    clock: Arc<ManualClock>,
    /// What happens at the store's points, if anything does.
    at_points: Arc<Mutex<Option<node::AtPoints>>>,
    /// Where the server speaks TLS itself.
    certificate: Option<Certificate>,
    /// The grants of the token endpoint.
    grants: GrantTable,
    /// The publisher of the mini-programs that name none.
    publisher: Mutex<Option<String>>,
    _folder: tempfile::TempDir,
    data: PathBuf,
}

impl World {
    /// A server on a fresh database.
    pub(crate) fn new(database: Database) -> Self {
        Self::with(database, |_| {})
    }

    /// The same, with other settings.
    pub(crate) fn with(database: Database, settings: impl FnOnce(&mut Config)) -> Self {
        Self::place(BEGINNING, database, None, BUILT_IN, settings)
    }

    /// The same, beginning now, for who types commands beside it.
    pub(crate) fn in_the_present(database: Database) -> Self {
        Self::place(SystemClock.now(), database, None, BUILT_IN, |_| {})
    }

    /// A server on a fresh database with these grants.
    pub(crate) fn granting(database: Database, grants: GrantTable) -> Self {
        Self::place(BEGINNING, database, None, grants, |_| {})
    }

    /// The same, reached over https.
    pub(crate) fn over_tls(database: Database) -> Self {
        let certificate = Some(Certificate::new());
        Self::place(BEGINNING, database, certificate, BUILT_IN, |_| {})
    }

    fn place(
        beginning: Instant,
        database: Database,
        certificate: Option<Certificate>,
        grants: GrantTable,
        settings: impl FnOnce(&mut Config),
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let place = Place {
            database,
            clock: Arc::new(ManualClock::at(beginning)),
            at_points: Arc::default(),
            certificate,
            grants,
            publisher: Mutex::default(),
            _folder: folder,
            data,
        };
        Self::node(Arc::new(place), None, settings)
    }

    /// Another node on the same database, with the same issuer, on another machine.
    pub(crate) fn another_node(&self) -> Self {
        self.another_node_with(|_| {})
    }

    /// The same, with other settings.
    pub(crate) fn another_node_with(&self, settings: impl FnOnce(&mut Config)) -> Self {
        let issuer = self.issuer().to_owned();
        Self::node(Arc::clone(&self.0.place), Some(issuer), settings)
    }

    fn node(place: Arc<Place>, issuer: Option<String>, settings: impl FnOnce(&mut Config)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut config = Config::for_testing(&place.data, address).expect("settings");
        config.database.url = place.database.settings().url;
        config.database.connections = 4;
        config.server.workers = 1;
        config.telemetry.metrics = false;
        let mut base = format!("http://{address}");
        if let Some(certificate) = &place.certificate {
            base = format!("https://localhost:{}", address.port());
            config.tls = Some(certificate.files());
            config.server.issuer.clone_from(&base);
        }
        if let Some(issuer) = &issuer {
            config.server.issuer.clone_from(issuer);
        }
        config.scopes.operator = operator::scopes();
        settings(&mut config);
        let (ahead, up) = match (place.database.is_sqlite(), &issuer) {
            (true, _) => (0, 0),
            (false, None) => (2, 3),
            (false, Some(_)) => (-2, 500),
        };
        let clock = place
            .clock
            .of_another_machine(Span::hours(ahead), Span::hours(up));
        let world = Self(Arc::new(Node {
            running: Mutex::new(None),
            listener,
            base,
            http: http_client(address, place.certificate.as_ref()),
            config,
            clock: Arc::new(clock),
            place,
        }));
        world.start();
        world
    }

    fn start(&self) {
        let place = &self.0.place;
        let acts = Arc::clone(&place.at_points);
        let fails = move |point| {
            let mut acts = acts.lock().unwrap_or_else(PoisonError::into_inner);
            acts.as_mut().is_some_and(|act| act(point))
        };
        let hooks = TestHooks {
            faultpoints: Faultpoints::new(fails),
            database_clock: Some(place.clock.clone()),
            grants: place.grants,
        };
        let (clock, entropy) = (self.0.clock.clone(), Arc::new(SystemEntropy));
        let app = App::open_for_test(&self.0.config, clock, entropy, hooks);
        let app = app.unwrap_or_else(|fault| panic!("{}", fault.chain()));
        let listener = self.0.listener.try_clone().expect("a listener");
        let running = app.serve(listener, None).expect("it serves");
        *self.running() = Some(running);
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.0
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The issuer identifier.
    pub(crate) fn issuer(&self) -> &str {
        &self.0.config.server.issuer
    }

    /// Its settings.
    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    /// Its data folder.
    pub(crate) fn data(&self) -> &std::path::Path {
        &self.0.place.data
    }

    /// Its database.
    pub(crate) fn database(&self) -> &Database {
        &self.0.place.database
    }

    /// Now, by the clock that everybody goes by.
    pub(crate) fn now(&self) -> Instant {
        self.0.place.clock.now()
    }

    /// Moves the clock, and waits until the server has looked at its log again: time that a test
    /// jumps over is time in which the server would have looked.
    pub(crate) fn passes(&self, span: Span) {
        self.0.place.clock.advance(span);
        let services = self.services();
        self.soon("the server is fresh again", || services.health.is_fresh());
    }

    /// Somebody sets the clock that the time is told by: the database's, or SQLite's machine's.
    pub(crate) fn time_is_set_ahead(&self, span: Span) {
        self.0.place.clock.set_ahead(span);
        if self.database().is_sqlite() {
            self.0.clock.set_ahead(span);
        }
    }

    /// Somebody sets the wall clock of this node's machine.
    pub(crate) fn wall_clock_is_set_ahead(&self, span: Span) {
        self.0.clock.set_ahead(span);
    }

    /// Time passes and waits for nothing: the server is late.
    pub(crate) fn clock_runs_ahead(&self, seconds: i64) {
        self.0.place.clock.advance(Span::seconds(seconds));
    }

    /// In a world of the present: the clock is where those of commands are by now. Waits for nothing, so
    /// that it can be done while no server runs.
    pub(crate) fn is_in_the_present(&self) {
        let behind = SystemClock.now().since(self.now());
        self.0.place.clock.advance(behind);
    }

    /// Moves the clock by seconds.
    pub(crate) fn seconds_pass(&self, seconds: i64) {
        self.passes(Span::seconds(seconds));
    }

    /// Waits for something that a flow does.
    pub(crate) fn wait<T>(&self, what: impl Future<Output = T>) -> T {
        RUNTIME.block_on(what)
    }

    /// An act of the operator that must succeed.
    pub(crate) fn operator<T>(&self, act: impl Future<Output = Administered<T>>) -> T {
        let refused = |refusal: Refusal| panic!("{refusal}");
        let fault = |fault: foundation::fault::Fault| panic!("{}", fault.chain());
        self.wait(act).unwrap_or_else(fault).unwrap_or_else(refused)
    }

    /// Why an act of the operator is refused.
    pub(crate) fn refuses<T: std::fmt::Debug>(
        &self,
        act: impl Future<Output = Administered<T>>,
    ) -> String {
        let fault = |fault: foundation::fault::Fault| panic!("{}", fault.chain());
        let answer = self.wait(act).unwrap_or_else(fault);
        answer.expect_err("refused").to_string()
    }

    /// A person with a full profile and a browser that has not been here before.
    pub(crate) fn person(&self, username: &str) -> Person {
        Person::new(self, username)
    }

    /// A released mini-program of the world's own publisher.
    pub(crate) fn mini_program(&self, name: &str, scope: &str) -> Program {
        self.mini_program_with(name, scope, json!({}))
    }

    /// The same, with more members in its manifest or others.
    pub(crate) fn mini_program_with(&self, name: &str, scope: &str, more: Value) -> Program {
        let publisher = self.publisher();
        Program::mini_program(self, &publisher, name, scope, more)
    }

    /// A client with this metadata over the usual one.
    pub(crate) fn client(&self, metadata: Value) -> Program {
        Program::client(self, metadata)
    }

    /// What the operator may do.
    pub(crate) fn administration(&self) -> Administration {
        self.services().administration.by(operator())
    }

    /// Signing keys, in the operator's hands.
    pub(crate) fn signing_keys(&self) -> SigningKeys {
        self.services().signing_keys.by(operator())
    }

    /// A request to this server, for what no actor does.
    pub(crate) fn http(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = method.parse().expect("a method");
        self.0
            .http
            .request(method, format!("{}{path}", self.0.base))
    }

    /// The client that reaches this server, for libraries that bring their own requests.
    pub(crate) fn http_client(&self) -> reqwest::Client {
        self.0.http.clone()
    }

    /// Sends it.
    pub(crate) fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        self.wait(Reply::of(request))
    }

    /// GET without anything.
    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send(self.http("GET", path))
    }

    /// The path and query of an address at this server; `None` for others.
    pub(crate) fn own_path<'a>(&self, address: &'a str) -> Option<&'a str> {
        if address.starts_with('/') && !address.starts_with("//") {
            return Some(address);
        }
        let rest = address.strip_prefix(self.issuer());
        rest.filter(|rest| rest.starts_with('/'))
    }
}

/// A client that follows nothing by itself, and trusts nobody but the server's own authority.
fn http_client(address: SocketAddr, certificate: Option<&Certificate>) -> reqwest::Client {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(Duration::from_secs(30));
    let client = match certificate {
        Some(certificate) => client
            .https_only(true)
            .resolve("localhost", address)
            .tls_certs_only([certificate.authority()]),
        None => client,
    };
    client.build().expect("a client")
}
