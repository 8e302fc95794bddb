//! Where settings are written: the file, the long variables (`PORTICO_SESSION__LIFETIME`), and the
//! short ones (`PORTICO_ISSUER`).

use ::config::{File, FileFormat, Value, ValueKind};

use super::{ConfigError, Sources, WrittenSettings};

const PREFIX: &str = "PORTICO_";

/// The short names, and the keys that they stand for.
const SHORT: &[(&str, &str)] = &[
    ("PORTICO_ISSUER", "server.issuer"),
    ("PORTICO_LISTEN", "server.listen"),
    ("PORTICO_DATA_DIR", "server.data_dir"),
    ("PORTICO_RATE_LIMITS", "server.rate_limits"),
    ("PORTICO_MASTER_KEY", "server.master_key"),
    ("PORTICO_DATABASE_URL", "database.url"),
    ("PORTICO_TLS_CERT", "tls.cert"),
    ("PORTICO_TLS_KEY", "tls.key"),
    ("PORTICO_TRUSTED_CA", "outbound.trusted_ca"),
    ("PORTICO_OUTBOUND_ALLOW", "outbound.allow"),
];

/// Sections whose keys a variable can set. Scopes have names and texts: they belong into the file.
const SECTIONS: &[&str] = &[
    "server",
    "database",
    "tls",
    "session",
    "token",
    "outbound",
    "history",
    "telemetry",
];

/// Sections that there were, the short names of what was in them, and what became of it.
const GONE: &[(&str, &str, &str)] = &[(
    "registration",
    "PORTICO_REGISTRATION",
    "is no setting any more and had no effect: clients are added by command",
)];

/// What became of a setting that there was.
pub(super) fn gone(variable: &str) -> Option<&'static str> {
    let is_of = |section: &str| {
        let long = format!("{PREFIX}{}__", section.to_ascii_uppercase());
        variable.starts_with(&long)
    };
    let mut gone = GONE.iter();
    let found = gone.find(|(section, short, _)| *short == variable || is_of(section));
    found.map(|(_, _, words)| *words)
}

/// Refuses a file that has a section which is gone.
fn no_section_is_gone(whole: &::config::Config) -> Result<(), ConfigError> {
    for (section, _, words) in GONE {
        if whole.get::<Value>(section).is_ok() {
            return Err(ConfigError::new(*section, format!("{words}; take it out")));
        }
    }
    Ok(())
}

/// The key that a variable sets, if it is one of ours.
fn key_of(variable: &str) -> Option<String> {
    if let Some((_, key)) = SHORT.iter().find(|(short, _)| *short == variable) {
        return Some((*key).to_owned());
    }
    let (section, key) = variable.strip_prefix(PREFIX)?.split_once("__")?;
    let section = section.to_ascii_lowercase();
    SECTIONS
        .contains(&section.as_str())
        .then(|| format!("{section}.{}", key.to_ascii_lowercase()))
}

/// The variable that sets a key: the short one where there is one.
pub(super) fn variable_of(key: &str) -> Option<String> {
    if let Some((short, _)) = SHORT.iter().find(|(_, k)| *k == key) {
        return Some((*short).to_owned());
    }
    let (section, name) = key.split_once('.')?;
    SECTIONS.contains(&section).then(|| {
        format!(
            "{PREFIX}{}__{}",
            section.to_ascii_uppercase(),
            name.to_ascii_uppercase()
        )
    })
}

/// What the project's own tools and tests are told by variables; none of the server's business.
const OF_TOOLS: &[&str] = &[
    "PORTICO_ADVISORY_DB",
    "PORTICO_BIN",
    "PORTICO_CLIENTS_FOLDER",
    "PORTICO_PAGE_SAMPLES",
    "PORTICO_POSTGRES_DIR",
    "PORTICO_SHOTS",
];

/// The key that a variable with this value sets. An empty one is how a shell says "not set".
pub(super) fn key_set_by(variable: &str, value: &str) -> Option<String> {
    key_of(variable).filter(|_| !value.trim().is_empty())
}

