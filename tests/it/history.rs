//! The log has a history (`domain::log_history`): what proves that it went back, what does not, and what
//! becomes of everything that was given out.

use domain::audit::ActedBy;
use domain::log_history::{Followed, History, LogCursor, Loss, OnLoss};
use flow::renew_history::HistoryRenewal;
use foundation::clock::{Clock as _, Instant, SharedClock, Span, SystemClock};
use foundation::entropy::{SharedEntropy, SystemEntropy};
use foundation::id::{HistoryId, Mark, Position};
use portico::app::App;

use crate::database::Database;
use crate::world::person::Person;
use crate::world::program::{Program, Tokens};
use crate::world::{World, in_both_worlds};

mod restored;

/// Somebody who uses a program, with tokens that live and one that was revoked.
struct Visit {
    ada: Person,
    market: Program,
    tokens: Tokens,
    revoked: Tokens,
}

impl Visit {
    fn new(w: &World) -> Self {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let (tokens, revoked) = (ada.uses(&market), ada.uses(&market));
        market.revokes(&revoked.access);
        assert!(market.finds_active(&tokens.access));
        Self {
            ada,
            market,
            tokens,
            revoked,
        }
    }

    /// Everything of before is dead, and a new beginning works.
    fn begins_anew(&self) {
        self.only_sessions_stand_if(false);
        let tokens = self.ada.uses(&self.market);
        assert!(self.market.finds_active(&tokens.access));
        assert_eq!(self.market.refreshes(tokens.refresh()).status, 200);
    }

    fn only_sessions_stand_if(&self, stand: bool) {
        for tokens in [&self.tokens, &self.revoked] {
            assert!(!self.market.finds_active(&tokens.access));
        }
        let refreshed = self.market.refreshes(self.tokens.refresh());
        let page = self.ada.looks_at("/account").path;
        match stand {
            true => {
                assert_eq!((refreshed.status, page.as_str()), (200, "/account"));
                assert!(self.market.finds_active(&Tokens::of(&refreshed).access));
            }
            false => {
                assert_eq!(refreshed.error(), "400 invalid_grant");
                assert_eq!(page, "/sign-in");
                assert!(self.ada.sessions().is_empty());
            }
        }
    }

    /// Nothing happened to anything.
    fn goes_on(&self) {
        assert!(self.market.finds_active(&self.tokens.access));
        assert!(!self.market.finds_active(&self.revoked.access));
        assert_eq!(self.ada.looks_at("/account").path, "/account");
    }
}

fn history(w: &World) -> History {
    let look = w.store().look_blocking(Position::BEFORE_THE_FIRST);
    look.expect("the log").history
}

/// Something is done to the database behind the server's back, and it begins anew.
fn is_noticed(w: &World, sql: &str) {
    let before = history(w);
    w.database().beside().run(sql);
    w.soon("it begins anew", || {
        history(w).number == before.number + 1 && w.get("/readyz").status == 200
    });
    // The server's memory belongs to the new one: it answers without asking.
    w.soon("it follows the new one", || {
        w.cursor().history == history(w).id
    });
}

/// Does something while the server's node is heard of again and again.
fn while_it_is_heard_of<T: Send>(w: &World, act: impl FnOnce() -> T + Send) -> T {
    let store = w.store();
    let nodes = store.read_blocking(|db| store::nodes::live(db, Instant::from_millis(0)));
    let [mut node] = nodes.expect("the store answers")[..] else {
        panic!("there is one");
    };
    std::thread::scope(|scope| {
        let acts = scope.spawn(act);
        w.soon("it is done", || {
            node.seen_at = node.seen_at + Span::millis(1);
            let (id, at, read, keys) = (node.id, node.seen_at, node.confirmed, node.keys_seen);
            let heard =
                store.write_blocking(move |tx| store::nodes::heartbeat(tx, id, at, read, keys));
            heard.expect("the store answers");
            acts.is_finished()
        });
        acts.join().expect("it does not panic")
    })
}

/// The last event, which the server has read.
const END: &str = "(SELECT max(position) FROM events)";

fn loses_the_last_event() -> String {
    format!("DELETE FROM events WHERE position = {END}")
}

