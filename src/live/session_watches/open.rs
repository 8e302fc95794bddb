//! The open streams and the ways to find them. Knows nothing of what is told over them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;

use domain::event::LoggedEvent;
use domain::event::effect::{Effect, End, NotBefore, Reload};
use domain::open_streams::StreamCounts;
use domain::session_watch::{WatchKind, Watcher};
use foundation::clock::Instant;
use foundation::id::{ClientId, UserId};
use tokio::sync::mpsc;

use super::WatchNotice;

/// The number of a stream: a later one has a higher one.
pub(super) type WatchId = u64;

/// A stream.
#[derive(Debug)]
struct OpenWatch {
    watcher: Watcher,
    notices: mpsc::Sender<WatchNotice>,
    until: Instant,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct OpenWatches {
    last: WatchId,
    all: HashMap<WatchId, OpenWatch>,
    of_users: HashMap<UserId, Vec<WatchId>>,
    /// Those of programs; those of hosts and of backends stand apart.
    of_clients: HashMap<ClientId, BTreeSet<WatchId>>,
    hosts: HashMap<ClientId, BTreeSet<WatchId>>,
    backends: HashMap<ClientId, BTreeSet<WatchId>>,
    /// By the time at which their token runs out.
    ends: BTreeSet<(Instant, WatchId)>,
}

impl OpenWatches {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// How many streams each client has.
    pub(super) fn counts(&self) -> BTreeMap<ClientId, StreamCounts> {
        let mut counts: BTreeMap<ClientId, StreamCounts> = BTreeMap::new();
        for (client, ids) in &self.hosts {
            counts.entry(client.clone()).or_default().hosts = ids.len();
        }
        for (client, ids) in &self.of_clients {
            counts.entry(client.clone()).or_default().programs = ids.len();
        }
        for (client, ids) in &self.backends {
            counts.entry(client.clone()).or_default().backends = ids.len();
        }
        counts
    }

    pub(super) fn has_backends(&self) -> bool {
        !self.backends.is_empty()
    }

    pub(super) fn backend_clients(&self) -> Vec<ClientId> {
        self.backends.keys().cloned().collect()
    }

    pub(super) fn backends_of(&self, client: &ClientId) -> Vec<WatchId> {
        let ids = self.backends.get(client).into_iter().flatten();
        ids.copied().collect()
    }

    pub(super) fn watcher(&self, id: WatchId) -> Option<&Watcher> {
        self.all.get(&id).map(|open| &open.watcher)
    }

    /// How many streams of a kind a client has.
    pub(super) fn len_of(&self, client: &ClientId, kind: WatchKind) -> usize {
        self.by_client(kind).get(client).map_or(0, BTreeSet::len)
    }

    /// The oldest stream of the same client, person and session, if there are so many.
    pub(super) fn oldest_of_stay(&self, like: &Watcher, so_many: usize) -> Option<WatchId> {
        let person = like.handle.on_behalf_of.as_ref()?;
        let is_same = |id: &&WatchId| {
            self.watcher(**id).is_some_and(|other| {
                let session = other.handle.on_behalf_of.as_ref().map(|p| p.session_id);
                other.handle.client_id == like.handle.client_id
                    && session == Some(person.session_id)
            })
        };
        let same = self.of_users.get(&person.user_id)?.iter().filter(is_same);
        let same: Vec<_> = same.copied().collect();
        (same.len() >= so_many)
            .then(|| same.into_iter().min())
            .flatten()
    }

    pub(super) fn insert(
        &mut self,
        watcher: Watcher,
        notices: mpsc::Sender<WatchNotice>,
        until: Instant,
    ) -> WatchId {
        self.last += 1;
        let id = self.last;
        let client = watcher.handle.client_id.clone();
        self.by_client_mut(watcher.kind)
            .entry(client)
            .or_default()
            .insert(id);
        if let Some(person) = &watcher.handle.on_behalf_of {
            self.of_users.entry(person.user_id).or_default().push(id);
        }
        self.ends.insert((until, id));
        let open = OpenWatch {
            watcher,
            notices,
            until,
        };
        self.all.insert(id, open);
        id
    }

