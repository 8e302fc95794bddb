//! How peers were broken, tried on Portico: tests named after the rows of `docs/security.md`.

mod artefacts;
mod codes;
mod consent;
mod outages;
mod pages;
mod races;
mod redirects;
mod tokens;

/// The functions of a folder's Rust files, by name.
fn functions(folder: &std::path::Path, found: &mut std::collections::BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            functions(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = std::fs::read_to_string(&path).expect("text");
            let names = text.lines().filter_map(|line| {
                let (_, rest) = line.split_once("fn ")?;
                Some(rest.split(['(', '<']).next()?.to_owned())
            });
            found.extend(names);
        }
    }
}

/// The list says of each of the 104 rows which test tries it, or why it cannot arise; and each test
/// that it names is there.
#[test]
fn the_list_is_in_step() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = std::fs::read_to_string(root.join("docs/security.md")).expect("the list");
    let rows: Vec<&str> = list
        .lines()
        .filter(|l| l.starts_with("| "))
        .skip(1)
        .collect();
    assert_eq!(rows.len(), 104);
    let mut known = std::collections::BTreeSet::new();
    functions(&root.join("src"), &mut known);
    functions(&root.join("tests/it"), &mut known);
    for (number, row) in (1..).zip(rows) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        assert_eq!(
            (cells.len(), cells[1]),
            (5, number.to_string().as_str()),
            "{row}"
        );
        assert!(!cells[3].is_empty(), "{row}");
        for named in cells[3].split('`').skip(1).step_by(2) {
            let test = named.rsplit("::").next().unwrap_or_default();
            let is_test = ["attack", "spec::"]
                .iter()
                .any(|start| named.starts_with(start));
            assert!(
                !is_test || known.contains(test),
                "row {number}: there is no {named}"
            );
        }
    }
}
