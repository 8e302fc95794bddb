//! The ceiling of a launch token: the statement that a launch rests on, through the same driver and pool, and
//! one ES256 signature.

use actix_web::HttpResponse;
use actix_web::error::{ErrorBadRequest, ErrorInternalServerError};
use actix_web::web::{Bytes, Data};
use foundation::clock::{Clock as _, SystemClock};
use foundation::id::{ClientId, SessionId};

use super::code_flow::Desk;
use super::{Work, json};

/// A fixed body.
pub(super) async fn launch(
    desk: Data<Desk>,
    work: Data<Work>,
    body: Bytes,
) -> Result<HttpResponse, actix_web::Error> {
    let (session, client) = asked(&body).ok_or_else(|| ErrorBadRequest("session or client"))?;
    let now = SystemClock.now();
    let found = desk
        .store
        .read(move |db| store::launches::standing(db, session, &client, now))
        .await
        .map_err(ErrorInternalServerError)?;
    found.ok_or_else(|| ErrorBadRequest("a session of the population"))?;
    std::hint::black_box(work.sign()?);
    Ok(json(work.launch.clone()))
}

/// What stands in the request, found without reading the rest of it.
fn asked(body: &[u8]) -> Option<(SessionId, ClientId)> {
    let body = std::str::from_utf8(body).ok()?;
    let (session, rest) = body.strip_prefix("session=")?.split_once("&client=")?;
    let client = rest.split('&').next()?;
    Some((session.parse().ok()?, ClientId::parse(client).ok()?))
}
