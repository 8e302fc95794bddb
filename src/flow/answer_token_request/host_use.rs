//! What a host asks for is a use of its session. As long as the super app is used the person stays signed
//! in, though they never see a page of ours.

use domain::client::Client;
use domain::lifetimes::Lifetimes;
use domain::token_family::TokenFamily;
use foundation::clock::Instant;
use foundation::fault::Fault;

use crate::browser::touch;

/// Notes that a host refreshed.
pub(super) fn uses_session(
    tx: &mut store::Transaction<'_>,
    client: &Client,
    family: &TokenFamily,
    lifetimes: &Lifetimes,
    now: Instant,
) -> Result<(), Fault> {
    let Some(session) = family.session_id.filter(|_| client.is_host()) else {
        return Ok(());
    };
    match store::sessions::find(tx, session)? {
        Some(session) => touch(tx, &session, lifetimes, now),
        None => Ok(()),
    }
}
