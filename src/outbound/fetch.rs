//! The one guarded HTTP client.
//!
//! Only https (plain http to exempted hosts), no address outside the public internet unless its
//! host is exempted, no redirects, no proxy from the environment, short timeouts, small answers.
//! What an answer means is for its caller to say.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use foundation::fault::Fault;
use futures_util::future::BoxFuture;
use http::{Request, Response, StatusCode};
use reqwest::{Certificate, Client, redirect, tls};
use url::{Host, Url};

use crate::address::is_public;
use crate::allowed_hosts::{AllowedHosts, is_localhost};
use crate::resolver::{GuardedResolver, Lookup, NotPublic, system_lookup};

/// How long a connection may take, name resolution and TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// What a fault calls the extra certificates, with the setting that names their file.
const EXTRA_CA: &str = "the file with extra certificates (outbound.trusted_ca)";
/// How long everything may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of the longest answer that is read.
const MAX_BODY: usize = 256 * 1024;
/// Of an answer that is thrown away: so much is read that its connection can be used again …
const MAX_THROWN_AWAY: usize = 16 * 1024;
/// … if it comes by then.
const THROWN_AWAY_WITHIN: Duration = Duration::from_millis(500);

/// Sends a request and gives the whole answer, whatever its status. The guarded client outside
/// tests; another world inside.
pub trait HttpFetch: Send + Sync + 'static {
    /// Sends a request.
    fn fetch(
        &self,
        request: Request<Vec<u8>>,
    ) -> BoxFuture<'_, Result<Response<Vec<u8>>, FetchProblem>>;

    /// Sends a request and gives the status of the answer; its body is thrown away, however long it is.
    fn status_of(
        &self,
        request: Request<Vec<u8>>,
    ) -> BoxFuture<'_, Result<StatusCode, FetchProblem>>;
}

/// A way out that can be handed around.
pub type SharedFetch = Arc<dyn HttpFetch>;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchProblem {
    /// The request was not sent: the guard forbids its address.
    #[error("the address is not allowed: {0}")]
    Forbidden(&'static str),
    /// It took too long.
    #[error("no answer in time")]
    Timeout,
    /// The answer is longer than 256 KiB.
    #[error("the answer is too long")]
    TooLong,
    /// The connection, TLS or HTTP failed.
    #[error("the connection failed: {0}")]
    Failed(String),
}

/// What the operator decided about the way out.
#[derive(Clone, Debug, Default)]
pub struct FetchSettings {
    /// Hosts that are exempted from the guard.
    pub allowed: AllowedHosts,
    /// Certificates to trust besides the system's, PEM, one or more.
    pub extra_ca: Option<Vec<u8>>,
}

/// The client that the server uses.
pub struct GuardedFetch {
    client: Client,
    allowed: Arc<AllowedHosts>,
}

impl GuardedFetch {
    /// Makes the client.
    ///
    /// # Errors
    /// The extra certificates cannot be read, or TLS cannot be set up.
    pub fn new(settings: FetchSettings) -> Result<Self, Fault> {
        Self::with_lookup(settings, system_lookup(), TIMEOUT)
    }

    fn with_lookup(
        settings: FetchSettings,
        lookup: Lookup,
        timeout: Duration,
    ) -> Result<Self, Fault> {
        let allowed = Arc::new(settings.allowed);
        let extra = match &settings.extra_ca {
            Some(pem) => certificates(pem)?,
            None => Vec::new(),
        };
        let client = Client::builder()
            .dns_resolver(GuardedResolver::new(Arc::clone(&allowed), lookup))
            .redirect(redirect::Policy::none())
            // A proxy would resolve names itself, past the guard.
            .no_proxy()
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(timeout)
            .tls_version_min(tls::Version::TLS_1_2)
            .tls_certs_merge(extra)
            .user_agent("portico")
            .build()
            .map_err(|error| Fault::broken_by("the client for outgoing calls", error))?;
        Ok(Self { client, allowed })
    }

    /// Sends a request where the guard lets it; the body of the answer has not been read.
    async fn begin(&self, request: Request<Vec<u8>>) -> Result<reqwest::Response, FetchProblem> {
        let (parts, body) = request.into_parts();
        // The URL standard spells every form of an address (decimal, hexadecimal, full-width, …)
        // in one way; what is checked here is what is connected to.
        let url = Url::parse(&parts.uri.to_string())
            .map_err(|_| FetchProblem::Forbidden("it is no absolute URL"))?;
        check(&url, &self.allowed)?;
        let sent = self
            .client
            .request(parts.method, url)
            .headers(parts.headers)
            .body(body)
            .send();
        sent.await.map_err(problem)
    }

    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, FetchProblem> {
        let mut answer = self.begin(request).await?;
        let mut response = Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            headers.extend(std::mem::take(answer.headers_mut()));
        }
        let body = read_bounded(answer).await?;
        response
            .body(body)
            .map_err(|error| FetchProblem::Failed(error.to_string()))
    }

    async fn ask(&self, request: Request<Vec<u8>>) -> Result<StatusCode, FetchProblem> {
        let answer = self.begin(request).await?;
        let status = answer.status();
        // What is not read whole ends with its connection.
        let _ = tokio::time::timeout(THROWN_AWAY_WITHIN, throw_away(answer)).await;
        Ok(status)
    }
}

