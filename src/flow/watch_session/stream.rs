//! A stream that has begun: what it says next, and the position that its reader comes back with.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use domain::event::LoggedEvent;
use domain::log_history::LogCursor;
use domain::session_watch::{Hearing, SessionEvent, WatchKind, Watcher};
use foundation::base64url;
use foundation::clock::{Instant, SharedClock};
use foundation::entropy::{self, SharedEntropy};
use foundation::id::{ClientId, HistoryId, Mark, Position};
use keys::key_ring::Keys;
use live::session_watches::{Watch, WatchNotice, WatchedEvent, WatchedPerson};
use serde_json::{Map, Value, json};

use super::start::{Heard, MissedEvent};
use crate::memory::Memory;

/// The longest `Last-Event-ID` that is looked at; ours have about seventy characters.
const MAX_ID: usize = 120;
/// Bytes of a position.
const POSITION: usize = 24;

/// What is said, ready to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamEvent {
    /// Its name.
    pub name: &'static str,
    /// What its reader comes back with; none where that stays as it was.
    pub id: Option<String>,
    /// What it says.
    pub data: Map<String, Value>,
}

/// A stream. Dropped, nobody listens any more.
pub struct SessionStream {
    watcher: Watcher,
    /// What its positions are sealed under: they are of this client and person.
    label: String,
    memory: Memory,
    keys: Arc<Keys>,
    clock: SharedClock,
    entropy: SharedEntropy,
    /// What is said before anything that is heard.
    first: VecDeque<StreamEvent>,
    /// None when the stream is over.
    watch: Option<Watch>,
    /// Where it began: what it hears up to there was said already, or judged.
    began_at: LogCursor,
    /// Up to where everything was said.
    reached: LogCursor,
    /// How far backends were told at the last heartbeat, if that was not everything.
    behind_at: Option<LogCursor>,
}

impl SessionStream {
    pub(super) fn new(
        watcher: Watcher,
        memory: &Memory,
        (keys, clock, entropy): (&Arc<Keys>, &SharedClock, &SharedEntropy),
    ) -> Self {
        let person = watcher.handle.on_behalf_of;
        let person = person.map_or(String::new(), |p| base64url::encode(p.user_id.as_bytes()));
        Self {
            label: format!("session events {} {person}", watcher.handle.client_id),
            watcher,
            memory: memory.clone(),
            keys: Arc::clone(keys),
            clock: Arc::clone(clock),
            entropy: Arc::clone(entropy),
            first: VecDeque::new(),
            watch: None,
            began_at: LogCursor::default(),
            reached: LogCursor::default(),
            behind_at: None,
        }
    }

    pub(super) fn watcher(&self) -> &Watcher {
        &self.watcher
    }

    /// How long its reader waits before they come back: not all at once after a restart.
    pub fn retry(&self) -> Duration {
        let drawn = u16::from_be_bytes(entropy::bytes(self.entropy.as_ref()));
        Duration::from_millis(1000 + u64::from(drawn) % 4000)
    }

    /// How far somebody was.
    pub(super) fn heard(&self, last_event_id: Option<&str>) -> Heard {
        match last_event_id {
            None | Some("") => Heard::Nothing,
            Some(id) => self.open(id).map_or(Heard::Unreadable, Heard::UpTo),
        }
    }

    /// Begins: with what was missed, or with saying that nobody knows what that was.
    pub(super) fn begin(
        &mut self,
        watch: Watch,
        end: LogCursor,
        missed: Option<Vec<MissedEvent>>,
        session_expires_at: Option<Instant>,
    ) {
        self.watch = Some(watch);
        self.began_at = end;
        self.reached = end;
        if missed.is_none() {
            let reset = self.own(&SessionEvent::Reset, None);
            self.first.push_back(reset);
        }
        for missed in missed.into_iter().flatten() {
            let MissedEvent { logged, person } = &missed;
            let is_told = self.hears(logged) != Hearing::Nothing;
            if let Some(said) = SessionEvent::of(logged).filter(|_| is_told) {
                // Its reader comes back to the same place until all of it was said.
                let event = self.told(&said, logged, person.as_ref(), None);
                self.first.push_back(event);
            }
            if self.watcher.is_ended_by(logged) {
                self.watch = None;
                return;
            }
        }
        let ready = SessionEvent::Ready { session_expires_at };
        let ready = self.own(&ready, Some(end));
        self.first.push_back(ready);
    }

