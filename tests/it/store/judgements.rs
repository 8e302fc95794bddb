//! Three judges, one truth. Over random histories, with kinds of events that nobody has ever heard of
//! among them, memory (`live::ended`), the tables (`store::liveness`) and what families rest on
//! (`token_families::standing`) must say the same of every token and family; and purging must not
//! bring back a family that was dead.
//!
//! `PORTICO_TEST_CASES` makes it longer.

use proptest::collection::vec;
use proptest::test_runner::{Config, TestError, TestRunner};

use super::database::Database;

mod acts;
mod compare;
mod town;

use town::Town;

const ACTS: usize = 40;
const CASES: u32 = 12;

fn agree(database: &Database) {
    let store = database.open();
    let cases = std::env::var("PORTICO_TEST_CASES").map_or(CASES, |text| {
        text.parse()
            .unwrap_or_else(|e| panic!("PORTICO_TEST_CASES: {e}"))
    });
    let config = Config {
        cases,
        max_shrink_iters: 60,
        failure_persistence: None,
        ..Config::default()
    };
    let played = TestRunner::new(config).run(&vec(acts::act(), ACTS), |acts| {
        let mut town = Town::new(&store);
        for act in &acts {
            town.play(act, &mut database.beside());
            town.compare();
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

on_both_databases! {
    fn memory_tables_and_families_judge_alike(database: &Database) {
        agree(database);
    }
}
