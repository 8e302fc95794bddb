//! Whether an access token is alive, asked of the tables: for a node that may not trust its memory.
//! The rules are those of `live::ended`.

use diesel::dsl::{exists, select};
use diesel::prelude::*;
use domain::grant::GrantedScopes;
use domain::mini_program::MiniProgramState;
use domain::token_handle::{OnBehalfOf, TokenHandle};
use foundation::digest::TokenDigest;
use foundation::fault::Fault;
use foundation::id::{ClientId, Position};
use protocol::scope::ScopeSet;

use crate::column::{Key, Place};
use crate::connection::Connection;
use crate::events::kind;
use crate::fault::at;
use crate::schema::{clients, events, grants, sessions, token_families, users};

/// What the tables say about a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// It, or something that it rests on, has ended, or it was cut off.
    Dead,
    /// It stands.
    Alive {
        /// What its grant allows now; none for a token that speaks for nobody.
        grant_scope: Option<ScopeSet>,
    },
}

/// Asks whether a token with this handle, whose `jti` has this digest, is alive. Its own expiry is
/// not looked at.
pub fn of_handle(
    conn: &mut Connection,
    handle: &TokenHandle,
    jti: TokenDigest,
) -> Result<Liveness, Fault> {
    if !client_stands(conn, &handle.client_id)? || was_cut(conn, handle, jti)? {
        return Ok(Liveness::Dead);
    }
    let Some(person) = &handle.on_behalf_of else {
        return Ok(Liveness::Alive { grant_scope: None });
    };
    let Some(grant_scope) = scope_of_standing_grant(conn, person)? else {
        return Ok(Liveness::Dead);
    };
    if !session_and_family_stand(conn, person)?
        || person_was_cut(conn, handle.position, &handle.client_id, person)?
    {
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

/// Whether the token, its client's or everybody's tokens were cut off after the position that the
/// token was issued at.
fn was_cut(conn: &mut Connection, handle: &TokenHandle, jti: TokenDigest) -> Result<bool, Fault> {
    let client = events::table
        .filter(events::client_id.eq(handle.client_id.as_str()))
        .filter(events::kind.eq(kind::CLIENT_CUT))
        .filter(events::position.gt(handle.position.0));
    let token = events::table
        .filter(events::token_digest.eq(jti.as_bytes().as_slice()))
        .filter(events::kind.eq(kind::TOKEN_REVOKED));
    let all = events::table
        .filter(events::kind.eq_any([kind::ALL_CUT, kind::CLOCK_SET_BACK]))
        .filter(events::position.gt(handle.position.0));
    select(exists(client).or(exists(token)).or(exists(all)))
        .get_result(conn)
        .map_err(at("events"))
}

/// Whether the person's tokens, or what their session gave this client, were cut off after a
/// position.
fn person_was_cut(
    conn: &mut Connection,
    position: Position,
    client: &ClientId,
    person: &OnBehalfOf,
) -> Result<bool, Fault> {
    let user = person.user_id.as_bytes().as_slice();
    let after = events::table
        .filter(events::user_id.eq(user))
        .filter(events::position.gt(position.0));
    let cut = after.filter(
        events::kind
            .eq(kind::USER_CUT)
            .or(events::kind.eq(kind::USER_DISABLED)),
    );
    let answer = match &person.session_id {
        None => select(exists(cut)).get_result(conn),
        Some(session) => {
            let left = after
                .filter(events::kind.eq(kind::SESSION_LEFT))
                .filter(events::session_id.eq(session.as_bytes().as_slice()))
                .filter(events::client_id.eq(client.as_str()));
            select(exists(cut).or(exists(left))).get_result(conn)
        }
    };
    answer.map_err(at("events"))
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
        .first(conn)
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
        .filter(token_families::ended_at.is_null());
    select(exists(family))
        .get_result(conn)
        .map_err(at("token_families"))
}
