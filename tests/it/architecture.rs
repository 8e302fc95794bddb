//! The arrows of `docs/architecture.md`, as tests: which layer may name which, who owns the given
//! packages, and the few habits of the source that a compiler does not check.
//!
//! Between layers that are crates the compiler guards the arrows once `Cargo.toml` is right, so
//! here `Cargo.toml` is compared with the table. The modules of the root package share one
//! `Cargo.toml`; for them the source is read.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

mod modules;
mod names;
mod source;
mod tables;

/// Each layer, from the ground up, and the layers that it may name besides itself.
const LAYERS: &[(&str, &str)] = &[
    ("foundation", ""),
    ("protocol", "foundation"),
    ("domain", "foundation protocol"),
    ("keys", "foundation protocol domain"),
    ("store", "foundation protocol domain"),
    ("live", "foundation protocol domain"),
    ("text", "foundation domain"),
    ("outbound", "foundation protocol domain text"),
    (
        "flow",
        "foundation protocol domain keys store live text outbound",
    ),
    ("web", "foundation protocol domain text flow"),
    ("demo", "foundation text"),
];

/// Each module of the root package: the layers, and the sister modules, that it may name.
const ROOT_MODULES: &[(&str, &str, &str)] = &[
    ("config", "foundation protocol domain", ""),
    ("telemetry", "", "config"),
    (
        "job",
        "foundation protocol domain keys store live text outbound flow",
        "",
    ),
    (
        "app",
        "foundation protocol domain keys store live text outbound flow web",
        "config telemetry job",
    ),
    ("cli", "foundation domain flow demo", "app config telemetry"),
    ("main", "", "cli"),
];

/// Packages that have an owner, and who may depend on them; `portico` is the root package.
const OWNED: &[(&str, &str)] = &[
    ("actix-http", "portico"),
    ("actix-server", "portico"),
    ("actix-service", "portico"),
    ("actix-web", "web demo portico"),
    ("argon2", "keys"),
    ("askama", "text web demo"),
    ("clap", "portico"),
    ("config", "portico"),
    ("diesel", "store"),
    ("diesel_migrations", "store"),
    ("fluent-bundle", "text"),
    ("fluent-syntax", "text"),
    ("getrandom", "foundation"),
    ("governor", "flow"),
    ("ipnet", "web portico"),
    ("josekit", "keys"),
    // The root package chooses whether these three are built in, and starts TLS. The store says what
    // libpq's OpenSSL leaves undone at the end.
    ("openssl", "keys portico store"),
    ("libsqlite3-sys", "store portico"),
    ("pq-sys", "store portico"),
    ("metrics-exporter-prometheus", "portico"),
    ("openidconnect", "outbound demo"),
    ("oxide-auth", "protocol"),
    ("procfs", "portico"),
    ("quick_cache", "live"),
    ("r2d2", "store"),
    ("reqwest", "outbound demo"),
    // The clock of a start, and the limit of open files.
    ("rustix", "foundation portico"),
    ("secrecy", "foundation"),
    ("socket2", "portico"),
    ("subtle", "foundation"),
    // No I/O and no waiting in the three lowest layers, in `keys` and in `text`.
    ("tokio", "store live outbound flow web demo portico"),
    ("tokio-openssl", "portico"),
    ("tracing-subscriber", "portico"),
    ("unicode-security", "domain"),
    ("uuid", "foundation"),
    ("whoami", "portico"),
];

/// Packages that a layer's own tests play a stranger with.
const TESTED_WITH: &[(&str, &str)] = &[("outbound", "openssl")];

/// The longest a source file may be, and the files that may be longer.
const MAX_LINES: usize = 450;
const LONGER: &[&str] = &[];

#[test]
fn every_layer_is_in_the_table() {
    let found: BTreeSet<String> = packages().iter().map(|p| layer_of(&p.name)).collect();
    let expected: BTreeSet<String> = LAYERS
        .iter()
        .map(|(layer, _)| *layer)
        .chain(["portico"])
        .map(str::to_owned)
        .collect();
    assert_eq!(
        found, expected,
        "the workspace's members, and the table of layers"
    );
}