    /// Is over, with what ended its token.
    pub(super) fn close_with(&mut self, killed: &[LoggedEvent]) {
        let is_end = |said: &SessionEvent| {
            matches!(
                said,
                SessionEvent::SessionExpired
                    | SessionEvent::SessionEnded(_)
                    | SessionEvent::UserChanged
            )
        };
        let said = |logged: &LoggedEvent| SessionEvent::of(logged);
        let end = killed
            .iter()
            .find(|logged| said(logged).as_ref().is_some_and(is_end));
        let last = match end.or(killed.last()) {
            Some(logged) => said(logged).map(|said| self.told(&said, logged, None, None)),
            None => None,
        };
        // What ended with the log that it was given out in.
        let last = last.unwrap_or_else(|| self.own(&SessionEvent::TokenExpired, None));
        self.first.push_back(last);
    }

    /// What is said next; `None` when the stream is over. May be dropped while it waits.
    pub async fn next(&mut self) -> Option<StreamEvent> {
        loop {
            if let Some(event) = self.first.pop_front() {
                return Some(event);
            }
            let notice = self.watch.as_mut()?.next().await;
            match notice {
                Some(notice) => {
                    if let Some(event) = self.take(notice) {
                        return Some(event);
                    }
                }
                None => self.watch = None,
            }
        }
    }

    /// Whether the stream goes on though nothing is said, and what its reader comes back with from now on,
    /// if that is later than before. One on a node that cannot say whether something happened does not.
    pub fn heartbeat(&mut self) -> Option<Option<String>> {
        let watch = self.watch.as_ref()?;
        if !self.memory.is_fresh() {
            return None;
        }
        let live = &self.memory.live;
        let known = live.freshness.cursor();
        let told = match self.watcher.kind {
            WatchKind::Host | WatchKind::Program => known,
            WatchKind::Backend => live.watches.announced(),
        };
        let is_behind = told != known && self.watcher.kind == WatchKind::Backend;
        // Nothing was told since the last heartbeat, though something happened.
        if is_behind && self.behind_at == Some(told) {
            return None;
        }
        self.behind_at = is_behind.then_some(told);
        let is_later = told.history == self.reached.history && told.number > self.reached.number;
        // Asked after how far it is: what was told up to there has been put in.
        if !is_later || !watch.is_empty() || !self.first.is_empty() {
            return Some(None);
        }
        self.reached = told;
        Some(Some(self.seal(told)))
    }

    fn take(&mut self, notice: WatchNotice) -> Option<StreamEvent> {
        match notice {
            WatchNotice::TokenExpired => {
                self.watch = None;
                Some(self.own(&SessionEvent::TokenExpired, None))
            }
            WatchNotice::Happened(event) => self.happened(&event, None, true),
            WatchNotice::OfPerson {
                event,
                person,
                is_last,
            } => self.happened(&event, person.as_deref(), is_last),
            WatchNotice::Lost(event) => {
                if self.was_said(&event) {
                    return None;
                }
                self.reached = event.cursor;
                Some(self.own(&SessionEvent::Reset, Some(event.cursor)))
            }
        }
    }

    fn was_said(&self, event: &WatchedEvent) -> bool {
        event.cursor.history == self.began_at.history && event.cursor.number <= self.began_at.number
    }

