//! The relay of session events: Portico's stream, asked for with the host's token, passed on to the
//! host's page as it comes, and noted for *Behind the scenes*. The page holds no token.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::http::header;
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use tokio::sync::mpsc;

use super::Nova;
use crate::relying_party::{EventLines, Tokens, Trouble};
use crate::scenes::Notice;
use crate::site::Held;
use crate::transport::Transport;

/// How many pieces wait for a page that does not take them, before the relay ends.
const MAX_WAITING: usize = 64;

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
            transport: self.site.relying_party.transport().clone(),
            sid,
            lines: EventLines::default(),
        }
    }
}

/// Notes the events that pass by.
struct Listener {
    transport: Transport,
    sid: Option<String>,
    lines: EventLines,
}

impl Listener {
    /// A piece passes by; nothing when it is none that can be read.
    fn hears(&mut self, piece: &[u8]) -> Option<()> {
        self.lines.take(piece)?;
        while let Some(event) = self.lines.event() {
            if let (Some(sid), false) = (&self.sid, event.name.is_empty()) {
                let (name, data) = (event.name.as_str(), &event.data);
                self.transport.heard(sid, Notice::Event { name, data });
            }
        }
        Some(())
    }
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
                        Ok(Some(piece)) if send.try_send(piece.clone()).is_ok() => {
                            if listener.hears(&piece).is_none() { return }
                        }
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
