//! The real binary as a process of its own, which is started, killed or asked to end, and started
//! again.

use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use portico::config::{Config, Sources};
use procfs::process::{Process, Stat};
use procfs::ticks_per_second;
use tempfile::TempDir;

use crate::database::Database;

/// Ports below those that the system gives to outgoing connections: while the server is dead,
/// nobody else takes its port.
static NEXT_PORT: AtomicU16 = AtomicU16::new(0);
const FIRST_PORT: u16 = 10_240;
const PORTS: u16 = 9_000;

/// How long a start may take, on a machine that is busy with other tests.
const START: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(5);

/// What the processes have in common: a folder, a database, an address.
pub(crate) struct Place {
    folder: TempDir,
    database: Arc<Database>,
    pub(crate) address: SocketAddr,
    /// Who they are; the first process's address.
    issuer: String,
    /// What is logged.
    log_level: &'static str,
    /// Whether nothing that is logged can be written.
    loses_log: bool,
    /// Further settings, over the usual ones; an empty one is not set.
    more: Vec<(String, String)>,
}

/// A process that runs.
pub(crate) struct Server(Child);

impl Place {
    pub(crate) fn new(database: Database) -> Self {
        Self::on(Arc::new(database))
    }

    /// Another machine of the same installation: a folder and an address of its own.
    pub(crate) fn beside(&self) -> Self {
        let mut beside = Self::on(Arc::clone(&self.database));
        beside.issuer.clone_from(&self.issuer);
        beside.more.clone_from(&self.more);
        beside
    }

    fn on(database: Arc<Database>) -> Self {
        let address = free_address();
        Self {
            folder: TempDir::new().expect("a folder"),
            database,
            address,
            issuer: format!("http://localhost:{}", address.port()),
            log_level: "warn",
            loses_log: false,
            more: Vec::new(),
        }
    }

    /// Logs so much from now on.
    pub(crate) fn logs(&mut self, level: &'static str) {
        self.log_level = level;
    }

    /// Finds no room for its log from now on.
    pub(crate) fn loses_its_log(&mut self) {
        self.loses_log = true;
    }

    /// Sets a variable from now on.
    pub(crate) fn sets(&mut self, name: &str, value: &str) {
        self.more.push((name.to_owned(), value.to_owned()));
    }

    /// The password in the database's URL, if it has one.
    pub(crate) fn database_password(&self) -> Option<String> {
        let url = url::Url::parse(&self.database.url).ok()?;
        url.password().map(str::to_owned)
    }

    /// The database's URL.
    pub(crate) fn database_url(&self) -> &str {
        &self.database.url
    }

