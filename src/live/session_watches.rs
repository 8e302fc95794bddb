//! Who listens to session events on this node: the open streams, found by the person, the client or the
//! host that an event concerns, so that nobody walks over all of them.
//!
//! `job/tail` puts events in, after memory has obeyed them: whoever hears that something ended and asks
//! about it is told the same. A stream that does not take its events out is closed, and begins again where
//! it was. What backends are told needs rows, so it takes a queue of its own
//! ([`SessionWatches::next_announcement`]).

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::event::LoggedEvent;
use domain::log_history::LogCursor;
use domain::open_streams::StreamCounts;
use domain::session_watch::{Hearing, SessionEvent, WatchKind, Watcher};
use foundation::clock::Instant;
use foundation::id::{ClientId, HistoryId, Subject};
use tokio::sync::{Notify, mpsc};

mod open;

use open::{OpenWatches, WatchId};

/// How many events of a person wait for a stream, and of a backend.
const WAITING: usize = 64;
const WAITING_OF_BACKEND: usize = 4096;
/// How many streams one client has in one session; the next one closes the oldest.
const OF_STAY: usize = 8;
/// How many streams a client's backends have.
const OF_BACKEND: usize = 64;
/// How many events wait to be announced to backends.
const UNANNOUNCED: usize = 16 * 1024;

/// How many streams there may be on a node.
#[derive(Clone, Copy, Debug)]
pub struct WatchLimits {
    /// In all.
    pub all: usize,
    /// Of one client.
    pub of_client: usize,
}

impl Default for WatchLimits {
    fn default() -> Self {
        Self::beside(usize::from(u16::MAX))
    }
}

impl WatchLimits {
    /// Where there may be so many connections: some are left for whoever wants no stream, and for the
    /// streams of other clients.
    pub const fn beside(connections: usize) -> Self {
        Self {
            all: connections / 4 * 3,
            of_client: connections / 8 * 5,
        }
    }
}

/// An event of the log on its way to who is told of it.
#[derive(Debug)]
pub struct WatchedEvent {
    /// The event.
    pub logged: LoggedEvent,
    /// Where in the log it stands.
    pub cursor: LogCursor,
}

/// What a stream takes out.
#[derive(Clone, Debug)]
pub enum WatchNotice {
    /// Something happened that it hears of.
    Happened(Arc<WatchedEvent>),
    /// Something happened to a person of this backend's client, or to all of them.
    OfPerson {
        /// What.
        event: Arc<WatchedEvent>,
        /// To whom; to all of them if to nobody.
        person: Option<Arc<WatchedPerson>>,
        /// Whether no other person follows to whom the same event happened.
        is_last: bool,
    },
    /// Something happened to persons of this backend's client, and nobody can say to whom any more.
    Lost(Arc<WatchedEvent>),
    /// Its token has run out.
    TokenExpired,
}

/// A person as one client knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchedPerson {
    /// The person.
    pub sub: Subject,
    /// The session, where the event concerns one.
    pub sid: Option<String>,
}

/// Whom an event concerns among those who are told of their persons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Announced {
    /// These persons of these clients; all persons of one that is named without.
    To(Vec<(ClientId, Option<Arc<WatchedPerson>>)>),
    /// That cannot be told any more.
    Lost,
}

/// What is to be looked up for backends, in the order of the log.
#[derive(Clone, Debug)]
pub enum Announcement {
    /// An event.
    Event(Arc<WatchedEvent>),
    /// All that happened up to here stands before it.
    Confirmed(LogCursor),
}

/// Why somebody cannot listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchRefusal {
    /// The client has as many streams as it may.
    TooMany,
    /// There is no room on this node.
    Full,
    /// This node does not follow the log, or is about to end.
    NotFollowing,
}

/// All who listen.
#[derive(Debug, Default)]
pub struct SessionWatches {
    watches: Mutex<Watches>,
    limits: WatchLimits,
    /// Rung when there is something to announce.
    unannounced: Notify,
}