    fn happened(
        &mut self,
        event: &WatchedEvent,
        person: Option<&WatchedPerson>,
        is_last: bool,
    ) -> Option<StreamEvent> {
        let logged = &event.logged;
        if self.was_said(event) {
            return None;
        }
        if self.watcher.is_ended_by(logged) {
            self.watch = None;
        }
        let said = SessionEvent::of(logged)?;
        let reached = is_last.then_some(event.cursor);
        if let Some(reached) = reached {
            self.reached = reached;
        }
        Some(self.told(&said, logged, person, reached))
    }

    /// What it makes of an event. What a backend is given concerns it.
    fn hears(&self, logged: &LoggedEvent) -> Hearing {
        match self.watcher.kind {
            WatchKind::Backend => Hearing::Told,
            WatchKind::Host | WatchKind::Program => self.watcher.hears(logged),
        }
    }

    /// What is said of the stream itself.
    fn own(&self, said: &SessionEvent, reached: Option<LogCursor>) -> StreamEvent {
        self.event(said, self.clock.now(), reached, Map::new())
    }

    /// What is said of an event.
    fn told(
        &self,
        said: &SessionEvent,
        logged: &LoggedEvent,
        person: Option<&WatchedPerson>,
        reached: Option<LogCursor>,
    ) -> StreamEvent {
        let mut data = Map::new();
        let client = logged.facts.client_id.as_ref();
        if let Some(client) = client.filter(|client| self.names(client, said)) {
            data.insert("client_id".to_owned(), json!(client.as_str()));
        }
        if let Some(person) = person {
            data.insert("sub".to_owned(), json!(person.sub.as_str()));
            if let Some(sid) = &person.sid {
                data.insert("sid".to_owned(), json!(sid));
            }
        }
        self.event(said, logged.at, reached, data)
    }

    /// A host knows several programs; what concerns itself names none. What is suspended is named to
    /// everybody.
    fn names(&self, client: &ClientId, said: &SessionEvent) -> bool {
        let is_program = *client != self.watcher.handle.client_id;
        (self.watcher.kind == WatchKind::Host && is_program)
            || *said == SessionEvent::MiniProgramSuspended
    }

    fn event(
        &self,
        said: &SessionEvent,
        at: Instant,
        reached: Option<LogCursor>,
        mut data: Map<String, Value>,
    ) -> StreamEvent {
        data.insert("at".to_owned(), json!(at.millis()));
        match said {
            SessionEvent::Ready {
                session_expires_at: Some(end),
            } => {
                data.insert("session_expires_at".to_owned(), json!(end.millis()));
            }
            SessionEvent::SessionEnded(end) => {
                data.insert("reason".to_owned(), json!(end.word()));
            }
            SessionEvent::GrantChanged { scope, removed } => {
                data.insert("scope".to_owned(), json!(scope.to_string()));
                data.insert("removed".to_owned(), json!(removed.to_string()));
            }
            _ => {}
        }
        metrics::counter!("portico_stream_events_total", "event" => said.name()).increment(1);
        StreamEvent {
            name: said.name(),
            id: reached.map(|cursor| self.seal(cursor)),
            data,
        }
    }

    fn seal(&self, cursor: LogCursor) -> String {
        let parts = [cursor.history.0, cursor.number.0, cursor.mark.0];
        let plain = parts.map(i64::to_be_bytes).concat();
        let keys = self.keys.current();
        keys.seal_step(&self.label, &plain, self.entropy.as_ref())
    }

    fn open(&self, id: &str) -> Option<LogCursor> {
        if id.len() > MAX_ID {
            return None;
        }
        let plain = self.keys.current().open_step(&self.label, id)?;
        let plain: [u8; POSITION] = plain.try_into().ok()?;
        let (parts, _) = plain.as_chunks::<8>();
        let [history, number, mark] = [0, 1, 2].map(|at: usize| i64::from_be_bytes(parts[at]));
        Some(LogCursor {
            history: HistoryId(history),
            number: Position(number),
            mark: Mark(mark),
        })
    }
}
