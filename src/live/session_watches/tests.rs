//! Streams that open, hear, run over and close.

use domain::event::{Event, EventFacts};
use domain::session::EndReason;
use domain::token_handle::{OnBehalfOf, TokenHandle};
use foundation::digest::TokenDigest;
use foundation::entropy::SeededEntropy;
use foundation::id::{GrantId, Mark, Position, SessionId, UserId};

use super::*;

const HISTORY: HistoryId = HistoryId(7);
const LATE: Instant = Instant::from_seconds(1_000_000);

struct Town {
    entropy: SeededEntropy,
    watches: Arc<SessionWatches>,
}

impl Town {
    fn new(limits: WatchLimits) -> Self {
        let watches = Arc::new(SessionWatches::bounded(limits));
        watches.confirmed(at(10));
        Self {
            entropy: SeededEntropy::new(1),
            watches,
        }
    }

    fn person(&self) -> OnBehalfOf {
        let now = Instant::from_millis(0);
        OnBehalfOf {
            user_id: UserId::new(now, &self.entropy),
            grant_id: GrantId::new(now, &self.entropy),
            session_id: Some(SessionId::new(now, &self.entropy)),
            family_id: None,
        }
    }

    fn program(&self, client: &str) -> Watcher {
        watcher(WatchKind::Program, client, Some(self.person()))
    }

    fn opens(&self, watcher: &Watcher) -> Result<Watch, WatchRefusal> {
        self.watches.watch(watcher.clone(), LATE)
    }
}

fn at(number: i64) -> LogCursor {
    LogCursor {
        history: HISTORY,
        number: Position(number),
        mark: Mark(number),
    }
}

fn watcher(kind: WatchKind, client: &str, person: Option<OnBehalfOf>) -> Watcher {
    Watcher {
        kind,
        handle: TokenHandle {
            client_id: ClientId::parse(client).expect("an id"),
            on_behalf_of: person,
            number: 1,
            history: HISTORY,
            position: Position(10),
            opens_userinfo: true,
        },
        jti: TokenDigest::of(client),
    }
}

fn logged(event: &Event, facts: EventFacts, number: i64) -> LoggedEvent {
    LoggedEvent {
        position: Position(number),
        at: Instant::from_seconds(1),
        kind: event.kind().to_owned(),
        effect: Ok(event.effect()),
        mark: Mark(number),
        facts,
    }
}

fn signed_out(person: &OnBehalfOf, number: i64) -> LoggedEvent {
    let session_id = person.session_id.expect("set");
    let event = Event::SessionEnded {
        session_id,
        user_id: person.user_id,
        reason: EndReason::Logout,
    };
    let facts = EventFacts {
        user_id: Some(person.user_id),
        session_id: Some(session_id),
        reason: Some(EndReason::Logout),
        ..EventFacts::default()
    };
    logged(&event, facts, number)
}

fn suspended(client: &str, number: i64) -> LoggedEvent {
    let client_id = ClientId::parse(client).expect("an id");
    let facts = EventFacts {
        client_id: Some(client_id.clone()),
        reason: Some(EndReason::Suspended),
        ..EventFacts::default()
    };
    let reason = EndReason::Suspended;
    let event = Event::ClientTokensRevoked { client_id, reason };
    logged(&event, facts, number)
}

fn is_closed(watch: &mut Watch) -> bool {
    loop {
        match watch.notices.try_recv() {
            Ok(_) => {}
            Err(error) => return error == mpsc::error::TryRecvError::Disconnected,
        }
    }
}

fn hears(watch: &mut Watch) -> Option<Position> {
    match watch.notices.try_recv().ok()? {
        WatchNotice::Happened(event) | WatchNotice::Lost(event) => Some(event.logged.position),
        WatchNotice::OfPerson { event, .. } => Some(event.logged.position),
        WatchNotice::TokenExpired => Some(Position(0)),
    }
}

#[test]
fn the_streams_of_a_session_hear_its_end_and_are_over() {
    let town = Town::new(WatchLimits::default());
    let (ada, bob) = (town.program("market"), town.program("market"));
    let mut of_ada = town.opens(&ada).expect("room");
    let mut of_bob = town.opens(&bob).expect("room");
    let end = signed_out(&ada.handle.on_behalf_of.expect("set"), 11);
    town.watches.happened(&end, HISTORY);
    assert_eq!(hears(&mut of_ada), Some(Position(11)));
    assert!(is_closed(&mut of_ada));
    assert_eq!(hears(&mut of_bob), None);
    assert!(!is_closed(&mut of_bob));
    assert_eq!(town.watches.counts().programs, 1);
}

#[test]
fn a_suspension_is_heard_by_the_program_and_by_hosts() {
    let town = Town::new(WatchLimits::default());
    let host = watcher(WatchKind::Host, "nova", Some(town.person()));
    let mut heard = Vec::new();
    for watcher in [town.program("market"), town.program("taxi"), host] {
        let mut watch = town.opens(&watcher).expect("room");
        town.watches.happened(&suspended("market", 11), HISTORY);
        heard.push((hears(&mut watch), is_closed(&mut watch)));
    }
    let told = Some(Position(11));
    assert_eq!(heard, [(told, true), (None, false), (told, false)]);
}

#[test]
fn the_ninth_stream_of_a_stay_closes_its_oldest() {
    let town = Town::new(WatchLimits::default());
    let market = town.program("market");
    let mut watches: Vec<_> = (0..8).map(|_| town.opens(&market).expect("room")).collect();
    let mut other = town.opens(&town.program("market")).expect("room");
    assert!(watches.iter_mut().all(|watch| !is_closed(watch)));
    watches.push(town.opens(&market).expect("room"));
    let closed: Vec<_> = watches.iter_mut().map(is_closed).collect();
    let oldest: Vec<_> = (0..9).map(|at| at == 0).collect();
    assert_eq!(closed, oldest);
    assert!(!is_closed(&mut other), "another session");
}

