//! Whether an access token is alive, asked of the tables: for a node that may not trust its memory.
//! What ends a token is declared in `domain::event::effect`, for `live::ended` as well.

use diesel::dsl::{exists, select};
use diesel::prelude::*;
use domain::grant::GrantedScopes;
use domain::mini_program::MiniProgramState;
use domain::token_handle::{OnBehalfOf, TokenHandle};
use foundation::digest::TokenDigest;
use foundation::fault::Fault;
use foundation::id::ClientId;
use protocol::scope::ScopeSet;

use crate::column::{Key, Place};
use crate::connection::Connection;
use crate::events;
use crate::fault::at;
use crate::histories;
use crate::schema::{clients, events as log, grants, sessions, token_families, users};

/// What the tables say about a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// It, or something that it rests on, has ended, or it was given out too early.
    Dead,
    /// It stands.
    Alive {
        /// What its grant allows now; none for a token that speaks for nobody.
        grant_scope: Option<ScopeSet>,
    },
}

/// Asks whether a token with this handle, whose `jti` has this digest, is alive. Its own expiry is
/// not looked at.
///
/// # Errors
/// The database does not answer, or a newer program wrote what this one cannot obey.
pub fn of_handle(
    conn: &mut Connection,
    handle: &TokenHandle,
    jti: TokenDigest,
) -> Result<Liveness, Fault> {
    // What was given out in another history is dead; the database knows which one lives.
    if !histories::current(conn)?.is_of(handle.history) {
        return Ok(Liveness::Dead);
    }
    if !client_stands(conn, &handle.client_id)? || was_killed(conn, handle, jti)? {
        return Ok(Liveness::Dead);
    }
    let Some(person) = &handle.on_behalf_of else {
        return Ok(Liveness::Alive { grant_scope: None });
    };
    let Some(grant_scope) = scope_of_standing_grant(conn, person)? else {
        return Ok(Liveness::Dead);
    };
    if !session_and_family_stand(conn, person)? {
        return Ok(Liveness::Dead);
    }
    Ok(Liveness::Alive {
        grant_scope: Some(grant_scope),
    })
}

fn client_stands(conn: &mut Connection, id: &ClientId) -> Result<bool, Fault> {
    let client = clients::table
        .filter(clients::id.eq(id.as_str()))
        .filter(clients::state.ne(MiniProgramState::Suspended.word()));
    select(exists(client))
        .get_result(conn)
        .map_err(at("clients"))
}

/// Whether the log says that the token is dead: it, or something that it rests on, has ended, or a
/// not-before mark came after the position that it was issued at.
fn was_killed(
    conn: &mut Connection,
    handle: &TokenHandle,
    jti: TokenDigest,
) -> Result<bool, Fault> {
    let ended = events::rows_that_end(handle.ends_with(jti).map(events::end_target).collect());
    let marks = handle.not_before().map(|of| events::not_before_target(&of));
    let not_before =
        events::not_before_rows(marks.collect()).filter(log::position.gt(handle.position.0));
    let (is_killed, is_too_new) = select((
        exists(ended).or(exists(not_before)),
        exists(events::too_new_rows()),
    ))
    .get_result(conn)
    .map_err(at("events"))?;
    events::obeyed(is_too_new)?;
    Ok(is_killed)
}

/// What the grant allows now, if it and its user stand.
fn scope_of_standing_grant(
    conn: &mut Connection,
    person: &OnBehalfOf,
) -> Result<Option<ScopeSet>, Fault> {
    let scopes: Option<String> = grants::table
        .inner_join(users::table)
        .filter(grants::id.eq(person.grant_id.as_bytes().as_slice()))
        .filter(grants::user_id.eq(person.user_id.as_bytes().as_slice()))
        .filter(grants::ended_at.is_null())
        .filter(users::disabled_at.is_null())
        .select(grants::scopes)
        .get_result(conn)
        .optional()
        .map_err(at("grants"))?;
    let place = Place::new("grants", Key::Bytes(person.grant_id.as_bytes()));
    let read = |text: String| place.json::<GrantedScopes>("scopes", &text);
    Ok(scopes.map(read).transpose()?.map(|scopes| scopes.names()))
}

/// A session that has run out is ended by the clock at its second; the token does not outlive it
/// either, so that here only the end counts.
fn session_and_family_stand(conn: &mut Connection, person: &OnBehalfOf) -> Result<bool, Fault> {
    if let Some(id) = &person.session_id {
        let session = sessions::table
            .filter(sessions::id.eq(id.as_bytes().as_slice()))
            .filter(crate::sessions::stands())
            .filter(sessions::ended_at.is_null());
        let stands: bool = select(exists(session))
            .get_result(conn)
            .map_err(at("sessions"))?;
        if !stands {
            return Ok(false);
        }
    }
    let Some(id) = &person.family_id else {
        return Ok(true);
    };
    let family = token_families::table
        .filter(token_families::id.eq(id.as_bytes().as_slice()))
        .filter(crate::token_families::history_stands())
        .filter(token_families::ended_at.is_null());
    select(exists(family))
        .get_result(conn)
        .map_err(at("token_families"))
}
