//! How peers were broken, tried on Portico: tests named after the rows of `docs/security.md`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

mod artefacts;
mod codes;
mod consent;
mod consent_sheets;
mod floods;
mod launches;
mod outages;
mod pages;
mod proofs;
mod races;
mod redirects;
mod session_streams;
mod strangers;
mod tokens;
mod web_tickets;

/// Macros whose functions are tests.
const TEST_MACROS: [&str; 2] = ["in_both_worlds! {", "on_both_databases! {"];

/// The tests of a Rust file: functions under `#[test]` or a runtime's, and those that a macro makes
/// into tests. What is ignored is none.
fn tests_of(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut in_macro = false;
    let mut tests = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let begins = TEST_MACROS.iter().any(|start| line.starts_with(start));
        in_macro = begins || (in_macro && *line != "}");
        let line = line.replacen("async fn ", "fn ", 1);
        let Some(rest) = line.trim_start().strip_prefix("fn ") else {
            continue;
        };
        let attributes: Vec<&str> = lines[..number]
            .iter()
            .rev()
            .map(|above| above.trim_start())
            .take_while(|above| above.starts_with("#[") || above.starts_with("//"))
            .collect();
        let made = in_macro && line.starts_with("    fn ");
        let ignored = attributes.iter().any(|a| a.starts_with("#[ignore"));
        let marked = |a: &&str| *a == "#[test]" || a.ends_with("::test]");
        if (made || attributes.iter().any(marked)) && !ignored {
            tests.extend(rest.split(['(', '<']).next().map(str::to_owned));
        }
    }
    tests
}

/// The tests of a folder's files with the paths of their modules below it.
fn tests_below(folder: &Path, module: &str, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy();
        let inside = format!("{module}{name}::");
        if path.is_dir() {
            tests_below(&path, &inside, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&path).expect("text");
            found.extend(tests_of(&text).iter().map(|test| format!("{inside}{test}")));
        }
    }
}

/// All tests, by their names.
struct Tests {
    outside: BTreeSet<String>,
    beside: BTreeSet<String>,
}

impl Tests {
    fn of(root: &Path) -> Self {
        let (mut outside, mut beside) = (BTreeSet::new(), BTreeSet::new());
        tests_below(&root.join("tests/it"), "", &mut outside);
        tests_below(&root.join("src"), "", &mut beside);
        Self { outside, beside }
    }

    /// Whether there is one of this name: with its module in `tests/it`, or a sentence beside the code.
    fn have(&self, name: &str) -> bool {
        let ends = format!("::{name}");
        match name.contains("::") {
            true => self.outside.contains(name),
            false => self.beside.iter().any(|test| test.ends_with(&ends)),
        }
    }
}

/// What stands between backticks.
fn named(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Whether a name is one of a test: with its module in `tests/it`, or a sentence beside the code.
fn is_test_name(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_:".contains(c);
    let outside = ["attack::", "spec::", "crash::", "edges::", "telemetry::"];
    let is_outside = outside.iter().any(|start| name.starts_with(start));
    let is_sentence = !name.contains(':') && name.matches('_').count() >= 3;
    name.chars().all(is_part) && (is_outside || is_sentence)
}

/// The list says of each of the 104 rows which test tries it, or why it cannot arise; and each test
/// that it names is there, where it says, and runs.
#[test]
fn the_list_is_in_step() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = fs::read_to_string(root.join("docs/security.md")).expect("the list");
    let rows: Vec<&str> = list
        .lines()
        .filter(|l| l.starts_with("| "))
        .skip(1)
        .collect();
    assert_eq!(rows.len(), 104);
    for (number, row) in (1..).zip(rows) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        assert_eq!(
            (cells.len(), cells[1]),
            (5, number.to_string().as_str()),
            "{row}"
        );
        assert!(!cells[3].is_empty(), "{row}");
    }
    let there = Tests::of(root);
    let tests: Vec<&str> = named(&list).filter(|name| is_test_name(name)).collect();
    assert!(tests.len() > 104, "{tests:?}");
    for test in tests {
        assert!(there.have(test), "there is no test {test}");
    }
}

/// What an operator is told about failures names the tests that show it.
#[test]
fn what_is_said_of_failures_is_shown_by_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/operations.md")).expect("the page");
    let (_, failures) = page
        .split_once("## When something fails")
        .expect("a section");
    let is_test = |name: &&str| name.contains("::") || is_test_name(name);
    let tests: Vec<&str> = named(failures)
        .filter(|name| !name.starts_with("portico_"))
        .filter(is_test)
        .collect();
    let there = Tests::of(root);
    assert!(tests.len() > 20, "{tests:?}");
    for test in tests {
        assert!(there.have(test), "there is no test {test}");
    }
    for failure in ["clock", "disk", "database", "network", "master key"] {
        let title = format!("### The {failure}");
        assert!(failures.contains(&title), "{title}");
    }
}

#[test]
fn only_what_runs_is_taken_for_a_test() {
    let text = "/// Says.\n#[test]\nfn a() {}\n\n#[test]\n#[ignore = \"slow\"]\nfn b() {}\n\nfn c() {}\n\n\
        in_both_worlds! {\n    fn d(w: &World) {\n        fn e() {}\n    }\n}\nmod tests {\n    fn f() {}\n\
        \n    #[test]\n    fn g() {}\n}\n\
        #[tokio::test]\nasync fn h() {}\nasync fn i() {}\n";
    assert_eq!(tests_of(text), ["a", "d", "g", "h"]);
}