#[test]
fn a_client_and_a_node_have_so_many_streams_and_get_each_back() {
    let town = Town::new(WatchLimits {
        all: 4,
        of_client: 3,
    });
    let opens = |client| town.opens(&town.program(client));
    let mut market: Vec<_> = (0..3).map(|_| opens("market").expect("room")).collect();
    assert_eq!(opens("market").err(), Some(WatchRefusal::TooMany));
    let _taxi = opens("taxi").expect("room");
    assert_eq!(opens("bank").err(), Some(WatchRefusal::Full));
    market.pop();
    let _bank = opens("bank").expect("room");
    drop(market);
    let hub = town.watches.lock();
    assert_eq!(hub.open.len(), 2);
    drop(hub);
}

#[test]
fn who_takes_nothing_out_is_closed() {
    let town = Town::new(WatchLimits::default());
    let host = watcher(WatchKind::Host, "nova", Some(town.person()));
    let mut watch = town.opens(&host).expect("room");
    let more = i64::try_from(WAITING).expect("small") + 1;
    for number in 0..more {
        let client = format!("c{number}");
        town.watches
            .happened(&suspended(&client, 11 + number), HISTORY);
    }
    assert_eq!(town.watches.counts(), StreamCounts::default());
    let read = std::iter::from_fn(|| hears(&mut watch)).count();
    assert_eq!(read, WAITING, "what was put in before can still be said");
}

#[test]
fn a_node_that_lost_the_log_closes_all_and_lets_nobody_in() {
    let town = Town::new(WatchLimits::default());
    let mut watch = town.opens(&town.program("market")).expect("room");
    town.watches.lose_the_log();
    assert!(is_closed(&mut watch));
    let market = town.program("market");
    assert_eq!(town.opens(&market).err(), Some(WatchRefusal::NotFollowing));
    town.watches.confirmed(at(12));
    assert!(town.opens(&market).is_ok());
    town.watches.end();
    town.watches.confirmed(at(12));
    assert_eq!(town.opens(&market).err(), Some(WatchRefusal::NotFollowing));
}

#[test]
fn a_stream_is_over_when_its_token_is() {
    let town = Town::new(WatchLimits::default());
    let (soon, later) = (Instant::from_seconds(5), Instant::from_seconds(6));
    let open = |until| {
        town.watches
            .watch(town.program("market"), until)
            .expect("room")
    };
    let (mut first, mut second) = (open(soon), open(later));
    town.watches.expire(Instant::from_millis(4999));
    assert!(!is_closed(&mut first));
    town.watches.expire(soon);
    assert_eq!(hears(&mut first), Some(Position(0)));
    assert!(is_closed(&mut first) && !is_closed(&mut second));
}

/// What is announced next, as far as it can be told without waiting.
fn next(town: &Town) -> Option<Announcement> {
    town.watches.lock().unannounced.front().cloned()
}

#[test]
fn backends_are_told_in_order_when_it_is_known_of_whom() {
    let town = Town::new(WatchLimits::default());
    let ada = town.person();
    town.watches.happened(&signed_out(&ada, 11), HISTORY);
    assert!(next(&town).is_none(), "nobody listens yet");
    let backend = watcher(WatchKind::Backend, "market", None);
    let mut watch = town.opens(&backend).expect("room");
    let mut other = town
        .opens(&watcher(WatchKind::Backend, "taxi", None))
        .expect("room");
    town.watches.happened(&signed_out(&ada, 12), HISTORY);
    town.watches.confirmed(at(12));
    let Some(Announcement::Event(event)) = next(&town) else {
        panic!("an event");
    };
    assert_eq!(hears(&mut watch), None, "whom it concerns is not known yet");
    let person = |name: &str| {
        Some(Arc::new(WatchedPerson {
            sub: Subject::parse(name).expect("an id"),
            sid: None,
        }))
    };
    let market = backend.handle.client_id;
    let to = vec![(market.clone(), person("ada")), (market, person("eve"))];
    town.watches.announce(&event, &Announced::To(to));
    let last = |watch: &mut Watch| match watch.notices.try_recv() {
        Ok(WatchNotice::OfPerson { is_last, .. }) => Some(is_last),
        _ => None,
    };
    assert_eq!(
        [last(&mut watch), last(&mut watch)],
        [Some(false), Some(true)]
    );
    assert_eq!(last(&mut other), None);
    assert_eq!(town.watches.announced(), at(12));
    let Some(Announcement::Confirmed(cursor)) = next(&town) else {
        panic!("how far it is");
    };
    town.watches.announced_up_to(cursor);
    assert!(next(&town).is_none());
}

#[test]
fn what_was_to_be_announced_when_the_log_was_lost_is_not() {
    let town = Town::new(WatchLimits::default());
    let backend = watcher(WatchKind::Backend, "market", None);
    let _first = town.opens(&backend).expect("room");
    town.watches
        .happened(&signed_out(&town.person(), 11), HISTORY);
    let Some(Announcement::Event(event)) = next(&town) else {
        panic!("an event");
    };
    town.watches.lose_the_log();
    town.watches.confirmed(at(12));
    let mut second = town.opens(&backend).expect("room");
    town.watches.announce(&event, &Announced::Lost);
    assert_eq!(hears(&mut second), None);
}
