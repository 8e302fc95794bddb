//! The event log: order, followers, wake-ups, purging.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use domain::event::{Event, EventFacts, TooNew};
use domain::log_history::{Continuity, Followed, Loss};
use domain::session::EndReason;
use foundation::clock::{Instant, Span};
use foundation::fault::Fault;
use foundation::id::{ClientId, FamilyId, GrantId, KeyId, Position, SessionId, UserId};
use store::Store;
use store::events::Window;
use store::faultpoint::{BEFORE_COMMIT, Faultpoints};

use super::database::{Database, clock};
use super::fixture::{Household, NOW, digest, entropy, logged, read, read_to, scopes, write};

/// Purges what is older, as the upkeep of a node does.
fn purge(tx: &mut store::Transaction<'_>, before: Instant) -> Result<usize, Fault> {
    let oldest_family = store::token_families::oldest_position(tx)?;
    store::events::purge(tx, before, oldest_family)
}

/// What a start reads of a log whose events were stamped so many hours from now, and where each lies.
fn window_of_hours(database: &Database, hours: &[i64]) -> (Window, Vec<Position>) {
    let store = database.open();
    let now = clock().now();
    let mut beside = database.beside();
    let mut stamped = |hours: i64| {
        let position = append(&store, Event::AllTokensRevoked);
        let at = (now + Span::hours(hours)).millis();
        beside.run(&format!(
            "UPDATE events SET at = {at} WHERE position = {position}"
        ));
        position
    };
    let positions: Vec<_> = hours.iter().map(|hours| stamped(*hours)).collect();
    let found = read(&store, |db| {
        store::events::window(db, now, Span::minutes(62))
    });
    (found, positions)
}

fn positions_in(window: &Window) -> Vec<Position> {
    window.events.iter().map(|event| event.position).collect()
}

/// One of each kind.
fn all_kinds() -> Vec<Event> {
    let entropy = entropy();
    let user_id = UserId::new(NOW, &entropy);
    let client_id = ClientId::random(&entropy);
    let (session_id, grant_id) = (SessionId::new(NOW, &entropy), GrantId::new(NOW, &entropy));
    let family_id = FamilyId::new(NOW, &entropy);
    let client = || client_id.clone();
    vec![
        Event::SessionEnded {
            session_id,
            user_id,
            reason: EndReason::Expired,
        },
        Event::SessionLeft {
            session_id,
            user_id,
            client_id: client(),
        },
        Event::GrantEnded {
            grant_id,
            user_id,
            client_id: client(),
            reason: EndReason::Withdrawn,
        },
        Event::GrantChanged {
            grant_id,
            user_id,
            client_id: client(),
            scopes: scopes("openid email"),
            removed: scopes("phone"),
        },
        Event::FamilyEnded {
            family_id,
            user_id,
            session_id,
            client_id: client(),
            reason: EndReason::ReuseDetected,
        },
        Event::TokenRevoked {
            token: digest(),
            client_id: client(),
            user_id: Some(user_id),
            session_id: Some(session_id),
        },
        Event::UserDisabled { user_id },
        Event::UserTokensRevoked { user_id },
        Event::ClientTokensRevoked {
            client_id: client(),
            reason: EndReason::Suspended,
        },
        Event::ClientChanged {
            client_id: client(),
        },
        Event::AllTokensRevoked,
        Event::ClockSetBack,
        Event::HistoryRenewed {
            ends_sessions: true,
        },
        Event::KeysChanged { revoked: None },
        Event::KeysChanged {
            revoked: KeyId::parse("k1").ok(),
        },
    ]
}

fn append(store: &Store, event: Event) -> Position {
    let written = store.write_blocking(move |tx| {
        tx.append(event);
        Ok(())
    });
    written
        .expect("it is written")
        .position
        .expect("it has a position")
}