#[test]
fn a_layer_depends_on_those_below_it_only() {
    let mut wrong = Vec::new();
    for package in packages() {
        let layer = layer_of(&package.name);
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == layer) else {
            continue;
        };
        for dependency in package.dependencies.iter().filter(|d| d.inside) {
            let below = layer_of(&dependency.name);
            if !lists(allowed, &below) {
                wrong.push(format!("{layer} depends on {below}"));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn a_package_with_an_owner_is_used_by_its_owner_only() {
    let mut wrong = Vec::new();
    for package in packages() {
        let layer = layer_of(&package.name);
        for dependency in package.dependencies.iter().filter(|d| !d.inside) {
            let Some((_, owners)) = OWNED.iter().find(|(name, _)| *name == dependency.name) else {
                continue;
            };
            // The tests of the root package meet Portico from outside: as a client, as a database.
            let in_tests = dependency.kind == "dev";
            let stranger = TESTED_WITH.contains(&(layer.as_str(), dependency.name.as_str()));
            let from_outside = in_tests && (layer == "portico" || stranger);
            if !from_outside && !lists(owners, &layer) {
                wrong.push(format!("{layer} depends on {}", dependency.name));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn a_module_of_the_root_package_names_those_below_it_only() {
    let mut wrong = Vec::new();
    for path in rust_files("src") {
        let Some(module) = root_module(&path) else {
            continue;
        };
        if module == "lib" {
            continue;
        }
        let Some((_, layers, sisters)) = ROOT_MODULES.iter().find(|(name, ..)| *name == module)
        else {
            wrong.push(format!(
                "{}: a module that is not in the table",
                path.display()
            ));
            continue;
        };
        let code = source::without_comments(&read(&path));
        for layer in source::named(&code, layer_names()) {
            if !lists(layers, layer) {
                wrong.push(format!("{}: names the layer {layer}", path.display()));
            }
        }
        let at_the_top = path.components().count() == 2;
        let roots: &[_] = if at_the_top {
            &["crate", "portico", "super"]
        } else {
            &["crate", "portico"]
        };
        let modules = ROOT_MODULES.iter().map(|(name, ..)| *name);
        for sister in source::named_below(&code, roots, modules) {
            if sister != module && !lists(sisters, sister) {
                wrong.push(format!("{}: names crate::{sister}", path.display()));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn no_layer_passes_on_what_belongs_to_another() {
    let mut wrong = Vec::new();
    for path in rust_files("src") {
        let own = path
            .components()
            .nth(1)
            .map(|c| c.as_os_str().to_string_lossy().into_owned());
        let code = source::without_comments(&read(&path));
        for line in code.lines().map(str::trim) {
            let Some(rest) = line.strip_prefix("pub use ") else {
                continue;
            };
            let first = source::identifier(rest.trim_start_matches("::"));
            let is_other = own.as_deref() != Some(first)
                && (is_layer(first)
                    || OWNED
                        .iter()
                        .any(|(name, _)| name.replace('-', "_") == first));
            if is_other && !code.lines().any(|l| source::declares_module(l, first)) {
                wrong.push(format!("{}: {line}", path.display()));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn a_module_is_a_file_beside_its_folder() {
    let wrong: Vec<String> = all_rust_files()
        .iter()
        .filter(|path| path.ends_with("mod.rs"))
        .map(|path| path.display().to_string())
        .collect();
    assert_none(&wrong);
}

#[test]
fn every_file_says_first_what_it_owns() {
    let wrong: Vec<String> = all_rust_files()
        .iter()
        .filter(|path| !read(path).starts_with("//!"))
        .map(|path| format!("{}: does not open with //!", path.display()))
        .collect();
    assert_none(&wrong);
}

#[test]
fn no_file_is_a_drawer() {
    let mut wrong = Vec::new();
    for path in all_rust_files() {
        let lines = read(&path).lines().count();
        let name = path.display().to_string();
        if lines > MAX_LINES && !LONGER.contains(&name.as_str()) {
            wrong.push(format!("{name}: {lines} lines, {MAX_LINES} at most"));
        }
    }
    assert_none(&wrong);
}

#[test]
fn both_databases_have_the_same_migrations() {
    let sqlite = migrations("sqlite");
    assert!(!sqlite.is_empty(), "no migrations were found");
    assert_eq!(
        sqlite,
        migrations("postgres"),
        "migrations/sqlite and migrations/postgres"
    );
}

/// A member of the workspace, as `cargo metadata` tells it.
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

struct Dependency {
    name: String,
    /// `normal`, `dev` or `build`.
    kind: String,
    /// Whether it is a member of this workspace.
    inside: bool,
}

fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ])
        .current_dir(repository())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("there are packages");
    packages
        .iter()
        // The benchmark is no layer: it meets Portico from outside, as the tests do.
        .filter(|package| package["name"] != "portico-bench")
        .map(|package| Package {
            name: text(&package["name"]),
            dependencies: package["dependencies"]
                .as_array()
                .expect("there are dependencies")
                .iter()
                .map(|dependency| Dependency {
                    name: text(&dependency["name"]),
                    kind: dependency["kind"].as_str().unwrap_or("normal").to_owned(),
                    inside: dependency["path"].is_string(),
                })
                .collect(),
        })
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

/// `portico-store` is the layer `store`; `portico` is the root package.
fn layer_of(package: &str) -> String {
    package
        .strip_prefix("portico-")
        .unwrap_or(package)
        .to_owned()
}

/// Whether a row of a table lists `name`.
fn lists(row: &str, name: &str) -> bool {
    row.split(' ').any(|listed| listed == name)
}

fn layer_names() -> impl Iterator<Item = &'static str> {
    LAYERS.iter().map(|(layer, _)| *layer)
}

fn is_layer(name: &str) -> bool {
    layer_names().any(|layer| layer == name)
}

/// The module of the root package that a file below `src` belongs to, or `None` for a layer's file.
fn root_module(path: &Path) -> Option<String> {
    let top = path.components().nth(1)?.as_os_str().to_str()?;
    let module = top.strip_suffix(".rs").unwrap_or(top);
    (!is_layer(module)).then(|| module.to_owned())
}

fn all_rust_files() -> Vec<PathBuf> {
    ["src", "tests", "benches"]
        .iter()
        .flat_map(|folder| rust_files(folder))
        .collect()
}

/// The Rust files below a folder of the repository, relative to it and in order.
fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![repository().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.expect("a folder can be read").path();
            if path.is_dir() {
                if !path.ends_with("node_modules") && !path.ends_with("target") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(
                    path.strip_prefix(repository())
                        .expect("it is below")
                        .to_owned(),
                );
            }
        }
    }
    found.sort();
    found
}

/// The names of a database's migrations; each must be able to go up and down.
fn migrations(database: &str) -> BTreeSet<String> {
    let folder = repository().join("migrations").join(database);
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(&folder).expect("the folder of migrations can be read") {
        let path = entry.expect("a folder can be read").path();
        for file in ["up.sql", "down.sql"] {
            assert!(
                path.join(file).is_file(),
                "{} has no {file}",
                path.display()
            );
        }
        let name = path.file_name().expect("it has a name");
        names.insert(name.to_string_lossy().into_owned());
    }
    names
}

fn read(path: &Path) -> String {
    fs::read_to_string(repository().join(path)).expect("a source file can be read")
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn assert_none(wrong: &[String]) {
    assert!(
        wrong.is_empty(),
        "{} found:\n  {}",
        wrong.len(),
        wrong.join("\n  ")
    );
}
