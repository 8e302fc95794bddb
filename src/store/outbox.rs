//! The outbox: what others must be told, written in the transaction of the event that ends what they
//! got. Called for every event by [`crate::Transaction`], so that nobody forgets it.
//!
//! Whoever is told is over from then on (`participants.over_at`): what the client gets later is another
//! stay, with another `sid`. Offline tokens outlast their session, so where there are some, the client
//! stays to be told of their end as well.
//!
//! At READ COMMITTED a client may get its first tokens in a session while that is ending. Both take the
//! session's row, as the foreign key of the one does by itself: who comes second sees what the other did.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};
use domain::delivery::Told;
use foundation::clock::{Instant, Span};
use foundation::fault::Fault;
use foundation::id::{ClientId, FamilyId, GrantId, SessionId};

use crate::announcements;
use crate::connection::Connection;
use crate::deliveries::write_rows;
use crate::dialect::{execute_sql, for_update, load_sql};
use crate::fault::at;
use crate::schema::{grants, sessions, token_families, users};
use crate::token_families::find as find_family;

const TABLE: &str = "deliveries";

/// Some participants: of a session, or of all sessions of a person; of all clients, or of one.
struct Those<'t> {
    of: SessionsOf,
    key: &'t [u8],
    client: &'t str,
}

#[derive(Clone, Copy)]
enum SessionsOf {
    Session,
    User,
}

impl<'t> Those<'t> {
    fn of_session(id: &'t SessionId, client: Option<&'t ClientId>) -> Self {
        Self {
            of: SessionsOf::Session,
            key: id.as_bytes(),
            client: client.map_or("", ClientId::as_str),
        }
    }

    /// The condition for rows of `participants`, by this name; its parameters are the key and the client.
    fn sql(&self, rows: &str, first: usize) -> String {
        let second = first + 1;
        let whose = match self.of {
            SessionsOf::Session => format!("{rows}.session_id = ${first}"),
            SessionsOf::User => {
                format!("{rows}.session_id IN (SELECT id FROM sessions WHERE user_id = ${first})")
            }
        };
        format!("{whose} AND (${second} = '' OR {rows}.client_id = ${second})")
    }

    fn sessions(&self) -> &'static str {
        match self.of {
            SessionsOf::Session => "id",
            SessionsOf::User => "user_id",
        }
    }
}

/// Writes down who is told. `number` tells the events of one transaction apart.
pub(crate) fn tell(
    conn: &mut Connection,
    told: &Told,
    number: usize,
    now: Instant,
) -> Result<(), Fault> {
    let stamp = now + Span::millis(i64::try_from(number).unwrap_or(0));
    match told {
        Told::Session(id) => {
            tell_those(conn, &Those::of_session(id, None), now, stamp)?;
            keep_those_with_offline_tokens(conn, *id, now, stamp)
        }
        Told::ClientInSession {
            session_id,
            client_id,
        } => {
            let those = Those::of_session(session_id, Some(client_id));
            tell_those(conn, &those, now, stamp)
        }
        Told::Family(id) => tell_family(conn, *id, now, stamp),
        Told::ClientOfUser { user_id, client_id } => {
            let those = Those {
                of: SessionsOf::User,
                key: user_id.as_bytes(),
                client: client_id.as_str(),
            };
            tell_those(conn, &those, now, stamp)
        }
        Told::User(user_id) => {
            let those = Those {
                of: SessionsOf::User,
                key: user_id.as_bytes(),
                client: "",
            };
            tell_those(conn, &those, now, stamp)
        }
        Told::Crowd(crowd) => announcements::insert(conn, crowd, now),
    }
}

fn tell_family(
    conn: &mut Connection,
    id: FamilyId,
    now: Instant,
    stamp: Instant,
) -> Result<(), Fault> {
    let Some(family) = find_family(conn, id)? else {
        return Ok(());
    };
    let session = family.authorized.session_id;
    let those = Those::of_session(&session, Some(&family.client_id));
    tell_those(conn, &those, now, stamp)
}

