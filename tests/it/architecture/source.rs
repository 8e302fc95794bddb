//! Reads Rust source for the names in it, well enough for `architecture`: whole words, paths and
//! `use` groups. It is no parser; it knows nothing of macros and strings.

use std::collections::BTreeSet;

/// Which of `names` stand first in a path or are imported whole: `store::…`, `use store;`, `use
/// store as …`. A module of the same name that the code itself declares is not meant.
pub(super) fn named<'a>(code: &str, names: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
    names
        .filter(|name| !code.lines().any(|line| declares_module(line, name)))
        .filter(|name| {
            occurrences(code, name).any(|(before, after)| {
                let first = !before.strip_suffix("::").is_some_and(ends_with_identifier);
                let path = after.trim_start().starts_with("::");
                let whole = before.trim_end().ends_with("use")
                    && (after.starts_with(';') || after.starts_with(" as "));
                first && (path || whole)
            })
        })
        .collect()
}

/// Which of `names` stand directly below one of `roots`: `crate::app`, `crate::{app, …}`.
pub(super) fn named_below<'a>(
    code: &str,
    roots: &[&str],
    names: impl Iterator<Item = &'a str>,
) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    for root in roots {
        for (_, after) in occurrences(code, root) {
            let Some(rest) = after.strip_prefix("::") else {
                continue;
            };
            match rest.strip_prefix('{') {
                Some(group) => found.extend(first_names(group)),
                None => drop(found.insert(identifier(rest))),
            }
        }
    }
    names.filter(|name| found.contains(name)).collect()
}

/// The first name of each member of a `use` group, given what follows its opening brace.
fn first_names(group: &str) -> Vec<&str> {
    let mut names = vec![identifier(group.trim_start())];
    let mut depth = 0;
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(identifier(group[at + 1..].trim_start())),
            _ => {}
        }
    }
    names
}

/// Where `word` stands as a whole word: what is before it, and what is after it.
fn occurrences<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    code.match_indices(word)
        .map(move |(at, _)| (&code[..at], &code[at + word.len()..]))
        .filter(|(before, after)| !ends_with_identifier(before) && identifier(after).is_empty())
}

fn ends_with_identifier(code: &str) -> bool {
    code.ends_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// The identifier that `code` starts with.
pub(super) fn identifier(code: &str) -> &str {
    let end = code
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(code.len());
    &code[..end]
}

/// Whether a line declares the module `name`.
pub(super) fn declares_module(line: &str, name: &str) -> bool {
    let line = line.trim();
    let rest = line
        .strip_prefix("pub(crate) ")
        .or_else(|| line.strip_prefix("pub "));
    rest.unwrap_or(line)
        .strip_prefix("mod ")
        .is_some_and(|rest| identifier(rest) == name)
}

/// The code with what follows `//` cut off: a comment may name whom it likes.
pub(super) fn without_comments(code: &str) -> String {
    code.lines()
        .flat_map(|line| [line.split("//").next().unwrap_or_default(), "\n"])
        .collect()
}

#[test]
fn a_layer_is_seen_however_it_is_named() {
    let seen = |code: &str| named(&without_comments(code), ["store"].into_iter()).len() == 1;
    assert!(seen("use store::families;"));
    assert!(seen("use ::store::families;"));
    assert!(seen("use store;"));
    assert!(seen("use store as rows;"));
    assert!(seen("use {flow::Flows, store::Store};"));
    assert!(seen("fn f(s: &store::Store) {}"));
    assert!(!seen("// store::Store"));
    assert!(!seen("use flow::store::families;"));
    assert!(!seen("let restore = my_store::open(); store.read();"));
    assert!(!seen("mod store;\nstore::run();"));
}

#[test]
fn a_sister_module_is_seen_however_it_is_named() {
    let seen = |code: &str| named_below(code, &["crate"], ["app"].into_iter()).len() == 1;
    assert!(seen("use crate::app;"));
    assert!(seen("use crate::{config::{Config, Tls}, app::App};"));
    assert!(seen("crate::app::start()"));
    assert!(!seen("use crate::config::{app, other};"));
    assert!(!seen("use crate::{config::{app}, telemetry};"));
    assert!(!seen("mycrate::app::start()"));
}
