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

/// The types that a file declares outside of functions, `impl`s and modules: those at the margin.
pub(super) fn declared_types(code: &str) -> impl Iterator<Item = &str> {
    code.lines().filter_map(|line| {
        let mut rest = line;
        if let Some(open) = line.strip_prefix("pub") {
            rest = match open.strip_prefix('(') {
                Some(scoped) => scoped.split_once(')')?.1,
                None => open,
            };
            rest = rest.strip_prefix(' ')?;
        }
        let (kind, name) = rest.split_once(' ')?;
        let is_type = ["struct", "enum", "trait", "type", "union"].contains(&kind);
        is_type.then(|| identifier(name))
    })
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

/// The code without the tests at its end.
pub(super) fn without_tests(code: &str) -> String {
    let tests = code
        .match_indices("#[cfg(test)]\n")
        .find(|(at, attribute)| {
            let declared = code[at + attribute.len()..].lines().next();
            let at_the_margin = *at == 0 || code[..*at].ends_with('\n');
            at_the_margin
                && declared.is_some_and(|line| line.contains("mod ") && line.ends_with('{'))
        });
    code[..tests.map_or(code.len(), |(at, _)| at)].to_owned()
}

/// The modules that a file declares for its tests alone, in files of their own.
pub(super) fn test_modules(code: &str) -> Vec<&str> {
    let after = code.split("#[cfg(test)]\n").skip(1);
    let declared = after.filter_map(|rest| rest.lines().next()?.trim().strip_suffix(';'));
    declared
        .filter_map(|line| line.split_once("mod "))
        .map(|(_, name)| name)
        .collect()
}

/// All paths of the code, `use` groups taken apart: `crate::a::{b, c::D}` is two.
pub(super) fn paths(code: &str) -> Vec<Vec<&str>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(letter) = code[at..].chars().next() {
        let name = identifier(&code[at..]);
        if name.is_empty() {
            at += letter.len_utf8();
        } else if code[..at].ends_with("::") {
            at += name.len();
        } else {
            at = path_from(code, at, &[], &mut found);
        }
    }
    found
}

/// Reads the path whose next name is at `at`; gives where it ends.
fn path_from<'a>(
    code: &'a str,
    at: usize,
    before: &[&'a str],
    found: &mut Vec<Vec<&'a str>>,
) -> usize {
    let name = identifier(&code[at..]);
    let path = [before, &[name]].concat();
    let at = at + name.len();
    match code[at..].strip_prefix("::") {
        Some(rest) if !identifier(rest).is_empty() => path_from(code, at + 2, &path, found),
        Some(rest) if rest.starts_with('{') => group_from(code, at + 3, &path, found),
        _ => {
            found.push(path);
            at
        }
    }
}

/// Reads a `use` group from after its opening brace; gives where it ends.
fn group_from<'a>(
    code: &'a str,
    mut at: usize,
    before: &[&'a str],
    found: &mut Vec<Vec<&'a str>>,
) -> usize {
    while let Some(letter) = code[at..].chars().next() {
        match letter {
            '}' => return at + 1,
            _ if identifier(&code[at..]).is_empty() => at += letter.len_utf8(),
            _ => {
                at = path_from(code, at, before, found);
                // What it is called here does not matter.
                let end = code[at..].find([',', '}']);
                at += end.unwrap_or(code.len() - at);
            }
        }
    }
    at
}

#[test]
fn paths_are_read_out_of_use_groups_and_code() {
    let read = |code| {
        let paths = paths(code).into_iter().map(|path| path.join("::"));
        paths.filter(|path| path.contains("::")).collect::<Vec<_>>()
    };
    assert_eq!(read("use crate::a::B;"), ["crate::a::B"]);
    let group = "use crate::{a, b::{self, C as D}, e::F};";
    assert_eq!(
        read(group),
        ["crate::a", "crate::b::self", "crate::b::C", "crate::e::F"]
    );
    assert_eq!(read("use a::*; b::<T>::c(&d::E)"), ["d::E"]);
    assert_eq!(read("let é = a::b(super::c(x));"), ["a::b", "super::c"]);
}

#[test]
fn a_layer_is_seen_however_it_is_named() {
    let seen = |code: &str| named(&without_comments(code), ["store"].into_iter()).len() == 1;
    assert!(seen("use store::families;"));
    assert!(seen("use ::store::families;"));
    assert!(seen("use store;"));
    assert!(seen("use store as rows;"));
    assert!(seen("use {flow::Services, store::Store};"));
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
