//! The relay of session events: Portico's stream, asked for with the host's token, passed on to the
//! host's page as it comes, and noted for *Behind the scenes*. The page holds no token.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::http::header;
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;
use tokio::sync::mpsc;

use super::Nova;
use crate::relying_party::{Tokens, Trouble};
use crate::scenes::{Party, Scenes};
use crate::site::Held;

/// How many pieces wait for a page that does not take them, before the relay ends.
const MAX_WAITING: usize = 64;
/// The longest event that is noted, in bytes.
const MAX_EVENT: usize = 64 * 1024;

/// Relays the stream of the visitor's session. Asked for again with `Last-Event-ID` it goes on there.
pub(super) async fn relay(request: HttpRequest, nova: web::Data<Nova>) -> HttpResponse {
    let Some(held) = nova.site.held(&request) else {
        return HttpResponse::Unauthorized().finish();
    };
    let last = request.headers().get("last-event-id");
    let last = last.and_then(|id| id.to_str().ok());
    match nova.stream(&held, last).await {
        Ok(Some(answer)) if answer.status().is_success() => HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, "text/event-stream"))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(Relay::of(answer, nova.listener(held.tokens.sid))),
        // It is over, and the page is told so in the words of its own protocol.
        Ok(None) => {
            nova.site.sessions.end(&held.cookie);
            HttpResponse::Unauthorized().finish()
        }
        Ok(Some(_)) => HttpResponse::ServiceUnavailable().finish(),
        Err(trouble) => {
            tracing::warn!(%trouble, "Nova could not listen");
            HttpResponse::ServiceUnavailable().finish()
        }
    }
}

impl Nova {
    /// Portico's stream; nothing when the session has ended.
    async fn stream(
        &self,
        held: &Held,
        last: Option<&str>,
    ) -> Result<Option<reqwest::Response>, Trouble> {
        let relying_party = &self.site.relying_party;
        let listen = async |tokens: &Tokens| relying_party.listen(&tokens.access_token, last).await;
        let answer = listen(&held.tokens).await?;
        if answer.status() != reqwest::StatusCode::UNAUTHORIZED {
            return Ok(Some(answer));
        }
        // A token that ran out is refreshed; only where that is refused has the session ended.
        let Some(renewed) = relying_party.renewed(&held.tokens).await? else {
            return Ok(None);
        };
        self.site.sessions.renew(&held.cookie, renewed.clone());
        listen(&renewed).await.map(Some)
    }
}

impl Nova {
    fn listener(&self, sid: Option<String>) -> Listener {
        Listener {
            scenes: Arc::clone(&self.scenes),
            party: self.site.relying_party.party().clone(),
            sid,
            rest: Vec::new(),
        }
    }
}

/// Notes the events that pass by.
struct Listener {
    scenes: Arc<Scenes>,
    party: Party,
    sid: Option<String>,
    /// The beginning of an event whose end has not come yet.
    rest: Vec<u8>,
}

impl Listener {
    fn hears(&mut self, piece: &[u8]) {
        let Some(sid) = self.sid.as_deref() else {
            return;
        };
        self.rest.extend_from_slice(piece);
        // Portico ends an event with an empty line.
        while let Some(end) = self.rest.windows(2).position(|two| two == b"\n\n") {
            let event: Vec<u8> = self.rest.drain(..end + 2).collect();
            if let Some((name, data)) = read_event(&String::from_utf8_lossy(&event)) {
                self.scenes.heard(&self.party, sid, &name, &data);
            }
        }
        if self.rest.len() > MAX_EVENT {
            self.rest.clear();
        }
    }
}

/// Name and data of an event; nothing where it is a comment.
fn read_event(text: &str) -> Option<(String, Value)> {
    let field = |name: &str| {
        let mut lines = text.lines();
        lines.find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim()))
    };
    let data = serde_json::from_str(field("data")?).ok()?;
    Some((field("event")?.to_owned(), data))
}

/// What comes piece by piece, as the body of an answer.
pub(super) struct Relay {
    pub(super) pieces: mpsc::Receiver<Bytes>,
}

impl Relay {
    /// An answer of Portico, heard by `listener` on its way.
    fn of(mut answer: reqwest::Response, mut listener: Listener) -> Self {
        let (send, pieces) = mpsc::channel(MAX_WAITING);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    // The page is gone, and nobody listens to Portico for it any more.
                    () = send.closed() => return,
                    piece = answer.chunk() => match piece {
                        Ok(Some(piece)) if send.try_send(piece.clone()).is_ok() => listener.hears(&piece),
                        _ => return,
                    },
                }
            }
        });
        Self { pieces }
    }
}

impl MessageBody for Relay {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.pieces.poll_recv(context).map(|piece| piece.map(Ok))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_a_name_and_data_and_a_comment_has_none() {
        let text = "id: 7\nevent: session_ended\ndata: {\"reason\":\"logout\"}\n\n";
        let (name, data) = read_event(text).expect("an event");
        assert_eq!(name, "session_ended");
        assert_eq!(data["reason"], "logout");
        assert!(read_event(":\n\n").is_none());
        assert!(read_event("retry: 1000\n\n").is_none());
    }
}
