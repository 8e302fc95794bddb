//! Names: each belongs to one type.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{assert_none, read, rust_files, source};

/// Names that more than one type has, and why.
const SHARED_NAMES: &[(&str, &str)] = &[
    // `server::Section`, `token::Section`, …: a section of the settings as it is written.
    ("Section", "src/config"),
];

/// Whoever reads a name need not know in which room they are. The demonstration speaks to the house over
/// HTTP, as strangers do: its names are compared with one another.
#[test]
fn no_two_types_have_one_name() {
    let mut found: BTreeMap<(bool, String), Vec<PathBuf>> = BTreeMap::new();
    for path in rust_files("src").into_iter().filter(|path| !is_test(path)) {
        let text = read(&path);
        let code = source::without_comments(&text);
        for name in source::declared_types(&code) {
            let is_shared =
                |(shared, folder): &&(&str, &str)| *shared == name && path.starts_with(folder);
            if SHARED_NAMES.iter().find(is_shared).is_none() {
                let of_demo = path.starts_with("src/demo");
                found
                    .entry((of_demo, name.to_owned()))
                    .or_default()
                    .push(path.clone());
            }
        }
    }
    assert!(found.len() > 500, "{}", found.len());
    let wrong: Vec<String> = found
        .into_iter()
        .filter(|(_, paths)| paths.len() > 1)
        .map(|((_, name), paths)| format!("{name}: {paths:?}"))
        .collect();
    assert_none(&wrong);
}

fn is_test(path: &Path) -> bool {
    let in_folder = path.components().any(|c| c.as_os_str() == "tests");
    in_folder || path.ends_with("tests.rs")
}