#[derive(QueryableByName)]
struct Locked {
    #[diesel(sql_type = Binary)]
    #[expect(dead_code, reason = "what counts is that the row is taken")]
    id: Vec<u8>,
}

fn tell_those(
    conn: &mut Connection,
    those: &Those<'_>,
    now: Instant,
    stamp: Instant,
) -> Result<(), Fault> {
    // In the order in which the sessions of a person are ended.
    let lock = format!(
        "SELECT id FROM sessions WHERE {} = $1 ORDER BY created_at DESC, id DESC {}",
        those.sessions(),
        for_update(conn),
    );
    let _: Vec<Locked> =
        load_sql!(conn, lock.as_str(), [Binary: those.key]).map_err(at("sessions"))?;
    let over = format!(
        "UPDATE participants SET over_at = $1 WHERE {} AND over_at IS NULL",
        those.sql("participants", 2)
    );
    execute_sql!(conn, over.as_str(), [BigInt: stamp.millis(), Binary: those.key, Text: those.client])
        .map_err(at("participants"))?;
    write_rows(conn, &those.sql("p", 2), 4, |conn, sql| {
        execute_sql!(conn, sql, [
            BigInt: now.millis(), Binary: those.key, Text: those.client, BigInt: stamp.millis(),
        ])
    })
}

/// Those of an ended session who have tokens that go on without it are told again when these end.
fn keep_those_with_offline_tokens(
    conn: &mut Connection,
    session: SessionId,
    now: Instant,
    stamp: Instant,
) -> Result<(), Fault> {
    let sql = "UPDATE participants SET over_at = NULL
         WHERE session_id = $1 AND over_at = $2 AND EXISTS (
             SELECT 1 FROM sessions s
             JOIN grants g ON g.user_id = s.user_id AND g.client_id = participants.client_id
             JOIN token_families f ON f.grant_id = g.id
             WHERE s.id = participants.session_id AND g.ended_at IS NULL
                 AND f.session_id IS NULL AND f.ended_at IS NULL AND f.expires_at > $3)";
    execute_sql!(conn, sql, [
        Binary: session.as_bytes().as_slice(), BigInt: stamp.millis(), BigInt: now.millis(),
    ])
    .map(drop)
    .map_err(at("participants"))
}

/// Tells a client that has just become a participant, if what its tokens rest on ended meanwhile.
///
/// # Errors
/// The store does not answer.
pub fn tell_if_over(
    conn: &mut Connection,
    session: SessionId,
    client: &ClientId,
    grant: GrantId,
    family: Option<FamilyId>,
    now: Instant,
) -> Result<(), Fault> {
    let session_ended = sessions::table
        .filter(sessions::id.eq(session.as_bytes().as_slice()))
        .filter(sessions::ended_at.is_not_null());
    let grant_ended = grants::table
        .inner_join(users::table)
        .filter(grants::id.eq(grant.as_bytes().as_slice()))
        .filter(
            grants::ended_at
                .is_not_null()
                .or(users::disabled_at.is_not_null()),
        );
    let family = family.map(|id| id.as_bytes().to_vec()).unwrap_or_default();
    let family_ended = token_families::table
        .filter(token_families::id.eq(family))
        .filter(token_families::ended_at.is_not_null());
    let is_over: bool = diesel::select(
        diesel::dsl::exists(session_ended)
            .or(diesel::dsl::exists(grant_ended))
            .or(diesel::dsl::exists(family_ended)),
    )
    .get_result(conn)
    .map_err(at(TABLE))?;
    match is_over {
        true => {
            tell_those(conn, &Those::of_session(&session, Some(client)), now, now)?;
            keep_those_with_offline_tokens(conn, session, now, now)
        }
        false => Ok(()),
    }
}
