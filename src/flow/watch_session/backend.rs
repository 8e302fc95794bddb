//! Which persons of which clients an event concerns: what a client's backend must be told, and nothing of
//! anybody else's.

use domain::event::LoggedEvent;
use domain::event::effect::{Effect, End, NotBefore, Reload};
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::{ClientId, SessionId, UserId};

/// Whom an event concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Concerned {
    /// These.
    By(Vec<ConcernedPerson>),
    /// The rows that would say so are gone, or are of a later stay.
    Lost,
}

/// A person at a client, or all of its persons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ConcernedPerson {
    /// The client.
    pub(super) client_id: ClientId,
    /// The person; none where it concerns all of them.
    pub(super) user_id: Option<UserId>,
    /// The session, as the client knows it, where it concerns one.
    pub(super) sid: Option<String>,
}

/// Whom an event concerns among the persons of these clients.
pub(super) fn concerned(
    db: &mut store::Connection,
    logged: &LoggedEvent,
    clients: &[ClientId],
) -> Result<Concerned, Fault> {
    let Ok(effect) = &logged.effect else {
        return Ok(nobody());
    };
    let facts = &logged.facts;
    let user_id = facts.user_id;
    match effect {
        Effect::End(End::Session(session)) => of_session(db, *session, user_id, clients),
        Effect::NotBefore(NotBefore::ClientInSession {
            session_id,
            client_id,
        }) => in_session(db, (*session_id, client_id), user_id, logged.at, clients),
        Effect::End(End::Family(_) | End::Token(_)) => {
            match (facts.session_id, &facts.client_id, user_id) {
                // A client's own token.
                (_, _, None) => Ok(nobody()),
                (Some(session), Some(client), _) => {
                    in_session(db, (session, client), user_id, logged.at, clients)
                }
                (None, Some(client), Some(_)) if clients.contains(client) => {
                    Ok(whole(client, user_id))
                }
                _ => Ok(nobody()),
            }
        }
        Effect::NotBefore(NotBefore::Grant(_)) | Effect::Narrow { .. } => {
            match (&facts.client_id, user_id) {
                (Some(client), Some(user)) if clients.contains(client) => {
                    everywhere(db, client, user, logged)
                }
                (Some(_), Some(_)) => Ok(nobody()),
                _ => Ok(Concerned::Lost),
            }
        }
        Effect::NotBefore(NotBefore::User(user)) => of_user(db, *user, clients),
        Effect::NotBefore(NotBefore::Client(client)) => match clients.contains(client) {
            true => Ok(whole(client, None)),
            false => Ok(nobody()),
        },
        Effect::NotBefore(NotBefore::All | NotBefore::AccessTokens)
        | Effect::Reload(Reload::Keys) => Ok(Concerned::By(
            clients.iter().map(|client| concern(client, None)).collect(),
        )),
        Effect::Reload(_) => Ok(nobody()),
    }
}

fn nobody() -> Concerned {
    Concerned::By(Vec::new())
}

fn concern(client: &ClientId, user_id: Option<UserId>) -> ConcernedPerson {
    ConcernedPerson {
        client_id: client.clone(),
        user_id,
        sid: None,
    }
}

fn whole(client: &ClientId, user_id: Option<UserId>) -> Concerned {
    Concerned::By(vec![concern(client, user_id)])
}

/// All who took part in a session.
fn of_session(
    db: &mut store::Connection,
    session: SessionId,
    user_id: Option<UserId>,
    clients: &[ClientId],
) -> Result<Concerned, Fault> {
    // With the person go the rows that say who took part.
    if user_id.is_none() || store::sessions::find(db, session)?.is_none() {
        return Ok(Concerned::Lost);
    }
    let participants = store::participants::of_session(db, session)?;
    let of_these = participants
        .into_iter()
        .filter(|p| clients.contains(&p.client_id));
    let concerns = of_these.map(|participant| ConcernedPerson {
        client_id: participant.client_id,
        user_id,
        sid: Some(participant.sid),
    });
    Ok(Concerned::By(concerns.collect()))
}

/// One client in one session.
fn in_session(
    db: &mut store::Connection,
    (session, client): (SessionId, &ClientId),
    user_id: Option<UserId>,
    at: Instant,
    clients: &[ClientId],
) -> Result<Concerned, Fault> {
    if !clients.contains(client) {
        return Ok(nobody());
    }
    Ok(match store::participants::stay(db, session, client)? {
        Some((began, sid)) if began <= at => Concerned::By(vec![ConcernedPerson {
            sid: Some(sid),
            ..concern(client, user_id)
        }]),
        Some(_) => Concerned::Lost,
        None => whole(client, user_id),
    })
}

/// One client in all sessions of a person.
fn everywhere(
    db: &mut store::Connection,
    client: &ClientId,
    user: UserId,
    logged: &LoggedEvent,
) -> Result<Concerned, Fault> {
    let stays = store::participants::stays_of_user(db, user, client, logged.at)?;
    if stays.is_empty() {
        return Ok(whole(client, Some(user)));
    }
    let is_end = matches!(logged.effect, Ok(Effect::NotBefore(_)));
    if is_end && stays.iter().any(|(began, _)| *began > logged.at) {
        return Ok(Concerned::Lost);
    }
    let before = stays.into_iter().filter(|(began, _)| *began <= logged.at);
    let concerns = before.map(|(_, sid)| ConcernedPerson {
        sid: Some(sid),
        ..concern(client, Some(user))
    });
    Ok(Concerned::By(concerns.collect()))
}

/// All clients that a person allowed something.
fn of_user(
    db: &mut store::Connection,
    user: UserId,
    clients: &[ClientId],
) -> Result<Concerned, Fault> {
    if store::users::find(db, user)?.is_none() {
        return Ok(Concerned::Lost);
    }
    let grants = store::grants::live_of_user(db, user)?;
    let of_these = grants
        .into_iter()
        .filter(|grant| clients.contains(&grant.client_id));
    let concerns = of_these.map(|grant| concern(&grant.client_id, Some(user)));
    Ok(Concerned::By(concerns.collect()))
}
