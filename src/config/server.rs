//! `[server]`: who this is, where it listens, where it keeps its files.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use foundation::clock::Span;
use foundation::secret::SecretText;
use ipnet::IpNet;
use protocol::forwarded::ForwardedHeader;
use serde::Deserialize;
use url::Url;

use super::ConfigError;
use super::value::{Switch, Words, network, parsed, seconds};

/// Longer than the 60 seconds after which a usual proxy lets an idle connection go: who closes first
/// must not be the one who is sent the next request.
const KEEP_ALIVE: Span = Span::seconds(75);
/// What a flood of connections that each hold a few KiB may take, and more than a proxy or two open.
const CONNECTIONS: usize = 8_192;
/// A household or an office behind one address.
const CONNECTIONS_PER_ADDRESS: usize = 256;
/// Time for whoever asks every second or two to hear of the end, and short enough for the ten seconds
/// that a container is usually given.
const SHUTDOWN_NOTICE: Span = Span::seconds(3);

/// Who this is, where it listens, where it keeps its files.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// The issuer identifier (RFC 8414 §2): an origin, without a final slash. All links are built
    /// from it, never from a request's `Host`.
    pub issuer: String,
    /// What people see as the name of this super app.
    pub brand: String,
    /// Where to listen.
    pub listen: SocketAddr,
    /// The folder of the master key and, by default, of the database.
    pub data_dir: PathBuf,
    /// Threads that answer requests.
    pub workers: usize,
    /// Proxies whose forwarded headers count.
    pub trusted_proxies: Vec<IpNet>,
    /// In which header they say for whom they ask.
    pub forwarded_header: ForwardedHeader,
    /// An own listener for `/metrics`; none: they are served beside everything else if
    /// `telemetry.metrics` is on.
    pub metrics_listen: Option<SocketAddr>,
    /// Whether failed sign-ins and busy addresses are slowed down.
    pub rate_limits: bool,
    /// How many connections there may be.
    pub connections: usize,
    /// How many of them from one address that is no listed proxy's.
    pub connections_per_address: usize,
    /// How long a connection without a request is kept.
    pub keep_alive: Span,
    /// How long `/readyz` says that the server ends, before the door is closed.
    pub shutdown_notice: Span,
    /// The file of the master key.
    pub master_key_file: PathBuf,
    /// The master key itself (base64url of 32 bytes), instead of a file.
    pub master_key: Option<SecretText>,
}

/// As it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Section {
    issuer: Option<String>,
    brand: Option<String>,
    listen: Option<String>,
    data_dir: Option<PathBuf>,
    workers: Option<usize>,
    trusted_proxies: Words,
    forwarded_header: Option<String>,
    metrics_listen: Option<String>,
    rate_limits: Option<Switch>,
    connections: Option<usize>,
    connections_per_address: Option<usize>,
    keep_alive: Option<i64>,
    shutdown_notice: Option<i64>,
    master_key_file: Option<PathBuf>,
    master_key: Option<MasterKeyText>,
}

/// Not printed, even while it is only written.
#[derive(Deserialize)]
#[serde(transparent)]
struct MasterKeyText(String);

impl std::fmt::Debug for MasterKeyText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKeyText(…)")
    }
}

impl Section {
    pub(super) fn for_testing(folder: &Path, listen: SocketAddr) -> Self {
        Self {
            issuer: Some(format!("http://localhost:{}", listen.port())),
            listen: Some(listen.to_string()),
            data_dir: Some(folder.to_owned()),
            ..Self::default()
        }
    }

