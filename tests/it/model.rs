//! The model test: three people, three programs and forty random acts, against an oracle of about
//! a hundred lines that says what is active with which scopes. After each act introspection must
//! say the same, on SQLite, on PostgreSQL, and on two nodes.
//!
//! `PORTICO_TEST_CASES` makes it longer; a failure prints the shortest list of acts that was found
//! for it.

use proptest::collection::vec;
use proptest::test_runner::{Config, TestError, TestRunner};

use crate::database::Database;

mod acts;
mod oracle;
mod stage;

use stage::Stage;

const ACTS: usize = 40;
/// Lists of acts for each arrangement, unless `PORTICO_TEST_CASES` says more.
const CASES: u32 = 3;
/// How often a failure is tried to be had with less.
const SHRINKS: u32 = 12;

fn plays(nodes: usize, database: impl Fn() -> Database) {
    let cases = std::env::var("PORTICO_TEST_CASES").map_or(CASES, |text| {
        text.parse()
            .unwrap_or_else(|e| panic!("PORTICO_TEST_CASES: {e}"))
    });
    let config = Config {
        cases,
        // Each try is a server of its own.
        max_shrink_iters: SHRINKS,
        failure_persistence: None,
        ..Config::default()
    };
    let played = TestRunner::new(config).run(&vec(acts::act(), ACTS), |acts| {
        let mut stage = Stage::new(database(), nodes);
        for (number, (act, other_node)) in acts.iter().enumerate() {
            // Seen when it fails.
            println!("{number} {act:?} {other_node}");
            stage.play(act, *other_node);
        }
        Ok(())
    });
    match played {
        Ok(()) => {}
        Err(TestError::Fail(why, acts)) => {
            let acts: Vec<String> = acts.iter().map(|act| format!("{act:?}")).collect();
            panic!("{why}\nafter these acts:\n{}", acts.join("\n"));
        }
        Err(failure) => panic!("{failure}"),
    }
}

#[test]
fn sqlite_does_what_the_oracle_says() {
    plays(1, Database::sqlite);
}

#[test]
fn postgres_does_what_the_oracle_says() {
    if Database::postgres().is_some() {
        plays(1, || Database::postgres().expect("just asked"));
    }
}

#[test]
fn two_nodes_do_what_the_oracle_says() {
    if Database::postgres().is_some() {
        plays(2, || Database::postgres().expect("just asked"));
    }
}
