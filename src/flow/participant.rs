//! Participants: which client gets tokens in which session, and by which `sid` it knows it. The `sid`
//! is made once for the two of them, and stored: it stays when secrets change.

use domain::participant::Participant;
use domain::token_family::TokenFamily;
use foundation::clock::{Instant, Span};
use foundation::fault::Fault;
use keys::key_ring::KeyRing;
use store::Store;
use store::token_families::KnownParticipant;

/// Rows that one transaction names.
const PAGE: i64 = 500;
/// How exactly the last time is kept.
const NOTED: Span = Span::minutes(1);

/// Whether the last time of a participant is as late as it is kept.
pub(crate) fn is_noted(known: &KnownParticipant, now: Instant) -> bool {
    now.since(known.last_at) < NOTED
}

/// Notes that the client of a family gets tokens in the session in which the family was authorized;
/// gives the `sid`. `known` is what is stored so far.
pub(crate) fn took_part(
    tx: &mut store::Transaction<'_>,
    keys: &KeyRing,
    family: &TokenFamily,
    known: Option<&KnownParticipant>,
    now: Instant,
) -> Result<String, Fault> {
    if let Some(known) = known {
        takes_part_still(tx, family, Some(known), now)?;
        return Ok(known.sid.clone());
    }
    let (session_id, client_id) = (family.authorized.session_id, family.client_id.clone());
    let participant = Participant {
        sid: keys.session_sid(&client_id, session_id),
        session_id,
        client_id,
        first_at: now,
        last_at: now,
    };
    store::participants::note(tx, &participant)
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