    pub(super) fn check(self, has_tls: bool) -> Result<ServerSettings, ConfigError> {
        let address = |text: Option<String>, key| match text {
            Some(text) => {
                parsed(&text, key, "an address with a port, such as 127.0.0.1:8080").map(Some)
            }
            None => Ok(None),
        };
        let listen: SocketAddr = address(self.listen, "server.listen")?
            .unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080)));
        let issuer = match self.issuer {
            Some(issuer) => checked_issuer(&issuer)?,
            None => default_issuer(listen, has_tls),
        };
        if has_tls && issuer.starts_with("http:") {
            return Err(ConfigError::new(
                "server.issuer",
                "must begin with https, because a certificate is set",
            ));
        }
        let data_dir = self
            .data_dir
            .unwrap_or_else(|| PathBuf::from("portico-data"));
        let workers = self.workers.unwrap_or_else(default_workers);
        if !(1..=256).contains(&workers) {
            return Err(ConfigError::new("server.workers", "must be 1 to 256"));
        }
        let so_many = |number: Option<usize>, key, default| match number.unwrap_or(default) {
            number @ 16..=1_000_000 => Ok(number),
            _ => Err(ConfigError::new(key, "must be 16 to 1000000")),
        };
        let proxy = |text: &String| network(text, "server.trusted_proxies");
        Ok(ServerSettings {
            issuer,
            brand: checked_brand(self.brand)?,
            listen,
            workers,
            trusted_proxies: self
                .trusted_proxies
                .into_vec()
                .iter()
                .map(proxy)
                .collect::<Result<_, _>>()?,
            forwarded_header: checked_forwarded_header(self.forwarded_header.as_deref())?,
            metrics_listen: address(self.metrics_listen, "server.metrics_listen")?,
            rate_limits: Switch::read(self.rate_limits, "server.rate_limits", true)?,
            connections: so_many(self.connections, "server.connections", CONNECTIONS)?,
            connections_per_address: so_many(
                self.connections_per_address,
                "server.connections_per_address",
                CONNECTIONS_PER_ADDRESS,
            )?,
            keep_alive: seconds(
                self.keep_alive,
                "server.keep_alive",
                KEEP_ALIVE,
                Span::seconds(1),
                Span::hours(1),
            )?,
            shutdown_notice: seconds(
                self.shutdown_notice,
                "server.shutdown_notice",
                SHUTDOWN_NOTICE,
                Span::seconds(0),
                Span::minutes(1),
            )?,
            master_key_file: self
                .master_key_file
                .unwrap_or_else(|| data_dir.join("master.key")),
            master_key: self.master_key.map(|text| SecretText::new(text.0)),
            data_dir,
        })
    }
}

fn checked_forwarded_header(word: Option<&str>) -> Result<ForwardedHeader, ConfigError> {
    match word {
        None | Some("either") => Ok(ForwardedHeader::Either),
        Some("x-forwarded-for") => Ok(ForwardedHeader::XForwardedFor),
        Some("forwarded") => Ok(ForwardedHeader::Forwarded),
        Some(other) => {
            let problem = format!("must be either, x-forwarded-for or forwarded, not {other:?}");
            Err(ConfigError::new("server.forwarded_header", problem))
        }
    }
}

fn checked_brand(brand: Option<String>) -> Result<String, ConfigError> {
    let Some(brand) = brand else {
        return Ok("Portico".to_owned());
    };
    foundation::bounded_text::BoundedText::<40>::parse(&brand)
        .map(foundation::bounded_text::BoundedText::into_string)
        .map_err(|e| ConfigError::new("server.brand", e.to_string()))
}

/// One for each core, at most four: a worker answers tens of thousands of requests a second, and
/// each costs memory.
fn default_workers() -> usize {
    std::thread::available_parallelism().map_or(2, |n| n.get().clamp(1, 4))
}

fn default_issuer(listen: SocketAddr, has_tls: bool) -> String {
    let scheme = if has_tls { "https" } else { "http" };
    let text = format!("{scheme}://localhost:{}", listen.port());
    // As one that is set must be written: without the port that the scheme has by itself.
    Url::parse(&text).map_or(text, |url| url.origin().ascii_serialization())
}

/// "a URL that uses the "https" scheme and has no query or fragment components" (RFC 8414 §2);
/// ours has no path either. The text is compared byte by byte by clients, so it must be written as
/// browsers write an origin.
fn checked_issuer(text: &str) -> Result<String, ConfigError> {
    let wrong = |problem: String| Err(ConfigError::new("server.issuer", problem));
    let Ok(url) = Url::parse(text) else {
        return wrong(format!("{text:?} is not a URL"));
    };
    let origin = url.origin().ascii_serialization();
    let host = url.host_str().unwrap_or_default();
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(host) => {}
        "http" => {
            return wrong("http is for loopback hosts only (localhost, *.localhost, 127.0.0.1, [::1]); use https".into());
        }
        other => return wrong(format!("must begin with https, not {other}")),
    }
    if origin != text {
        return wrong(format!(
            "must be an origin, nothing before or after it: {origin}"
        ));
    }
    Ok(origin)
}

fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]") || host.ends_with(".localhost")
}
