//! Whose installation a database is: what of somebody else's gets into it, and a database that takes the
//! place of another one under a server that runs.

use flow::administer::signing_keys::RotateWhen;
use foundation::clock::Span;

use crate::database::Database;
use crate::world::program::{Program, Tokens};
use crate::world::{World, in_both_worlds};

/// Rows that this installation's master key does not open, in the place of a newer key and secret of each
/// kind: what a server leaves behind that began in the wrong database.
fn somebody_else_leaves_keys(w: &World) {
    let database = w.database();
    let mut beside = database.beside();
    for state in ["active", "next"] {
        beside.run(&format!(
            "INSERT INTO signing_keys
                (id, kind, state, since, created_at, public_jwk, sealed_private, confirmed_at)
             SELECT 'not-ours-{state}-' || kind, kind, '{state}', since + 1, created_at + 1, public_jwk,
                 sealed_private, created_at
             FROM signing_keys WHERE state = 'active' AND id NOT LIKE 'not-ours%'"
        ));
    }
    for (number, purpose) in [(1_u8, "handle"), (2, "step"), (3, "pairwise")] {
        let id = database.literal(&[number; 16]);
        beside.run(&format!(
            "INSERT INTO shared_secrets (id, purpose, sealed, created_at)
             SELECT {id}, purpose, sealed, created_at + 1 FROM shared_secrets
             WHERE purpose = '{purpose}'"
        ));
    }
}

/// How many rows of keys there are, whoever sealed them.
fn keys_of(database: &Database) -> usize {
    let store = database.open_as_it_is();
    let keys = store.read_blocking(store::signing_keys::all);
    keys.expect("read").len()
}

/// Nothing is answered from a database that is not ours, and nothing is written into it.
fn is_nothing_to(w: &World, market: &Program, tokens: &Tokens) {
    w.soon("it is not ready", || w.get("/readyz").status == 503);
    let before = keys_of(w.database());
    w.clock_runs_ahead(2);
    assert_eq!(market.introspects(&tokens.access).status, 503);
    assert_eq!(market.refreshes(tokens.refresh()).status, 503);
    assert!(w.wait(w.services().signing_keys.rotate_by_age()).is_err());
    assert!(
        w.wait(w.services().signing_keys.rotate(RotateWhen::Now))
            .is_err()
    );
    assert_eq!(keys_of(w.database()), before);
}

in_both_worlds! {
    /// A copy of another installation is put into the same place while the server runs.
    fn a_database_that_became_somebody_elses_is_left_alone(w: &World) {
        let (ada, market) = (w.person("ada"), w.mini_program("market", "openid"));
        let mut beside = w.database().beside();
        let theirs = w.database().literal(&[9; 32]);
        for (becomes, is_again) in [
            (
                "UPDATE installation SET issuer = 'https://somebody.example'".to_owned(),
                format!("UPDATE installation SET issuer = '{}'", w.issuer()),
            ),
            (
                "UPDATE histories SET id = id + 1".to_owned(),
                "UPDATE histories SET id = id - 1".to_owned(),
            ),
            (
                format!("UPDATE installation SET issuer = NULL, master_key_fingerprint = {theirs}"),
                String::new(),
            ),
        ] {
            let tokens = ada.uses(&market);
            beside.run(&becomes);
            is_nothing_to(w, &market, &tokens);
            if !is_again.is_empty() {
                beside.run(&is_again);
                w.soon("it is ready", || w.get("/readyz").status == 200);
                assert!(market.finds_active(&tokens.access));
            }
        }
    }

    fn keys_that_somebody_else_left_keep_nobody_from_starting(w: &World) {
        let (ada, market) = (w.person("ada"), w.mini_program("market", "openid"));
        let tokens = ada.uses(&market);
        w.restart_after(|| somebody_else_leaves_keys(w));
        assert_eq!(w.get("/readyz").status, 200);
        assert!(market.finds_active(&tokens.access), "nothing of ours is lost");
        assert!(market.finds_active(&ada.uses(&market).access));
        // What is made later takes the place of ours, and never of theirs.
        w.operator(w.signing_keys().rotate(RotateWhen::Now));
        assert!(market.finds_active(&ada.uses(&market).access));
        for _ in 0..3 {
            w.passes(Span::hours(23));
            w.soon("it is fresh", || w.get("/readyz").status == 200);
            w.wait(w.services().signing_keys.rotate_by_age()).expect("no fault");
            ada.signs_in();
            assert!(market.finds_active(&ada.uses(&market).access));
        }
        w.restart();
        assert!(market.finds_active(&ada.uses(&market).access));
        // The operator removes one that signs nothing, and nothing takes its place.
        let keys = || w.operator(w.signing_keys().list());
        let before = keys().len();
        w.operator(w.signing_keys().revoke("not-ours-active-P-256"));
        assert_eq!(keys().len(), before - 1);
        assert!(market.finds_active(&ada.uses(&market).access));
    }
}

/// The address leads to somebody else's server from now on.
#[test]
fn a_database_that_took_the_place_of_ours_is_left_alone() {
    let (Some(ours), Some(theirs)) = (Database::postgres(), Database::postgres()) else {
        return;
    };
    let name = |database: &Database| database.url.rsplit('/').next().expect("a name").to_owned();
    let (our_name, their_name) = (name(&ours), name(&theirs));
    let w = World::new(ours);
    let (ada, market) = (w.person("ada"), w.mini_program("market", "openid"));
    let tokens = ada.uses(&market);
    let other = World::new(theirs);
    let bob = other.person("bob");
    let mut administration = w.database().administration();
    let mut takes_the_place_of = |taken: &str, by: &str, aside: &str| {
        for name in [taken, by] {
            administration.run(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
            administration.run(&format!(
                "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE datname = '{name}'"
            ));
        }
        administration.run(&format!("ALTER DATABASE {taken} RENAME TO {aside}"));
        administration.run(&format!("ALTER DATABASE {by} RENAME TO {taken}"));
        administration.run(&format!("ALTER DATABASE {aside} RENAME TO {by}"));
        for name in [taken, by] {
            administration.run(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
        }
    };
    takes_the_place_of(&our_name, &their_name, &format!("{our_name}_aside"));
    is_nothing_to(&w, &market, &tokens);
    takes_the_place_of(&our_name, &their_name, &format!("{our_name}_aside"));
    for world in [&w, &other] {
        world.soon("it is ready", || world.get("/readyz").status == 200);
        world.restart();
    }
    assert!(market.finds_active(&tokens.access));
    bob.signs_in();
}
