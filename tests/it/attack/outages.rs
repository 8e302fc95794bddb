//! Rows 51 and 100: if the store fails, the answer is a 503, never a yes.

use foundation::id::Position;
use store::faultpoint;

use crate::database::Database;
use crate::world::program::Tokens;
use crate::world::reply::Reply;
use crate::world::{World, in_both_worlds};

mod attempts;

use attempts::{Attempt, Outcome};

pub(super) fn is_unavailable(reply: &Reply) -> bool {
    let clear = match reply.status {
        503 if reply.body.starts_with('{') => reply.text("error") == "temporarily_unavailable",
        503 => reply
            .words()
            .contains("Something broke on our side. Nothing was shared."),
        _ => false,
    };
    clear && reply.location().is_none()
}

/// The database goes away under a server, and comes back: the server of PostgreSQL lets nobody in
/// any more. A file that is open stays readable, so on SQLite every read fails in its place.
fn database_goes(w: &World) {
    match name_on_server(w.database()) {
        None => w.store_fails(faultpoint::READ),
        Some(name) => {
            let mut administration = w.database().administration();
            administration.run(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
            administration.run(&format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            ));
        }
    }
}

fn database_comes_back(w: &World) {
    match name_on_server(w.database()) {
        None => w.store_works(),
        Some(name) => {
            let mut administration = w.database().administration();
            administration.run(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
        }
    }
}

fn name_on_server(database: &Database) -> Option<String> {
    let name = database.url.rsplit('/').next().expect("a name");
    (!database.is_sqlite()).then(|| name.to_owned())
}

in_both_worlds! {
    /// Wherever the store fails: what is not done is not said to be done, what is said to be done is
    /// done, and what was revoked stays so. Only who fails between the commit and the answer has
    /// done what the answer does not know.
    fn attack_51_100_while_the_store_fails_nothing_is_given_and_nothing_is_said_to_be_done(w: &World) {
        for point in faultpoint::ALL {
            // So many people sign in from one address that it would be told to wait.
            w.seconds_pass(60);
            let attempts = attempts::all(w, point);
            w.store_fails(point);
            let replies: Vec<Reply> = attempts.iter().map(|attempt| (attempt.act)()).collect();
            w.store_works();
            // So much later a node that is fresh has heard of every commit.
            w.seconds_pass(2);
            let as_it_should = |(attempt, reply): &(&Attempt, &Reply)| match attempt.outcome(point) {
                Outcome::Said => reply.status == attempt.yes,
                Outcome::Unsaid | Outcome::Nothing => is_unavailable(reply),
            };
            let answered = attempts.iter().zip(&replies);
            let wrong: Vec<String> = answered
                .filter(|answer| !as_it_should(answer))
                .map(|(attempt, reply)| format!("{}: {} {}", attempt.what, reply.status, reply.body))
                .collect();
            assert!(wrong.is_empty(), "{point}: {wrong:#?}");
            for attempt in &attempts {
                (attempt.check)(attempt.outcome(point), &format!("{} at {point}", attempt.what));
            }
        }
    }

    /// A full disk can be read. The heartbeat of the node is what notices; here it is written by hand.
    fn attack_100_a_node_that_cannot_write_is_not_ready(w: &World) {
        let services = w.services();
        let node = services.upkeep.new_node_id();
        let heartbeat = || w.wait(services.upkeep.heartbeat(node, Position(0)));
        w.store_fails(faultpoint::BEGIN);
        // A heartbeat of the server's own that began before may still end well.
        w.soon("it is not ready", || heartbeat().is_err() && w.get("/readyz").status == 503);
        assert_eq!(
            w.get("/readyz").shown(),
            r#"503 {"clock":true,"database":true,"fresh":true,"ready":false,"up_to_date":true,"writable":false}"#
        );
        w.store_works();
        heartbeat().expect("it can be written again");
        assert_eq!(w.get("/readyz").status, 200);
        w.wait(services.upkeep.retire_node(node)).expect("it leaves");
    }

    /// A node that cannot confirm what it knows asks the database; gone is gone.
    fn attack_100_without_a_database_nothing_is_active(w: &World) {
        let market = w.mini_program("market", "openid");
        let ada = w.person("ada");
        let tokens = ada.uses(&market);
        database_goes(w);
        w.clock_runs_ahead(2);
        let replies = [
            market.introspects(&tokens.access),
            market.introspects(tokens.refresh()),
            market.userinfo(&tokens.access),
            market.refreshes(tokens.refresh()),
            ada.looks_at("/account"),
            ada.opens(&market).page,
        ];
        for reply in &replies {
            assert!(is_unavailable(reply), "{} {} {}", reply.path, reply.status, reply.body);
        }
        let ready = w.get("/readyz");
        assert_eq!((ready.status, w.get("/healthz").status), (503, 200));
        database_comes_back(w);
        w.soon("it is ready again", || w.get("/readyz").status == 200);
        assert!(market.finds_active(&tokens.access));
        assert!(!Tokens::of(&market.refreshes(tokens.refresh())).access.is_empty());
    }
}
