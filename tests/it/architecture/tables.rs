//! What is in the database, how long it stays, and that what does not stay is taken away: the table of
//! `docs/architecture.md` against the schema and the source. `upgrade` lets the years pass.

use std::collections::{BTreeMap, BTreeSet};

use super::{assert_none, read, repository, rust_files, source};

/// What rows are taken away by, in a table's own file.
const SWEEPERS: &[&str] = &["purge", "sweep", "remove", "remove_older"];

/// Each table, and how long its rows live.
fn lifetimes() -> BTreeMap<String, String> {
    let document = read(&repository().join("docs/architecture.md"));
    let (_, section) = document
        .split_once("## How long rows live")
        .expect("the section");
    let section = section.split("\n## ").next().expect("its text");
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let mut lifetimes = BTreeMap::new();
    for row in rows {
        let (names, lifetime) = row.split_once(" | ").expect("two columns");
        assert!(lifetime.len() > 10, "{row}");
        for name in names.split(", ") {
            let known = lifetimes.insert(name.replace('`', ""), lifetime.to_owned());
            assert_eq!(known, None, "{name} stands there twice");
        }
    }
    lifetimes
}

#[test]
fn every_table_says_how_long_its_rows_live() {
    let schema = read(&repository().join("src/store/schema.rs"));
    let tables: BTreeSet<String> = schema
        .split("diesel::table! {")
        .skip(1)
        .filter_map(|table| Some(table.trim_start().split_once(' ')?.0.to_owned()))
        .collect();
    assert!(tables.len() > 20, "{tables:?}");
    assert_eq!(lifetimes().into_keys().collect::<BTreeSet<_>>(), tables);
}

/// Whatever is said to go after a time, or at one, and not with its parent.
#[test]
fn what_lives_for_a_time_is_swept() {
    let source: Vec<String> = rust_files("src/flow")
        .iter()
        .map(|path| source::without_comments(&read(path)))
        .collect();
    let is_swept = |table: &str| {
        let calls = SWEEPERS
            .iter()
            .map(|verb| format!("store::{table}::{verb}("));
        let mut calls = calls.filter(|call| source.iter().any(|code| code.contains(call)));
        calls.next().is_some()
    };
    let mut wrong = Vec::new();
    let mut stay = 0;
    for (table, lifetime) in lifetimes() {
        // What follows a colon is the reason.
        let said = lifetime.split(':').next().unwrap_or_default();
        let spans = ["until", "minute", "hour", "day", "month", "year"];
        let ends = spans.iter().any(|word| said.contains(word));
        let stays = said.starts_with("as long as") || said.starts_with("for ever");
        match ends {
            true if !is_swept(&table) => {
                wrong.push(format!("{table} goes ({said}); nobody takes it away"))
            }
            false if !stays => wrong.push(format!("{table}: {said} is no time")),
            false => stay += 1,
            true => {}
        }
    }
    assert!(stay > 5, "{stay}");
    assert_none(&wrong);
}
