//! The stored form of an effect: one word, and of whom in a form that can be searched for and read,
//! `user:0190…`. Ids of ours are written in hexadecimal digits.
//!
//! ```text
//! end         session:… | family:… | token:…
//! not_before  user:… | grant:… | client:… | client_in_session:…:… | all | access_tokens
//! narrow      grant:…                                  (and what is left, in `detail`)
//! reload      client:… | keys | profile:…
//! ```

use std::borrow::Borrow;

use domain::event::effect::{Effect, End, NotBefore, Reload};
use foundation::fault::Fault;
use foundation::id::ClientId;
use protocol::scope::ScopeSet;

use crate::column::{Bytes, Place, hex, unhex};

/// The words of the column `effect`.
pub(crate) mod word {
    pub(crate) const END: &str = "end";
    pub(crate) const NOT_BEFORE: &str = "not_before";
    pub(crate) const NARROW: &str = "narrow";
    pub(crate) const RELOAD: &str = "reload";
}

/// The word of an effect.
pub(super) fn word_of(effect: &Effect) -> &'static str {
    match effect {
        Effect::End(_) => word::END,
        Effect::NotBefore(_) => word::NOT_BEFORE,
        Effect::Narrow { .. } => word::NARROW,
        Effect::Reload(_) => word::RELOAD,
    }
}

/// Of whom.
pub(super) fn target_of(effect: &Effect) -> String {
    match effect {
        Effect::End(end) => end_target(*end),
        Effect::NotBefore(target) => not_before_target(target),
        Effect::Narrow { grant_id, .. } => named("grant", grant_id),
        Effect::Reload(what) => reload_target(what),
    }
}

/// The target of an end.
pub(crate) fn end_target(end: End) -> String {
    match end {
        End::Session(id) => named("session", &id),
        End::Family(id) => named("family", &id),
        End::Token(jti) => named("token", &jti),
    }
}

/// The target of a not-before mark.
pub(crate) fn not_before_target<C: Borrow<ClientId>>(target: &NotBefore<C>) -> String {
    match target {
        NotBefore::User(id) => named("user", id),
        NotBefore::Grant(id) => named("grant", id),
        NotBefore::Client(id) => format!("client:{}", id.borrow()),
        NotBefore::ClientInSession {
            session_id,
            client_id,
        } => {
            let session = hex(session_id.bytes());
            format!("client_in_session:{session}:{}", client_id.borrow())
        }
        NotBefore::All => "all".to_owned(),
        NotBefore::AccessTokens => "access_tokens".to_owned(),
    }
}

/// The target of a reload.
pub(super) fn reload_target(what: &Reload) -> String {
    match what {
        Reload::Client(id) => format!("client:{id}"),
        Reload::Keys => "keys".to_owned(),
        Reload::Profile(id) => named("profile", id),
    }
}

fn named(what: &str, id: &impl Bytes) -> String {
    format!("{what}:{}", hex(id.bytes()))
}

/// Reads an effect that this program's version can obey.
pub(super) fn read(
    place: Place<'_>,
    word: &str,
    target: &str,
    scopes: Option<ScopeSet>,
) -> Result<Effect, Fault> {
    let (what, key) = target.split_once(':').unwrap_or((target, ""));
    Ok(match (word, what) {
        (word::END, "session") => Effect::End(End::Session(id(place, key)?)),
        (word::END, "family") => Effect::End(End::Family(id(place, key)?)),
        (word::END, "token") => Effect::End(End::Token(id(place, key)?)),
        (word::NOT_BEFORE, "user") => Effect::NotBefore(NotBefore::User(id(place, key)?)),
        (word::NOT_BEFORE, "grant") => Effect::NotBefore(NotBefore::Grant(id(place, key)?)),
        (word::NOT_BEFORE, "client") => Effect::NotBefore(NotBefore::Client(client(place, key)?)),
        (word::NOT_BEFORE, "client_in_session") => {
            let (session, key) = key.split_once(':').ok_or_else(|| place.broken("target"))?;
            Effect::NotBefore(NotBefore::ClientInSession {
                session_id: id(place, session)?,
                client_id: client(place, key)?,
            })
        }
        (word::NOT_BEFORE, "all") => Effect::NotBefore(NotBefore::All),
        (word::NOT_BEFORE, "access_tokens") => Effect::NotBefore(NotBefore::AccessTokens),
        (word::NARROW, "grant") => Effect::Narrow {
            grant_id: id(place, key)?,
            scopes: scopes.ok_or_else(|| place.broken("detail"))?,
        },
        (word::RELOAD, "client") => Effect::Reload(Reload::Client(client(place, key)?)),
        (word::RELOAD, "keys") => Effect::Reload(Reload::Keys),
        (word::RELOAD, "profile") => Effect::Reload(Reload::Profile(id(place, key)?)),
        _ => return Err(place.broken("effect")),
    })
}

fn id<T: Bytes>(place: Place<'_>, digits: &str) -> Result<T, Fault> {
    let bytes = unhex(digits).ok_or_else(|| place.broken("target"))?;
    place.bytes("target", &bytes)
}

fn client(place: Place<'_>, text: &str) -> Result<ClientId, Fault> {
    place.name_of("target", text)
}
