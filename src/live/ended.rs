//! What kills or narrows an access token before it expires.
//!
//! A token is dead if its session, its family or itself has ended, or if it was issued before a
//! *not-before* mark of its user, grant, client, of its client in its session, or of all. *Before* is
//! decided by positions in the event log: a token carries the position that its node had confirmed
//! before it read anything, so a token with a smaller one may rest on what was true before the mark.
//! Which ends and marks concern a token is declared in `domain::event::effect`.
//!
//! No token lives longer than an hour, so an entry may be forgotten 62 minutes after it arrived here
//! (`Lifetimes::ENDED_MEMORY`): the memory is bounded by what ended in the last hour. It is the boot
//! clock that counts them, whatever the event's stamp says: that one may be wrong.
//!
//! Memory also knows from which position on it knows everything, and speaks for no token from before:
//! whatever ended a token stands after the token's own position, so no clock is asked whether it is
//! here.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use domain::event::effect::{Effect, End, NotBefore};
use domain::token_handle::TokenHandle;
use foundation::clock::Span;
use foundation::digest::TokenDigest;
use foundation::id::{ClientId, FamilyId, GrantId, Position, SessionId, UserId};
use protocol::scope::ScopeSet;

/// What memory says about a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is worth nothing.
    Dead,
    /// It is from before what is known here: the store is to be asked.
    Unknown,
    /// It stands.
    Alive {
        /// All that its grant still allows, if the grant changed after the token was issued: what
        /// the token may do is the intersection.
        narrowed_to: Option<Arc<ScopeSet>>,
    },
}

/// Where in the log something was said, and when it arrived here, on the boot clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LogPoint {
    position: Position,
    arrived: Span,
}

/// What has ended or was narrowed. One lock for all: it is written by one thread, seldom, and a
/// judgement holds it for a handful of look-ups.
#[derive(Debug, Default)]
pub struct Ended(RwLock<Entries>);

#[derive(Debug, Default)]
struct Entries {
    sessions: HashMap<SessionId, LogPoint>,
    families: HashMap<FamilyId, LogPoint>,
    tokens: HashMap<TokenDigest, LogPoint>,
    not_before: Watermarks,
    narrowed: HashMap<GrantId, (LogPoint, Arc<ScopeSet>)>,
    /// Everything after this position is here.
    known_after: Position,
}

/// The latest not-before mark of each target.
#[derive(Debug, Default)]
struct Watermarks {
    users: HashMap<UserId, LogPoint>,
    grants: HashMap<GrantId, LogPoint>,
    clients: HashMap<ClientId, LogPoint>,
    clients_in_sessions: HashMap<SessionId, HashMap<ClientId, LogPoint>>,
    all: Option<LogPoint>,
    access_tokens: Option<LogPoint>,
}

impl Ended {
    /// Takes in the effect of an event that arrived at this moment of the boot clock. In what order
    /// effects come makes no difference, nor does one that comes twice.
    pub fn apply(&self, effect: &Effect, position: Position, arrived: Span) {
        let mark = LogPoint { position, arrived };
        let mut entries = self.write();
        match effect {
            Effect::End(End::Session(id)) => put(&mut entries.sessions, *id, mark),
            Effect::End(End::Family(id)) => put(&mut entries.families, *id, mark),
            Effect::End(End::Token(jti)) => put(&mut entries.tokens, *jti, mark),
            Effect::NotBefore(target) => entries.not_before.put(target, mark),
            Effect::Narrow { grant_id, scopes } => {
                narrow(&mut entries.narrowed, *grant_id, mark, scopes);
            }
            Effect::Reload(_) => {}
        }
    }

    /// What is known about a token; `jti` is the digest of its `jti`. Whether this node's memory
    /// may be trusted is [`crate::freshness::Freshness`]'s to say.
    pub fn judge(&self, handle: &TokenHandle, jti: TokenDigest) -> Verdict {
        let entries = self.read();
        if entries.is_dead(handle, jti) {
            return Verdict::Dead;
        }
        if handle.position < entries.known_after {
            return Verdict::Unknown;
        }
        let change = handle
            .on_behalf_of
            .and_then(|person| entries.narrowed.get(&person.grant_id));
        let narrowed_to = change
            .filter(|(mark, _)| handle.position < mark.position)
            .map(|(_, scopes)| Arc::clone(scopes));
        Verdict::Alive { narrowed_to }
    }

    /// Everything after a position was taken in, and what stands before it was not.
    pub fn knows_all_after(&self, position: Position) {
        self.write().known_after = position;
    }

    /// Forgets what arrived before a moment of the boot clock, which must be longer ago than any token
    /// lives.
    pub fn forget_before(&self, at: Span) {
        let entries = &mut *self.write();
        let mut known_after = entries.known_after;
        let mut stays = |mark: &LogPoint| {
            let stays = mark.arrived >= at;
            if !stays {
                known_after = known_after.max(mark.position);
            }
            stays
        };
        entries.sessions.retain(|_, mark| stays(mark));
        entries.families.retain(|_, mark| stays(mark));
        entries.tokens.retain(|_, mark| stays(mark));
        entries.not_before.retain(&mut stays);
        entries.narrowed.retain(|_, (mark, _)| stays(mark));
        entries.known_after = known_after;
    }

