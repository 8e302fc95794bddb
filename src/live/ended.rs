//! What kills or narrows an access token before it expires.
//!
//! A token is dead if its session, its family or itself has ended, or if it was issued before a
//! *cut* of its user, grant, client, of its client in its session, or of all. *Before* is decided by positions in the event log:
//! a token carries the position that its node had confirmed before it read anything, so a token
//! with a smaller one may rest on what was true before the cut.
//!
//! No token lives longer than an hour, so an entry may be forgotten 62 minutes after it arrived here
//! (`Lifetimes::ENDED_MEMORY`): the memory is bounded by what ended in the last hour. It is the boot
//! clock that counts them, whatever the event's stamp says: that one may be wrong.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use domain::event::{Event, LoggedEvent};
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
    /// It stands.
    Alive {
        /// All that its grant still allows, if the grant changed after the token was issued: what
        /// the token may do is the intersection.
        narrowed_to: Option<Arc<ScopeSet>>,
    },
}

/// Where in the log something was said, and when it arrived here, on the boot clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    position: Position,
    arrived: Span,
}

/// What has ended or was narrowed. One lock for all: it is written by one thread, seldom, and a
/// judgement holds it for a handful of look-ups.
#[derive(Debug, Default)]
pub struct Ended(RwLock<Entries>);

#[derive(Debug, Default)]
struct Entries {
    sessions: HashMap<SessionId, Mark>,
    families: HashMap<FamilyId, Mark>,
    tokens: HashMap<TokenDigest, Mark>,
    session_cuts: HashMap<SessionId, HashMap<ClientId, Mark>>,
    user_cuts: HashMap<UserId, Mark>,
    grant_cuts: HashMap<GrantId, Mark>,
    client_cuts: HashMap<ClientId, Mark>,
    all_cut: Option<Mark>,
    narrowed: HashMap<GrantId, (Mark, Arc<ScopeSet>)>,
}

impl Ended {
    /// Takes in an event that arrived at this moment of the boot clock. In what order events come makes
    /// no difference, nor does one that comes twice.
    pub fn apply(&self, logged: &LoggedEvent, arrived: Span) {
        let mark = Mark {
            position: logged.position,
            arrived,
        };
        let mut entries = self.write();
        match &logged.event {
            Event::SessionEnded { session_id, .. } => put(&mut entries.sessions, *session_id, mark),
            Event::SessionLeft {
                session_id,
                client_id,
                ..
            } => {
                put(
                    entries.session_cuts.entry(*session_id).or_default(),
                    client_id.clone(),
                    mark,
                );
            }
            Event::FamilyEnded { family_id, .. } => put(&mut entries.families, *family_id, mark),
            Event::TokenRevoked { token, .. } => put(&mut entries.tokens, *token, mark),
            Event::GrantEnded { grant_id, .. } => put(&mut entries.grant_cuts, *grant_id, mark),
            Event::UserDisabled { user_id } | Event::UserCut { user_id } => {
                put(&mut entries.user_cuts, *user_id, mark);
            }
            Event::ClientCut { client_id } => {
                put(&mut entries.client_cuts, client_id.clone(), mark)
            }
            Event::AllCut | Event::ClockSetBack => {
                entries.all_cut = Some(entries.all_cut.map_or(mark, |cut| later(cut, mark)));
            }
            Event::GrantChanged {
                grant_id, scopes, ..
            } => {
                narrow(&mut entries.narrowed, *grant_id, mark, scopes);
            }
            Event::ClientChanged { .. }
            | Event::KeysChanged { .. }
            | Event::ProfileChanged { .. } => {}
        }
    }

    /// What is known about a token; `jti` is the digest of its `jti`. Whether this node's memory
    /// may be trusted is [`crate::freshness::Freshness`]'s to say.
    pub fn judge(&self, handle: &TokenHandle, jti: TokenDigest) -> Verdict {
        let entries = self.read();
        if entries.is_dead(handle, &jti) {
            return Verdict::Dead;
        }
        let change = handle
            .on_behalf_of
            .and_then(|person| entries.narrowed.get(&person.grant_id));
        let narrowed_to = change
            .filter(|(mark, _)| handle.position < mark.position)
            .map(|(_, scopes)| Arc::clone(scopes));
        Verdict::Alive { narrowed_to }
    }

    /// Forgets what arrived before a moment of the boot clock, which must be longer ago than any token
    /// lives.
    pub fn forget_before(&self, at: Span) {
        let entries = &mut *self.write();
        entries.sessions.retain(|_, mark| mark.arrived >= at);
        entries.families.retain(|_, mark| mark.arrived >= at);
        entries.tokens.retain(|_, mark| mark.arrived >= at);
        entries.session_cuts.retain(|_, clients| {
            clients.retain(|_, mark| mark.arrived >= at);
            !clients.is_empty()
        });
        entries.user_cuts.retain(|_, mark| mark.arrived >= at);
        entries.grant_cuts.retain(|_, mark| mark.arrived >= at);
        entries.client_cuts.retain(|_, mark| mark.arrived >= at);
        entries.all_cut = entries.all_cut.filter(|mark| mark.arrived >= at);
        entries.narrowed.retain(|_, (mark, _)| mark.arrived >= at);
    }

    /// Forgets everything.
    pub fn clear(&self) {
        *self.write() = Entries::default();
    }

    /// How many entries there are, for the metrics.
    pub fn len(&self) -> usize {
        let entries = self.read();
        entries.sessions.len()
            + entries.families.len()
            + entries.tokens.len()
            + entries
                .session_cuts
                .values()
                .map(HashMap::len)
                .sum::<usize>()
            + entries.user_cuts.len()
            + entries.grant_cuts.len()
            + entries.client_cuts.len()
            + usize::from(entries.all_cut.is_some())
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
    fn is_dead(&self, handle: &TokenHandle, jti: &TokenDigest) -> bool {
        let cut = |mark: Option<&Mark>| mark.is_some_and(|cut| handle.position < cut.position);
        let by_person = handle.on_behalf_of.is_some_and(|person| {
            let session_ended = person
                .session_id
                .is_some_and(|id| self.sessions.contains_key(&id));
            let session_cut = person
                .session_id
                .and_then(|id| self.session_cuts.get(&id))
                .and_then(|clients| clients.get(&handle.client_id));
            let family_ended = person
                .family_id
                .is_some_and(|id| self.families.contains_key(&id));
            session_ended
                || family_ended
                || cut(session_cut)
                || cut(self.user_cuts.get(&person.user_id))
                || cut(self.grant_cuts.get(&person.grant_id))
        });
        by_person
            || self.tokens.contains_key(jti)
            || cut(self.all_cut.as_ref())
            || cut(self.client_cuts.get(&handle.client_id))
    }
}

/// Two marks of one thing: the later position cuts more, the later arrival is kept longer.
fn later(a: Mark, b: Mark) -> Mark {
    Mark {
        position: a.position.max(b.position),
        arrived: a.arrived.max(b.arrived),
    }
}

fn put<K: Eq + Hash>(marks: &mut HashMap<K, Mark>, key: K, mark: Mark) {
    marks
        .entry(key)
        .and_modify(|known| *known = later(*known, mark))
        .or_insert(mark);
}

/// The latest event has all that the grant allows, so it wins over any before it.
fn narrow(
    narrowed: &mut HashMap<GrantId, (Mark, Arc<ScopeSet>)>,
    grant_id: GrantId,
    mark: Mark,
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