on_both_databases! {
    fn every_event_reads_back_with_its_kind_and_its_effect(database: &Database) {
        let store = database.open();
        let events = all_kinds();
        let appended = events.clone();
        let written = store.write_blocking(move |tx| {
            appended.into_iter().for_each(|event| tx.append(event));
            Ok(())
        });
        let all = logged(&store, Position(0));
        assert_eq!(
            written.expect("it is written").position,
            all.last().map(|l| l.position)
        );
        assert!(all.windows(2).all(|w| w[0].position < w[1].position));
        for (logged, event) in all.iter().zip(&events) {
            assert_eq!(logged.kind, event.kind());
            assert_eq!(logged.effect, Ok(event.effect()));
        }
        assert_eq!(all.len(), events.len());
    }

    fn an_event_reads_back_with_whom_it_concerns_and_why(database: &Database) {
        let store = database.open();
        let events = all_kinds();
        let appended = events.clone();
        let written = store.write_blocking(move |tx| {
            appended.into_iter().for_each(|event| tx.append(event));
            Ok(())
        });
        written.expect("it is written");
        let facts = |kind: &str| {
            let found = logged(&store, Position(0)).into_iter().find(|l| l.kind == kind);
            found.expect("it is there").facts
        };
        let Event::FamilyEnded { session_id, user_id, client_id, .. } = &events[4] else {
            panic!("a family");
        };
        let of_family = EventFacts {
            user_id: Some(*user_id),
            session_id: Some(*session_id),
            client_id: Some(client_id.clone()),
            reason: Some(EndReason::ReuseDetected),
            ..EventFacts::default()
        };
        assert_eq!(facts("family_ended"), of_family);
        assert_eq!(facts("token_revoked"), EventFacts { reason: None, ..of_family.clone() });
        assert_eq!(facts("session_ended").reason, Some(EndReason::Expired));
        assert_eq!(facts("user_disabled").reason, Some(EndReason::UserDisabled));
        assert_eq!(facts("client_cut").reason, Some(EndReason::Suspended));
        assert_eq!(facts("grant_changed").removed, scopes("phone"));
        assert_eq!(facts("all_cut"), EventFacts::default());
        let keys = logged(&store, Position(0)).into_iter().filter(|l| l.facts.is_key_revoked);
        assert_eq!(keys.count(), 1);
    }

    fn a_transaction_without_events_has_no_position(database: &Database) {
        let store = database.open();
        let written = store.write_blocking(|_| Ok(())).expect("it is written");
        assert_eq!(written.position, None);
        assert_eq!(read(&store, store::events::end), Position(0));
    }

    fn what_is_rolled_back_is_not_in_the_log(database: &Database) {
        let store = database.open();
        let first = append(&store, Event::AllTokensRevoked);
        let failed = store.write_blocking(|tx| {
            tx.append(Event::AllTokensRevoked);
            Err::<(), _>(Fault::broken("on purpose"))
        });
        assert!(failed.is_err());
        let second = append(&store, Event::AllTokensRevoked);
        let positions: Vec<_> = logged(&store, Position(0))
            .iter()
            .map(|l| l.position)
            .collect();
        assert_eq!(positions, [first, second]);
    }

    /// Many append at once, in two processes as it were, and every other one hesitates before its
    /// commit; one follows by position only. Were positions given out in another order than that of
    /// the commits, it would skip some.
    fn a_reader_by_position_skips_nothing(database: &Database) {
        const APPENDERS: usize = 8;
        const EACH: usize = 40;
        let hesitant = || {
            let commits = AtomicU32::new(0);
            Faultpoints::new(move |point| {
                if point == BEFORE_COMMIT
                    && commits.fetch_add(1, Ordering::SeqCst).is_multiple_of(2)
                {
                    thread::sleep(Duration::from_millis(3));
                }
                false
            })
        };
        let stores = [
            database.open_failing(hesitant()),
            database.open_failing(hesitant()),
        ];
        let mut log = stores[0].tail().expect("it opens");
        let from = read_to(&stores[0], Position(0));
        let done = AtomicBool::new(false);
        let followed = thread::scope(|scope| {
            let follower = scope.spawn(|| {
                let (mut seen, mut at) = (Vec::new(), from);
                loop {
                    let last_round = done.load(Ordering::SeqCst);
                    let page = log.poll(&at, 7).expect("the log is read");
                    assert!(page.view.end >= at.number);
                    assert_eq!(page.view.mark.is_some(), at.number > Position(0));
                    at = page.read;
                    seen.extend(page.events);
                    if last_round && at.number == page.view.end {
                        return seen;
                    }
                    if at.number == page.view.end {
                        log.wait(Duration::from_millis(50));
                    }
                }
            });
            let appenders: Vec<_> = (0..APPENDERS)
                .map(|number| {
                    let store = &stores[number % 2];
                    scope.spawn(move || {
                        (0..EACH)
                            .map(|_| append(store, Event::AllTokensRevoked))
                            .collect::<Vec<_>>()
                    })
                })
                .collect();
            let mut appended: Vec<Position> = Vec::new();
            for appender in appenders {
                appended.extend(appender.join().expect("it appends"));
            }
            done.store(true, Ordering::SeqCst);
            let followed = follower.join().expect("it follows");
            appended.sort();
            let positions: Vec<Position> = followed.iter().map(|l| l.position).collect();
            assert_eq!(positions, appended);
            followed
        });
        assert_eq!(followed.len(), APPENDERS * EACH);
    }

    fn commits_of_this_process_and_of_others_wake_the_follower(database: &Database) {
        let (here, elsewhere) = (database.open(), database.open());
        let mut log = here.tail().expect("it opens");
        let wakeups = here.wakeups();
        // What the store did until now may still be news; then there is silence.
        while log.wait(Duration::from_millis(100)) {}
        let quiet = *wakeups.borrow();

        append(&elsewhere, Event::AllTokensRevoked);
        assert!(log.wait(Duration::from_secs(5)), "another process");
        assert_eq!(*wakeups.borrow(), quiet);
        assert_eq!(
            log.poll(&read_to(&here, Position(0)), 10).expect("it is read").events.len(),
            1
        );
        while log.wait(Duration::from_millis(100)) {}

        append(&here, Event::AllTokensRevoked);
        assert!(log.wait(Duration::from_secs(5)), "this process");
        assert!(*wakeups.borrow() > quiet);
        assert_eq!(
            log.poll(&read_to(&here, Position(0)), 10).expect("it is read").events.len(),
            2
        );
    }

    fn a_page_tells_the_end_of_the_log_and_the_time(database: &Database) {
        let store = database.open();
        let mut log = store.tail().expect("it opens");
        let page = log.poll(&read_to(&store, Position(0)), 10).expect("it is read");
        assert_eq!((page.events.len(), page.view.end), (0, Position(0)));
        let skew = page.time.time.since(clock().now()).as_millis().abs();
        assert!(skew < 5_000, "{skew} ms between us and the database");
        let last = (0..5).fold(Position(0), |_, _| append(&store, Event::AllTokensRevoked));
        let page = log.poll(&read_to(&store, Position(0)), 3).expect("it is read");
        assert_eq!((page.events.len(), page.view.end), (3, last));
        // This is not the log that was read before, and the page says so.
        assert_eq!(
            log.poll(&read_to(&store, Position(last.0 + 7)), 3).expect("it is read").view.end,
            last
        );
    }

    fn the_window_of_a_start_ends_where_the_log_ends(database: &Database) {
        let store = database.open();
        append(&store, Event::AllTokensRevoked);
        let last = append(&store, Event::AllTokensRevoked);
        let now = clock().now();
        let window = |db: &mut _, now| store::events::window(db, now, Span::minutes(62));
        let found = read(&store, |db| window(db, now));
        assert_eq!((found.events.len(), found.view.end), (2, last));
        let stamp = found.last_stamp.expect("there is one");
        assert!(stamp.since(now).as_millis().abs() < 5_000);
        assert_eq!(
            read(&store, |db| window(db, now + Span::days(1))),
            found,
            "by the last stamp"
        );
        assert_eq!(
            read(&store, |db| window(db, now - Span::days(1))),
            found,
            "by a clock that went back"
        );
    }

    /// The clock went ahead and back: what was stamped before is older by its stamp, and lies behind by
    /// its position.
    fn the_window_goes_by_positions(database: &Database) {
        let (found, positions) = window_of_hours(database, &[-9, -3, 2, -2, 0]);
        assert_eq!(positions_in(&found), positions[2..]);
        assert_eq!(found.after, positions[1]);
    }

    /// A moment ago, by a clock that was two hours behind, in a log that was quiet: by its stamp it is
    /// too old to matter. It is left out, and so the window speaks for nothing that began before it.
    fn the_window_says_from_where_on_it_has_everything(database: &Database) {
        let (found, positions) = window_of_hours(database, &[-9, -2, -2, 0]);
        assert_eq!(positions_in(&found), positions[3..]);
        assert_eq!(found.after, positions[2]);
    }

    /// Who has read up to an event that is removed because of its age has lost nothing; but a row that
    /// is missing without that is a proof.
    fn a_purge_leaves_a_line(database: &Database) {
        let store = database.open();
        let changed = || Event::ClientChanged {
            client_id: ClientId::random(&entropy()),
        };
        append(&store, changed());
        let followed = |position| Followed {
            read: read_to(&store, position),
            over: Vec::new(),
        };
        let (second, third) = (append(&store, changed()), append(&store, changed()));
        let (of_second, of_third) = (followed(second), followed(third));
        append(&store, changed());
        let continues = |of: &Followed| {
            let view = read(&store, |db| store::histories::look(db, of.read.number));
            view.continues(of)
        };
        let mut beside = database.beside();
        beside.run(&format!("UPDATE events SET at = 0 WHERE position <= {second}"));
        let before = clock().now() - Span::days(1);
        assert_eq!(write(&store, move |tx| store::events::purge(tx, before, None)), 2);
        assert_eq!(continues(&of_second), Continuity::Continues);
        assert_eq!(continues(&of_third), Continuity::Continues);
        beside.run(&format!("DELETE FROM events WHERE position = {third}"));
        assert_eq!(continues(&of_second), Continuity::Continues);
        assert_eq!(continues(&of_third), Continuity::WentBack(Loss::RowIsMissing));
    }

    /// Nothing but the mark says that such a family is dead; and a reader must always find the end.
    fn purging_leaves_the_end_and_the_marks_that_a_family_is_older_than(database: &Database) {
        let store = database.open();
        let changed = || Event::ClientChanged { client_id: ClientId::random(&entropy()) };
        append(&store, Event::AllTokensRevoked);
        let home = Household::new(&store);
        append(&store, changed());
        let client_id = home.client.id.clone();
        let mark = append(&store, Event::ClientTokensRevoked {
            client_id,
            reason: EndReason::Operator,
        });
        append(&store, changed());
        let last = append(&store, changed());
        let before = clock().now() + Span::minutes(1);
        let purged = || write(&store, move |tx| purge(tx, before));
        let left = || logged(&store, Position(0)).iter().map(|l| l.position).collect::<Vec<_>>();
        let stands = || {
            read(&store, |db| store::token_families::standing(db, &home.family, NOW)).is_some()
        };

        assert!(!stands());
        assert_eq!(purged(), 3, "the mark from before the family is of no use");
        assert_eq!(left(), [mark, last]);
        assert!(!stands(), "a family that was dead stays dead");
        assert_eq!(purged(), 0);

        let over = home.family.expires_at + Span::millis(1);
        assert_eq!(write(&store, move |tx| store::token_families::purge(tx, over)), 1);
        assert_eq!(purged(), 1, "nobody is older than the mark any more");
        assert_eq!(left(), [last]);
        assert!(append(&store, changed()) > last, "no position is given out twice");
    }

    fn what_cannot_be_obeyed_is_not_purged(database: &Database) {
        let store = database.open();
        append(&store, Event::AllTokensRevoked);
        database.beside().run(
            "INSERT INTO events (at, kind, detail, effect, target, effect_version)
             VALUES (0, 'moon_landed', '{}', 'end', 'moon', 2)",
        );
        let last = append(&store, Event::AllTokensRevoked);
        let before = clock().now() + Span::minutes(1);
        assert_eq!(write(&store, move |tx| purge(tx, before)), 1);
        let left = logged(&store, Position(0));
        assert_eq!(left[0].kind, "moon_landed");
        assert_eq!(left[0].effect, Err(TooNew { needed: 2 }));
        assert_eq!(left[1].position, last);
        assert_eq!(read(&store, store::events::too_new), Some(TooNew { needed: 2 }));
    }

    fn a_row_that_says_nothing_of_its_effect_can_be_obeyed_by_nobody(database: &Database) {
        let store = database.open();
        assert_eq!(read(&store, store::events::too_new), None);
        database.beside().run("INSERT INTO events (at, kind, detail) VALUES (0, 'forgetful', '{}')");
        assert!(read(&store, store::events::too_new).is_some());
    }

    fn the_last_change_of_keys_is_found(database: &Database) {
        let store = database.open();
        assert_eq!(read(&store, store::events::last_keys_changed), None);
        append(&store, Event::KeysChanged { revoked: None });
        let last = append(&store, Event::KeysChanged { revoked: None });
        append(&store, Event::AllTokensRevoked);
        assert_eq!(read(&store, store::events::last_keys_changed), Some(last));
    }
}
