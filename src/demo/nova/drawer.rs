//! *Behind the scenes*, the drawer beside the phone: what the visitor's exchanges with Portico were, live,
//! and the operator's buttons. Only Nova's own page with its visitor's cookie and form token presses them.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc;

use super::Nova;
use super::events::Relay;
use crate::operator::{OperatorAct, StayAt};
use crate::scenes::{Deed, Exchange, Scenes};
use crate::site::reply::data;

/// Says that the stream is still there.
const HEARTBEAT: Duration = Duration::from_secs(15);

#[derive(Deserialize)]
pub(super) struct AfterQuery {
    /// The number of the last exchange that the page has.
    #[serde(default)]
    after: u64,
}

#[derive(Deserialize)]
pub(super) struct OperatorForm {
    form_token: String,
}

/// What there was. Also when the session has just ended: that is what one wants to look at then.
pub(super) async fn exchanges(
    request: HttpRequest,
    nova: web::Data<Nova>,
    query: web::Query<AfterQuery>,
) -> HttpResponse {
    match nova.site.last_sid(&request) {
        Some(sid) => data(
            StatusCode::OK,
            &json!({ "exchanges": shown(&nova.scenes.after(&sid, query.after)) }),
        ),
        None => HttpResponse::Unauthorized().finish(),
    }
}

/// The same, as it happens.
pub(super) async fn live(
    request: HttpRequest,
    nova: web::Data<Nova>,
    query: web::Query<AfterQuery>,
) -> HttpResponse {
    let Some(sid) = nova.site.last_sid(&request) else {
        return HttpResponse::Unauthorized().finish();
    };
    let last = request.headers().get("last-event-id");
    let last = last.and_then(|id| id.to_str().ok()?.parse().ok());
    let (send, pieces) = mpsc::channel(1);
    let scenes = Arc::clone(&nova.scenes);
    tokio::spawn(tell(scenes, sid, last.unwrap_or(query.after), send));
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(Relay { pieces })
}

/// Tells a page what is new until it goes.
async fn tell(scenes: Arc<Scenes>, sid: String, mut last: u64, page: mpsc::Sender<Bytes>) {
    let mut changes = scenes.changes();
    loop {
        let new = scenes.after(&sid, last);
        let piece = match new.last() {
            Some(newest) => {
                last = newest.number;
                let events = shown(&new).into_iter().zip(&new);
                let events = events
                    .map(|(shown, exchange)| format!("id: {}\ndata: {shown}\n\n", exchange.number));
                events.collect::<String>()
            }
            None => ":\n\n".to_owned(),
        };
        if page.send(Bytes::from(piece)).await.is_err() {
            return;
        }
        tokio::select! {
            () = page.closed() => return,
            // Nothing new for a while: a comment, by which both sides know that the other is there.
            changed = tokio::time::timeout(HEARTBEAT, changes.changed()) => {
                if matches!(changed, Ok(Err(_))) { return }
            }
        }
    }
}

fn shown(exchanges: &[Arc<Exchange>]) -> Vec<serde_json::Value> {
    let shown = exchanges.iter();
    shown
        .map(|exchange| serde_json::to_value(exchange.as_ref()).unwrap_or_default())
        .collect()
}

/// A button of the operator.
pub(super) async fn operate(
    request: HttpRequest,
    nova: web::Data<Nova>,
    act: web::Path<String>,
    form: web::Json<OperatorForm>,
) -> HttpResponse {
    // "the Origin header field indicates from where" (Fetch §3.1): without it, nothing is done.
    let origin = request.headers().get(header::ORIGIN);
    if origin.is_none_or(|origin| origin.as_bytes() != nova.origin.as_bytes()) {
        return said(StatusCode::FORBIDDEN, "Only Nova's own page may ask this.");
    }
    let Some(held) = nova.site.held(&request) else {
        return said(StatusCode::UNAUTHORIZED, "Sign in first.");
    };
    if !held.sent(&form.form_token) {
        let text = "The page was out of date. Please load it again.";
        return said(StatusCode::FORBIDDEN, text);
    }
    let Some(sid) = held.tokens.sid else {
        return said(StatusCode::CONFLICT, "Portico did not name this session.");
    };
    let Some((act, says, concerns)) = nova.wish(&act, &sid) else {
        return HttpResponse::NotFound().finish();
    };
    match nova.operator.act(act).await {
        Ok(command) => {
            let answer = said(StatusCode::OK, says);
            nova.scenes.done(Deed {
                command,
                says: says.to_owned(),
                concerns: concerns.then_some(&sid),
            });
            answer
        }
        Err(why) => said(StatusCode::CONFLICT, &why),
    }
}

impl Nova {
    /// What a button is there for, what is said of it, and whether it concerns this visitor alone.
    fn wish(&self, button: &str, sid: &str) -> Option<(OperatorAct, &'static str, bool)> {
        let client_id = self.market.clone();
        let stay = || StayAt {
            client_id: self.site.relying_party.client_id().to_owned(),
            sid: sid.to_owned(),
        };
        Some(match button {
            "suspend" => (
                OperatorAct::Suspend { client_id },
                "An operator suspended Market: nobody can use it, and what it held is worthless.",
                false,
            ),
            "release" => (
                OperatorAct::Release { client_id },
                "An operator let Market back in. What it held before stays worthless.",
                false,
            ),
            "end" => (
                OperatorAct::EndSession(stay()),
                "An operator ended this session, and everything in it.",
                true,
            ),
            "expire" => (
                OperatorAct::ExpireSession(stay()),
                "An operator let this session's time be over. Portico's timer ends it.",
                true,
            ),
            "rotate" => (
                OperatorAct::RotateKeys,
                "An operator rotated the keys. Tokens are signed with the next ones from now on.",
                false,
            ),
            _ => return None,
        })
    }
}

fn said(status: StatusCode, text: &str) -> HttpResponse {
    data(status, &json!({ "said": text }))
}
