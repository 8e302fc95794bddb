//! The programs' HTTP client: `openidconnect`'s requests over `reqwest`, with the issuer's host
//! resolved by hand, no redirects, short time limits and bounded answers. What goes through it is recorded
//! for *Behind the scenes*.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use url::Url;

use crate::scenes::{Answered, Asked, Notice, Party, Scenes};

/// The longest answer that is read: discovery and JWKS are a few kilobytes.
const LONGEST_ANSWER: usize = 512 * 1024;

/// After so long a stream is asked for anew.
const LONGEST_STREAM: Duration = Duration::from_secs(12 * 60 * 60);

/// A client that reaches one issuer.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    client: reqwest::Client,
    party: Party,
    scenes: Arc<Scenes>,
}

impl Transport {
    /// A client of `party` that reaches the host of `issuer` at `address`.
    pub(crate) fn to(
        issuer: &Url,
        address: SocketAddr,
        party: Party,
        scenes: &Arc<Scenes>,
    ) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            // A token endpoint that redirects is not to be followed with credentials in hand.
            .redirect(reqwest::redirect::Policy::none())
            // The issuer is on this machine; a proxy could not reach it.
            .no_proxy()
            .resolve(issuer.host_str().unwrap_or_default(), address)
            .connect_timeout(Duration::from_secs(2))
            .timeout(Duration::from_secs(5))
            .build()?;
        scenes.introduce(&party.client_id, party.name);
        Ok(Self {
            client,
            party,
            scenes: Arc::clone(scenes),
        })
    }

    /// Records what Portico sent by itself to a stay of a person.
    pub(crate) fn heard(&self, sid: &str, notice: Notice<'_>) {
        self.scenes.heard(&self.party, sid, notice);
    }

    /// An answer that goes on: whoever asks reads it piece by piece.
    pub(crate) async fn stream(
        &self,
        request: HttpRequest,
    ) -> Result<reqwest::Response, TransportError> {
        let (asked, began) = (Asked::of(&request), self.scenes.now());
        let mut request = reqwest::Request::try_from(request).map_err(TransportError::Exchange)?;
        *request.timeout_mut() = Some(LONGEST_STREAM);
        let answer = self.client.execute(request).await;
        let heard = answer.as_ref().ok().map(|answer| Answered {
            status: answer.status().as_u16(),
            body: &[],
        });
        self.scenes
            .record(&self.party, &asked, began, heard.as_ref());
        answer.map_err(TransportError::Exchange)
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let (asked, began) = (Asked::of(&request), self.scenes.now());
        let answer = self.exchange(request).await;
        let heard = answer.as_ref().ok().map(|answer| Answered {
            status: answer.status().as_u16(),
            body: answer.body(),
        });
        self.scenes
            .record(&self.party, &asked, began, heard.as_ref());
        answer
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let request = reqwest::Request::try_from(request).map_err(TransportError::Exchange)?;
        let mut response = self
            .client
            .execute(request)
            .await
            .map_err(TransportError::Exchange)?;
        let mut answer = http::Response::builder().status(response.status());
        for (name, value) in response.headers() {
            answer = answer.header(name, value);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(TransportError::Exchange)? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err(TransportError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        answer.body(body).map_err(TransportError::Answer)
    }
}

impl<'c> AsyncHttpClient<'c> for Transport {
    type Error = TransportError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, TransportError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum TransportError {
    /// The request could not be sent, or the answer did not arrive.
    Exchange(reqwest::Error),
    /// The answer's head makes no sense.
    Answer(http::Error),
    /// The answer is longer than any honest one.
    TooLong,
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exchange(_) => "the exchange with Portico failed",
            Self::Answer(_) => "the head of Portico's answer is malformed",
            Self::TooLong => "Portico's answer is too long",
        })
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Exchange(cause) => Some(cause),
            Self::Answer(cause) => Some(cause),
            Self::TooLong => None,
        }
    }
}