in_both_worlds! {
    fn a_log_that_is_shorter_than_what_was_read_went_back(w: &World) {
        let visit = Visit::new(w);
        is_noticed(w, &loses_the_last_event());
        visit.begins_anew();
    }

    /// The ordinary failover: what was read is lost, and numbers have jumped ahead.
    fn a_log_in_which_what_was_read_is_missing_went_back(w: &World) {
        let visit = Visit::new(w);
        is_noticed(w, &format!("UPDATE events SET position = position + 1000 WHERE position = {END}"));
        visit.begins_anew();
    }

    fn a_log_with_another_event_in_the_place_of_what_was_read_went_back(w: &World) {
        let visit = Visit::new(w);
        is_noticed(w, &format!("UPDATE events SET mark = mark + 1 WHERE position = {END}"));
        visit.begins_anew();
    }

    fn a_history_that_was_renewed_does_not_come_back(w: &World) {
        let visit = Visit::new(w);
        is_noticed(w, &loses_the_last_event());
        let tokens = visit.ada.uses(&visit.market);
        let before = history(w);
        // A copy from before: it has neither that history nor what began in it.
        w.database().beside().run(&format!(
            "DELETE FROM token_families WHERE history = {0}; DELETE FROM sessions WHERE history = {0};
             DELETE FROM histories WHERE number = {0}",
            before.number
        ));
        w.soon("it begins anew", || history(w).number == before.number && history(w).id != before.id);
        w.soon("it follows", || w.cursor().history == history(w).id);
        assert!(!visit.market.finds_active(&tokens.access));
        visit.begins_anew();
    }

    fn gaps_and_jumps_prove_nothing(w: &World) {
        let visit = Visit::new(w);
        let before = history(w);
        let jump = match w.database().is_sqlite() {
            true => "UPDATE sqlite_sequence SET seq = seq + 500 WHERE name = 'events'",
            false => "SELECT setval(pg_get_serial_sequence('events', 'position'), 500 + nextval(pg_get_serial_sequence('events', 'position')))",
        };
        w.database().beside().run(jump);
        let again = visit.ada.uses(&visit.market);
        visit.market.revokes(&again.access);
        assert!(!visit.market.finds_active(&again.access));
        w.passes(Span::seconds(2));
        visit.goes_on();
        assert_eq!(history(w), before);
    }

    fn what_was_purged_proves_nothing(w: &World) {
        let visit = Visit::new(w);
        let before = history(w);
        w.passes(Span::minutes(11));
        w.database().beside().run("UPDATE events SET at = 0");
        w.wait(w.services().upkeep.sweep()).expect("no fault");
        w.restart();
        assert_eq!(history(w), before);
        assert_eq!(visit.ada.looks_at("/account").path, "/account");
    }

    /// A copy was put back while everything was off.
    fn the_witness_notices_a_copy_that_was_put_back(w: &World) {
        let visit = Visit::new(w);
        let before = history(w);
        w.restart_after(|| w.database().beside().run(&loses_the_last_event()));
        assert_eq!(history(w).number, before.number + 1);
        visit.begins_anew();
        w.restart();
        assert_eq!(history(w).number, before.number + 1, "once");
    }

    fn a_command_beside_no_server_notices_it_as_well(w: &World) {
        let visit = Visit::new(w);
        w.restart_after(|| {
            w.database().beside().run(&loses_the_last_event());
            let command = w.command_app(Span::seconds(0));
            let read = command.store().read_blocking(store::histories::current);
            assert_eq!(read.expect("read").number, 2);
        });
        visit.begins_anew();
    }

    fn without_a_witness_a_token_that_lies_beyond_the_end_proves_it(w: &World) {
        let visit = Visit::new(w);
        let before = history(w);
        w.restart_after(|| {
            w.database().beside().run("DELETE FROM events");
            std::fs::remove_file(w.data().join("log-witness.json")).expect("it was there");
        });
        assert_eq!(history(w), before, "nobody knows of it yet");
        assert!(!visit.market.finds_active(&visit.tokens.access));
        w.soon("it began anew", || history(w).number == before.number + 1);
        w.soon("it follows", || w.cursor().history == history(w).id);
        visit.begins_anew();
    }

    fn a_witness_of_another_database_proves_nothing(w: &World) {
        let visit = Visit::new(w);
        let before = history(w);
        w.restart_after(|| {
            let other = r#"{"history":12,"number":900000,"mark":5,"over":[]}"#;
            std::fs::write(w.data().join("log-witness.json"), other).expect("written");
        });
        assert_eq!(history(w), before);
        visit.goes_on();
    }

    fn renewing_is_done_by_one(w: &World) {
        let store = w.store();
        let seen = history(w);
        let renews = || {
            let renewal = HistoryRenewal::of_loss(Loss::BeyondTheEnd, OnLoss::Tokens, w.now(), &SystemEntropy);
            store.renew_blocking(move |tx| renewal.write(tx, seen)).expect("no fault").value
        };
        assert_eq!([renews(), renews()], [true, false]);
        assert_eq!(history(w).number, seen.number + 1);
    }
}

/// Whoever accepts that the last moment of a replica is lost keeps sessions.
#[test]
fn with_on_loss_tokens_sessions_stand() {
    for database in [Some(Database::sqlite()), Database::postgres()] {
        let Some(database) = database else { continue };
        let w = World::with(database, |config| config.history.on_loss = OnLoss::Tokens);
        let visit = Visit::new(&w);
        is_noticed(&w, &loses_the_last_event());
        visit.only_sessions_stand_if(true);
    }
}

