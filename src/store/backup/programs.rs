//! `pg_dump` and `pg_restore`: found, called, and quoted without a part of the database's URL.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use foundation::database_url::DatabaseUrl;
use foundation::fault::Fault;

use super::REPLACED;

/// Where Debian keeps programs of the server's own version.
const DEBIAN: &str = "/usr/lib/postgresql";
/// The longest piece of a program's complaint that is repeated.
const LONGEST: usize = 400;

/// Writes a copy of everything but what was set aside.
pub(super) fn dump(url: &DatabaseUrl, file: &Path) -> Result<(), Fault> {
    let words = ["--format=custom", "--no-owner", "--no-privileges"].map(String::from);
    let aside = format!("--exclude-schema={REPLACED}*");
    let to = format!("--file={}", file.display());
    run("pg_dump", url, words.into_iter().chain([aside, to]))
}

/// Puts a copy into an empty database: all of it, or nothing.
pub(super) fn restore(url: &DatabaseUrl, file: &Path) -> Result<(), Fault> {
    // Nothing is there to be dropped but the schema itself, which some copies make anew.
    let words = [
        "--clean",
        "--if-exists",
        "--single-transaction",
        "--exit-on-error",
        "--no-owner",
        "--no-privileges",
    ];
    let words = words.map(String::from).into_iter();
    run("pg_restore", url, words.chain([file.display().to_string()]))
}

fn run(
    name: &'static str,
    url: &DatabaseUrl,
    words: impl Iterator<Item = String>,
) -> Result<(), Fault> {
    let Some((open, password)) = url.expose_apart() else {
        let cause = "a password in PORTICO_DATABASE_URL that is not percent-encoded cannot be handed \
                     to it; see docs/backup.md for the commands to type";
        return Err(Fault::unusable(name, cause));
    };
    let mut command = Command::new(find(name).unwrap_or_else(|| PathBuf::from(name)));
    command
        .arg(format!("--dbname={open}"))
        .args(words)
        .stdin(Stdio::null())
        .env("LC_ALL", "C");
    if let Some(password) = password {
        command.env("PGPASSWORD", password.expose());
    }
    let done = command.output().map_err(|error| match error.kind() {
        ErrorKind::NotFound => Fault::unusable(
            name,
            "it is not installed here (Debian: postgresql-client); see docs/backup.md for the \
             commands to type where it is",
        ),
        _ => Fault::unusable(name, error),
    })?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    let said = said
        .lines()
        .find(|line| line.contains("error"))
        .unwrap_or(&said);
    let said: String = said.trim().chars().take(LONGEST).collect();
    let cause = match url.is_repeated_in(&said) {
        true => format!(
            "it failed ({}); what it says would repeat the URL",
            done.status
        ),
        false => said,
    };
    Err(Fault::unusable(name, cause))
}

/// The newest that is installed: an older one refuses a newer server.
fn find(name: &str) -> Option<PathBuf> {
    let versions = std::fs::read_dir(DEBIAN).ok()?.filter_map(Result::ok);
    let version = |entry: &std::fs::DirEntry| {
        let number = entry.file_name().to_str()?.parse::<u32>().ok()?;
        let program = entry.path().join("bin").join(name);
        program.is_file().then_some((number, program))
    };
    let found = versions.filter_map(|entry| version(&entry)).max();
    found.map(|(_, program)| program)
}