    pub(super) fn remove(&mut self, id: WatchId) {
        let Some(open) = self.all.remove(&id) else {
            return;
        };
        let client = &open.watcher.handle.client_id;
        take_out(self.by_client_mut(open.watcher.kind), client, |ids| {
            ids.remove(&id);
            ids.is_empty()
        });
        if let Some(person) = &open.watcher.handle.on_behalf_of {
            take_out(&mut self.of_users, &person.user_id, |ids| {
                ids.retain(|other| *other != id);
                ids.is_empty()
            });
        }
        self.ends.remove(&(open.until, id));
    }

    /// Puts a notice in. A stream that has not taken out what was put in before is closed.
    pub(super) fn tell(&mut self, id: WatchId, notice: WatchNotice) {
        let told = self.all.get(&id).map(|open| open.notices.try_send(notice));
        if matches!(told, Some(Err(_))) {
            self.remove(id);
        }
    }

    /// A stream whose token ran out before a moment.
    pub(super) fn due(&self, before: Instant) -> Option<WatchId> {
        let (until, id) = self.ends.first()?;
        (*until <= before).then_some(*id)
    }

    /// Closes all.
    pub(super) fn close(&mut self) {
        *self = Self {
            last: self.last,
            ..Self::default()
        };
    }

    /// Puts a notice in for all backends.
    pub(super) fn tell_backends(&mut self, notice: &WatchNotice) {
        let ids: Vec<_> = self.backends.values().flatten().copied().collect();
        ids.into_iter().for_each(|id| self.tell(id, notice.clone()));
    }

    /// Closes those of backends.
    pub(super) fn close_backends(&mut self) {
        let ids: Vec<_> = self.backends.values().flatten().copied().collect();
        ids.into_iter().for_each(|id| self.remove(id));
    }

    /// Those that may hear of an event. Where it says less than it should, all of them.
    pub(super) fn concerned_by(&self, logged: &LoggedEvent) -> Vec<WatchId> {
        let facts = &logged.facts;
        let of_user = match facts.user_id {
            Some(user) => self.of_users.get(&user).cloned().unwrap_or_default(),
            None => self.everybody(),
        };
        match &logged.effect {
            Ok(Effect::End(End::Session(_) | End::Family(_)))
            | Ok(Effect::Narrow { .. })
            | Ok(Effect::NotBefore(
                NotBefore::User(_) | NotBefore::Grant(_) | NotBefore::ClientInSession { .. },
            )) => of_user,
            // A client's own token speaks for nobody.
            Ok(Effect::End(End::Token(_))) if facts.user_id.is_none() => Vec::new(),
            Ok(Effect::End(End::Token(_))) => of_user,
            Ok(Effect::NotBefore(NotBefore::Client(client))) => {
                let programs = self.of_clients.get(client).into_iter().flatten();
                programs
                    .chain(self.hosts.values().flatten())
                    .copied()
                    .collect()
            }
            Ok(Effect::NotBefore(NotBefore::All | NotBefore::AccessTokens))
            | Ok(Effect::Reload(Reload::Keys)) => self.everybody(),
            Ok(Effect::Reload(Reload::Client(_) | Reload::Profile(_))) | Err(_) => Vec::new(),
        }
    }

    fn everybody(&self) -> Vec<WatchId> {
        self.all.keys().copied().collect()
    }

    fn by_client(&self, kind: WatchKind) -> &HashMap<ClientId, BTreeSet<WatchId>> {
        match kind {
            WatchKind::Host => &self.hosts,
            WatchKind::Program => &self.of_clients,
            WatchKind::Backend => &self.backends,
        }
    }

    fn by_client_mut(&mut self, kind: WatchKind) -> &mut HashMap<ClientId, BTreeSet<WatchId>> {
        match kind {
            WatchKind::Host => &mut self.hosts,
            WatchKind::Program => &mut self.of_clients,
            WatchKind::Backend => &mut self.backends,
        }
    }
}

/// Takes something out of an entry, and the entry away where nothing is left in it.
fn take_out<K: Eq + Hash, V>(map: &mut HashMap<K, V>, key: &K, take: impl FnOnce(&mut V) -> bool) {
    if map.get_mut(key).is_some_and(take) {
        map.remove(key);
    }
}