/// It was given out by a node that had read further: this node asks, and nothing is lost.
#[test]
fn a_token_that_is_ahead_of_this_nodes_memory_proves_nothing() {
    let Some(database) = Database::postgres() else {
        return;
    };
    let first = World::new(database);
    let second = first.another_node();
    let visit = Visit::new(&first);
    let before = history(&first);
    // What a node that hears nothing would know.
    second.soon("it follows", || second.position() >= first.position());
    for _ in 0..20 {
        let ahead = visit.ada.uses(&visit.market);
        visit.market.revokes(&ahead.access);
        let later = visit.ada.uses(&visit.market);
        assert!(visit.market.at(&second).finds_active(&later.access));
    }
    assert_eq!(history(&first), before);
}

/// Both nodes see it, one renews, and both go on.
#[test]
fn two_nodes_renew_once() {
    let Some(database) = Database::postgres() else {
        return;
    };
    let first = World::new(database);
    let second = first.another_node();
    let visit = Visit::new(&first);
    second.soon("it follows", || second.cursor() == first.cursor());
    is_noticed(&first, &loses_the_last_event());
    let of_second = || second.cursor().history;
    second.soon("it follows the new one", || {
        of_second() == history(&first).id
    });
    assert_eq!(history(&first).number, 2);
    visit.begins_anew();
    let tokens = visit.ada.uses(&visit.market);
    let there = visit.market.at(&second);
    assert!(there.finds_active(&tokens.access) && !there.finds_active(&visit.tokens.access));
}

/// Before anything is written on a connection that is new, it has to show its log.
#[test]
fn nothing_is_written_to_a_log_that_went_back_but_a_new_history() {
    for database in [Some(Database::sqlite()), Database::postgres()] {
        let Some(database) = database else { continue };
        let store = database.open();
        let seen = store
            .read_blocking(store::histories::current)
            .expect("there");
        let beyond = |history: HistoryId| Followed {
            read: LogCursor {
                history,
                number: Position(7),
                mark: Mark(1),
            },
            over: Vec::new(),
        };
        store.has_followed(beyond(seen.id));
        let writes = || store.write_blocking(|_| Ok(()));
        assert!(writes().expect_err("it went back").is_unavailable());
        assert!(writes().expect_err("still").is_unavailable());
        let (loss, now) = (Loss::BeyondTheEnd, SystemClock.now());
        let renewal = HistoryRenewal::of_loss(loss, OnLoss::Everything, now, &SystemEntropy);
        store
            .renew_blocking(move |tx| renewal.write(tx, seen))
            .expect("renewed");
        assert!(writes().is_ok(), "the history is another one");
    }
}

/// The server of a replica: played by a function of that name, which is found before the server's own.
#[test]
fn a_replica_is_refused() {
    let Some(database) = Database::postgres() else {
        return;
    };
    drop(database.open());
    let name = database.url.rsplit('/').next().expect("a name");
    database.beside().run(&format!(
        "CREATE FUNCTION public.pg_is_in_recovery() RETURNS boolean LANGUAGE sql AS 'SELECT true';
         ALTER DATABASE {name} SET search_path = public, pg_catalog"
    ));
    let clock: SharedClock = std::sync::Arc::new(SystemClock);
    let opened = store::Store::open(database.settings(), clock);
    let refused = opened.err().expect("refused").chain();
    assert!(refused.contains("replica"), "{refused}");
}

/// A copy of production's database must not serve as something else by mistake.
#[test]
fn another_issuer_starts_only_after_it_has_adopted_the_installation() {
    for database in [Some(Database::sqlite()), Database::postgres()] {
        let Some(database) = database else { continue };
        let w = World::new(database);
        let visit = Visit::new(&w);
        let mut config = w.config().clone();
        config.server.issuer = "https://staging.example".into();
        let clock: SharedClock = std::sync::Arc::new(SystemClock);
        let entropy: SharedEntropy = std::sync::Arc::new(SystemEntropy);
        let opens = || {
            let opened = App::open(&config, clock.clone(), entropy.clone());
            opened.map(drop).map_err(|fault| fault.chain())
        };
        let adopts = || {
            App::adopt(&config, &clock, &entropy, &ActedBy::SYSTEM).map_err(|fault| fault.chain())
        };
        let adopts_beside_it = || while_it_is_heard_of(&w, adopts);
        let refused = opens().expect_err("it is another's");
        assert!(
            refused.contains("portico adopt") && refused.contains(w.issuer()),
            "{refused}"
        );
        visit.goes_on();
        let served = adopts_beside_it().expect_err("a node is there");
        assert!(served.contains("stop all of them"), "{served}");
        let before = history(&w);
        w.restart_after(|| {
            assert_eq!(adopts().expect("adopted").as_deref(), Some(w.issuer()));
            assert_eq!(opens(), Ok(()));
            // And back, so that its server starts again.
            let ours = App::adopt(w.config(), &clock, &entropy, &ActedBy::SYSTEM).expect("adopted");
            assert_eq!(ours.as_deref(), Some("https://staging.example"));
        });
        assert_eq!(history(&w).number, before.number + 2);
        visit.begins_anew();
    }
}