    /// The folder that processes run in.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// What all processes have said so far.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    pub(crate) fn issuer(&self) -> String {
        self.issuer.clone()
    }

    /// The settings, as the process gets them. Access tokens outlive the run; a retry is honest
    /// for as long as a busy machine may need for a start.
    fn environment(&self) -> Vec<(String, String)> {
        let data = self.folder.path().join("data");
        [
            ("PORTICO_ISSUER", self.issuer()),
            ("PORTICO_LISTEN", self.address.to_string()),
            ("PORTICO_DATA_DIR", data.display().to_string()),
            ("PORTICO_DATABASE_URL", self.database.url.clone()),
            ("PORTICO_TOKEN__ACCESS_LIFETIME", "3600".to_owned()),
            ("PORTICO_TOKEN__REFRESH_RETRY_WINDOW", "60".to_owned()),
            ("PORTICO_TELEMETRY__LOG", self.log_level.to_owned()),
            ("PORTICO_SERVER__SHUTDOWN_NOTICE", "0".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .chain(self.more.iter().cloned())
        .collect()
    }

    /// The same settings, for setting up what the operator would. Password hashes are cheap, so
    /// that the time goes into what is killed.
    pub(crate) fn config(&self) -> Config {
        let environment = self.environment();
        let sources = Sources {
            file: None,
            environment,
        };
        let mut config = Config::load(&sources).expect("settings");
        config.for_tests = true;
        config
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Types a command; gives whether it went well.
    pub(crate) fn does(&self, words: &[&str]) -> bool {
        let done = self.command(words).status();
        done.expect("the binary starts").success()
    }

    /// Starts it, and waits for nothing.
    pub(crate) fn spawn(&self) -> Server {
        Server(self.command(&["serve"]).spawn().expect("the binary starts"))
    }

    fn command(&self, words: &[&str]) -> Command {
        let log = match self.loses_log {
            true => "/dev/full".into(),
            false => self.log(),
        };
        let log = File::options().append(true).create(true).open(log);
        let log = log.expect("a log");
        let mut command = Command::new(env!("CARGO_BIN_EXE_portico"));
        command
            .args(words)
            .current_dir(self.folder.path())
            .envs(self.environment())
            .stdin(Stdio::null())
            .stdout(Stdio::from(log.try_clone().expect("the same log")))
            .stderr(Stdio::from(log));
        command
    }

    /// Whether it says so itself.
    pub(crate) fn is_ready(&self) -> bool {
        is_ready(self.address)
    }

    /// Starts it, and kills it after so long, whether it was ready or not.
    pub(crate) fn start_and_kill(&self, after: Duration) {
        let server = self.spawn();
        std::thread::sleep(after);
        server.kill();
    }

    /// Starts it and waits until it is ready. Nothing is repaired, removed or waited for before.
    pub(crate) fn start(&self) -> Server {
        let mut server = self.spawn();
        for _ in 0..START.as_millis() / LOOK.as_millis() {
            if let Some(status) = server.0.try_wait().expect("our own child") {
                panic!("it did not start: {status}");
            }
            if is_ready(self.address) {
                return server;
            }
            std::thread::sleep(LOOK);
        }
        panic!("it was not ready in time");
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("what all processes had to say:\n{}", self.said());
        }
    }
}

impl Server {
    /// Asks it to end by a signal, `INT` or `TERM`; gives its exit code, which one that was killed
    /// has not.
    pub(crate) fn ends(self, signal: &str) -> Option<i32> {
        self.is_sent(signal);
        self.ended()
    }

    /// Sends it a signal, such as `TERM`.
    pub(crate) fn is_sent(&self, signal: &str) {
        let id = self.0.id();
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -s {signal} {id}")])
            .status();
        assert!(sent.expect("a shell").success());
    }

    /// How many bytes of memory it has.
    pub(crate) fn memory(&self) -> u64 {
        self.stat().rss * procfs::page_size()
    }

    /// How long its threads have worked.
    pub(crate) fn cpu_time(&self) -> Duration {
        let stat = self.stat();
        Duration::from_secs(stat.utime + stat.stime)
            / u32::try_from(ticks_per_second()).expect("few")
    }

    fn stat(&self) -> Stat {
        let id = i32::try_from(self.0.id()).expect("a process");
        let process = Process::new(id).expect("our own child");
        process.stat().expect("our own child")
    }

    /// Waits for its end; gives its exit code.
    pub(crate) fn ended(mut self) -> Option<i32> {
        self.0.wait().expect("our own child").code()
    }

    /// Whether it has not ended by itself.
    pub(crate) fn still_runs(&mut self) -> bool {
        self.0.try_wait().expect("our own child").is_none()
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.0.kill().expect("our own child");
        self.0.wait().expect("our own child");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A test that failed leaves nothing behind; one that was killed already is gone.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_address() -> SocketAddr {
    let start = u16::try_from(std::process::id() % u32::from(PORTS)).expect("below a port");
    for _ in 0..PORTS {
        let step = NEXT_PORT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST_PORT + start.wrapping_add(step) % PORTS;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no free port");
}

fn is_ready(address: SocketAddr) -> bool {
    use std::io::{Read as _, Write as _};
    let Ok(mut stream) = TcpStream::connect(address) else {
        return false;
    };
    let asked = stream
        .set_read_timeout(Some(Duration::from_secs(2)))
        .and_then(|()| {
            let request = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
            stream.write_all(request.as_bytes())
        });
    let mut answer = String::new();
    asked.is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}