/// Whether a variable looks like ours and is not.
pub(super) fn is_unknown(variable: &str) -> bool {
    let of_tools = variable.starts_with("PORTICO_TEST_") || OF_TOOLS.contains(&variable);
    variable.starts_with(PREFIX) && !of_tools && key_of(variable).is_none()
}

/// Reads everything that is written, the environment over the file.
pub(super) fn read(sources: &Sources) -> Result<WrittenSettings, ConfigError> {
    let mut builder = ::config::Config::builder();
    if let Some(path) = &sources.file {
        let text = std::fs::read_to_string(path).map_err(|e| {
            ConfigError::new(path.display().to_string(), format!("cannot be read: {e}"))
        })?;
        builder = builder.add_source(File::from_str(&text, FileFormat::Toml));
    }
    for (variable, value) in &sources.environment {
        let Some(key) = key_set_by(variable, value) else {
            continue;
        };
        builder = builder
            .set_override(&key, value.as_str())
            .map_err(|e| ConfigError::new(variable.as_str(), e.to_string()))?;
    }
    let mut whole = builder.build().map_err(|e| named(sources, &e))?;
    no_section_is_gone(&whole)?;
    trim(&mut whole.cache);
    whole.try_deserialize().map_err(|e| named(sources, &e))
}

/// No setting means the white space around it. A line end comes along with what another program
/// printed or a file held, and `sqlite://portico.db` with one would be another database.
fn trim(value: &mut Value) {
    match &mut value.kind {
        ValueKind::String(text) => *text = text.trim().to_owned(),
        ValueKind::Table(members) => members.values_mut().for_each(trim),
        ValueKind::Array(items) => items.iter_mut().for_each(trim),
        _ => {}
    }
}

/// The reader's own words, under the key that they are about where it says so; never the value,
/// which could be a secret in the wrong place.
fn named(sources: &Sources, error: &::config::ConfigError) -> ConfigError {
    let file = || {
        sources
            .file
            .as_ref()
            .map_or("the environment".to_owned(), |p| p.display().to_string())
    };
    match error {
        ::config::ConfigError::At {
            error,
            key: Some(key),
            ..
        } => ConfigError::new(key.as_str(), words(error)),
        ::config::ConfigError::Type {
            key: Some(key),
            unexpected,
            expected,
            ..
        } => ConfigError::new(key.as_str(), mistaken(unexpected, expected)),
        other => ConfigError::new(file(), words(other)),
    }
}

fn words(error: &::config::ConfigError) -> String {
    match error {
        ::config::ConfigError::Type {
            unexpected,
            expected,
            ..
        } => mistaken(unexpected, expected),
        // Where it is no TOML, the reader shows the line, too.
        ::config::ConfigError::FileParse { cause, .. } => {
            let text = cause.to_string();
            let said = text.lines().filter(|line| !shows_source(line));
            said.collect::<Vec<_>>().join(": ")
        }
        other => {
            let text = other.to_string();
            let mistake = text.strip_prefix("invalid type: ");
            let mistake = mistake.or_else(|| text.strip_prefix("invalid value: "));
            match mistake.and_then(|mistake| mistake.rsplit_once(", expected ")) {
                Some((found, "struct Section")) => mistaken(&found, "a section"),
                Some((found, expected)) => mistaken(&found, expected),
                None => text,
            }
        }
    }
}

/// Whether a line of the TOML reader's message repeats the file: `2 | url = …`.
fn shows_source(line: &str) -> bool {
    line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ')
        .starts_with('|')
}

/// What was found is named by its kind: `string "…"` without what stands in it.
fn mistaken(unexpected: &impl std::fmt::Display, expected: &str) -> String {
    let found = unexpected.to_string();
    let kind = found.split(['"', '`']).next().unwrap_or_default();
    format!(
        "a {} cannot be used, {expected} is expected",
        kind.trim_end()
    )
}