impl HttpFetch for GuardedFetch {
    fn fetch(
        &self,
        request: Request<Vec<u8>>,
    ) -> BoxFuture<'_, Result<Response<Vec<u8>>, FetchProblem>> {
        Box::pin(self.send(request))
    }

    fn status_of(
        &self,
        request: Request<Vec<u8>>,
    ) -> BoxFuture<'_, Result<StatusCode, FetchProblem>> {
        Box::pin(self.ask(request))
    }
}

impl fmt::Debug for GuardedFetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardedFetch")
            .field("allowed", &self.allowed)
            .finish_non_exhaustive()
    }
}

/// A GET for JSON.
///
/// # Errors
/// The text is no URI.
pub fn get_json(uri: &str) -> Result<Request<Vec<u8>>, FetchProblem> {
    Request::get(uri)
        .header(http::header::ACCEPT, "application/json")
        .body(Vec::new())
        .map_err(|_| FetchProblem::Forbidden("it is no absolute URL"))
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate>, Fault> {
    let found =
        Certificate::from_pem_bundle(pem).map_err(|error| Fault::unusable(EXTRA_CA, error))?;
    if found.is_empty() {
        return Err(Fault::unusable(EXTRA_CA, "there is none in PEM form"));
    }
    Ok(found)
}

/// What can be said before any name is resolved. Names are looked at again, with their addresses,
/// by the resolver; literal addresses never reach it.
fn check(url: &Url, allowed: &AllowedHosts) -> Result<(), FetchProblem> {
    let forbidden = |why| Err(FetchProblem::Forbidden(why));
    let Some(host) = url.host() else {
        return forbidden("it has no host");
    };
    let exempted = allowed.contains(host.clone());
    match url.scheme() {
        "https" => {}
        "http" if exempted => {}
        _ => return forbidden("it is not https"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return forbidden("it has user information");
    }
    let reachable = exempted
        || match host {
            Host::Domain(name) => !is_localhost(name),
            Host::Ipv4(address) => is_public(address.into()),
            Host::Ipv6(address) => is_public(address.into()),
        };
    if reachable {
        Ok(())
    } else {
        forbidden("it is not public")
    }
}

async fn read_bounded(mut answer: reqwest::Response) -> Result<Vec<u8>, FetchProblem> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(problem)? {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(FetchProblem::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

async fn throw_away(mut answer: reqwest::Response) {
    let mut read = 0;
    while let Ok(Some(chunk)) = answer.chunk().await {
        read += chunk.len();
        if read > MAX_THROWN_AWAY {
            return;
        }
    }
}

fn problem(error: reqwest::Error) -> FetchProblem {
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(inner) = cause {
        if inner.is::<NotPublic>() {
            return FetchProblem::Forbidden("it is not public");
        }
        cause = inner.source();
    }
    if error.is_timeout() {
        return FetchProblem::Timeout;
    }
    // The URL may have a secret in its query; whoever logs this knows which one it was.
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    FetchProblem::Failed(text)
}

#[cfg(test)]
mod tests;