#[derive(Debug, Default)]
struct Watches {
    open: OpenWatches,
    /// Whether this node follows the log: what happens is put in here.
    is_following: bool,
    /// Whether the server is about to end.
    is_over: bool,
    unannounced: VecDeque<Announcement>,
    /// How far backends were told.
    announced: LogCursor,
}

/// Somebody who listens, until this is dropped.
#[derive(Debug)]
pub struct Watch {
    watches: Arc<SessionWatches>,
    id: WatchId,
    notices: mpsc::Receiver<WatchNotice>,
}

impl Watch {
    /// The next notice; `None` when the stream is over.
    pub async fn next(&mut self) -> Option<WatchNotice> {
        self.notices.recv().await
    }

    /// Whether nothing waits to be taken out.
    pub fn is_empty(&self) -> bool {
        self.notices.is_empty()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.watches.lock().open.remove(self.id);
    }
}

impl SessionWatches {
    /// With bounds of its own.
    pub fn bounded(limits: WatchLimits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Begins to listen, with a token that runs out at `until`. What happens from here on is heard.
    ///
    /// # Errors
    /// Why not.
    pub fn watch(
        self: &Arc<Self>,
        watcher: Watcher,
        until: Instant,
    ) -> Result<Watch, WatchRefusal> {
        let mut watches = self.lock();
        if watches.is_over || !watches.is_following {
            return Err(WatchRefusal::NotFollowing);
        }
        let open = &mut watches.open;
        let is_backend = watcher.kind == WatchKind::Backend;
        let of_client = match is_backend {
            true => OF_BACKEND,
            false => self.limits.of_client,
        };
        if open.len_of(&watcher.handle.client_id, watcher.kind) >= of_client {
            return Err(WatchRefusal::TooMany);
        }
        if !is_backend && let Some(oldest) = open.oldest_of_stay(&watcher, OF_STAY) {
            open.remove(oldest);
        }
        if open.len() >= self.limits.all {
            return Err(WatchRefusal::Full);
        }
        let waiting = match is_backend {
            true => WAITING_OF_BACKEND,
            false => WAITING,
        };
        let (sender, notices) = mpsc::channel(waiting);
        let id = open.insert(watcher, sender, until);
        Ok(Watch {
            watches: Arc::clone(self),
            id,
            notices,
        })
    }

    /// Tells whoever hears of an event. Called in the order of the log, by whoever follows it.
    pub fn happened(&self, logged: &LoggedEvent, history: HistoryId) {
        let mut watches = self.lock();
        if watches.open.len() == 0 || SessionEvent::of(logged).is_none() {
            return;
        }
        let event = Arc::new(WatchedEvent {
            cursor: LogCursor {
                history,
                number: logged.position,
                mark: logged.mark,
            },
            logged: logged.clone(),
        });
        for id in watches.open.concerned_by(logged) {
            let Some(watcher) = watches.open.watcher(id) else {
                continue;
            };
            let hearing = match watcher.kind {
                WatchKind::Backend => Hearing::Nothing,
                WatchKind::Host | WatchKind::Program => watcher.hears(logged),
            };
            let notice = || WatchNotice::Happened(Arc::clone(&event));
            match hearing {
                Hearing::Nothing => {}
                Hearing::Told => watches.open.tell(id, notice()),
                Hearing::Closing => {
                    watches.open.tell(id, notice());
                    watches.open.remove(id);
                }
            }
        }
        if watches.open.has_backends() {
            self.queue(&mut watches, Announcement::Event(event));
        }
    }

    /// Everything up to here has been put in, and is in memory: this node follows the log.
    pub fn confirmed(&self, read: LogCursor) {
        let mut watches = self.lock();
        watches.is_following = true;
        if !watches.open.has_backends() || watches.announced == read {
            return;
        }
        match watches.unannounced.back_mut() {
            Some(Announcement::Confirmed(last)) => *last = read,
            _ => self.queue(&mut watches, Announcement::Confirmed(read)),
        }
    }

    /// What happens is not put in any more, until it is confirmed again: all streams are closed, and
    /// begin again where they were.
    pub fn lose_the_log(&self) {
        let mut watches = self.lock();
        watches.is_following = false;
        watches.close();
    }

    /// The server ends: all streams are closed, and nobody listens here any more.
    pub fn end(&self) {
        let mut watches = self.lock();
        watches.is_over = true;
        watches.close();
    }

    /// Tells those whose token ran out before a moment, and closes their streams.
    pub fn expire(&self, before: Instant) {
        let mut watches = self.lock();
        while let Some(id) = watches.open.due(before) {
            watches.open.tell(id, WatchNotice::TokenExpired);
            watches.open.remove(id);
        }
    }

    /// What is to be announced next; it stays until it is.
    pub async fn next_announcement(&self) -> Announcement {
        loop {
            let rung = self.unannounced.notified();
            if let Some(next) = self.lock().unannounced.front() {
                return next.clone();
            }
            rung.await;
        }
    }

    /// Tells backends of the event that was to be announced next, now that it is known whom it concerns.
    pub fn announce(&self, event: &Arc<WatchedEvent>, announced: &Announced) {
        let mut watches = self.lock();
        if !watches.took_out(event.cursor) {
            return;
        }
        match announced {
            Announced::Lost => {
                let notice = WatchNotice::Lost(Arc::clone(event));
                watches.open.tell_backends(&notice);
            }
            Announced::To(concerned) => {
                for (at, (client, person)) in concerned.iter().enumerate() {
                    let mut later = concerned[at + 1..].iter();
                    let notice = WatchNotice::OfPerson {
                        event: Arc::clone(event),
                        person: person.clone(),
                        is_last: !later.any(|(other, _)| other == client),
                    };
                    for id in watches.open.backends_of(client) {
                        watches.open.tell(id, notice.clone());
                    }
                }
            }
        }
        watches.announced = event.cursor;
    }

    /// All that happened up to here was announced.
    pub fn announced_up_to(&self, cursor: LogCursor) {
        let mut watches = self.lock();
        if watches.took_out(cursor) {
            watches.announced = cursor;
        }
    }

    /// How far backends were told of what happened.
    pub fn announced(&self) -> LogCursor {
        self.lock().announced
    }

    /// The clients whose backends listen.
    pub fn backend_clients(&self) -> Vec<ClientId> {
        self.lock().open.backend_clients()
    }

    /// How many streams are open.
    pub fn counts(&self) -> StreamCounts {
        self.counts_of_clients()
            .into_values()
            .fold(StreamCounts::default(), StreamCounts::and)
    }

    /// How many streams each client has open.
    pub fn counts_of_clients(&self) -> BTreeMap<ClientId, StreamCounts> {
        self.lock().open.counts()
    }

    fn queue(&self, watches: &mut Watches, announcement: Announcement) {
        if watches.unannounced.len() >= UNANNOUNCED {
            watches.unannounced.clear();
            watches.open.close_backends();
            return;
        }
        watches.unannounced.push_back(announcement);
        self.unannounced.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Watches> {
        self.watches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watches {
    /// Takes out what stands first, if it still does: closing the streams has emptied the queue.
    fn took_out(&mut self, cursor: LogCursor) -> bool {
        let is_first = match self.unannounced.front() {
            Some(Announcement::Event(event)) => event.cursor == cursor,
            Some(Announcement::Confirmed(confirmed)) => *confirmed == cursor,
            None => false,
        };
        if is_first {
            self.unannounced.pop_front();
        }
        is_first
    }

    fn close(&mut self) {
        self.open.close();
        self.unannounced.clear();
    }
}

#[cfg(test)]
mod tests;
