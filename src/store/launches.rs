//! What a launch rests on: a host's session, the program's grant, and its row as a participant, read by
//! one statement over three indexes.

use diesel::prelude::*;
use domain::authentication::Authentication;
use domain::grant::GrantedScopes;
use foundation::clock::Instant;
use foundation::fault::Fault;
use foundation::id::{ClientId, GrantId, SessionId};

use crate::column::{Key, Place, instant};
use crate::connection::Connection;
use crate::fault::at;
use crate::schema::{grants, participants, sessions, users};
use crate::token_families::KnownParticipant;

const TABLE: &str = "sessions";

/// A session in which a host launches a program.
#[derive(Clone, Debug, PartialEq)]
pub struct LaunchStanding {
    /// What the person signs in as.
    pub username: String,
    /// How they proved who they are.
    pub authentication: Authentication,
    /// When the session was last used, to the minute.
    pub last_seen_at: Instant,
    /// When it began.
    pub created_at: Instant,
    /// When it ends by itself.
    pub expires_at: Instant,
    /// What the person allowed the program, if anything.
    pub grant: Option<LaunchGrant>,
    /// The program as a participant, while it is one.
    pub participant: Option<KnownParticipant>,
}

/// What a person allowed a program.
#[derive(Clone, Debug, PartialEq)]
pub struct LaunchGrant {
    /// The grant.
    pub id: GrantId,
    /// What it allows.
    pub scopes: GrantedScopes,
}

/// The session's own columns.
type SessionColumns = (String, i64, i64, i64);

/// What stands beside the session, where it is there.
type BesideColumns = (Option<Vec<u8>>, Option<String>, Option<String>, Option<i64>);

/// What a launch rests on at `now`; `None` if the session does not go on, or its user is disabled.
///
/// # Errors
/// The store does not answer, or a row cannot be read.
pub fn standing(
    conn: &mut Connection,
    session: SessionId,
    client: &ClientId,
    now: Instant,
) -> Result<Option<LaunchStanding>, Fault> {
    let of_person = grants::user_id
        .eq(sessions::user_id)
        .and(grants::client_id.eq(client.to_string()))
        .and(grants::ended_at.is_null());
    let of_session = participants::session_id
        .eq(sessions::id)
        .and(participants::client_id.eq(client.to_string()))
        .and(participants::over_at.is_null());
    let found: Option<(SessionColumns, String, BesideColumns)> = sessions::table
        .inner_join(users::table)
        .left_join(grants::table.on(of_person))
        .left_join(participants::table.on(of_session))
        .filter(sessions::id.eq(session.as_bytes().as_slice()))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now.millis()))
        .filter(users::disabled_at.is_null())
        .filter(crate::sessions::stands())
        .select((
            (
                sessions::authentication,
                sessions::last_seen_at,
                sessions::created_at,
                sessions::expires_at,
            ),
            users::username,
            (
                grants::id.nullable(),
                grants::scopes.nullable(),
                participants::sid.nullable(),
                participants::last_at.nullable(),
            ),
        ))
        .get_result(conn)
        .optional()
        .map_err(at(TABLE))?;
    let Some((of_session, username, beside)) = found else {
        return Ok(None);
    };
    let (authentication, last_seen_at, created_at, expires_at) = of_session;
    let place = Place::new(TABLE, Key::Bytes(session.as_bytes()));
    let (grant_id, scopes, sid, last_at) = beside;
    Ok(Some(LaunchStanding {
        username,
        authentication: place.json("authentication", &authentication)?,
        last_seen_at: Instant::from_millis(last_seen_at),
        created_at: Instant::from_millis(created_at),
        expires_at: Instant::from_millis(expires_at),
        grant: grant_id.zip(scopes).map(read_grant).transpose()?,
        participant: sid
            .zip(instant(last_at))
            .map(|(sid, last_at)| KnownParticipant { sid, last_at }),
    }))
}

fn read_grant((id, scopes): (Vec<u8>, String)) -> Result<LaunchGrant, Fault> {
    let place = Place::new("grants", Key::Bytes(&id));
    Ok(LaunchGrant {
        id: place.bytes("id", &id)?,
        scopes: place.json("scopes", &scopes)?,
    })
}
