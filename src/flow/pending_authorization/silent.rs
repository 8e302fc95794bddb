//! Who is signed in for a request that may show no page (`prompt=none`): the person of the browser's own
//! session, or whom a web ticket signs in at this one program. Nothing else looks at what tickets gave.

use std::net::IpAddr;

use domain::client::Client;
use foundation::clock::Instant;
use foundation::digest::TokenDigest;
use foundation::fault::Fault;
use foundation::id::ClientId;
use protocol::authorization_error::{AuthorizationErrorCode, AuthorizationRefusal};
use protocol::authorization_request::AuthorizationRequest;
use protocol::client_metadata::LaunchType;

use crate::browser::{Browser, SignedIn, person_of};

/// Cookies of one name that a browser sends: in a frame one of its partition, and one from outside of it.
const OF_ONE_NAME: usize = 2;

/// The cookies of web sessions that a request may be answered by.
pub(super) struct WebSessions {
    program: ClientId,
    cookies: Vec<TokenDigest>,
}

/// Those of a silent request: cookies that name its program, while that is launched with tickets. More of
/// them than a browser sends are none.
pub(super) fn web_sessions(
    client: &Client,
    request: &AuthorizationRequest,
    browser: &Browser,
) -> WebSessions {
    let counts = request.prompt.none && client.is_launched_with(LaunchType::Ticket);
    let named = browser.web_sessions.iter();
    let named: Vec<_> = named.filter(|cookie| cookie.program == client.id).collect();
    let cookies = match counts && named.len() <= OF_ONE_NAME {
        true => named.iter().filter_map(|cookie| cookie.digest()).collect(),
        false => Vec::new(),
    };
    WebSessions {
        program: client.id.clone(),
        cookies,
    }
}

/// Who is signed in: by the browser's session first; `None` if a ticket signed in somebody else.
pub(super) fn or_by_ticket(
    db: &mut store::Connection,
    mut signed_in: Option<SignedIn>,
    web_sessions: &WebSessions,
    address: Option<IpAddr>,
    now: Instant,
) -> Result<Option<Option<SignedIn>>, Fault> {
    for cookie in &web_sessions.cookies {
        let found = store::web_sessions::find_by_cookie(db, *cookie)?;
        let Some(found) = found.filter(|found| found.program == web_sessions.program) else {
            continue;
        };
        let Some(by_ticket) = person_of(db, found.session, address, now)? else {
            continue;
        };
        match &signed_in {
            Some(before) if before.user.id != by_ticket.user.id => return Ok(None),
            Some(_) => {}
            None => signed_in = Some(by_ticket),
        }
    }
    Ok(Some(signed_in))
}

/// Nobody knows which of them is in front of the browser.
pub(super) fn two_people() -> AuthorizationRefusal {
    AuthorizationRefusal::new(
        AuthorizationErrorCode::LoginRequired,
        "two people are signed in, and prompt is none",
    )
}