    /// Forgets everything, and speaks for no token until it is said from where on all is known again.
    pub fn clear(&self) {
        *self.write() = Entries {
            known_after: Position(i64::MAX),
            ..Entries::default()
        };
    }

    /// How many entries there are, for the metrics.
    pub fn len(&self) -> usize {
        let entries = self.read();
        entries.sessions.len()
            + entries.families.len()
            + entries.tokens.len()
            + entries.not_before.len()
            + entries.narrowed.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn read(&self) -> RwLockReadGuard<'_, Entries> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Entries> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn is_dead(&self, handle: &TokenHandle, jti: TokenDigest) -> bool {
        let not_before = |target| self.not_before.of(target);
        handle.ends_with(jti).any(|end| self.has_ended(end))
            || handle
                .not_before()
                .filter_map(not_before)
                .any(|mark| handle.position < mark.position)
    }

    fn has_ended(&self, end: End) -> bool {
        match end {
            End::Session(id) => self.sessions.contains_key(&id),
            End::Family(id) => self.families.contains_key(&id),
            End::Token(jti) => self.tokens.contains_key(&jti),
        }
    }
}

impl Watermarks {
    fn put(&mut self, target: &NotBefore, mark: LogPoint) {
        match target {
            NotBefore::User(id) => put(&mut self.users, *id, mark),
            NotBefore::Grant(id) => put(&mut self.grants, *id, mark),
            NotBefore::Client(id) => put(&mut self.clients, id.clone(), mark),
            NotBefore::ClientInSession {
                session_id,
                client_id,
            } => {
                let clients = self.clients_in_sessions.entry(*session_id).or_default();
                put(clients, client_id.clone(), mark);
            }
            NotBefore::All => put_one(&mut self.all, mark),
            NotBefore::AccessTokens => put_one(&mut self.access_tokens, mark),
        }
    }

    fn of(&self, target: NotBefore<&ClientId>) -> Option<&LogPoint> {
        match target {
            NotBefore::User(id) => self.users.get(&id),
            NotBefore::Grant(id) => self.grants.get(&id),
            NotBefore::Client(id) => self.clients.get(id),
            NotBefore::ClientInSession {
                session_id,
                client_id,
            } => self
                .clients_in_sessions
                .get(&session_id)
                .and_then(|clients| clients.get(client_id)),
            NotBefore::All => self.all.as_ref(),
            NotBefore::AccessTokens => self.access_tokens.as_ref(),
        }
    }

    fn retain(&mut self, mut stays: impl FnMut(&LogPoint) -> bool) {
        self.users.retain(|_, mark| stays(mark));
        self.grants.retain(|_, mark| stays(mark));
        self.clients.retain(|_, mark| stays(mark));
        self.clients_in_sessions.retain(|_, clients| {
            clients.retain(|_, mark| stays(mark));
            !clients.is_empty()
        });
        self.all = self.all.filter(&mut stays);
        self.access_tokens = self.access_tokens.filter(&mut stays);
    }

    fn len(&self) -> usize {
        let in_sessions = self.clients_in_sessions.values().map(HashMap::len);
        self.users.len()
            + self.grants.len()
            + self.clients.len()
            + in_sessions.sum::<usize>()
            + usize::from(self.all.is_some())
            + usize::from(self.access_tokens.is_some())
    }
}

/// Two marks of one thing: the later position kills more, the later arrival is kept longer.
fn later(a: LogPoint, b: LogPoint) -> LogPoint {
    LogPoint {
        position: a.position.max(b.position),
        arrived: a.arrived.max(b.arrived),
    }
}

fn put<K: Eq + Hash>(marks: &mut HashMap<K, LogPoint>, key: K, mark: LogPoint) {
    marks
        .entry(key)
        .and_modify(|known| *known = later(*known, mark))
        .or_insert(mark);
}

fn put_one(known: &mut Option<LogPoint>, mark: LogPoint) {
    *known = Some(known.map_or(mark, |before| later(before, mark)));
}

/// The latest event has all that the grant allows, so it wins over any before it.
fn narrow(
    narrowed: &mut HashMap<GrantId, (LogPoint, Arc<ScopeSet>)>,
    grant_id: GrantId,
    mark: LogPoint,
    scopes: &ScopeSet,
) {
    match narrowed.entry(grant_id) {
        Entry::Occupied(mut known) => {
            let (before, allowed) = known.get_mut();
            if before.position < mark.position {
                *allowed = Arc::new(scopes.clone());
            }
            *before = later(*before, mark);
        }
        Entry::Vacant(free) => {
            free.insert((mark, Arc::new(scopes.clone())));
        }
    }
}

#[cfg(test)]
mod tests;
