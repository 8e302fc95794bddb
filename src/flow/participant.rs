//! Participants: which client gets tokens in which session, and by which `sid` it knows it. The `sid`
//! is made once for the two of them, and stored: it stays when secrets change. A client that was left
//! gets another one. The first time of each stay is audited.

use domain::audit::{ActedBy, AuditEntry};
use domain::participant::Participant;
use domain::token_family::TokenFamily;
use foundation::clock::{Instant, Span};
use foundation::fault::Fault;
use foundation::id::AuditId;
use keys::key_ring::KeyRing;
use serde_json::json;
use store::Store;
use store::token_families::KnownParticipant;

use crate::token_authorization::{ResourceOwner, TokenAuthorization};

/// Rows that one transaction names.
const PAGE: i64 = 500;
/// How exactly the last time is kept.
const NOTED: Span = Span::minutes(1);

/// Whether the last time of a participant is as late as it is kept.
pub(crate) fn is_noted(known: &KnownParticipant, now: Instant) -> bool {
    now.since(known.last_at) < NOTED
}

/// Notes that the recipient of an authorization gets tokens in the session in which the person
/// authorized, and puts the `sid` into it. `known` is what is stored so far; `audit` is an id for the
/// entry that says so the first time.
///
/// # Errors
/// The store does not answer, or the session is gone.
pub fn take_part(
    tx: &mut store::Transaction<'_>,
    keys: &KeyRing,
    authorization: &mut TokenAuthorization,
    known: Option<&KnownParticipant>,
    audit: AuditId,
) -> Result<(), Fault> {
    let Some(person) = &authorization.resource_owner else {
        return Ok(());
    };
    let (now, session_id) = (authorization.now, person.authorized_in);
    let client_id = authorization.recipient.id.clone();
    let sid = match known {
        Some(known) => {
            if !is_noted(known, now) {
                store::participants::touch(tx, session_id, &client_id, now)?;
            }
            known.sid.clone()
        }
        None => {
            let participant = Participant {
                sid: keys.session_sid(&client_id, session_id),
                session_id,
                client_id: client_id.clone(),
                first_at: now,
                last_at: now,
                over_at: None,
            };
            let again = keys.session_sid_again(&client_id, session_id, audit);
            let noted = store::participants::note(tx, &participant, &again)?;
            if noted.is_first {
                // What it rests on may have ended since that was looked at, and nobody could name this
                // client then.
                let handle = &person.handle;
                let (grant, family) = (handle.grant_id, handle.family_id);
                store::outbox::tell_if_over(tx, session_id, &client_id, grant, family, now)?;
                store::audit::insert(tx, &joined_entry(authorization, person), audit)?;
            }
            noted.sid
        }
    };
    if let Some(person) = &mut authorization.resource_owner {
        person.sid = Some(sid);
    }
    Ok(())
}

/// A client got tokens in a session for the first time; who asked for them may be another.
fn joined_entry(authorization: &TokenAuthorization, person: &ResourceOwner) -> AuditEntry {
    let requester = authorization.requester.id.clone();
    let by = ActedBy::client(requester, authorization.address);
    AuditEntry::new(authorization.now, by, "session.joined")
        .of_user(person.handle.user_id)
        .of_client(&authorization.recipient.id)
        .with(json!({ "session": person.authorized_in }))
}

/// Moves the last time of a participant that is stored.
pub(crate) fn takes_part_still(
    tx: &mut store::Transaction<'_>,
    family: &TokenFamily,
    known: Option<&KnownParticipant>,
    now: Instant,
) -> Result<(), Fault> {
    match known {
        Some(known) if !is_noted(known, now) => {
            let session_id = family.authorized.session_id;
            store::participants::touch(tx, session_id, &family.client_id, now)
        }
        _ => Ok(()),
    }
}

/// Stores the `sid` of those that were derived before there was a place for them, as they were: for
/// who starts to serve, once after an upgrade.
///
/// # Errors
/// The store does not answer.
pub fn store_derived_sids(store: &Store, keys: &KeyRing) -> Result<(), Fault> {
    loop {
        let unnamed = store.read_blocking(|db| store::participants::without_sid(db, PAGE))?;
        if unnamed.is_empty() {
            return Ok(());
        }
        let sids: Vec<_> = unnamed
            .into_iter()
            .map(|(session, client)| (keys.session_sid(&client, session), session, client))
            .collect();
        store.write_blocking(move |tx| {
            sids.iter().try_for_each(|(sid, session, client)| {
                store::participants::set_sid(tx, *session, client, sid)
            })
        })?;
    }
}
