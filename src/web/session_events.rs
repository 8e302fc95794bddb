//! `/session-events`: what happens to sessions, as it happens, as server-sent events (HTML §9.2).
//!
//! Owns the form on the wire and the heartbeat. A reader that takes nothing is noticed where its
//! connection is (`app::connection`): nothing is written here before there is room for it.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{Error, HttpRequest, HttpResponse};
use flow::protected_call::ProtectedEndpoint;
use flow::watch_session::{Listening, SessionStream, StreamEvent};
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::time::{Instant, sleep_until};

use crate::extract::access_token::AccessToken;
use crate::guard::cors;
use crate::reply::oauth_json;
use crate::state::WebState;

/// "a comment line (one starting with a ':' character) every 15 seconds or so" (HTML §9.2.7), so that no
/// proxy takes the connection for dead, nor its reader.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Seconds after which somebody for whom there is no room may ask again.
const COME_BACK: &str = "5";
/// What a browser sends when it comes back (HTML §9.2.4).
const LAST_EVENT_ID: &str = "last-event-id";
/// Proxies that know it hand on what they read at once.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    // There is no answer whose headers one could ask for alone.
    config.service(cors::open("/session-events").route(web::get().to(listen)));
}

async fn listen(state: Data<WebState>, request: HttpRequest, token: AccessToken) -> HttpResponse {
    let call = token.to(ProtectedEndpoint::SessionEvents);
    // What is no text is none of ours, which the flow finds out.
    let last = request.headers().get(LAST_EVENT_ID);
    let last = last.map(|value| value.to_str().unwrap_or("?"));
    let watching = &state.services.session_watching;
    match Box::pin(watching.listen(&call, last)).await {
        Ok(Listening::Begun(stream)) => HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, "text/event-stream"))
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((X_ACCEL_BUFFERING, "no"))
            .streaming(written(*stream)),
        Ok(Listening::Refused(error)) => oauth_json::token_refused(&error, call.credential.scheme),
        Ok(Listening::TooMany) => {
            let cause = "the client has too many streams here";
            oauth_json::come_back(StatusCode::TOO_MANY_REQUESTS, COME_BACK, cause)
        }
        Ok(Listening::NoRoom) => {
            let cause = "there is no room for a stream here";
            oauth_json::come_back(StatusCode::SERVICE_UNAVAILABLE, COME_BACK, cause)
        }
        Err(fault) => oauth_json::failed(&fault),
    }
}

/// A stream on its way out.
struct Writing {
    stream: SessionStream,
    heartbeat: Instant,
    begun: bool,
}

/// A stream as bytes.
fn written(stream: SessionStream) -> impl Stream<Item = Result<Bytes, Error>> {
    let writing = Writing {
        stream,
        heartbeat: Instant::now() + HEARTBEAT,
        begun: false,
    };
    unfold(writing, |mut writing| async move {
        let bytes = writing.next().await?;
        Some((Ok(bytes), writing))
    })
}

impl Writing {
    async fn next(&mut self) -> Option<Bytes> {
        if !std::mem::replace(&mut self.begun, true) {
            let retry = self.stream.retry().as_millis();
            return Some(Bytes::from(format!("retry: {retry}\n\n")));
        }
        tokio::select! {
            event = self.stream.next() => event.map(|event| shown(&event)),
            () = sleep_until(self.heartbeat) => {
                self.heartbeat = Instant::now() + HEARTBEAT;
                self.stream.heartbeat().map(|id| beat(id.as_deref()))
            }
        }
    }
}

/// An event: "data" is one line, because JSON escapes what would end it.
fn shown(event: &StreamEvent) -> Bytes {
    let (name, data) = (event.name, serde_json::Value::Object(event.data.clone()));
    let id = event
        .id
        .as_ref()
        .map_or(String::new(), |id| format!("id: {id}\n"));
    Bytes::from(format!("event: {name}\n{id}data: {data}\n\n"))
}

/// A comment; and where to come back to, which a reader takes in without an event.
fn beat(id: Option<&str>) -> Bytes {
    match id {
        Some(id) => Bytes::from(format!("id: {id}\n:\n\n")),
        None => Bytes::from_static(b":\n\n"),
    }
}
